"""How far people agree: raw, Cohen, Fleiss, Krippendorff, and Gwet's AC1 where one label dominates.

Everything is a function of counts, cases by labels, and of weights for the cases; so one formula gives the
number and, with the cases drawn again with replacement, its interval. What is not defined comes as a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sage.types import Value

DRAWS = 1000
SEED = 0
LEVEL = 0.95
FEWEST = 10
"""Of fewer cases no interval is given: drawing them again tells nothing."""
DOMINANT = 0.8
"""Share of one label from which on kappa says little."""
Array = NDArray[np.float64]
Formula = Callable[[Array, Array], Array]
"""From weights (draws × cases) and a table of the cases to one number a draw; nan: not defined."""
ONE_EACH = "Agreement needs cases that two people labelled; there are none yet."
NO_CHANCE = "Everybody gave the same label all the time; beyond chance nothing is defined. See AC1."
UNEQUAL = (
    "Fleiss' kappa needs equally many labels on every case; Krippendorff's alpha does without."
)


class Measure(Value):
    """A number with its 95 % interval; `why` says what is wrong when there is none."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Cases it rests on."""
    why: str = ""


class Agreement(Value):
    """All measures over one set of cases."""

    n: int
    """Cases with two labels or more that decide."""
    labels: int
    """Labels on those cases."""
    raters: int
    measures: tuple[Measure, ...]
    pairs: tuple[Measure, ...]
    """Cohen's kappa of each two people who share cases."""
    shares: dict[str, float]
    """Of each label among the labels counted."""
    warning: str = ""


def agreement(rated: Sequence[Mapping[str, str]], categories: Sequence[str]) -> Agreement:
    """`rated`: by case, by annotator, the label; labels outside the categories count as missing."""
    place = {c: i for i, c in enumerate(categories)}
    known = [{who: place[v] for who, v in case.items() if v in place} for case in rated]
    known = [case for case in known if case]
    counts = np.zeros((len(known), len(categories)))
    for row, case in zip(counts, known, strict=True):
        np.add.at(row, list(case.values()), 1)
    shared = counts[counts.sum(1) >= 2]
    raters = sorted({who for case in known for who in case})
    shares = _shares(shared, categories)
    return Agreement(
        n=len(shared),
        labels=int(shared.sum()),
        raters=len(raters),
        measures=_measures(counts, shared),
        pairs=tuple(_pairs(known, raters, len(categories))),
        shares=shares,
        warning=_warning(shares),
    )


def _measures(counts: Array, shared: Array) -> tuple[Measure, ...]:
    if not len(shared):
        names = ("raw", "Fleiss", "Krippendorff", "AC1")
        return tuple(Measure(name=name, value=None, why=ONE_EACH) for name in names)
    equal = len(set(shared.sum(1))) == 1
    fleiss_ = (
        measure("Fleiss", fleiss, shared)
        if equal
        else Measure(name="Fleiss", value=None, n=len(shared), why=UNEQUAL)
    )
    return (
        measure("raw", raw, shared),
        fleiss_,
        measure("Krippendorff", krippendorff, shared),
        # A case with one label says nothing of agreement, and something of how frequent a label is.
        measure("AC1", ac1, counts).model_copy(update={"n": len(shared)}),
    )


def _pairs(known: Sequence[Mapping[str, int]], raters: Sequence[str], q: int) -> list[Measure]:
    found = []
    for a, b in combinations(raters, 2):
        both = [(case[a], case[b]) for case in known if a in case and b in case]
        if not both:
            continue
        table = np.zeros((len(both), q * q))
        table[np.arange(len(both)), [i * q + j for i, j in both]] = 1
        found.append(measure(f"{a} / {b}", cohen, table))
    return found


def measure(name: str, formula: Formula, table: Array, *, draws: int = DRAWS) -> Measure:
    """The number over all cases and the percentile interval over cases drawn with replacement."""
    n = len(table)
    # Equal cases are drawn together: few kinds of them, however many cases.
    kinds, times = np.unique(table, axis=0, return_counts=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(formula(times[None, :].astype(float), kinds)[0])
        if not np.isfinite(value):
            return Measure(name=name, value=None, n=n, why=NO_CHANCE)
        if n < FEWEST:
            return Measure(name=name, value=value, n=n)
        again = np.random.default_rng(SEED).multinomial(n, times / n, size=draws)
        low, high = percentiles(formula(again.astype(float), kinds))
    return Measure(name=name, value=value, low=low, high=high, n=n)


def percentiles(values: Array) -> tuple[float | None, float | None]:
    """The middle 95 % of what is defined; nothing when less than half of it is."""
    known = values[np.isfinite(values)]
    if len(known) * 2 < len(values):
        return None, None
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high)


# ---- formulas: weights (draws × cases), counts (cases × labels) → one number a draw


def raw(weights: Array, counts: Array) -> Array:
    """Share of the pairs of labels on a case that are the same, averaged over cases with two or more."""
    return weights @ _pairs_equal(counts) / weights.sum(1)


def fleiss(weights: Array, counts: Array) -> Array:
    """Fleiss (1971); equally many labels on each case."""
    shares = weights @ counts
    shares = shares / shares.sum(1, keepdims=True)
    return _chance(raw(weights, counts), (shares**2).sum(1))


def krippendorff(weights: Array, counts: Array) -> Array:
    """Krippendorff's alpha for nominal labels; cases may have unequally many."""
    per_case = counts.sum(1)
    observed = weights @ (_pairs_equal(counts) * per_case)
    totals = weights @ counts
    n = totals.sum(1)
    return _chance(observed / n, (totals * (totals - 1)).sum(1) / (n * (n - 1)))


def ac1(weights: Array, counts: Array) -> Array:
    """Gwet's AC1 (2008), over all labels there could be; cases with one label count for their frequency."""
    per_case = counts.sum(1)
    several = per_case >= 2
    observed = raw(weights[:, several], counts[several])
    shares = weights @ (counts / per_case[:, None]) / weights.sum(1, keepdims=True)
    return _chance(observed, (shares * (1 - shares)).sum(1) / (counts.shape[1] - 1))


def cohen(weights: Array, pairs: Array) -> Array:
    """Cohen (1960) for two people; `pairs` has one 1 a case in column first · q + second."""
    q = int(np.sqrt(pairs.shape[1]))
    table = (weights @ pairs / weights.sum(1, keepdims=True)).reshape(-1, q, q)
    by_chance = (table.sum(1) * table.sum(2)).sum(1)
    return _chance(np.trace(table, axis1=1, axis2=2), by_chance)


def _pairs_equal(counts: Array) -> Array:
    per_case = counts.sum(1)
    return (counts * (counts - 1)).sum(1) / (per_case * (per_case - 1))


def _chance(observed: Array, expected: Array) -> Array:
    """What is agreed beyond chance; not defined when chance alone agrees always."""
    room = 1 - expected
    return np.where(room > 1e-12, (observed - expected) / np.where(room > 1e-12, room, 1), np.nan)


def _shares(counts: Array, categories: Sequence[str]) -> dict[str, float]:
    total = counts.sum()
    return {c: float(counts[:, i].sum() / total) for i, c in enumerate(categories)} if total else {}


def _warning(shares: Mapping[str, Any]) -> str:
    if not shares:
        return ""
    label, share = max(shares.items(), key=lambda pair: pair[1])
    if share < DOMINANT:
        return ""
    return (
        f"{share:.0%} of the labels are “{label}”. Where one label dominates, kappa and alpha are low "
        "even if people agree; AC1 is the fairer number then."
    )
