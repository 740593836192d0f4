"""Command line of training: `python -m sage train sft | direct | grpo --config FILE [key=value …] [--dry-run]`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel

from sage.config import ConfigError, load_config
from sage.faults import WorldError
from sage.train.hub import fetch_sets
from sage.train.job_files import Recipe
from sage.train.job_record import Tell, recorded, refuse

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
ConfigOption = Annotated[Path, typer.Option("--config", help="YAML of settings.")]
Overrides = Annotated[list[str] | None, typer.Argument(help="name=value, e.g. max_steps=2")]
T = TypeVar("T", bound=BaseModel)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what it will take; train nothing.")]


@app.command()
def sft(config: ConfigOption, overrides: Overrides = None, dry_run: DryRun = False) -> None:
    """Learns to see and then what the demonstrations say. Goes on where it was stopped."""
    _supervised("sft", config, overrides or [], dry_run)


@app.command()
def direct(config: ConfigOption, overrides: Overrides = None, dry_run: DryRun = False) -> None:
    """The same for a model that answers in one turn, without tools: what the agent is held against."""
    _supervised("direct", config, overrides or [], dry_run)


@app.command()
def grpo(config: ConfigOption, overrides: Overrides = None, dry_run: DryRun = False) -> None:
    """Plays questions several times each and learns from what did better. Goes on where it was stopped."""
    from sage.train.grpo_settings import GrpoSettings  # noqa: PLC0415

    def tell_estimate(settings: GrpoSettings, command: list[str]) -> list[str]:
        from sage.train.grpo_estimate import estimate  # noqa: PLC0415

        return estimate(settings, command)

    def start(settings: GrpoSettings, tell: Tell) -> Path | None:
        from sage.train.grpo import train  # noqa: PLC0415

        return train(settings, tell)

    settings = _settings(GrpoSettings, config, overrides or [])
    words = ["train", "grpo", "--config", str(config), *(overrides or [])]
    if dry_run:
        _tell_all(lambda: tell_estimate(settings, words))
        return
    _run("grpo", Path(settings.out), lambda tell: start(fetch_sets(settings, tell), tell))


def _supervised(name: Recipe, config: Path, overrides: list[str], dry_run: bool) -> None:
    from sage.train.settings import SftSettings  # noqa: PLC0415

    def tell_estimate(settings: SftSettings, command: list[str]) -> list[str]:
        from sage.train.estimate import estimate  # noqa: PLC0415

        return estimate(settings, command)

    def start(settings: SftSettings, tell: Tell) -> Path | None:
        from sage.train.sft import train  # noqa: PLC0415

        return train(settings, tell)

    settings = _settings(SftSettings, config, overrides)
    if name == "direct" and settings.data.mini.mode != "direct" and not settings.data.file:
        refuse("train direct needs data.mini.mode=direct", None)
        raise typer.Exit(1)
    words = ["train", name, "--config", str(config), *overrides]
    if dry_run:
        _tell_all(lambda: tell_estimate(settings, words))
        return
    _run(name, Path(settings.out), lambda tell: start(fetch_sets(settings, tell), tell))


def _settings(kind: type[T], config: Path, overrides: list[str]) -> T:
    try:
        return load_config(kind, config, overrides)
    except ConfigError as error:
        refuse(str(error), None)
        raise typer.Exit(1) from None


def _tell_all(lines: Callable[[], list[str]]) -> None:
    try:
        for line in lines():
            typer.echo(line)
    except (ConfigError, WorldError) as error:
        refuse(str(error), None)
        raise typer.Exit(1) from None


def _run(recipe: Recipe, out: Path, train: Callable[[Tell], Path | None]) -> None:
    """Trains, with a record of it in `out`; leaves with 0, 1, or 130 when it was stopped."""
    with recorded(out, recipe) as tell:
        try:
            done = train(tell)
        except (ConfigError, WorldError) as error:
            refuse(str(error), out)
            raise typer.Exit(1) from None
        raise typer.Exit(0 if done else 130)
