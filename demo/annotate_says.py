"""Values of the Annotation tab as its scripts take them. A case goes out without what must not be seen yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from demo.annotate_media import CaseMedia
from demo.view import dump, view
from sage.annotate.desk import Taken
from sage.annotate.results import Results
from sage.annotate.types import (
    Case,
    Label,
    Progress,
    QuestionBody,
    Queue,
    Role,
    VerdictBody,
)
from sage.types import Evidence, FilmInfo, Question, Span, Trace

GONE = "The film is not on this machine any more, or has changed."
NO_FILM = "No film came with this case."
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def listing(queues: Sequence[tuple[Queue, Progress]]) -> list[dict[str, Any]]:
    """The queues to choose from."""
    return [
        {
            "name": queue.name,
            "kind": queue.kind,
            "cases": at.cases,
            "labels": at.labels,
            "needed": at.labels_needed,
            "disputed": at.disputed,
            "source": queue.source,
        }
        for queue, at in queues
    ]


def about(queue: Queue, guideline: tuple[int, str]) -> dict[str, Any]:
    """What does not change from case to case."""
    schema = queue.schema_
    return {
        "name": queue.name,
        "kind": queue.kind,
        "ask": schema.ask,
        "choices": [choice.model_dump() for choice in schema.choices],
        "editing": schema.editing,
        "labels": queue.policy.labels,
        "lease_s": queue.policy.lease_s,
        "guideline": {"version": guideline[0], "text": guideline[1]},
    }


def case(
    taken: Taken, trace: Trace | None, media: CaseMedia, labels: Sequence[Label]
) -> dict[str, Any]:
    """The case on the desk; `labels` are those an adjudicator sees, else none."""
    found, body = taken.case, taken.case.body
    shown: dict[str, Any] = {
        "id": found.id,
        "key": found.key,
        "token": taken.lease.token,
        "role": taken.lease.role,
        "spans": [_span(span) for span in _spans(body)],
        "labels": [_label(i, label) for i, label in enumerate(labels)],
        "evidence": _evidence(found, trace, media),
    }
    if isinstance(body, VerdictBody):
        example = body.example
        tags = (example.kind, example.modality, example.difficulty)
        shown |= {
            "question": example.question.text,
            "choices": list(example.question.choices),
            "truth": example.answer,
            "answer": body.answer,
            "tags": [tag for tag in tags if tag],
        }
    else:
        shown["fields"] = body.fields
    return shown


def reveal(
    queue: Queue, label: Label, found: Case, said: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """What may be seen of a case after it was labelled."""
    names = {choice.value: choice.name for choice in queue.schema_.choices}
    body = found.body
    text = (
        body.example.question.text
        if isinstance(body, VerdictBody)
        else body.fields.get("question", "")
    )
    return {
        "label": label.id,
        "key": found.key,
        "question": text,
        "value": label.value,
        "name": names.get(label.value, label.value),
        "note": label.note,
        "changed": list(label.edits),
        "role": label.role,
        "judges": [{"judge": j, "verdict": v, "reason": r} for j, (v, r) in sorted(said.items())],
    }


def counts(found: Results) -> dict[str, Any]:
    """Results for the page, with the names of the labels."""
    names = {choice.value: choice.name for choice in found.queue.schema_.choices}
    return {**found.model_dump(mode="json"), "names": names}


def _spans(body: VerdictBody | QuestionBody) -> Sequence[Span]:
    return body.example.evidence if isinstance(body, VerdictBody) else body.spans


def _span(span: Span) -> list[float]:
    return [round(span.start_s, 3), round(span.end_s, 3)]


def _label(place: int, label: Label) -> dict[str, Any]:
    """Somebody's label, without a name: who said it should not weigh."""
    letter = LETTERS[place % len(LETTERS)]
    return {"by": letter, "value": label.value, "note": label.note, "edits": dict(label.edits)}


def _evidence(found: Case, trace: Trace | None, media: CaseMedia) -> dict[str, Any]:
    """Film and trace as the evidence frame takes them."""
    film = media.film_url(found)
    kept = trace or _bare(found)
    live = {"status": "done"}
    shown = view(kept, live=live, media=lambda path: media.frame_url(found, path))
    # A benchmark's trace may have no run of its own; the frame tells cases apart by it.
    shown["run"] = f"case-{found.id}"
    where = (
        "The film is not on this machine any more, or has changed."
        if found.film
        else "No film came with this case."
    )
    looked = " What was looked at is below." if trace else ""
    return {"film": film, "view": dump(shown), "about": where + looked}


def _bare(found: Case) -> Trace:
    """A trace that holds no more than where the truth is said to be."""
    film = None
    if found.duration_s:
        film = FilmInfo(path=found.film, digest=found.digest, duration_s=found.duration_s)
    spans = [
        Evidence(
            turn=1,
            start_s=span.start_s,
            end_s=span.end_s,
            note=span.note or "where the answer is said to be",
        )
        for span in _spans(found.body)
    ]
    return Trace(question=Question(text=""), film=film, evidence=tuple(spans))


def role_of(text: object) -> Role:
    """The role a page asks for."""
    return Role.ADJUDICATION if text == Role.ADJUDICATION.value else Role.LABEL
