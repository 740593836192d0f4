"""Reward for calling a tool that made sense, as somebody sees it who knows the trace up to that call."""

from __future__ import annotations

from collections.abc import Callable

from sage.judge import Verdict
from sage.rewards.calls import calls_of
from sage.types import Score, Trace, Turn

GOOD, BAD = 0.10, -0.10
ToolJudge = Callable[[Trace, Turn], Verdict]
"""Given the trace before a turn, and that turn: was its call reasonable?"""


def score_reasonable(trace: Trace, judge: ToolJudge, *, weight: float = 1.0) -> list[Score]:
    """+0.10 or -0.10 for every tool call, `None` where the judge has no verdict.

    The judge sees neither later turns nor the answer, and of the turn itself not what the tool brought: a good look
    may find nothing.
    """
    scores = []
    for turn, _ in calls_of(trace):
        before = trace.model_copy(
            update={
                "turns": tuple(t for t in trace.turns if t.index < turn.index),
                "answer": None,
                "evidence": (),
                "stop": None,
            }
        )
        verdict = judge(before, turn.model_copy(update={"observation": None}))
        value = {Verdict.RIGHT: GOOD, Verdict.WRONG: BAD, Verdict.UNJUDGED: None}[verdict]
        scores.append(Score(name="reasonable", value=value, weight=weight, turn=turn.index))
    return scores
