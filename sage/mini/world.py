"""Which film is which: everything is a pure function of split, seed and index.

Splits share no film, since the split is part of what chance is drawn from; durations and kinds of questions follow
the mix that SAGE-Bench has.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Literal, get_args

from sage.mini import questions
from sage.mini.film import Kind, MiniFilm, Task
from sage.mini.script import NoRoomError, Script

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
BUCKETS: tuple[tuple[int, int, int], ...] = (
    (10, 60, 261),
    (60, 180, 390),
    (180, 300, 116),
    (300, 600, 186),
    (600, 1200, 484),
    (1200, 2400, 147),
    (2400, 7200, 160),
)
"""From, to (s) and how many of SAGE-Bench's 1,744 questions."""
PER_FILM = 3
"""Questions a film."""
KINDS: tuple[Kind, ...] = get_args(Kind)
MIX: tuple[tuple[int, tuple[int, ...]], ...] = (
    (60, (44, 12, 14, 0, 16, 0, 14)),
    (180, (38, 10, 12, 16, 10, 6, 8)),
    (300, (32, 12, 12, 18, 10, 8, 8)),
    (600, (28, 10, 13, 18, 10, 12, 9)),
    (1200, (26, 10, 14, 17, 9, 15, 9)),
    (2400, (23, 8, 15, 16, 10, 18, 10)),
    (7200, (18, 8, 15, 16, 9, 23, 11)),
)
"""Up to which duration, and how often (per cent) each of KINDS is asked."""


@lru_cache(maxsize=2048)
def make_film(split: Split, seed: int, index: int, questions: int = PER_FILM) -> MiniFilm:
    """The film of that number, with its questions; with another number of them it is another film."""
    random = Random(f"mini {split} {seed} {index}")
    low, high, _ = random.choices(BUCKETS, [share for *_, share in BUCKETS])[0]
    duration_s = random.randint(low + 1 if low > 10 else low, high)
    weights = next(weights for most_s, weights in MIX if duration_s <= most_s)
    kinds = random.choices(KINDS, weights, k=questions)
    script = Script(film_id(split, seed, index), duration_s, random, kinds)
    tasks: list[Task] = []
    for kind in kinds:
        tasks.append(_write(script, kind, len(tasks) + 1))
    return script.close(tasks)


def film_id(split: Split, seed: int, index: int) -> str:
    """The name of a film, and of its file without `.mp4`."""
    return f"{split}-{seed}-{index:05d}"


def find_film(id: str) -> MiniFilm:
    """The film of a name, such as `test-0-00012`; ValueError when it is none."""
    split, _, rest = id.partition("-")
    seed, _, index = rest.partition("-")
    if split not in SPLITS or not (seed.isdigit() and index.isdigit()):
        raise ValueError(f"'{id[:60]}' is no film of the miniature world")
    return make_film(split, int(seed), int(index))


def bucket(duration_s: float) -> int:
    """Number of the duration bucket, 0 to 6."""
    return next(
        (i for i, (_, high, _) in enumerate(BUCKETS) if duration_s <= high), len(BUCKETS) - 1
    )


def _write(script: Script, kind: Kind, n: int) -> Task:
    """A question of that kind, or of the first other kind that finds room."""
    for other in (kind, *(k for k in KINDS if k != kind)):
        try:
            return questions.write(script, other, n)
        except NoRoomError:
            continue
    raise AssertionError("a film always has a scene to ask for")
