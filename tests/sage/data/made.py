"""What the data tests share: copies of one small film, replies in the wire format, settings and a run's models."""

from __future__ import annotations

import json
import struct
from contextlib import contextmanager
from pathlib import Path

from sage.data.author import Sheet, sheet_path
from sage.data.crew import Crew
from sage.data.draft import Written
from sage.data.films import FILMS, Film
from sage.data.settings import DataSettings
from sage.faults import StopSignal
from sage.types import Example, FilmInfo, Question, Span
from tests.films import Scene, make_film

LENGTH_S = 40.0
NO_QUOTAS = {
    "least": 1,
    "most": 20,
    "visual": 0,
    "mcq": 0,
    "open_ended": 0,
    "each_difficulty": 0,
}
KINDS = ("easy", "medium", "hard")
THINGS = (
    *("ladder", "kettle", "bicycle", "parrot", "violin", "lantern"),
    *("compass", "umbrella", "anchor", "teapot", "curtain", "whistle"),
)


def make_films(folder: Path, count: int) -> list[Path]:
    """One film, several times, each with a content of its own: a free box behind its end."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [Scene(0, (200, 30, 30)), Scene(20, (30, 30, 200))]
    source = make_film(
        folder.parent / "source.mp4", duration_s=LENGTH_S, fps=2, size=(64, 36), scenes=scenes
    )
    content = source.read_bytes()
    paths = []
    for number in range(1, count + 1):
        path = folder / f"film-{number:02d}.mp4"
        note = f"film {number}".encode()
        path.write_bytes(content + struct.pack(">I4s", 8 + len(note), b"free") + note)
        paths.append(path)
    return paths


def line(number: int = 0, **changes: object) -> dict[str, object]:
    """One question of the wire format; different numbers ask for different things."""
    is_mcq = number % 2 == 0
    answer = f"beside the {THINGS[(number + 5) % len(THINGS)]}"
    start_s = 2 + 3 * (number % len(THINGS))
    fields: dict[str, object] = {
        "question": f"Where is the {THINGS[number % len(THINGS)]} put down at first?",
        "type": "mcq" if is_mcq else "open_ended",
        "options": [answer, "on the floor", "behind a door", "nowhere at all"] if is_mcq else [],
        "answer": answer,
        "difficulty": KINDS[number % 3],
        "difficulty_rationale": "one look",
        "modality": "visual",
        "modality_rationale": "it is only seen",
        "needs_web_search": False,
        "web_search_rationale": "the film shows it",
        "start": f"00:00:{start_s:02d}",
        "end": f"00:00:{start_s + 2:02d}",
        "covered": (number + 1) / len(THINGS),
    }
    return fields | changes


def reply(*lines: dict[str, object]) -> str:
    """A model's reply; by default ten good questions."""
    return json.dumps({"questions": list(lines) or [line(n) for n in range(10)]})


def written(number: int = 1, **changes: object) -> Written:
    """A question that passed."""
    values: dict[str, object] = {
        "question": Question(id=f"film-{number:02d}", text=f"What is the {number}. word?"),
        "answer": "yellow",
        "modality": "visual",
        "kind": "open-ended",
        "difficulty": "easy",
        "evidence": (Span(start_s=1.0, end_s=2.0),),
    }
    return Written(example=Example.model_validate(values | changes))


def settings(out: Path, **changes: object) -> DataSettings:
    """Settings of a small run that asks nobody outside and no people."""
    values: dict[str, object] = {
        "out": str(out),
        "write": {"model": "scripted:none", "quotas": NO_QUOTAS},
        "solve": {"model": "scripted:none"},
        "sift": {"judge": "exact", "blind": "off"},
        "check": {"questions": 0},
        "rates": {"at_once": 1},
    }
    return DataSettings.model_validate(values | changes)


@contextmanager
def crew_of(plan: DataSettings):
    with Crew(plan, StopSignal()) as crew:
        yield crew


def told_film(name: str = "film", duration_s: float = 600.0) -> Film:
    """A film that nobody opens."""
    info = FilmInfo(path=f"/nowhere/{name}.mp4", digest=f"{name:0>24}", duration_s=duration_s)
    return Film(info=info, source=f"https://films.example/{name}")


def keep_sheet(out: Path, film: Film, *questions: Written) -> None:
    """A film whose questions are written."""
    path = sheet_path(out, film.digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Sheet(digest=film.digest, questions=questions).model_dump_json())
    with (out / FILMS).open("a") as file:
        file.write(film.model_dump_json() + "\n")
