"""What a part of the world is like: kinds by duration, how far the expert has to look, what one glance could tell.

`glance_chance` bounds from above what a model with one turn can get right: all that its frames show is read
without error, and the rest is guessed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from sage.judge import Verdict, exact
from sage.mini.expert import Expert, Rates
from sage.mini.film import MiniFilm, Task
from sage.mini.play import open_episode, play
from sage.mini.world import BUCKETS, KINDS, bucket
from sage.types import Frame


class Outcome(NamedTuple):
    """One question: its bucket and kind, what the expert did, what a glance could do."""

    bucket: int
    kind: str
    is_mcq: bool
    is_right: bool
    turns: int
    glance: float


class Row(NamedTuple):
    """Means over the questions of a bucket, or over all."""

    name: str
    questions: int
    mcq: float
    right: float
    turns: float
    glance: float
    kinds: dict[str, float]


def outcomes(
    films: Iterable[MiniFilm], root: Path, *, rates: Rates, seed: int = 0
) -> list[Outcome]:
    """Plays the expert on every question of the films, in memory; pages are kept in `root`."""
    found = []
    for film in films:
        for task in film.tasks:
            episode, workspace = open_episode(film, task, root)
            expert = Expert(film, rates, seed=seed, prompts=workspace.setup.prompts)
            play(episode, workspace, expert)
            found.append(
                Outcome(
                    bucket(film.duration_s),
                    task.kind,
                    task.example.kind == "mcq",
                    exact(episode.answer, task.example) is Verdict.RIGHT,
                    len(episode.turns),
                    glance_chance(film, task, episode.frames),
                )
            )
    return found


def glance_chance(film: MiniFilm, task: Task, frames: Sequence[Frame]) -> float:
    """Probability that a perfect reader of these frames, and of nothing else, answers right."""
    times = [frame.at_s for frame in frames]
    seen = [
        any(s.start_s <= t < s.end_s and film.look_at(t) == s.look for t in times)
        for s in task.shown
    ]
    needs_more = {"search", "listen"} & set(task.steps) and task.kind != "listen_look"
    if seen and all(seen) and not needs_more:
        return 1.0
    return 1 / len(task.example.question.choices or task.category)


def summarise(found: Sequence[Outcome]) -> list[Row]:
    """A row for each bucket that has questions, and last one for all."""
    by_bucket: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in found:
        by_bucket[outcome.bucket].append(outcome)
    rows = [_row(f"{BUCKETS[b][0]}-{BUCKETS[b][1]}", by_bucket[b]) for b in sorted(by_bucket)]
    return [*rows, _row("all", found)] if found else rows


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    head = ["seconds", "questions", "mcq", "expert right", "turns", "glance at best", *KINDS]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        shares = [f"{100 * row.kinds.get(kind, 0.0):.0f}" for kind in KINDS]
        parts = [f"{100 * v:.1f}" for v in (row.mcq, row.right)]
        parts += [f"{row.turns:.2f}", f"{100 * row.glance:.1f}", *shares]
        lines.append(f"| {row.name} | {row.questions} | {' | '.join(parts)} |")
    return "\n".join(lines)


def _row(name: str, found: Sequence[Outcome]) -> Row:
    kinds = Counter(o.kind for o in found)
    return Row(
        name,
        len(found),
        fmean(o.is_mcq for o in found),
        fmean(o.is_right for o in found),
        fmean(o.turns for o in found),
        fmean(o.glance for o in found),
        {kind: number / len(found) for kind, number in kinds.items()},
    )
