"""All that can be said of a queue: how far it is, how people agree, what they found, how the judges did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from sage.annotate.agreement import Agreement, Measure, agreement
from sage.annotate.cards import JudgeCard, Seen, judge_card, rate, stratum_weights
from sage.annotate.desk import Desk
from sage.annotate.store import Store
from sage.annotate.truth import Source, Truth, truths, verdict
from sage.annotate.types import CANNOT_TELL, Kind, Label, Progress, Queue, Role, Stratum
from sage.judge import Verdict
from sage.types import Value

FAST_S = 2.0
"""A label given faster than this was hardly thought about."""


class Place(Value):
    """What of a case is counted, without its texts: quick to read for thousands."""

    id: int
    stratum: Stratum
    is_random: bool
    duration_s: float | None
    words: int


class Person(Value):
    """An annotator's work."""

    name: str
    labels: int
    median_s: float
    fast: int
    """Labels given in under two seconds."""
    unsure: int
    """Labels that say "cannot tell"."""
    notes: int


class Results(Value):
    """Of one queue."""

    queue: Queue
    guideline: int
    progress: Progress
    agreement: Agreement
    """On the random sample: this is what can be said of the whole."""
    hard: Agreement
    """On the cases on which judges disagree; lower by construction."""
    sources: dict[Source, int]
    """How the cases came to their truth, or why they have none."""
    found: tuple[Measure, ...]
    """Share of each deciding label among the decided cases, weighted back to the whole."""
    unsure: int
    """Cases of which nobody can tell."""
    unblind: int
    """Labels given after the judges' verdicts were seen; they are in no agreement."""
    judges: tuple[JudgeCard, ...]
    people: tuple[Person, ...]


def results(store: Store, name: str, *, partly: Verdict = Verdict.WRONG) -> Results:
    """Reads the queue and counts; `partly` is what a label "partly" counts as when judges are held against it."""
    queue, labels, places = store.queue(name), store.labels(name), read_places(store, name)
    decided = truths(queue, labels)
    first = [label for label in labels if label.role == Role.LABEL]
    blind = [label for label in first if label.blind]
    sampled = [p.id for p in places if p.is_random]
    hard = [p.id for p in places if p.stratum == Stratum.DISAGREE]
    is_verdict = queue.kind == Kind.VERDICT
    return Results(
        queue=queue,
        guideline=store.guideline(name)[0],
        progress=Desk(store).progress(name),
        agreement=_agreement(queue, blind, sampled),
        hard=_agreement(queue, blind, hard),
        sources=_sources(places, decided),
        found=_found(queue, places, decided),
        unsure=sum(t.value == CANNOT_TELL for t in decided.values()),
        unblind=len(first) - len(blind),
        judges=judge_cards(store, queue, places, decided, partly=partly) if is_verdict else (),
        people=_people(labels),
    )


def read_places(store: Store, queue: str) -> list[Place]:
    """The cases of a queue in its order."""
    sql = (
        "SELECT id, stratum, is_random, duration_s, answer_words AS words FROM cases"
        " WHERE queue=? ORDER BY place"
    )
    with store.open() as db:
        rows = db.execute(sql, (queue,)).fetchall()
    return [Place.model_validate({**dict(r), "is_random": bool(r["is_random"])}) for r in rows]


def judge_cards(
    store: Store,
    queue: Queue,
    places: Sequence[Place],
    decided: Mapping[int, Truth],
    *,
    partly: Verdict = Verdict.WRONG,
) -> tuple[JudgeCard, ...]:
    """One card a judge, in order of name."""
    said = store.verdicts(queue.name)
    judges = sorted({judge for verdicts in said.values() for judge in verdicts})
    return tuple(
        judge_card(judge, list(_seen(places, decided, said, judge, partly)), queue.sizes)
        for judge in judges
    )


def _seen(
    places: Iterable[Place],
    decided: Mapping[int, Truth],
    said: Mapping[int, Mapping[str, tuple[str, str]]],
    judge: str,
    partly: Verdict,
) -> Iterable[Seen]:
    for place in places:
        truth = decided.get(place.id)
        human = verdict(truth.value, partly=partly) if truth else Verdict.UNJUDGED
        if truth is None or human == Verdict.UNJUDGED:
            continue
        word = said.get(place.id, {}).get(judge, ("unjudged", ""))[0]
        yield Seen(
            human=human == Verdict.RIGHT,
            judge={"right": True, "wrong": False}.get(word),
            stratum=place.stratum,
            is_random=place.is_random,
            duration_s=place.duration_s,
            words=place.words,
            guideline=truth.guideline,
        )


def _agreement(queue: Queue, labels: Iterable[Label], cases: Sequence[int]) -> Agreement:
    by_case: dict[int, dict[str, str]] = {case: {} for case in cases}
    for label in labels:
        if label.case in by_case:
            by_case[label.case][label.annotator] = label.value
    return agreement(list(by_case.values()), queue.schema_.categories)


def _sources(places: Sequence[Place], decided: Mapping[int, Truth]) -> dict[Source, int]:
    counts = Counter(t.source for t in decided.values())
    counts[Source.OPEN] += len(places) - len(decided)
    return {source: counts[source] for source in Source}


def _found(
    queue: Queue, places: Sequence[Place], decided: Mapping[int, Truth]
) -> tuple[Measure, ...]:
    kept = [(p.stratum, decided[p.id].value) for p in places if p.id in decided]
    kept = [pair for pair in kept if pair[1] in queue.schema_.categories]
    weights = stratum_weights([stratum for stratum, _ in kept], queue.sizes)
    return tuple(
        rate(label, [(v == label, w) for (_, v), w in zip(kept, weights, strict=True)])
        for label in queue.schema_.categories
    )


def _people(labels: Iterable[Label]) -> tuple[Person, ...]:
    by_name: dict[str, list[Label]] = {}
    for label in labels:
        by_name.setdefault(label.annotator, []).append(label)
    return tuple(
        Person(
            name=name,
            labels=len(own),
            median_s=round(median(label.seconds for label in own), 1),
            fast=sum(label.seconds < FAST_S for label in own),
            unsure=sum(label.value == CANNOT_TELL for label in own),
            notes=sum(bool(label.note) for label in own),
        )
        for name, own in sorted(by_name.items())
    )
