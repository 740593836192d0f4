"""Command line of human annotation: `python -m sage annotate queue | list | report | export | truth | …`.

People label in the app's Annotation tab; here queues are made, counted and taken away.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sage.annotate.store import FILE, Store
from sage.faults import WorldError
from sage.judge import Verdict

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(help="Name of the queue.")]
Data = Annotated[Path | None, typer.Option(help="The app's data folder (SAGE_DATA, else ./data).")]
Names = Annotated[bool, typer.Option(help="Annotators by name instead of A1, A2, …")]
Partly = Annotated[Verdict, typer.Option(help="What a label “partly” counts as.")]


@app.command()
def queue(
    run: Annotated[Path, typer.Argument(help="Folder of a judged benchmark run.")],
    name: Annotated[str, typer.Option(help="Name of the queue; the folder's by default.")] = "",
    judge: Annotated[list[str] | None, typer.Option(help="Only these judges; repeat.")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Random share of all cases.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of the random share and the order.")] = 0,
    labels: Annotated[int, typer.Option(min=1, max=20, help="Labels a case needs.")] = 1,
    data: Data = None,
) -> None:
    """Makes a queue: all cases on which judges disagree, and a random share of the rest."""
    from sage.annotate.runs import queue_run  # noqa: PLC0415
    from sage.annotate.types import Policy  # noqa: PLC0415
    from sage.bench.run import BenchFolder  # noqa: PLC0415

    with _telling():
        folder = BenchFolder.open(run)
        policy = Policy(share=share, seed=seed, labels=labels)
        store = _store(data)
        made = queue_run(store, folder, name or folder.name, policy, judge or ())
        n = len(store.cases(made.name))
    whole = ", ".join(f"{count} {stratum}" for stratum, count in made.sizes.items())
    typer.echo(f"{made.name}: {n} cases of {sum(made.sizes.values())} ({whole}).")
    typer.echo("Open the app's Annotation tab to label them.")


@app.command(name="list")
def list_(data: Data = None) -> None:
    """Lists the queues and how far they are."""
    from sage.annotate.desk import Desk  # noqa: PLC0415

    with _telling():
        store = _store(data)
        for found in store.queues():
            at = Desk(store).progress(found.name)
            told = f"{at.labels} of {at.labels_needed} labels, {at.disputed} disputed"
            typer.echo(f"{found.name}\t{found.kind}\t{at.cases} cases, {told}")


@app.command()
def report(
    name: Name,
    partly: Partly = Verdict.WRONG,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data: Data = None,
) -> None:
    """Tells agreement, what people found, and the judges' report cards."""
    from sage.annotate.results import results  # noqa: PLC0415
    from sage.annotate.words import tell  # noqa: PLC0415

    with _telling():
        found = results(_store(data), name, partly=partly)
    typer.echo(found.model_dump_json() if as_json else "\n".join(tell(found)))


@app.command()
def export(
    name: Name,
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    names: Names = False,
    data: Data = None,
) -> None:
    """Writes labels.jsonl, labels.csv and a `datasets` folder."""
    from sage.annotate import export as writing  # noqa: PLC0415

    with _telling():
        store = _store(data)
        for path in (
            writing.write_jsonl(store, name, out / "labels.jsonl", names=names),
            writing.write_csv(store, name, out / "labels.csv", names=names),
            writing.write_dataset(store, name, out / "dataset", names=names),
        ):
            typer.echo(str(path))


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A labels.jsonl.")],
    name: Annotated[str, typer.Option(help="Another name for the queue.")] = "",
    data: Data = None,
) -> None:
    """Brings an exported queue back."""
    from sage.annotate.bring import bring  # noqa: PLC0415

    with _telling():
        made = bring(_store(data), file, name)
    typer.echo(f"{made.name} is here.")


@app.command()
def truth(
    name: Name,
    run: Annotated[Path, typer.Argument(help="The benchmark run.")],
    partly: Partly = Verdict.WRONG,
    data: Data = None,
) -> None:
    """Writes what people decided into the run as the judge `human`, for any report to take as the truth."""
    from sage.annotate.runs import write_truth  # noqa: PLC0415
    from sage.bench.run import BenchFolder  # noqa: PLC0415

    with _telling():
        n, unjudged = write_truth(_store(data), name, BenchFolder.open(run), partly=partly)
    typer.echo(f"{n} verdicts of people are in {run}, {unjudged} of them unjudged.")


@app.command()
def shots(
    name: Name,
    out: Annotated[Path, typer.Option(help="A .jsonl to write.")],
    n: Annotated[int, typer.Option(min=2, help="How many, half of them right.")] = 8,
    data: Data = None,
) -> None:
    """Writes decided cases as examples for a judge's prompt."""
    from sage.annotate.export import write_shots  # noqa: PLC0415

    with _telling():
        typer.echo(str(write_shots(_store(data), name, out, n=n)))


@app.command()
def thresholds(
    name: Name,
    out: Annotated[Path, typer.Option(help="A .csv to write.")],
    data: Data = None,
) -> None:
    """Writes people's and judges' verdicts side by side, to set a panel's threshold by."""
    from sage.annotate.export import write_thresholds  # noqa: PLC0415

    with _telling():
        typer.echo(str(write_thresholds(_store(data), name, out)))


@app.command()
def guideline(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(help="Text of a new version; nothing: show it.")
    ] = None,
    data: Data = None,
) -> None:
    """Shows the guideline, or gives it a new version."""
    with _telling():
        store = _store(data)
        if file is not None:
            try:
                text = file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                typer.echo(f"{file} cannot be read: {error}", err=True)
                raise typer.Exit(1) from None
            store.guideline(name)
            store.set_guideline(name, text)
        version, text = store.guideline(name)
    typer.echo(f"Version {version}\n\n{text}")


def _store(data: Path | None) -> Store:
    folder = data or Path(os.environ.get("SAGE_DATA") or "data")
    return Store(folder / FILE)


@contextmanager
def _telling() -> Iterator[None]:
    """The world's errors as a sentence and exit code 1."""
    try:
        yield
    except WorldError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
