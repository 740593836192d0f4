"""Results of a queue as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from sage.annotate.agreement import Agreement, Measure
from sage.annotate.cards import JudgeCard
from sage.annotate.results import Results


def tell(found: Results) -> Iterator[str]:
    """Everything in the results, undefined numbers with their reason."""
    at = found.progress
    yield f"{found.queue.name}: {at.labels} of {at.labels_needed} labels on {at.cases} cases"
    yield f"  disputed {at.disputed}, settled {at.settled}, nobody can tell {found.unsure}"
    yield "What people found, weighted back to the whole"
    yield from (f"  {rate.name:14} {number(rate)}" for rate in found.found)
    yield from _agreement("Agreement of people on the random sample", found.agreement)
    yield from _agreement("Agreement on the cases on which judges disagree", found.hard)
    if found.unblind:
        yield f"  {found.unblind} labels were given after the judges' verdicts were seen and are left out"
    for card in found.judges:
        yield from _card(card)
    for person in found.people:
        yield f"  {person.name}: {person.labels} labels, {person.median_s:.1f} s each, {person.fast} under 2 s"


def number(found: Measure) -> str:
    """`0.812 (0.745 to 0.866), n = 120`, or why there is none."""
    if found.value is None:
        return f"none: {found.why}"
    between = (
        "" if found.low is None or found.high is None else f" ({found.low:.3f} to {found.high:.3f})"
    )
    return f"{found.value:.3f}{between}, n = {found.n}"


def _agreement(title: str, found: Agreement) -> Iterator[str]:
    yield f"{title}: {found.n} cases, {found.labels} labels, {found.raters} people"
    for measure in (*found.measures, *found.pairs):
        yield f"  {measure.name:14} {number(measure)}"
    if found.warning:
        yield f"  {found.warning}"


def _card(card: JudgeCard) -> Iterator[str]:
    yield f"Judge {card.judge}: {card.n} cases, {card.unjudged} unjudged"
    for human, row in card.counts.items():
        yield f"  people say {human:6}" + "".join(f"  {n:5} {said}" for said, n in row.items())
    for rate in (card.accuracy, card.precision, card.recall, card.specificity):
        yield f"  {rate.name:14} {number(rate)}"
    yield f"  {'kappa':14} {number(card.kappa)}"
    yield f"  {'length bias':14} {number(card.length)}"
    yield from (
        f"  {rate.name:14} {number(rate)}" for rate in (*card.by_bucket, *card.by_guideline)
    )
    if card.warning:
        yield f"  {card.warning}"
