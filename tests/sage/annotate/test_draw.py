"""The draw: fixed by its seed, everything that disagrees, a fair share of the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sage.annotate.draw import draw, stratum
from sage.annotate.types import Policy, Stratum

WHOLE = {f"q{i}": Stratum.DISAGREE if i % 4 == 0 else Stratum.AGREE for i in range(400)}


def test_all_that_disagree_and_a_share_of_the_rest():
    drawn = draw(WHOLE, Policy(share=0.1))
    assert {d.key for d in drawn if d.stratum == Stratum.DISAGREE} == {
        k for k, s in WHOLE.items() if s == Stratum.DISAGREE
    }
    assert sum(d.is_random for d in drawn) == 40
    assert all(d.is_random for d in drawn if d.stratum == Stratum.AGREE)
    assert {d.probability for d in drawn} == {1.0, 0.1}


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_the_same_seed_draws_the_same(seed, share):
    policy = Policy(share=share, seed=seed)
    assert draw(WHOLE, policy) == draw(dict(reversed(WHOLE.items())), policy)


def test_the_sample_is_of_the_whole_over_many_seeds():
    """Every case is in the random sample as often as its probability says."""
    seeds = 300
    hits = sum(
        sum(
            d.is_random and d.stratum == Stratum.DISAGREE
            for d in draw(WHOLE, Policy(share=0.1, seed=s))
        )
        for s in range(seeds)
    )
    assert abs(hits / seeds - 10) < 0.6


def test_whoever_stops_early_has_seen_every_stratum():
    half = draw(WHOLE, Policy(share=0.5))[:60]
    assert {d.stratum for d in half} == {Stratum.DISAGREE, Stratum.AGREE}


def test_unjudged_neither_agrees_nor_disagrees():
    assert stratum(["right", "unjudged"]) == Stratum.AGREE
    assert stratum(["right", "wrong", "unjudged"]) == Stratum.DISAGREE
    assert stratum(["unjudged"]) == stratum([]) == Stratum.UNDECIDED
