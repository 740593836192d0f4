"""Report cards and shares, counted again by hand and by statsmodels, weighted back to the whole."""

from __future__ import annotations

import random

import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from sage.annotate.cards import Seen, judge_card, length_bias, rate, wilson
from sage.annotate.desk import Desk
from sage.annotate.results import results
from sage.annotate.types import Stratum
from tests.sage.annotate.made import make_queue

AGREE, DISAGREE = Stratum.AGREE, Stratum.DISAGREE


def seen(human: bool, judge: bool | None, stratum=AGREE, *, random_=True, words=5, at=30.0) -> Seen:
    return Seen(human, judge, stratum, random_, at, words, 1)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 7), (50, 50), (812, 1744)])
def test_wilson_is_that_of_statsmodels(k, n):
    assert wilson(k / n, n) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)


def test_equal_weights_give_the_plain_interval_and_unequal_ones_a_wider_one():
    plain = rate("x", [(i < 30, 2.5) for i in range(40)])
    assert (plain.low, plain.high) == pytest.approx(
        proportion_confint(30, 40, method="wilson"), abs=1e-9
    )
    skewed = rate("x", [(i < 30, 10.0 if i % 4 == 0 else 1.0) for i in range(40)])
    assert skewed.high - skewed.low > plain.high - plain.low


def test_a_card_by_hand():
    """20 of 20 disagreeing and 10 of 100 agreeing cases were decided: one of the latter stands for ten."""
    cases = [seen(i < 5, i < 10, DISAGREE, random_=i < 2) for i in range(20)]
    cases += [seen(i < 8, i < 7) for i in range(10)]
    card = judge_card("j", cases, {DISAGREE: 20, AGREE: 100})
    assert card.counts["right"] == {"right": 12, "wrong": 1, "unjudged": 0}
    assert card.accuracy.value == pytest.approx((15 * 1 + 9 * 10) / 120)
    assert card.precision.value == pytest.approx((5 + 70) / (10 + 70))
    assert card.recall.value == pytest.approx((5 + 70) / (5 + 80))
    assert card.specificity.value == pytest.approx((10 + 20) / (15 + 20))
    assert card.leniency == pytest.approx((10 + 70 - 5 - 80) / 120)
    sampled = [[0, 0], [0, 0]]
    for case in cases:
        if case.is_random:
            sampled[not case.human][not case.judge] += 1
    assert card.kappa.value == pytest.approx(float(cohens_kappa(sampled).kappa), abs=1e-9)
    assert card.warning == ""


def test_weights_undo_the_draw():
    """A judge that errs on a third of the disagreeing and on none of the rest, in a population where few disagree."""
    chance = random.Random(1)
    whole = [seen(True, chance.random() < 0.67, DISAGREE) for _ in range(300)]
    whole += [seen(True, True, AGREE) for _ in range(1700)]
    drawn = [s for s in whole if s.stratum == DISAGREE] + [s for s in whole if s.stratum == AGREE][
        :170
    ]
    card = judge_card("j", drawn, {DISAGREE: 300, AGREE: 1700})
    assert card.accuracy.value == pytest.approx(sum(s.judge for s in whole) / 2000, abs=1e-9)


def test_unjudged_is_in_no_rate_and_what_was_not_seen_is_said():
    card = judge_card("j", [seen(True, None), seen(True, True)], {AGREE: 2, DISAGREE: 9})
    assert (card.n, card.unjudged, card.accuracy.value) == (1, 1, 1.0)
    assert "on which judges disagree" in card.warning
    assert card.precision.n == 1
    assert card.specificity.value is None
    assert card.specificity.why


def test_a_judge_that_likes_long_answers_is_found_out():
    chance = random.Random(0)
    cases = []
    for _ in range(200):
        words = chance.randint(1, 60)
        human = chance.random() < 0.5
        cases.append(seen(human, human or words > 30, words=words))
    found = length_bias(cases, {AGREE: 200})
    assert found.low > 0.3
    fair = length_bias([s._replace(judge=s.human) for s in cases], {AGREE: 200})
    assert fair.value == 0.0


def test_results_of_a_queue(tmp_path):
    store, queue = make_queue(tmp_path, labels=2)
    desk = Desk(store)
    for name in ("ann", "bob"):
        while taken := desk.take(queue.name, name):
            wanted = "right" if taken.case.body.answer.startswith("a thing") else "wrong"
            slips = name == "bob" and taken.case.id % 5 == 0
            desk.label(taken.case.id, name, "partly" if slips else wanted)
    found = results(store, queue.name)
    cases = store.cases(queue.name)
    assert found.agreement.n == sum(c.is_random for c in cases) == 10
    assert found.hard.n == queue.sizes[DISAGREE]
    assert (
        found.progress.disputed == found.sources["unresolved"] == sum(c.id % 5 == 0 for c in cases)
    )
    assert [card.judge for card in found.judges] == ["exact", "llm-a", "llm-b", "llm-c"]
    assert sum(rate.value for rate in found.found) == pytest.approx(1)
    assert [(p.name, p.labels) for p in found.people] == [("ann", len(cases)), ("bob", len(cases))]
    assert found.unblind == 0


def test_a_label_after_the_reveal_is_in_no_agreement(tmp_path):
    store, queue = make_queue(tmp_path, share=1.0, labels=2)
    desk = Desk(store)
    for name in ("ann", "bob"):
        while taken := desk.take(queue.name, name):
            desk.label(taken.case.id, name, "right")
    before = results(store, queue.name).agreement.n
    desk.undo(queue.name, "ann")
    desk.label(desk.take(queue.name, "ann").case.id, "ann", "wrong")
    after = results(store, queue.name)
    assert (after.agreement.n, after.unblind) == (before - 1, 1)
