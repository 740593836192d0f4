"""Numbers of a set of episodes."""

import pytest

from sage.judge import Verdict, exact
from sage.rewards.reward import Weights
from sage.train.measure import judge_played, measure
from sage.train.rollout import Played
from sage.types import Example, FaultKind, Question, Stop
from tests.sage.rewards.traces import NOT_JSON, call, trace_of

EXAMPLE = Example(question=Question(text="which colour?"), answer="red")
LOOK, BAD = call("ground-event", event="x"), call("analyze", FaultKind.BAD_ARGUMENTS)


def judged(*steps, stop=None, example=EXAMPLE, minutes=2):
    trace = trace_of(*steps)
    film = trace.film.model_copy(update={"duration_s": 60.0 * minutes})
    trace = trace.model_copy(update={"film": film} | ({"stop": stop} if stop else {}))
    return judge_played(Played(example, trace, ()), exact, lambda *_: Verdict.RIGHT)


def test_means_over_episodes():
    found = measure([judged("red"), judged(LOOK, BAD, "blue", minutes=15), judged(NOT_JSON)])
    assert found["episodes"] == 3
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["turns"] == pytest.approx(5 / 3)
    assert (found["turns/60-180"], found["turns/600-1200"]) == (1.0, 3.0)
    assert (found["accuracy/60-180"], found["accuracy/600-1200"]) == (0.5, 0.0)
    assert found["tool_rate"] == pytest.approx(1 / 3)
    assert found["tools/analyze"] == pytest.approx(1 / 3)
    assert found["faults"] == pytest.approx(1 / 2)
    assert found["format_rate"] == pytest.approx(4 / 5)
    assert found["malformed"] == pytest.approx(1 / 3)


def test_parts_sum_to_the_reward():
    found = measure([judged("red"), judged(LOOK, LOOK, "red"), judged(BAD, "blue")])
    parts = [value for name, value in found.items() if name.startswith("reward/")]
    assert sum(parts) == pytest.approx(found["reward"])
    assert found["reward/accuracy"] == pytest.approx((1.0 + 1.25 - 0.5) / 3)


def test_what_the_world_ended_counts_as_failed_only():
    found = measure([judged("red"), judged("blue", stop=Stop.FAILED)])
    assert (found["failed"], found["accuracy"], found["turns"]) == (0.5, 1.0, 1.0)
    assert measure([judged("blue", stop=Stop.FAILED)]) == {"episodes": 1.0, "failed": 1.0}
    assert measure([]) == {"episodes": 0.0, "failed": 0.0}


def test_without_a_verdict_neither_right_nor_wrong():
    unknown = EXAMPLE.model_copy(update={"answer": ""})
    found = measure([judged("red"), judged("red", example=unknown)])
    assert (found["accuracy"], found["unjudged"]) == (1.0, 0.5)
    only = measure([judged("red", example=unknown)])
    assert "accuracy" not in only
    assert "reward" not in only


def test_accuracy_is_known_even_if_it_is_not_rewarded():
    played = Played(EXAMPLE, trace_of("red"), ())
    one = judge_played(played, exact, lambda *_: Verdict.RIGHT, weights=Weights(accuracy=0))
    assert one.reward == pytest.approx(0.05)
    assert measure([one])["accuracy"] == 1.0
