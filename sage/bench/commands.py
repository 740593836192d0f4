"""Command line of the benchmark: `python -m sage bench run | judge | report | compare | merge | import`."""

from __future__ import annotations

import json
import signal
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from sage.bench.run import ROOT, slugify
from sage.config import ConfigError
from sage.faults import StopSignal, WorldError

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
QUIET_S = 2.0
"""A line of progress is printed at most this often."""


class ModeName(StrEnum):
    """How far a model may look."""

    AGENT = "agent"
    DIRECT = "direct"
    BLIND = "blind"


@app.command()
def run(
    suite: Annotated[str, typer.Argument(help="mini, sage-bench, minerva, jsonl:FILE")],
    model: Annotated[str, typer.Option(help="As for ask: sage-tiny, offline, hf:…, openai:…@url.")],
    tool_model: Annotated[str, typer.Option(help="Model behind ground and analyze.")] = "",
    mode: Annotated[
        ModeName,
        typer.Option(
            help="agent: any-horizon; direct: one glance, no tools; blind: not even that."
        ),
    ] = ModeName.AGENT,
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
    from sage.bench.start import Order, start  # noqa: PLC0415  imports the agent
    from sage.bench.suites import Choice  # noqa: PLC0415

    flags = {"model": model, "tool_model": tool_model, "seed": seed}
    overrides = [*(set_ or []), *(f"{k}={json.dumps(v)}" for k, v in flags.items())]
    if judge not in ("exact", "none"):
        _refuse("--judge is exact or none here; others judge afterwards: sage bench judge DIR.")
    parts = [suite, model, mode.value, f"s{seed}", shard.replace("/", "of")]
    order = Order(
        suite=suite,
        out=out or ROOT / slugify("-".join(part for part in parts if part)),
        mode=mode.value,
        config=config,
        overrides=tuple(overrides),
        choice=Choice(questions, videos, fetch, limit),
        shard=shard,
        workers=workers,
        judge_exactly=judge == "exact",
        keep_media=media,
        retry=retry,
    )
    stop = _stop_on_signals()
    told = Told()
    try:
        tally = start(order, stop=stop, on_line=lambda t: told.say(t.line()), tell=typer.echo)
    except (ConfigError, WorldError) as error:
        _refuse(str(error))
    typer.echo(tally.line())
    if tally.outcomes["missing_video"]:
        typer.echo("Videos that are missing are listed by: python -m sage bench report DIR")
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
