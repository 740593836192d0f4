"""All scores of a trace, and their sum: the reward an episode is trained with (SAGE paper, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sage.judge import Verdict
from sage.rewards.accuracy import score_accuracy
from sage.rewards.calls import score_invalid, score_repeated
from sage.rewards.form import score_format, score_repaired
from sage.rewards.reasonable import ToolJudge, score_reasonable
from sage.types import Example, Score, Trace, Value

Judge = Callable[[str | None, Example], Verdict]
"""Is the answer right?"""


class Weights(Value):
    """How many times each part of the reward counts; 0 switches it off, and it is not even judged."""

    format: float = 1.0
    reasonable: float = 1.0
    repeated: float = 1.0
    invalid: float = 1.0
    repaired: float = 1.0
    accuracy: float = 1.0
    looked: float = 1.0
    """Of the 0.25 that an answer is worth more when it is right after a visual tool."""


def score_trace(
    trace: Trace,
    example: Example,
    *,
    judge: Judge,
    tool_judge: ToolJudge,
    weights: Weights | None = None,
) -> tuple[Score, ...]:
    """Every score of a finished trace; those of turns first, accuracy last."""
    w = weights or Weights()
    scores: list[Score] = []
    if w.format:
        scores += score_format(trace, weight=w.format)
    if w.reasonable:
        scores += score_reasonable(trace, tool_judge, weight=w.reasonable)
    if w.repeated:
        scores += score_repeated(trace, weight=w.repeated)
    if w.invalid:
        scores += score_invalid(trace, weight=w.invalid)
    if w.repaired:
        scores += score_repaired(trace, weight=w.repaired)
    if w.accuracy:
        verdict = judge(trace.answer, example)
        scores.append(score_accuracy(trace, verdict, weight=w.accuracy, looked=w.looked))
    return tuple(scores)


def sum_scores(scores: Sequence[Score]) -> float | None:
    """The weighted sum; `None` as soon as one part is not scored."""
    values = [None if s.value is None else s.value * s.weight for s in scores]
    known = [v for v in values if v is not None]
    return sum(known) if len(known) == len(values) else None
