"""Whether the questions of a film are enough, of every kind, and from all over the film; in words what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from sage.data.draft import Written
from sage.data.settings import Quotas
from sage.timecode import format_time
from sage.types import Span, merge_spans

REACH = 0.1
"""A question deals with the film around its moment, up to this share of the film away."""
VAGUE = 0.5
"""A moment longer than this share of the film is none, and covers nothing."""
DIFFICULTIES = ("easy", "medium", "hard")


def missing(kept: Sequence[Written], quotas: Quotas, duration_s: float) -> list[str]:
    """What is short, one clause each, e.g. `2 more visual questions`; empty when all is met."""
    examples = [written.example for written in kept]
    counts = [
        ("question", quotas.least, len(examples)),
        ("visual question", quotas.visual, sum(e.modality == "visual" for e in examples)),
        ("question of type mcq", quotas.mcq, sum(e.kind == "mcq" for e in examples)),
        ("question of type open_ended", quotas.open_ended, sum(e.kind != "mcq" for e in examples)),
    ]
    counts += [
        (f"{name} question", quotas.each_difficulty, sum(e.difficulty == name for e in examples))
        for name in DIFFICULTIES
    ]
    short = [
        f"{wanted - have} more {_plural(what, wanted - have)}"
        for what, wanted, have in counts
        if have < wanted
    ]
    if duration_s >= quotas.coverage_from_s and coverage(kept, duration_s) < quotas.coverage:
        where = ", ".join(
            f"{format_time(gap.start_s)} to {format_time(gap.end_s)}"
            for gap in gaps(kept, duration_s)
        )
        short.append(f"questions about {where}")
    return short


def coverage(kept: Sequence[Written], duration_s: float) -> float:
    """Share of the film that lies within `REACH` of a moment asked for, 0 to 1."""
    near = _near(kept, duration_s)
    return sum(s.end_s - s.start_s for s in near) / duration_s if duration_s > 0 else 0.0


def gaps(kept: Sequence[Written], duration_s: float) -> list[Span]:
    """Stretches that no question deals with."""
    found: list[Span] = []
    at_s = 0.0
    for span in [*_near(kept, duration_s), Span(start_s=duration_s, end_s=duration_s)]:
        if span.start_s - at_s > 1.0:
            found.append(Span(start_s=at_s, end_s=span.start_s))
        at_s = span.end_s
    return found


def trim(
    kept: Sequence[Written], quotas: Quotas, duration_s: float
) -> tuple[list[Written], list[Written]]:
    """At most as many as allowed, and those that had to go: the last ones that no quota needs."""
    left = list(kept)
    for written in reversed(kept):
        if len(left) <= quotas.most:
            break
        rest = [w for w in left if w is not written]
        if len(missing(rest, quotas, duration_s)) <= len(missing(left, quotas, duration_s)):
            left = rest
    left = left[: quotas.most]
    ids = {written.id for written in left}
    return left, [written for written in kept if written.id not in ids]


def _near(kept: Sequence[Written], duration_s: float) -> list[Span]:
    reach_s = REACH * duration_s
    spans = [
        Span(start_s=max(0.0, s.start_s - reach_s), end_s=min(duration_s, s.end_s + reach_s))
        for written in kept
        for s in written.example.evidence
        if s.end_s - s.start_s <= VAGUE * duration_s
    ]
    return merge_spans(spans)


def _plural(what: str, count: int) -> str:
    return what if count == 1 else what.replace("question", "questions", 1)
