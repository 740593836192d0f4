"""Agreement against statsmodels and against examples that were published with their results."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.annotate.agreement import NO_CHANCE, ONE_EACH, UNEQUAL, agreement

KRIPPENDORFF = {
    "A": (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    "B": (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    "C": (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    "D": (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
}
"""Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: alpha 0.743."""
GWET = [("+", "+")] * 118 + [("+", "-")] * 5 + [("-", "+")] * 2
"""Gwet, Kappa statistic is not satisfactory (2002): kappa -0.0234, AC1 0.9408."""
FLEISS = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip
"""The worked example of Fleiss' kappa, 14 raters: 0.210."""


def published() -> list[dict[str, str]]:
    columns = zip(*KRIPPENDORFF.values(), strict=True)
    return [{w: str(v) for w, v in zip(KRIPPENDORFF, c, strict=True) if v} for c in columns]


def two(pairs) -> list[dict[str, str]]:
    return [{"a": a, "b": b} for a, b in pairs]


def values(found) -> dict[str, float | None]:
    return {m.name: m.value for m in found.measures}


def test_krippendorffs_example():
    found = values(agreement(published(), "12345"))
    # 40 labels that pair; coincidences by hand, so that the number is exact.
    assert found["Krippendorff"] == pytest.approx(float(Fraction(113, 152)), abs=1e-9)
    assert round(found["Krippendorff"], 3) == 0.743
    assert round(found["AC1"], 5) == 0.77544
    assert found["raw"] == pytest.approx(9 / 11, abs=1e-9)


def test_gwets_example():
    found = agreement(two(GWET), "+-")
    assert found.pairs[0].value == pytest.approx(-4 / 171, abs=1e-9)
    share = Fraction(123 + 120, 250)
    by_chance = 2 * share * (1 - share)
    exact = (Fraction(118, 125) - by_chance) / (1 - by_chance)
    assert values(found)["AC1"] == pytest.approx(float(exact), abs=1e-9)
    assert round(float(exact), 4) == 0.9408
    assert "AC1" in found.warning


def test_fleiss_example_and_statsmodels():
    from statsmodels.stats.inter_rater import fleiss_kappa

    rated = [
        {
            str(i): label
            for i, label in enumerate(
                c for c, n in zip("abcde", row, strict=True) for _ in range(n)
            )
        }
        for row in FLEISS
    ]
    value = values(agreement(rated, "abcde"))["Fleiss"]
    assert value == pytest.approx(fleiss_kappa(np.array(FLEISS)), abs=1e-9)
    assert round(value, 3) == 0.210


@given(st.lists(st.tuples(*[st.sampled_from("xyz")] * 2), min_size=2, max_size=40))
def test_cohen_is_that_of_statsmodels(pairs):
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.zeros((3, 3))
    for a, b in pairs:
        table["xyz".index(a), "xyz".index(b)] += 1
    (pair,) = agreement(two(pairs), "xyz").pairs
    if pair.value is None:
        assert len(set(pairs)) == 1
        assert pair.why == NO_CHANCE
    else:
        assert pair.value == pytest.approx(float(cohens_kappa(table).kappa), abs=1e-9)


@given(st.lists(st.lists(st.sampled_from("xy"), min_size=2, max_size=2), min_size=3, max_size=30))
def test_alpha_is_scotts_pi_with_the_small_sample_correction(pairs):
    """For two raters and nothing missing alpha = 1 - (1 - pi)(1 - 1/2n): Krippendorff (2004), 11.3."""
    labels = [label for pair in pairs for label in pair]
    share = labels.count("x") / len(labels)
    by_chance = share**2 + (1 - share) ** 2
    value = values(agreement(two(pairs), "xy"))["Krippendorff"]
    if by_chance == 1:
        assert value is None
        return
    pi = (sum(a == b for a, b in pairs) / len(pairs) - by_chance) / (1 - by_chance)
    assert value == pytest.approx(1 - (1 - pi) * (1 - 1 / len(labels)), abs=1e-9)


def test_intervals_hold_the_number_and_shrink_with_cases():
    few, many = (agreement(two(GWET[60:] * k), "+-").measures[0] for k in (1, 9))
    for found in (few, many):
        assert found.low <= found.value <= found.high
    assert many.high - many.low < few.high - few.low
    assert agreement(two(GWET), "+-") == agreement(two(GWET), "+-")


def test_what_is_not_defined_says_why():
    assert {m.why for m in agreement([{"a": "x"}, {"b": "y"}], "xy").measures} == {ONE_EACH}
    same = agreement(two([("x", "x")] * 5), "xy")
    assert {m.name: m.why for m in same.measures}["Krippendorff"] == NO_CHANCE
    assert values(same)["raw"] == values(same)["AC1"] == 1.0
    uneven = agreement([{"a": "x", "b": "x"}, {"a": "x", "b": "y", "c": "y"}], "xy")
    assert {m.name: m.why for m in uneven.measures}["Fleiss"] == UNEQUAL


def test_labels_that_decide_nothing_are_missing():
    rated = [*two(GWET), {"a": "cannot_tell", "b": "+"}, {"a": "cannot_tell", "b": "cannot_tell"}]
    assert agreement(rated, "+-").pairs == agreement(two(GWET), "+-").pairs
    assert agreement(rated, "+-").n == len(GWET)
