"""A film of the miniature world, known in full: what is on screen at every second, what is said, what pages tell.

Times are whole seconds; a picture lasts at least one. Nothing here is drawn or written to disk.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from sage.mini.draw import SIZE, Look, draw
from sage.mini.words import (
    CARDS,
    COLOURS,
    NAMES,
    NUMBERS,
    PAGE,
    PAGE_FILLER,
    PAGE_LAST,
    SHAPES,
)
from sage.types import Example, Span

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["scene", "count", "moment", "find", "listen", "listen_look", "web"]
Step = Literal["listen", "ground", "extract", "read", "search"]
Stretch = tuple[int, int]
_NAMED = frozenset((*COLOURS, *SHAPES, *CARDS, *NAMES, *NUMBERS, "card", "number", "sign"))


class Scene(NamedTuple):
    """A stretch with one look."""

    start_s: int
    end_s: int
    look: Look


class Person(NamedTuple):
    """What the pages tell of somebody."""

    name: str
    job: str
    city: str
    food: str


@dataclass(frozen=True)
class Task:
    """A question with its truth and the shortest way to the answer."""

    example: Example
    kind: Kind
    wanted: str
    """What is asked for, in the words of a query intent."""
    category: tuple[str, ...]
    """What the answer is one of."""
    steps: tuple[Step, ...] = ()
    """Looks beyond the glance that are needed, in order; empty: the glance tells."""
    listen: Stretch | None = None
    """Where to listen; `None`: anywhere."""
    look: Stretch | None = None
    """Where to look; `None`: anywhere. With `start == end` at that second."""
    target: str = ""
    """The event to look for, in words."""
    query: str = ""
    """What is asked about extracted frames."""
    said: str = ""
    """The spoken line that is needed."""
    name: str = ""
    """The name to search for."""
    shown: tuple[Scene, ...] = ()
    """What has to be seen."""

    @property
    def answer(self) -> str:
        return self.example.answer


@dataclass(frozen=True)
class MiniFilm:
    """Everything there is to know of one film."""

    id: str
    duration_s: int
    scenes: tuple[Scene, ...]
    """Long ones, from the start to the end without a gap."""
    events: tuple[Scene, ...]
    """Short ones, which interrupt the scenes; in order of time."""
    lines: tuple[Span, ...]
    people: tuple[Person, ...]
    tasks: tuple[Task, ...]

    @property
    def file_name(self) -> str:
        return f"{self.id}.mp4"

    @cached_property
    def timeline(self) -> tuple[Scene, ...]:
        """What is on screen: scenes and events, from the start to the end without a gap."""
        parts: list[Scene] = []
        at_s = 0
        for scene in self.scenes:
            for event in self.events:
                if not scene.start_s <= event.start_s < scene.end_s:
                    continue
                parts += [Scene(at_s, event.start_s, scene.look), event]
                at_s = event.end_s
            parts.append(Scene(at_s, scene.end_s, scene.look))
            at_s = max(at_s, scene.end_s)
        return tuple(part for part in parts if part.end_s > part.start_s)

    @cached_property
    def _starts(self) -> list[int]:
        return [part.start_s for part in self.timeline]

    def look_at(self, at_s: float) -> Look:
        """What is on screen at a time; before the start and after the end the nearest picture."""
        place = bisect_right(self._starts, at_s) - 1
        return self.timeline[max(0, place)].look

    def task(self, question_id: str) -> Task:
        """The task of a question; KeyError when this film has none of that id."""
        for task in self.tasks:
            if task.example.question.id == question_id:
                return task
        raise KeyError(question_id)


def render(film: MiniFilm, at_s: float, size: int = SIZE) -> np.ndarray:
    """The picture at a time, (size, size, 3) uint8; shared and not to be written to."""
    return draw(film.look_at(at_s), size)


def page_html(person: Person) -> str:
    """A person's page. The food comes last, far from the rest, so a search result does not tell it."""
    facts = person._asdict()
    body = "\n".join(f"<p>{text.format(**facts)}</p>" for text in (*PAGE, *PAGE_FILLER, PAGE_LAST))
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{person.name}</title></head>\n'
        f"<body><article><h1>{person.name}</h1>\n{body}\n</article></body></html>\n"
    )


def matches(look: Look, event: str) -> bool:
    """Whether a look shows what an event's words name; words that name nothing are passed over."""
    named = [word for word in event.lower().replace(",", " ").split() if word in _NAMED]
    return bool(named) and set(named) <= set(look.words.split())
