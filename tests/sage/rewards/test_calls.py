"""Truth tables of repeated and invalid calls."""

from math import sqrt

import pytest

from sage.rewards.calls import score_invalid, score_repeated
from sage.types import FaultKind
from tests.sage.rewards.traces import call, trace_of

A, A2, B = call("analyze", x=1, y=2), call("analyze", y=2, x=1), call("analyze", x=2)
C = call("ground-event", x=1, y=2)
REPEATED = [
    ((), []),
    ((A, B, C), []),
    ((A, A), [(2, -0.05)]),
    ((A, A2), [(2, -0.05)]),
    ((A, A, A), [(2, -0.05), (3, -0.05 * sqrt(2))]),
    ((A, B, A, B, A), [(3, -0.05), (4, -0.05), (5, -0.05 * sqrt(2))]),
]
NAMES = ("BAD_ARGUMENTS", "UNKNOWN_TOOL", "FORBIDDEN", "NOT_FOUND", "UNAVAILABLE", "REPEATED")
BAD, UNKNOWN, FORBIDDEN, MISSING, DOWN, AGAIN = (call("x", FaultKind[name]) for name in NAMES)
INVALID = [
    ((A,), []),
    ((BAD,), [1]),
    ((UNKNOWN, FORBIDDEN), [1, 2]),
    ((MISSING, DOWN), []),
    ((BAD, AGAIN), [1, 2]),
    ((MISSING, AGAIN), []),
    ((AGAIN,), []),
]


@pytest.mark.parametrize(("calls", "scores"), REPEATED)
def test_the_nth_repeat_costs_more(calls, scores):
    found = [(s.turn, s.value) for s in score_repeated(trace_of(*calls, "red"))]
    assert found == scores


@pytest.mark.parametrize(("calls", "turns"), INVALID)
def test_calls_that_do_not_validate_cost(calls, turns):
    found = score_invalid(trace_of(*calls, "red"), weight=0.5)
    assert [s.turn for s in found] == turns
    assert {(s.value, s.weight) for s in found} <= {(-0.10, 0.5)}
