"""Command line of synthetic data: `python -m sage data write | solve | sift | pack | all --config FILE`."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sage.config import ConfigError, load_config, save_config
from sage.faults import StoppedError, StopSignal, WorldError

if TYPE_CHECKING:
    from sage.data.run import Outcome
    from sage.data.settings import DataSettings

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
ConfigOption = Annotated[Path, typer.Option("--config", help="YAML of settings.")]
Overrides = Annotated[list[str] | None, typer.Argument(help="name=value, e.g. films=DIR")]
EstimateOption = Annotated[
    bool, typer.Option("--estimate", "--dry-run", help="Tell what it would cost; do nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether it may cost that.")]
STEPS = ("write", "solve", "sift", "pack")
SHOWN = 10
"""Failures that are told."""


@app.command()
def write(
    config: ConfigOption,
    overrides: Overrides = None,
    estimate: EstimateOption = False,
    yes: Yes = False,
) -> None:
    """Films -> questions: each film is watched once, and ten to twenty questions are written."""
    _run(("write",), config, overrides, estimate=estimate, yes=yes)


@app.command()
def solve(
    config: ConfigOption,
    overrides: Overrides = None,
    estimate: EstimateOption = False,
    yes: Yes = False,
) -> None:
    """Questions -> trajectories: the agent answers each several times."""
    _run(("solve",), config, overrides, estimate=estimate, yes=yes)


@app.command()
def sift(
    config: ConfigOption,
    overrides: Overrides = None,
    estimate: EstimateOption = False,
    yes: Yes = False,
) -> None:
    """Keeps the trajectories worth learning from, and says why not the others."""
    _run(("sift",), config, overrides, estimate=estimate, yes=yes)


@app.command()
def pack(
    config: ConfigOption,
    overrides: Overrides = None,
    estimate: EstimateOption = False,
    yes: Yes = False,
) -> None:
    """Writes rows for `train sft`, a set for `train grpo`, and a card."""
    _run(("pack",), config, overrides, estimate=estimate, yes=yes)


@app.command(name="all")
def all_steps(
    config: ConfigOption,
    overrides: Overrides = None,
    estimate: EstimateOption = False,
    yes: Yes = False,
) -> None:
    """All four steps. Says first what they would cost, and asks."""
    _run(STEPS, config, overrides, estimate=estimate, yes=yes)


def _run(
    steps: Sequence[str],
    config: Path,
    overrides: list[str] | None,
    *,
    estimate: bool,
    yes: bool,
) -> None:
    from sage.data.settings import DataSettings  # noqa: PLC0415

    stop = _stop_on_signals()
    try:
        settings = load_config(DataSettings, config, overrides or [])
        if not _is_agreed(settings, steps, estimate=estimate, yes=yes):
            return
        failed = _do(settings, steps, stop)
    except StoppedError:
        typer.echo("Stopped. What was done is kept; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    except (ConfigError, WorldError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(1 if failed else 0)


def _is_agreed(settings: DataSettings, steps: Sequence[str], *, estimate: bool, yes: bool) -> bool:
    """Tells what it will cost and whether to go on; what costs nothing is not asked about."""
    from sage.data.crew import check_prices  # noqa: PLC0415
    from sage.data.estimate import estimate as reckon  # noqa: PLC0415
    from sage.data.films import Found, find_films, read_films  # noqa: PLC0415

    is_first = "write" in steps
    found = find_films(settings) if is_first else Found(read_films(settings.folder), [], [])
    if not is_first and not found.films:
        raise ConfigError(f"{settings.folder} holds no films yet; run write first.")
    told = reckon(settings, found, steps)
    if not told.films:
        reasons = " ".join(found.refused)
        raise ConfigError(
            f"There are no films. Name them: films=FILE, FOLDER, LINK or a list. {reasons}"
        )
    for line in told.lines:
        typer.echo(line)
    if estimate:
        return False
    check_prices(settings)
    if yes or told.usd == 0 or typer.confirm("Start?"):
        return True
    typer.echo("Nothing was started.")
    return False


def _do(settings: DataSettings, steps: Sequence[str], stop: StopSignal) -> bool:
    """Runs the steps; whether anything failed."""
    from sage.data import run as running  # noqa: PLC0415
    from sage.data.crew import Crew  # noqa: PLC0415
    from sage.data.films import gather_films, read_films  # noqa: PLC0415
    from sage.data.ledger import BudgetError  # noqa: PLC0415

    work = {
        "write": running.write_all,
        "solve": running.solve_all,
        "sift": running.sift_all,
        "pack": running.pack_all,
    }
    failed = False
    with Crew(settings, stop) as crew:
        save_config(settings, settings.folder / "settings.yaml")
        found = gather_films(settings, stop=stop, tell=typer.echo) if "write" in steps else None
        films = found.films if found else read_films(settings.folder)
        for sentence in found.refused if found else ():
            failed = True
            typer.echo(f"not taken: {sentence}", err=True)
        for step in steps:
            try:
                outcome = work[step](films, crew, typer.echo)
            except BudgetError as error:
                typer.echo(str(error), err=True)
                raise typer.Exit(1) from None
            failed = _tell(outcome) or failed
    return failed


def _tell(outcome: Outcome) -> bool:
    typer.echo(outcome.text)
    for failure in outcome.failures[:SHOWN]:
        typer.echo(f"  failed: {failure.name}: {failure.reason}", err=True)
    more = len(outcome.failures) - SHOWN
    if outcome.failures:
        rest = f"  … and {more} more. " if more > 0 else "  "
        typer.echo(f"{rest}All else is kept; the same command tries these again.", err=True)
    return bool(outcome.failures)


def _stop_on_signals() -> StopSignal:
    """The first Ctrl-C, or a request to end, stops the run and keeps it; the second ends the program."""
    stop = StopSignal()

    def interrupt(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    return stop
