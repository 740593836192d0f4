"""Writing a film: where scenes, short events and spoken lines go, so that each question has one answer.

A `Script` is filled by `sage.mini.questions` and closed into a MiniFilm. A class of events (numbers, cards,
signs, each shape that flashes) serves one question of a film at most; lookalikes are put where the question
does not point. What finds no room raises NoRoomError and leaves the script as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from sage.mini.draw import Look
from sage.mini.film import Kind, MiniFilm, Person, Scene, Stretch, Task
from sage.mini.words import (
    CARDS,
    CITIES,
    COLOURS,
    FILLER,
    FOODS,
    JOBS,
    LINES,
    NAMES,
    NUMBERS,
    SHAPES,
    THINGS,
)
from sage.types import Span

SHORT_S = 60
"""Up to here the glance sees whatever is on screen for a while."""
APART_S = 8
"""Between events, and between an event and the ends of the film."""
LINE_S = 3
LONG_LINE = 40
"""A line of more characters takes twice as long."""
TRIES = 80
VALUES: dict[str, tuple[str, ...]] = {"number": NUMBERS, "card": CARDS, "sign": NAMES}


class NoRoomError(Exception):
    """The film is too short or too full for what was to be put in."""


class Script:
    """A film being written."""

    def __init__(self, id: str, duration_s: int, random: Random, kinds: Sequence[Kind]) -> None:
        self.id, self.duration_s, self.random = id, duration_s, random
        shapes = random.sample(SHAPES, len(SHAPES))
        many = random.randint(2, 4) if duration_s <= SHORT_S else 3
        self.names = random.sample(NAMES, len(NAMES))
        self.things = random.sample(THINGS, len(THINGS))
        self.people = _people(random, self.names)
        self.classes = {*shapes[many:], "number", "card", "sign"}
        self.kept_colours: set[str] = set()
        """Named by a question as belonging to one shape only."""
        self.guest_is_free = True
        self.scenes = self._scenes(shapes[:many], with_sign="web" in kinds)
        self.events: list[Scene] = []
        self.slot_s = _slot_s(duration_s)
        self.said: dict[int, str] = {}
        """What matters, by the slot it is said in."""

    @property
    def is_short(self) -> bool:
        return self.duration_s <= SHORT_S

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undoes everything when there is no room."""
        before = (list(self.events), dict(self.said), set(self.classes), set(self.kept_colours))
        try:
            yield
        except NoRoomError:
            self.events, self.said, self.classes, self.kept_colours = before
            raise

    def take_class(self, names: Sequence[str]) -> str:
        """A class of events that no question of this film uses yet."""
        free = [name for name in names if name in self.classes]
        if not free:
            raise NoRoomError
        chosen = self.random.choice(free)
        self.classes.discard(chosen)
        return chosen

    def flashing(self) -> list[str]:
        """Shapes that are free to flash."""
        return [shape for shape in SHAPES if shape in self.classes]

    def new_look(self, name: str, unlike: Look | None = None) -> Look:
        """A look of a class of events, other than `unlike`."""
        while True:
            if name in VALUES:
                look = _look_of(name, self.random.choice(VALUES[name]))
            else:
                colours = [c for c in COLOURS if c not in self.kept_colours]
                spot = self.random.randrange(4)
                look = Look("flash", name, self.random.choice(colours), spot)
            if unlike is None or (look.name, look.colour) != (unlike.name, unlike.colour):
                return look

    def put(
        self,
        look: Look,
        *,
        length_s: int = 3,
        inside: Stretch | None = None,
        outside: Stretch | None = None,
    ) -> Scene:
        """Puts an event somewhere inside one stretch and clear of another."""
        low, high = inside or (0, self.duration_s)
        low, high = max(low, 2), min(high, self.duration_s - 2) - length_s
        for _ in range(TRIES if high >= low else 0):
            start_s = self.random.randint(low, high)
            event = Scene(start_s, start_s + length_s, look)
            if outside and _near(event, outside):
                continue
            if not any(_near(event, (e.start_s, e.end_s)) for e in self.events):
                self.events.append(event)
                return event
        raise NoRoomError

    def say(
        self, text: str, *, inside: Stretch | None = None, outside: Stretch | None = None
    ) -> Span:
        """Has a line said in a free slot inside one stretch and clear of another."""
        low, high = inside or (0, self.duration_s)
        free = [
            slot
            for slot in range(self.duration_s // self.slot_s)
            if slot not in self.said
            and low <= slot * self.slot_s
            and (slot + 1) * self.slot_s <= high
            and not (outside and self._overlaps(slot, outside))
        ]
        if not free:
            raise NoRoomError
        slot = self.random.choice(free)
        self.said[slot] = text
        return self._line(slot, text)

    def close(self, tasks: Sequence[Task]) -> MiniFilm:
        """The finished film: the free slots get filler and facts that nobody asks for."""
        facts = [
            LINES["colour"].format(x=thing, y=self.random.choice(list(COLOURS)))
            for thing in self.things[:2]
        ]
        facts += [
            LINES["food"].format(x=name, y=self.random.choice(FOODS)) for name in self.names[:2]
        ]
        lines: dict[int, str] = dict(self.said)
        for slot in range(self.duration_s // self.slot_s):
            chance = self.random.random()
            if slot not in lines and (chance < 0.7 or slot == 0):
                lines[slot] = self.random.choice(facts if chance < 0.08 else FILLER)
        return MiniFilm(
            id=self.id,
            duration_s=self.duration_s,
            scenes=tuple(self.scenes),
            events=tuple(sorted(self.events)),
            lines=tuple(self._line(slot, lines[slot]) for slot in sorted(lines)),
            people=self.people,
            tasks=tuple(tasks),
        )

    def _line(self, slot: int, text: str) -> Span:
        length_s = LINE_S if len(text) <= LONG_LINE else 2 * LINE_S
        spare = self.slot_s - length_s - 1
        start_s = slot * self.slot_s + hash_small(f"{self.id} {slot}", spare + 1)
        return Span(start_s=start_s, end_s=start_s + length_s, note=text)

    def _overlaps(self, slot: int, stretch: Stretch) -> bool:
        return slot * self.slot_s < stretch[1] and (slot + 1) * self.slot_s > stretch[0]

    def _scenes(self, shapes: Sequence[str], *, with_sign: bool) -> list[Scene]:
        """Scenes of about equal length; the colours differ, neighbours differ in shape."""
        random = self.random
        count = (
            len(shapes) if self.is_short else random.randint(3, 5 if self.duration_s < 180 else 7)
        )
        colours = random.sample(list(COLOURS), count)
        looks: list[Look] = []
        for colour in colours:
            fresh = [s for s in shapes if s not in {look.name for look in looks}]
            other = [s for s in shapes if not looks or s != looks[-1].name]
            name = random.choice(fresh or other)
            looks.append(Look("shape", name, colour, random.randrange(9)))
        if self.is_short and with_sign:
            self.classes.discard("sign")
            looks.insert(random.randint(0, count), Look("sign", self.names.pop()))
        elif random.random() < 0.4:
            self.classes.discard("card")
            looks.insert(0, Look("card", random.choice(CARDS)))
        return _spread(looks, self.duration_s, random)


def hash_small(text: str, most: int) -> int:
    """A number below `most` that depends on a text only."""
    return Random(text).randrange(max(1, most))


def _look_of(kind: str, value: str) -> Look:
    if kind == "number":
        return Look("number", value)
    return Look("card", value) if kind == "card" else Look("sign", value)


def _people(random: Random, names: Sequence[str]) -> tuple[Person, ...]:
    return tuple(
        Person(name, random.choice(JOBS), random.choice(CITIES), random.choice(FOODS))
        for name in (*names[-3:], *names[:3])
    )


def _near(event: Scene, stretch: Stretch) -> bool:
    return event.start_s < stretch[1] + APART_S and event.end_s > stretch[0] - APART_S


def _slot_s(duration_s: int) -> int:
    """One spoken line at most in so many seconds; longer films are quieter."""
    for longest_s, slot_s in ((24, 4), (60, 8), (300, 15), (1200, 40)):
        if duration_s <= longest_s:
            return slot_s
    return 75


def _spread(looks: Sequence[Look], duration_s: int, random: Random) -> list[Scene]:
    weights = [random.uniform(0.85, 1.15) for _ in looks]
    ends = [round(duration_s * sum(weights[: i + 1]) / sum(weights)) for i in range(len(looks))]
    starts = [0, *ends[:-1]]
    return [Scene(a, b, look) for a, b, look in zip(starts, ends, looks, strict=True)]
