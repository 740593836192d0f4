"""Truth table of the reward at the end."""

import pytest

from sage.judge import Verdict
from sage.rewards.accuracy import score_accuracy
from sage.types import Trace
from tests.sage.rewards.traces import NOT_JSON, SHAPE, call, trace_of

HEAR, SEARCH, READ = call("transcribe-speech"), call("web-search"), call("parse-website")
GROUND, EXTRACT, ANALYZE = call("ground-event"), call("extract-video-parts"), call("analyze")
RIGHT, WRONG, UNJUDGED = Verdict.RIGHT, Verdict.WRONG, Verdict.UNJUDGED
TABLE = [
    (("red",), RIGHT, 1.0),
    ((HEAR, "red"), RIGHT, 1.0),
    ((ANALYZE, "red"), RIGHT, 1.0),
    ((SEARCH, SEARCH, "red"), RIGHT, 1.0),
    ((GROUND, "red"), RIGHT, 1.25),
    ((EXTRACT, ANALYZE, "red"), RIGHT, 1.25),
    ((HEAR, HEAR, GROUND, "red"), RIGHT, 1.25),
    (("red",), WRONG, 0.0),
    ((GROUND, "red"), WRONG, -0.5),
    ((HEAR, "red"), WRONG, -0.5),
    ((HEAR, SEARCH, READ, "red"), WRONG, -0.5),
    ((HEAR, HEAR, "red"), WRONG, -1.0),
    ((SEARCH, SEARCH, "red"), WRONG, -1.0),
    ((SHAPE,), WRONG, -0.5),
    ((GROUND, SHAPE), WRONG, -0.5),
    ((SEARCH, SEARCH, SHAPE), WRONG, -1.0),
    ((NOT_JSON,), WRONG, -2.0),
    ((HEAR, HEAR, NOT_JSON), UNJUDGED, -2.0),
    ((SHAPE,), UNJUDGED, -0.5),
    (("red",), UNJUDGED, None),
    ((GROUND, "red"), UNJUDGED, None),
]


@pytest.mark.parametrize(("steps", "verdict", "value"), TABLE)
def test_the_end_is_worth(steps, verdict, value):
    score = score_accuracy(trace_of(*steps), verdict, weight=3.0)
    assert score.value == value
    assert (score.name, score.weight, score.turn) == ("accuracy", 3.0, 0)


def test_the_bonus_for_a_look_can_be_switched_off():
    trace = trace_of(GROUND, "red")
    assert score_accuracy(trace, RIGHT, looked=0.0).value == 1.0
    assert score_accuracy(trace, WRONG, looked=0.0).value == -0.5


def test_a_trace_without_turns_has_no_answer():
    trace = Trace(question=trace_of("red").question)
    assert score_accuracy(trace, WRONG).value == -0.5
