"""Against statsmodels, scipy and worked examples of the literature, to 1e-9."""

import math
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.bench.statistics import bootstrap, compare_pairs, mcnemar, spread, wilson

Z = 1.959963984540054


def close(value):
    return pytest.approx(value, abs=1e-9, rel=0)


@pytest.mark.parametrize(
    ("correct", "scored", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(correct, scored, low, high):
    assert wilson(correct, scored) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_the_formula(pair):
    k, n = pair
    p, zz = k / n, Z * Z
    middle = (p + zz / (2 * n)) / (1 + zz / n)
    half = Z / (1 + zz / n) * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
    low, high = wilson(k, n)
    assert (low, high) == (close(middle - half), close(middle + half))
    assert 0 <= low <= p <= high <= 1


def test_nothing_scored_has_no_interval():
    assert wilson(0, 0) == (None, None)
    assert bootstrap(0, 0, 0) == (None, None)
    empty = compare_pairs([])
    assert (empty.n, empty.difference, empty.mcnemar_p) == (0, None, None)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test(wins, losses):
    from scipy.stats import binomtest

    n = wins + losses
    expected = binomtest(wins, n, 0.5).pvalue if n else 1.0
    assert mcnemar(wins, losses) == close(expected)
    assert mcnemar(wins, losses) == mcnemar(losses, wins)


def test_mcnemar_as_worked_out():
    # 4 of 16 discordant pairs one way: 2 * P(X <= 4 | 16, 1/2) = 2 * 2517 / 65536.
    assert mcnemar(4, 12) == close(2 * 2517 / 65536)
    # Agresti, Categorical Data Analysis, ratings of a prime minister: 150 against 86.
    from statsmodels.stats.contingency_tables import mcnemar as theirs

    table = [[794, 150], [86, 570]]
    assert mcnemar(150, 86) == close(float(theirs(table, exact=True).pvalue))
    assert mcnemar(150, 86) == pytest.approx(3.716e-05, rel=1e-3)


def test_the_bootstrap_has_the_quantiles_of_the_exact_distribution():
    wins, losses, ties = 9, 4, 27
    low, high = bootstrap(wins, losses, ties)
    n = wins + losses + ties
    sums = {0: 1.0}
    for _ in range(n):
        step = {1: wins / n, -1: losses / n, 0: ties / n}
        grown: dict[int, float] = {}
        for (total, p), (value, q) in product(sums.items(), step.items()):
            grown[total + value] = grown.get(total + value, 0.0) + p * q
        sums = grown
    reached, quantile = 0.0, {}
    for total in sorted(sums):
        reached += sums[total]
        for tail in (0.025, 0.975):
            if reached >= tail:
                quantile.setdefault(tail, total / n)
    assert (low, high) == (close(quantile[0.025]), close(quantile[0.975]))


def test_the_bootstrap_agrees_with_scipy():
    import numpy as np
    from scipy.stats import bootstrap as theirs

    pairs = np.array([1] * 60 + [-1] * 35 + [0] * 205)
    found = theirs(
        (pairs,), np.mean, method="percentile", n_resamples=10_000, rng=np.random.default_rng(5)
    ).confidence_interval
    assert bootstrap(60, 35, 205) == pytest.approx((found.low, found.high), abs=0.012)
    assert bootstrap(60, 35, 205) == bootstrap(60, 35, 205)


def test_pairs_are_counted():
    random = Random(1)
    pairs = [(random.random() < 0.7, random.random() < 0.5) for _ in range(500)]
    found = compare_pairs(pairs)
    assert found.wins == sum(a and not b for a, b in pairs)
    assert found.wins + found.losses + found.ties == found.n == 500
    assert found.difference == close(
        sum(a for a, _ in pairs) / 500 - sum(b for _, b in pairs) / 500
    )
    assert found.low < found.difference < found.high
    assert found.mcnemar_p == mcnemar(found.wins, found.losses)


def test_seeds():
    import numpy as np

    values = [0.61, 0.64, 0.60, 0.66, 0.62]
    found = spread(values)
    assert (found.mean, found.deviation) == (close(np.mean(values)), close(np.std(values, ddof=1)))
    assert (found.low, found.high, found.runs) == (0.60, 0.66, 5)
    assert spread([0.5]).deviation is None
    assert spread([]).mean is None
