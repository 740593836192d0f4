"""Command line of the miniature world: `python -m sage mini make | stats`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from sage.faults import WorldError
from sage.mini.world import Split, make_film

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
SplitOption = Annotated[Split, typer.Option(help="Splits share no film.")]
NumberOption = Annotated[int, typer.Option(min=1, help="How many films; each has 3 questions.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Another seed is another world.")]


@app.command()
def make(
    out: Annotated[Path, typer.Option(help="Folder for films, pages and examples.jsonl.")],
    split: SplitOption = "train",
    n: NumberOption = 20,
    seed: SeedOption = 0,
    size: Annotated[int, typer.Option(min=64, max=1024, help="Pixels; for people 256.")] = 64,
    speech: Annotated[bool, typer.Option(help="Speak the lines, if espeak-ng is there.")] = True,
) -> None:
    """Makes real films with their questions and pages."""
    from sage.mini.make import make as make_world  # noqa: PLC0415

    try:
        examples = make_world(
            out, split, n, seed=seed, size=size, speech=speech, on_film=typer.echo
        )
    except WorldError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{n} films and {len(examples)} questions are in {out}")


@app.command()
def stats(
    split: SplitOption = "train",
    n: NumberOption = 200,
    seed: SeedOption = 0,
    errors: Annotated[bool, typer.Option(help="Let the expert err as in demonstrations.")] = False,
) -> None:
    """Tells what the films are like: kinds, the expert's turns, what one glance could tell."""
    from sage.mini.expert import PERFECT, Rates  # noqa: PLC0415
    from sage.mini.stats import outcomes, summarise, table  # noqa: PLC0415

    films = [make_film(split, seed, index) for index in range(n)]
    with tempfile.TemporaryDirectory() as root:
        found = outcomes(films, Path(root), rates=Rates() if errors else PERFECT)
    typer.echo(table(summarise(found)))
