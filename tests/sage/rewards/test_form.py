"""Truth table of the form of replies."""

import pytest

from sage.rewards.form import find_problem, score_format, score_repaired
from tests.sage.rewards.traces import NOT_JSON, call, reply, trace_of

CALL = {"rationale": "", "name": "analyze", "arguments": {}}
WITH_CALL = {"needed": True, "why_no_tool": None, "tool_calls": [CALL]}
STAGE_2 = {"video_context": ..., "query_intent": ...}
SURE = {"verdict": True, "reasoning": ""}
TABLE = [
    (1, reply(), ""),
    (1, reply(final_answer=None, recommended_tools=WITH_CALL), ""),
    (1, f"<think>{{}}</think> so: {reply()} done", ""),
    (1, reply(video_context=...), "the reply lacks video_context"),
    (1, reply(mood="good"), "the reply has mood too many"),
    (1, reply(answerable=SURE), "the reply has answerable too many"),
    (1, reply(recommended_tools=None), "recommended_tools is no object"),
    (1, reply(recommended_tools={"needed": False}), "lacks tool_calls, why_no_tool"),
    (1, reply(recommended_tools=WITH_CALL | {"tool_calls": {}}), "tool_calls is no list"),
    (1, reply(recommended_tools=WITH_CALL | {"tool_calls": [{}]}), "a tool call lacks arguments"),
    (1, reply(recommended_tools=WITH_CALL | {"tool_calls": ["x"]}), "a tool call is no object"),
    (1, reply().removeprefix("<json>"), "no JSON"),
    (1, reply().removesuffix("</json>"), "no JSON"),
    (1, "<json>[1]</json>", "the reply is no object"),
    (1, "<json>{'a': 1}</json>", "no JSON"),
    (1, "<json>" + "[" * 9000 + "</json>", "no JSON"),
    (1, "", "no JSON"),
    (2, reply(answerable=SURE, **STAGE_2), ""),
    (2, reply(answerable=True, **STAGE_2), "answerable is no object"),
    (2, reply(answerable={"verdict": True}, **STAGE_2), "answerable lacks reasoning"),
    (2, reply(), "the reply lacks answerable"),
]


@pytest.mark.parametrize(("stage", "text", "problem"), TABLE)
def test_exactly_the_required_keys(stage, text, problem):
    found = find_problem(text, stage)
    assert problem in found
    assert bool(problem) == bool(found)


def test_every_turn_is_scored():
    scores = score_format(trace_of(call("analyze"), "red", NOT_JSON), weight=2.0)
    assert [(s.value, s.turn, s.weight) for s in scores] == [
        (0.05, 1, 2.0),
        (0.05, 2, 2.0),
        (-0.10, 3, 2.0),
    ]


def test_every_attempt_of_a_turn_is_scored():
    trace = trace_of("red")
    (turn,) = trace.turns
    again = turn.model_copy(
        update={"replies": (turn.replies[0].model_copy(update={"text": "?"}), *turn.replies)}
    )
    scores = score_format(trace.model_copy(update={"turns": (again,)}))
    assert [s.value for s in scores] == [-0.10, 0.05]


@pytest.mark.parametrize(("repaired", "values"), [(True, [-0.05, -0.05]), (False, [])])
def test_repaired_json_costs(repaired, values):
    trace = trace_of(call("analyze"), "red", repaired=repaired)
    assert [s.value for s in score_repaired(trace)] == values
