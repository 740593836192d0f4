"""Reward for the answer, once, at the end."""

from __future__ import annotations

from sage.judge import Verdict
from sage.rewards.calls import calls_of
from sage.types import FaultKind, Invalid, Score, Trace

RIGHT, LOOKED, WRONG_LOOKED, WRONG_AT_LENGTH, NO_JSON = 1.0, 0.25, -0.5, -1.0, -2.0
VISUAL = ("ground-event", "extract-video-parts")


def score_accuracy(
    trace: Trace, verdict: Verdict, *, weight: float = 1.0, looked: float = 1.0
) -> Score:
    """The score of a whole trace, whose answer a judge found right, wrong or could not judge.

    Right after a visual tool is worth 0.25 more, times `looked`. Wrong without any look is worth 0: the guess was
    cheap. No answer, or a wrong one after a look, costs 0.5, and 1 after more than one web search or transcript. A
    trace that ends without JSON costs 2, whatever the judge says.
    """
    value, reason = _value(trace, verdict, looked)
    return Score(name="accuracy", value=value, weight=weight, reason=reason)


def _value(trace: Trace, verdict: Verdict, bonus: float) -> tuple[float | None, str]:
    last = trace.turns[-1].action if trace.turns else None
    if isinstance(last, Invalid) and last.fault.kind is FaultKind.NOT_JSON:
        return NO_JSON, "no JSON at the end"
    tools = [call.tool for _, call in calls_of(trace)]
    if trace.answer is None:
        return _wrong(tools, "no answer")
    if verdict is Verdict.UNJUDGED:
        return None, "no verdict"
    if verdict is Verdict.RIGHT:
        looked = any(tool in VISUAL for tool in tools)
        return (RIGHT + bonus * LOOKED, "right after a look") if looked else (RIGHT, "right")
    return _wrong(tools, "wrong") if tools else (0.0, "wrong at once")


def _wrong(tools: list[str], what: str) -> tuple[float, str]:
    if tools.count("web-search") > 1:
        return WRONG_AT_LENGTH, f"{what} after more than one web search"
    if tools.count("transcribe-speech") > 1:
        return WRONG_AT_LENGTH, f"{what} after more than one transcript"
    return WRONG_LOOKED, f"{what} after a look" if tools else what
