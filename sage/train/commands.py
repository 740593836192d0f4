"""Command line of training: `python -m sage train sft | direct | grpo --config FILE [key=value …] [--dry-run]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sage.config import ConfigError, load_config
from sage.faults import WorldError

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
ConfigOption = Annotated[Path, typer.Option("--config", help="YAML of settings.")]
Overrides = Annotated[list[str] | None, typer.Argument(help="name=value, e.g. max_steps=2")]
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
    from sage.train.grpo import train  # noqa: PLC0415
    from sage.train.grpo_estimate import estimate  # noqa: PLC0415
    from sage.train.grpo_settings import GrpoSettings  # noqa: PLC0415

    try:
        settings = load_config(GrpoSettings, config, overrides or [])
        if dry_run:
            command = ["train", "grpo", "--config", str(config), *(overrides or [])]
            for line in estimate(settings, command):
                typer.echo(line)
            return
        done = train(settings, typer.echo)
    except (ConfigError, WorldError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if done else 130)


def _supervised(name: str, config: Path, overrides: list[str], dry_run: bool) -> None:
    from sage.train.estimate import estimate  # noqa: PLC0415
    from sage.train.settings import SftSettings  # noqa: PLC0415
    from sage.train.sft import train  # noqa: PLC0415

    try:
        settings = load_config(SftSettings, config, overrides)
        if name == "direct" and settings.data.mini.mode != "direct" and not settings.data.file:
            raise ConfigError("train direct needs data.mini.mode=direct")
        if dry_run:
            command = ["train", name, "--config", str(config), *overrides]
            for line in estimate(settings, command):
                typer.echo(line)
            return
        done = train(settings, typer.echo)
    except (ConfigError, WorldError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if done else 130)
