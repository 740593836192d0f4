"""Writes a part of the world to disk: `films/*.mp4`, `pages/<film>/*.html` and `examples.jsonl`.

A film that is there already is kept, so an interrupted run goes on where it stopped. Videos in examples.jsonl are
paths relative to the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sage.faults import Border, crossing
from sage.mini.draw import SIZE
from sage.mini.encode import write_film
from sage.mini.film import MiniFilm
from sage.mini.workspace import write_pages
from sage.mini.world import Split, make_film
from sage.models.base import ignore
from sage.types import Example

EXAMPLES = "examples.jsonl"


def make(
    out: Path,
    split: Split,
    n: int,
    *,
    seed: int = 0,
    size: int = SIZE,
    speech: bool = True,
    on_film: Callable[[str], None] = ignore,
) -> list[Example]:
    """Makes the first `n` films of a split with all that belongs to them and returns their examples.

    `on_film` is told each film's name as it is done. WorldError(DISK) when the folder cannot be written.
    """
    films = [make_film(split, seed, index) for index in range(n)]
    with crossing(Border.DISK, f"The films cannot be kept in {out}", OSError):
        (out / "films").mkdir(parents=True, exist_ok=True)
        for film in films:
            write_pages(film, out)
            path = out / "films" / film.file_name
            if not path.exists():
                write_film(film, path, size=size, speech=speech)
            on_film(film.id)
        examples = [example for film in films for example in file_examples(film)]
        lines = "".join(example.model_dump_json() + "\n" for example in examples)
        (out / EXAMPLES).write_text(lines, encoding="utf-8")
    return examples


def file_examples(film: MiniFilm) -> Iterator[Example]:
    """The film's examples with the video's path in a folder that `make` wrote."""
    for task in film.tasks:
        question = task.example.question.model_copy(update={"video": f"films/{film.file_name}"})
        yield task.example.model_copy(update={"question": question})


def read_examples(folder: Path) -> list[Example]:
    """What `make` wrote; WorldError(DISK)."""
    with crossing(Border.DISK, f"{folder / EXAMPLES} cannot be read", OSError, ValueError):
        lines = (folder / EXAMPLES).read_text("utf-8").splitlines()
        return [Example.model_validate_json(line) for line in lines if line.strip()]
