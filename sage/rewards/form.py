"""Reward for the form of a reply: exactly the required keys, and JSON that needs no repair."""

from __future__ import annotations

import json
from typing import Any

from sage.dialect import CLOSING, OPENING
from sage.types import Score, Trace

GOOD, BAD, REPAIRED = 0.05, -0.10, -0.05
OUTER = {
    1: {"video_context", "query_intent", "final_answer", "recommended_tools"},
    2: {"answerable", "final_answer", "recommended_tools"},
}
ANSWERABLE = {"verdict", "reasoning"}
TOOLS = {"needed", "why_no_tool", "tool_calls"}
CALL = {"rationale", "name", "arguments"}


def score_format(trace: Trace, *, weight: float = 1.0) -> list[Score]:
    """A score for every reply: +0.05 with exactly the required keys, else -0.10.

    A reply that had to be asked for again counts as well: it was printed, and it is trained on.
    """
    scores = []
    for turn in trace.turns:
        for reply in turn.replies:
            problem = find_problem(reply.text, turn.stage)
            value = BAD if problem else GOOD
            scores.append(
                Score(name="format", value=value, weight=weight, reason=problem, turn=turn.index)
            )
    return scores


def score_repaired(trace: Trace, *, weight: float = 1.0) -> list[Score]:
    """-0.05 for every turn whose JSON had to be repaired to be read."""
    return [
        Score(name="repaired", value=REPAIRED, weight=weight, turn=turn.index)
        for turn in trace.turns
        if turn.repaired
    ]


def find_problem(text: str, stage: int) -> str:
    """What keeps a reply from having exactly the required keys; empty when nothing does.

    Unreadable JSON has none of the keys. Values are looked into only where keys are required inside.
    """
    try:
        value = json.loads(_body(text), strict=False)
    except (ValueError, RecursionError):
        return "no JSON between <json> and </json>"
    problem = _compare("the reply", value, OUTER[stage])
    if not problem and stage == 2:
        problem = _compare("answerable", value["answerable"], ANSWERABLE)
    if problem:
        return problem
    tools = value["recommended_tools"]
    problem = _compare("recommended_tools", tools, TOOLS)
    if problem:
        return problem
    calls = tools["tool_calls"]
    if not isinstance(calls, list):
        return "tool_calls is no list"
    return next(filter(None, (_compare("a tool call", call, CALL) for call in calls)), "")


def _body(text: str) -> str:
    _, opening, rest = text.rpartition(OPENING)
    body, closing, _ = rest.partition(CLOSING)
    return body if opening and closing else ""


def _compare(what: str, value: Any, wanted: set[str]) -> str:
    if not isinstance(value, dict):
        return f"{what} is no object"
    missing, extra = sorted(wanted - set(value)), sorted(set(value) - wanted)
    if missing:
        return f"{what} lacks {', '.join(missing)}"
    return f"{what} has {', '.join(extra)[:80]} too many" if extra else ""
