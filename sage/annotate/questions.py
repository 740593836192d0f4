"""The human check of written questions: accept, edit or reject. What a data pipeline calls.

`add` puts a sample of questions into a queue that the app's Annotation tab shows; `check` tells the outcome so far,
with the edit rate and its Wilson interval; `checked` gives the questions as people left them. For example

    store = Store(data / "annotations.sqlite")
    add(store, "films of May", questions, policy=Policy(share=0.05, seed=1))
    …                                           # people label in the app
    check(store, "films of May").edited         # Measure(value=0.031, low=…, high=…, n=…)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from sage.annotate.agreement import Measure
from sage.annotate.cards import rate
from sage.annotate.store import Store
from sage.annotate.truth import truths
from sage.annotate.types import CANNOT_TELL, Draft, Kind, Policy, QuestionBody, Queue
from sage.faults import Border, WorldError
from sage.types import Example, Span, Value


class Written(Value):
    """A written question as it is shown. All fields are text, in the order they are shown, and can be edited."""

    id: str
    fields: dict[str, str]
    film: str = ""
    """Path of the film's file."""
    digest: str = ""
    """FilmInfo.digest of that file; without it the film is not shown."""
    spans: tuple[Span, ...] = ()
    duration_s: float | None = None


class Check(Value):
    """What people found; questions they could not judge are in no rate."""

    asked: int
    """Questions in the queue."""
    decided: int
    unsure: int
    """Nobody could tell."""
    accepted: Measure
    edited: Measure
    rejected: Measure


class Checked(Value):
    """A question as people left it."""

    id: str
    decision: Literal["accept", "edit", "reject", "cannot_tell"]
    fields: dict[str, str]
    """With the edits in place."""
    changed: tuple[str, ...] = ()
    note: str = ""


def add(
    store: Store,
    name: str,
    questions: Iterable[Written],
    *,
    policy: Policy | None = None,
    source: str = "",
) -> Queue:
    """A queue of a random sample of the questions (`policy.share` of them, at least one, fixed by `policy.seed`).

    Ids must be unique; the name must be free. Raises WorldError(DISK).
    """
    drafts = [_draft(question) for question in questions]
    ids = {draft.key for draft in drafts}
    if not drafts or len(ids) < len(drafts):
        why = "ids are not unique" if drafts else "there are none"
        raise WorldError(Border.DISK, f"The questions cannot be put in a queue: {why}.")
    return store.add_queue(name, Kind.QUESTION, drafts, policy or Policy(), source=source)


def from_example(example: Example, *, film: Path, digest: str, duration_s: float | None) -> Written:
    """An Example with the fields people look at; options are one a line."""
    fields = {
        "question": example.question.text,
        "options": "\n".join(example.question.choices),
        "answer": example.answer,
        "kind": example.kind,
        "modality": example.modality,
        "difficulty": example.difficulty,
    }
    return Written(
        id=example.question.id,
        fields={k: v for k, v in fields.items() if v or k in ("question", "answer")},
        film=str(film),
        digest=digest,
        spans=example.evidence,
        duration_s=duration_s,
    )


def check(store: Store, name: str) -> Check:
    """The outcome so far; raises WorldError(DISK)."""
    queue = store.queue(name)
    decided = truths(queue, store.labels(name))
    values = [t.value for t in decided.values() if t.is_decided]

    def share(label: str) -> Measure:
        return rate(label, [(value == label, 1.0) for value in values])

    return Check(
        asked=len(store.cases(name)),
        decided=len(values),
        unsure=sum(t.value == CANNOT_TELL for t in decided.values()),
        accepted=share("accept"),
        edited=share("edit"),
        rejected=share("reject"),
    )


def checked(store: Store, name: str) -> Iterator[Checked]:
    """The decided questions in the order of the queue, with the edits in place."""
    decided = truths(store.queue(name), store.labels(name))
    for case in store.cases(name):
        truth = decided.get(case.id)
        if truth is None or not truth.value or not isinstance(case.body, QuestionBody):
            continue
        yield Checked.model_validate(
            {
                "id": case.key,
                "decision": truth.value,
                "fields": {**case.body.fields, **truth.edits},
                "changed": tuple(truth.edits),
                "note": truth.note,
            }
        )


def _draft(question: Written) -> Draft:
    return Draft(
        key=question.id,
        body=QuestionBody(fields=question.fields, spans=question.spans),
        film=question.film,
        digest=question.digest,
        duration_s=question.duration_s,
    )
