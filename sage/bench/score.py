"""A run seen by one judge: every question with its answer and verdict. Reports and comparisons start here.

World errors, missing videos and what is unjudged are in no accuracy; no answer and no usable action are wrong, whatever
a judge's file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sage.bench.judges import EXACT, ExactJudge, judge_one
from sage.bench.run import UNSCORABLE, WRONG, BenchFolder, Entry, Header, Outline
from sage.bench.statistics import wilson
from sage.faults import Border, WorldError
from sage.judge import Verdict
from sage.mini.world import BUCKETS, bucket
from sage.types import Value

BUCKET_NAMES = (
    *(f"{0 if low == BUCKETS[0][0] else low}-{high}" for low, high, _ in BUCKETS[:-1]),
    f"{BUCKETS[-1][0]}+",
)
"""0-60 … 2400+, by the film's length in seconds."""
UNKNOWN = "unknown"


class Scored(NamedTuple):
    """One question of a run, as one judge sees it."""

    entry: Entry
    outline: Outline
    verdict: Verdict
    reason: str = ""

    @property
    def is_right(self) -> bool | None:
        """`None`: not scored."""
        return None if self.verdict is Verdict.UNJUDGED else self.verdict is Verdict.RIGHT

    @property
    def is_unjudged(self) -> bool:
        """A judge could say something here and has not."""
        return self.is_right is None and self.outline.outcome not in UNSCORABLE

    @property
    def duration_s(self) -> float | None:
        """The set's word goes before the file's: runs are compared by it."""
        return self.entry.duration_s or self.outline.duration_s


class Cell(Value):
    """The accuracy of some questions."""

    n: int
    """Questions that were asked."""
    scored: int
    """Those with a verdict; accuracy is of these."""
    correct: int
    accuracy: float | None
    low: float | None
    high: float | None
    """Wilson's 95 % interval."""


class Seen(NamedTuple):
    """A run with one judge's verdicts."""

    run: BenchFolder
    header: Header
    judge: str
    rows: tuple[Scored, ...]
    """In the order the questions are asked."""


def see(run: BenchFolder, judge: str = "") -> Seen:
    """Joins what is on disk. Without a judge named: `exact`, else the only or first one there is.

    WorldError(DISK) when the run has no such judge.
    """
    entries, outlines = run.entries(), run.outlines()
    slug = judge or default_judge(run)
    judged = run.judgements(slug)
    if not judged and slug != EXACT and slug not in run.judges():
        known = ", ".join(run.judges()) or "none so far"
        raise WorldError(
            Border.DISK,
            f"{run.folder} has no judge {slug}. It has: {known}. "
            f"Judge it first: python -m sage bench judge {run.folder} --judge …",
        )
    rows = []
    exactly = ExactJudge()
    for id, entry in entries.items():
        outline = outlines.get(id)
        if outline is None:
            continue
        found = judged.get(id)
        if found is None and slug == EXACT:
            found = judge_one(exactly, outline, entry)
        verdict = _settle(outline, found.verdict if found else Verdict.UNJUDGED)
        rows.append(Scored(entry, outline, verdict, found.reason if found else ""))
    return Seen(run, run.header(), slug, tuple(rows))


def default_judge(run: BenchFolder) -> str:
    """The judge a report takes when none is named."""
    slugs = run.judges()
    return EXACT if EXACT in slugs or not slugs else slugs[0]


def bucket_name(duration_s: float | None) -> str:
    return UNKNOWN if duration_s is None else BUCKET_NAMES[bucket(duration_s)]


def cell(rows: Iterable[Scored]) -> Cell:
    """Their accuracy with its interval."""
    rights = [row.is_right for row in rows]
    scored = sum(right is not None for right in rights)
    correct = sum(right is True for right in rights)
    low, high = wilson(correct, scored)
    accuracy = correct / scored if scored else None
    return Cell(
        n=len(rights), scored=scored, correct=correct, accuracy=accuracy, low=low, high=high
    )


GROUPINGS: dict[str, Callable[[Scored], str]] = {
    "buckets": lambda row: bucket_name(row.duration_s),
    "modality": lambda row: row.entry.example.modality or UNKNOWN,
    "kind": lambda row: row.entry.example.kind or UNKNOWN,
    "difficulty": lambda row: row.entry.example.difficulty or UNKNOWN,
    "source": lambda row: row.entry.example.source or UNKNOWN,
}
"""What accuracy is broken down by."""


def group(rows: Iterable[Scored], by: str) -> dict[str, list[Scored]]:
    """Rows by a grouping's name; buckets in order of length, others by name."""
    found: dict[str, list[Scored]] = {}
    for row in rows:
        found.setdefault(GROUPINGS[by](row), []).append(row)
    order: Sequence[str] = BUCKET_NAMES if by == "buckets" else sorted(found)
    return {name: found[name] for name in (*order, UNKNOWN) if name in found}


def _settle(outline: Outline, verdict: Verdict) -> Verdict:
    if outline.outcome in UNSCORABLE:
        return Verdict.UNJUDGED
    return Verdict.WRONG if outline.outcome in WRONG else verdict
