"""Command line of the benchmark: `python -m sage bench run | judge | report | compare | merge | import`."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sage.bench.run import ROOT, BenchFolder, BenchMode, slugify
from sage.config import ConfigError
from sage.faults import StopSignal, WorldError

if TYPE_CHECKING:
    from sage.bench.start import Order

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
MISSING = 10
"""Missing videos that are named at the end of a run; the report names all."""
QUIET_S = 2.0
"""A line of progress is printed at most this often."""


RunArgument = Annotated[Path, typer.Argument(help="Folder of a benchmark run.")]
RunsArgument = Annotated[list[Path], typer.Argument(help="Folders of benchmark runs.")]
JudgeOption = Annotated[
    str, typer.Option(help="By whose verdicts; else exact, or the only one there is.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One object and nothing else.")]


@app.command()
def run(
    suite: Annotated[str, typer.Argument(help="mini, sage-bench, minerva, jsonl:FILE")],
    model: Annotated[str, typer.Option(help="As for ask: sage-tiny, offline, hf:…, openai:…@url.")],
    tool_model: Annotated[str, typer.Option(help="Model behind ground and analyze.")] = "",
    mode: Annotated[
        BenchMode,
        typer.Option(
            help="agent: any-horizon; direct: one glance, no tools; blind: not even that."
        ),
    ] = "agent",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; the same one goes on.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Questions at once.")] = 4,
    shard: Annotated[str, typer.Option(help="i/n: every n-th question, from the i-th.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="That many questions.")] = None,
    seed: Annotated[int, typer.Option(help="Of the model.")] = 0,
    judge: Annotated[str, typer.Option(help="exact: judge on the fly; none: later.")] = "exact",
    videos: Annotated[Path | None, typer.Option(help="Folder of videos, by id or name.")] = None,
    fetch: Annotated[bool, typer.Option(help="Fetch videos that are not there by link.")] = False,
    questions: Annotated[Path | None, typer.Option(help="A published set as a local file.")] = None,
    media: Annotated[bool, typer.Option(help="Keep frames and clips of every question.")] = True,
    retry: Annotated[bool, typer.Option(help="Ask again what the world failed.")] = False,
    config: Annotated[Path | None, typer.Option(help="YAML of settings, as for ask.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="name=value, repeat.")] = None,
) -> None:
    """Asks the questions of a suite. Stop it any time; the same command goes on."""
    from sage.bench.start import Order  # noqa: PLC0415  imports the agent
    from sage.bench.suites import Choice  # noqa: PLC0415

    flags = {"model": model, "tool_model": tool_model, "seed": seed}
    overrides = [*(set_ or []), *(f"{k}={json.dumps(v)}" for k, v in flags.items())]
    if judge not in ("exact", "none"):
        _refuse("--judge is exact or none here; others judge afterwards: sage bench judge DIR.")
    parts = [suite, model, mode, f"s{seed}", shard.replace("/", "of")]
    order = Order(
        suite=suite,
        out=out or ROOT / slugify("-".join(part for part in parts if part)),
        mode=mode,
        config=config,
        overrides=tuple(overrides),
        choice=Choice(questions, videos, fetch, limit),
        shard=shard,
        workers=workers,
        judge_exactly=judge == "exact",
        keep_media=media,
        retry=retry,
    )
    _start(order)


@app.command()
def judge(
    run: RunArgument,
    judge: Annotated[str, typer.Option("--judge", help="exact, llm:MODEL, panel:A,B,C")],
    workers: Annotated[int, typer.Option(min=1, help="Answers at once.")] = 8,
    shots: Annotated[
        Path | None, typer.Option(help="JSON lines of marked answers to show an llm judge.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the judge's file instead of its own.")] = "",
) -> None:
    """Has the answers of a run judged. What is judged stays; what is unjudged is asked again."""
    from sage.bench.judging import Bench, judge_run  # noqa: PLC0415  imports models
    from sage.bench.score import cell, see  # noqa: PLC0415

    stop = _stop_on_signals()
    try:
        folder = BenchFolder.open(run)
        bench = Bench(workers=workers, stop=stop, tell=Told().say, shots=shots)
        slug = judge_run(folder, judge, bench, slug=name)
        seen = see(folder, slug)
    except (ConfigError, WorldError) as error:
        _refuse(str(error))
    told = cell(seen.rows)
    unjudged = sum(row.is_unjudged for row in seen.rows)
    share = "–" if told.accuracy is None else f"{told.accuracy:.1%}"
    typer.echo(f"{slug}: {told.correct} of {told.scored} right ({share}), {unjudged} unjudged")
    if stop.is_set:
        raise typer.Exit(130)
    if unjudged:
        typer.echo("The same command asks again about those.")


@app.command()
def report(
    runs: RunsArgument,
    judge: JudgeOption = "",
    out: Annotated[Path | None, typer.Option(help="Folder for report.json, .md and .html.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Writes all numbers of one or more runs as JSON, Markdown and a page with plots."""
    from sage.bench import report as reports  # noqa: PLC0415  imports the judges
    from sage.bench.words import summary  # noqa: PLC0415

    try:
        numbers = reports.as_json(reports.see_all(runs, judge))
        if out or not as_json:
            written = reports.write_report(numbers, out or runs[0] / "report")
    except (ConfigError, WorldError) as error:
        _refuse(str(error))
    if as_json:
        typer.echo(json.dumps(numbers, ensure_ascii=False))
        return
    for one in numbers.get("runs", [numbers]):
        typer.echo(f"{one['run']}: {summary(one)}")
    typer.echo("Written: " + ", ".join(str(path) for path in written))


