"""The sum of all parts."""

import pytest

from sage.judge import Verdict, exact
from sage.rewards.reward import Weights, score_trace, sum_scores
from sage.types import Example, FaultKind, Question, Score
from tests.sage.rewards.traces import NOT_JSON, call, trace_of

EXAMPLE = Example(question=Question(text="which colour?"), answer="red")
GROUND, BAD = call("ground-event", event="x"), call("analyze", FaultKind.BAD_ARGUMENTS)
OFF = Weights(format=0, reasonable=0, repeated=0, invalid=0, repaired=0, accuracy=0)
TABLE = [
    (("red",), Weights(), 0.05 + 1.0),
    (("blue",), Weights(), 0.05),
    ((GROUND, "red"), Weights(), 2 * 0.05 + 0.10 + 1.25),
    ((GROUND, GROUND, "red"), Weights(), 3 * 0.05 + 2 * 0.10 - 0.05 + 1.25),
    ((BAD, "blue"), Weights(), 2 * 0.05 + 0.10 - 0.10 - 0.5),
    ((NOT_JSON,), Weights(), -0.10 - 2.0),
    ((GROUND, "red"), Weights(accuracy=2.0, format=0.0), 0.10 + 2.5),
    ((GROUND, "red"), OFF, 0.0),
]


@pytest.mark.parametrize(("steps", "weights", "total"), TABLE)
def test_the_reward_is_the_weighted_sum(steps, weights, total):
    scores = score_trace(
        trace_of(*steps), EXAMPLE, judge=exact, tool_judge=lambda *_: Verdict.RIGHT, weights=weights
    )
    assert sum_scores(scores) == pytest.approx(total)


def test_one_missing_verdict_leaves_the_whole_unscored():
    scores = score_trace(
        trace_of(GROUND, "red"), EXAMPLE, judge=exact, tool_judge=lambda *_: Verdict.UNJUDGED
    )
    assert sum_scores(scores) is None
    assert sum_scores([]) == 0.0
    assert sum_scores([Score(name="a", value=None, weight=0.0)]) is None


def test_what_is_switched_off_is_not_judged():
    def never(*_):
        raise AssertionError("asked")

    weights = Weights(accuracy=0, reasonable=0)
    scores = score_trace(
        trace_of(GROUND, "red"), EXAMPLE, judge=never, tool_judge=never, weights=weights
    )
    assert {s.name for s in scores} == {"format"}
