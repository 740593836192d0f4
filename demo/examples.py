"""The films that come with the app, with questions to try and a saved run each."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from demo.films import Films
from sage.store import EVENTS
from sage.video.frames import read_frames
from sage.video.probe import probe

FOLDER = Path(__file__).parent.parent / "assets" / "examples"


@dataclass(frozen=True)
class ExampleQuestion:
    """A question to try, and what it takes to answer it."""

    text: str
    needs: str = ""
    """captions, pages or vision."""


@dataclass(frozen=True)
class Example:
    """One film of examples.yaml."""

    title: str
    about: str
    film: Path
    captions: Path | None
    pages: Path | None
    """Folder of local pages that a search about this film looks in."""
    questions: tuple[ExampleQuestion, ...]
    run: Path | None
    """Folder of a run that was made before and is shown as saved."""
    token: str
    id: str

    @property
    def run_id(self) -> str:
        return f"saved-{self.id}" if self.run else ""


class Shelf:
    """All examples, in the order of the file; empty when none are installed."""

    def __init__(self, films: Films, folder: Path = FOLDER) -> None:
        self.examples = tuple(_read(films, folder))

    def at(self, number: int) -> Example | None:
        return self.examples[number] if 0 <= number < len(self.examples) else None

    def of_run(self, run: str) -> Example | None:
        """The example a saved run belongs to."""
        return next((e for e in self.examples if e.run_id and e.run_id == run), None)

    def of_film(self, token: str) -> Example | None:
        return next((e for e in self.examples if e.token == token), None)

    def folder(self, run: str) -> Path | None:
        example = self.of_run(run)
        return example.run if example else None

    def first_run(self) -> str:
        """The saved run that is open on the first screen; empty when there is none."""
        return next((e.run_id for e in self.examples if e.run_id), "")


def poster(example: Example) -> bytes:
    """A small JPEG from the first third of the film, for its card."""
    film = probe(example.film, example.title)
    picture = next(iter(read_frames(film, [film.duration_s * 0.3], long_side=240)))
    made = io.BytesIO()
    Image.fromarray(picture.rgb).save(made, "JPEG", quality=82)
    return made.getvalue()


def _read(films: Films, folder: Path) -> list[Example]:
    listing = folder / "examples.yaml"
    if not listing.is_file():
        return []
    entries = yaml.safe_load(listing.read_text(encoding="utf-8"))["examples"]
    return [_example(films, folder, e) for e in entries if (folder / e["file"]).is_file()]


def _example(films: Films, folder: Path, entry: dict[str, Any]) -> Example:
    film = folder / entry["file"]
    run = folder / entry["saved"] if entry.get("saved") else None
    if run is not None and not (run / EVENTS).is_file():
        run = None
    return Example(
        title=entry["title"],
        about=entry.get("about", ""),
        film=film,
        captions=folder / entry["captions"] if entry.get("captions") else None,
        pages=folder / entry["pages"] if entry.get("pages") else None,
        questions=tuple(ExampleQuestion(q["text"], q.get("needs", "")) for q in entry["questions"]),
        run=run,
        token=films.bundle(film, entry["title"]),
        id=film.stem,
    )
