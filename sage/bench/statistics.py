"""The statistics of benchmarks, from statsmodels where it has them.

Everything here is a pure function of counts or of pairs, so that a number in a report can be worked out again from the
raw lines. What cannot be told from the data is `None`, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

LEVEL = 0.95
DRAWS = 10_000
"""Resamples of a bootstrap."""


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float | None
    high: float | None


class Paired(NamedTuple):
    """Two systems on the same questions."""

    n: int
    wins: int
    """The first is right where the second is wrong."""
    losses: int
    ties: int
    both_right: int
    mcnemar_p: float | None
    """Exact, two-sided; 1 when they never differ, `None` without questions."""
    difference: float | None
    """Accuracy of the first less that of the second."""
    low: float | None
    high: float | None


class Spread(NamedTuple):
    """Runs that differ in their seed only."""

    runs: int
    mean: float | None
    deviation: float | None
    """Of a sample (n - 1); `None` for a single run."""
    low: float | None
    high: float | None
    """The lowest and the highest of them."""


def wilson(correct: int, scored: int) -> Interval:
    """Wilson's interval of a share."""
    if scored == 0:
        return Interval(None, None)
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415  heavy

    low, high = proportion_confint(correct, scored, alpha=1 - LEVEL, method="wilson")
    share = correct / scored
    return Interval(min(float(low), share), max(float(high), share))  # at 0 and 1 it rounds past


def mcnemar(wins: int, losses: int) -> float:
    """The exact two-sided p of McNemar's test; ties tell nothing."""
    if wins + losses == 0:
        return 1.0
    from statsmodels.stats.contingency_tables import mcnemar as test  # noqa: PLC0415  heavy

    return min(1.0, float(test([[0, wins], [losses, 0]], exact=True).pvalue))


def bootstrap(wins: int, losses: int, ties: int, *, seed: int = 0) -> Interval:
    """The percentile interval of the difference, questions drawn anew in pairs.

    A pair counts 1, -1 or 0, so a resample of n pairs is one draw of a multinomial distribution.
    """
    n = wins + losses + ties
    if n == 0:
        return Interval(None, None)
    import numpy as np  # noqa: PLC0415  heavy

    drawn = np.random.default_rng(seed).multinomial(n, [wins / n, losses / n, ties / n], DRAWS)
    differences = (drawn[:, 0] - drawn[:, 1]) / n
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return Interval(float(low), float(high))


def compare_pairs(pairs: Sequence[tuple[bool, bool]], *, seed: int = 0) -> Paired:
    """Of (first is right, second is right) on each question."""
    n = len(pairs)
    wins = sum(a and not b for a, b in pairs)
    losses = sum(b and not a for a, b in pairs)
    both = sum(a and b for a, b in pairs)
    low, high = bootstrap(wins, losses, n - wins - losses, seed=seed)
    return Paired(
        n=n,
        wins=wins,
        losses=losses,
        ties=n - wins - losses,
        both_right=both,
        mcnemar_p=mcnemar(wins, losses) if n else None,
        difference=(wins - losses) / n if n else None,
        low=low,
        high=high,
    )


def spread(values: Sequence[float]) -> Spread:
    """Mean and spread of what several seeds gave."""
    if not values:
        return Spread(0, None, None, None, None)
    deviation = stdev(values) if len(values) > 1 else None
    return Spread(len(values), fmean(values), deviation, min(values), max(values))
