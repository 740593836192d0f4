"""Advantages within a group."""

from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.train.group import LEAST_SPREAD, Use, weigh

TABLE = [
    ([1.0, 0.0], Use.TRAINED, [1.0, -1.0]),
    ([2.0, None, 0.0], Use.TRAINED, [1.0, None, -1.0]),
    ([1.0, 1.0, 1.0], Use.NO_SPREAD, [None, None, None]),
    ([1.0, None, 1.0], Use.NO_SPREAD, [None, None, None]),
    ([1.0, 1.0 + 1e-6], Use.NO_SPREAD, [None, None]),
    ([1.0, None], Use.TOO_FEW, [None, None]),
    ([None, None], Use.TOO_FEW, [None, None]),
    ([], Use.TOO_FEW, []),
]


@pytest.mark.parametrize(("rewards", "use", "advantages"), TABLE)
def test_groups(rewards, use, advantages):
    group = weigh(rewards)
    assert (group.use, list(group.advantages)) == (use, advantages)


def test_without_dividing_only_the_mean_goes():
    assert weigh([3.0, 1.0, None], divide=False).advantages == (1.0, -1.0, None)


@given(st.lists(st.none() | st.floats(-3, 3), min_size=1, max_size=16), st.booleans())
def test_the_mean_is_zero_and_the_order_kept(rewards, divide):
    group = weigh(rewards, divide=divide)
    known = [(r, a) for r, a in zip(rewards, group.advantages, strict=True) if a is not None]
    if group.use is not Use.TRAINED:
        assert known == []
        return
    assert [a is None for a in group.advantages] == [r is None for r in rewards]
    assert abs(fmean(a for _, a in known)) < 1e-6
    assert [a for _, a in sorted(known)] == sorted(a for _, a in known)
    spread = pstdev(a for _, a in known)
    assert spread == pytest.approx(1.0) if divide else spread >= LEAST_SPREAD