@app.command()
def compare(
    a: RunArgument,
    b: Annotated[Path, typer.Argument(help="The run to hold it against.")],
    judge: JudgeOption = "",
    as_json: JsonOption = False,
) -> None:
    """Holds two runs against each other on the same questions: a win is the first one's."""
    from sage.bench import numbers, report  # noqa: PLC0415  imports the judges
    from sage.bench.words import comparison_lines  # noqa: PLC0415

    try:
        found = numbers.compare(*report.see_all([a, b], judge))
    except (ConfigError, WorldError) as error:
        _refuse(str(error))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in comparison_lines(found):
        typer.echo(line)


@app.command()
def merge(
    runs: RunsArgument,
    out: Annotated[Path, typer.Option(help="Folder of the whole; must not exist.")],
) -> None:
    """Makes one run of its shards."""
    from sage.bench.merge import merge as merge_runs  # noqa: PLC0415  beside its user

    try:
        merged = merge_runs([BenchFolder.open(run) for run in runs], out)
    except WorldError as error:
        _refuse(str(error))
    header = merged.header()
    typer.echo(
        f"{len(merged.outlines())} answers to {header.expected} questions are in {out}; "
        f"the suite has {header.total}"
    )


@app.command(name="import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="A released result file, or one of each kind.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; must not exist.")] = None,
    suite: Annotated[str, typer.Option(help="Whose questions they are.")] = "sage-bench",
    model: Annotated[str, typer.Option(help="What answered; else from the file's name.")] = "",
    of: Annotated[int, typer.Option(min=0, help="Questions the suite has, if not known.")] = 0,
) -> None:
    """Makes a run of the paper's released result files, evaluation and judged."""
    from sage.bench.released import import_files  # noqa: PLC0415  imports the tools

    if len(files) > 2:
        _refuse("Give one file, or one of each kind: the evaluation's and the judged.")
    target = out or ROOT / slugify(f"imported-{files[0].name.partition('.')[0]}")
    try:
        run = import_files(files, target, suite=suite, model=model, of=of)
    except (ConfigError, WorldError) as error:
        _refuse(str(error))
    header = run.header()
    typer.echo(f"{len(run.outlines()):,} of {header.expected:,} questions are in {target}")
    if not run.judges():
        typer.echo(f"No verdicts came with them: python -m sage bench judge {target} --judge …")


def _start(order: Order) -> None:
    """Runs an order, telling how it goes and how it ended."""
    from sage.bench.start import start  # noqa: PLC0415  imports the agent
    from sage.tools.page_text import one_line  # noqa: PLC0415  likewise

    stop, told = _stop_on_signals(), Told()
    try:
        tally = start(order, stop=stop, on_line=lambda t: told.say(t.line()), tell=typer.echo)
    except (ConfigError, WorldError) as error:
        _refuse(str(error))
    typer.echo(tally.line())
    for video in tally.missing[:MISSING]:
        typer.echo(f"missing: {one_line(video)}")
    if len(tally.missing) > MISSING:
        rest = len(tally.missing) - MISSING
        typer.echo(f"… and {rest} more: python -m sage bench report {order.out} lists all")
    if stop.is_set:
        typer.echo(
            f"Stopped; {tally.done} answers are kept in {order.out}. The same command goes on."
        )
        raise typer.Exit(130)
    typer.echo(f"Kept in {order.out}")


class Told:
    """Prints lines, but not too often."""

    def __init__(self) -> None:
        self._at = 0.0

    def say(self, line: str) -> None:
        if time.monotonic() - self._at >= QUIET_S:
            self._at = time.monotonic()
            typer.echo(line)


def _stop_on_signals() -> StopSignal:
    """The first SIGINT or SIGTERM stops cleanly, a second one at once."""
    stop = StopSignal()

    def interrupt(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    return stop


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
