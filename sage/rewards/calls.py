"""Rewards for how tools are called: the same call again, and calls that do not validate."""

from __future__ import annotations

import json
from collections import Counter
from math import sqrt

from sage.types import Call, FaultKind, Score, Trace, Turn

REPEAT, INVALID = -0.05, -0.10
NOT_VALID = (FaultKind.UNKNOWN_TOOL, FaultKind.BAD_ARGUMENTS, FaultKind.FORBIDDEN)


def score_repeated(trace: Trace, *, weight: float = 1.0) -> list[Score]:
    """The n-th repeat of the same tool with the same arguments costs 0.05 * sqrt(n)."""
    seen: Counter[str] = Counter()
    scores = []
    for turn, call in calls_of(trace):
        n = seen[call_key(call)]
        seen[call_key(call)] += 1
        if n:
            value = REPEAT * sqrt(n)
            scores.append(Score(name="repeated", value=value, weight=weight, turn=turn.index))
    return scores


def score_invalid(trace: Trace, *, weight: float = 1.0) -> list[Score]:
    """-0.10 for every call of an unknown tool, with bad arguments or to a place that is forbidden.

    Such a call again is invalid again, although the agent then only says that it failed before.
    """
    invalid: set[str] = set()
    scores = []
    for turn, call in calls_of(trace):
        fault = turn.observation.fault if turn.observation else None
        is_repeat = fault is not None and fault.kind is FaultKind.REPEATED
        if fault and fault.kind in NOT_VALID:
            invalid.add(call_key(call))
        elif not (is_repeat and call_key(call) in invalid):
            continue
        reason = fault.message if fault else ""
        scores.append(
            Score(name="invalid", value=INVALID, weight=weight, reason=reason, turn=turn.index)
        )
    return scores


def calls_of(trace: Trace) -> list[tuple[Turn, Call]]:
    """Turns that called a tool, with the call."""
    return [(turn, turn.action) for turn in trace.turns if isinstance(turn.action, Call)]


def call_key(call: Call) -> str:
    """Equal for calls of the same tool with the same arguments."""
    return json.dumps([call.tool, call.arguments], sort_keys=True, default=str)
