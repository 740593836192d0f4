"""What people think of the questions: a sample goes to the app's annotation tab, and their decisions come back.

An edited question is solved and judged as people left it, a rejected one gets into no set, and the share that had to be
changed is told in the card.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sage.annotate.questions import Checked, add, check, checked, from_example
from sage.annotate.store import Store
from sage.annotate.types import Policy
from sage.data.author import read_sheet
from sage.data.draft import Written
from sage.data.films import Film
from sage.data.settings import DataSettings
from sage.types import Example, Question, Value

STORE = "annotations.sqlite"


class EditRate(Value):
    """How many of the questions that people looked at needed a change; shares with 95 % intervals."""

    asked: int = 0
    decided: int = 0
    edited: float | None = None
    low: float | None = None
    high: float | None = None
    rejected: float | None = None
    rejected_low: float | None = None
    rejected_high: float | None = None

    @property
    def sentence(self) -> str:
        """For the card."""
        if not self.asked:
            return "No person has looked at the questions."
        if not self.decided:
            return (
                f"{self.asked} questions wait in the annotation tab; no person has decided one yet."
            )
        edited = _share(self.edited, self.low, self.high)
        rejected = _share(self.rejected, self.rejected_low, self.rejected_high)
        return (
            f"People decided {self.decided} of a random sample of {self.asked} questions: {edited} needed an edit, "
            f"{rejected} were rejected."
        )


def store_path(settings: DataSettings) -> Path:
    """The annotation store of the settings, else the app's."""
    if settings.check.store:
        return Path(settings.check.store)
    return Path(os.environ.get("SAGE_DATA") or "data") / STORE


def queue_name(settings: DataSettings) -> str:
    """The run's queue; told apart by its folder."""
    return f"questions of {settings.folder.resolve().name}"[:80]


def offer(settings: DataSettings, films: list[Film]) -> int:
    """Puts a sample of the questions before people, once; returns how many, 0 when they are there already.

    WorldError(DISK) when the store cannot be used.
    """
    if not settings.check.questions:
        return 0
    written = []
    for film in films:
        sheet = read_sheet(settings.folder, film.digest)
        for one in sheet.questions if sheet else ():
            shown = from_example(
                one.example,
                film=film.path,
                digest=film.digest,
                duration_s=film.info.duration_s,
            )
            written.append(shown)
    store = Store(store_path(settings))
    if not written or _has_queue(store, settings):
        return 0
    share = min(1.0, settings.check.questions / len(written))
    policy = Policy(share=share, seed=settings.seed)
    name = queue_name(settings)
    add(store, name, written, policy=policy, source=str(settings.folder.resolve()))
    return check(store, name).asked


def edit_rate(settings: DataSettings) -> EditRate:
    """What people have found so far; nothing asked when there is no queue of this run."""
    path = store_path(settings)
    if not path.is_file():
        return EditRate()
    store = Store(path)
    if not _has_queue(store, settings):
        return EditRate()
    found = check(store, queue_name(settings))
    return EditRate(
        asked=found.asked,
        decided=found.decided,
        edited=found.edited.value,
        low=found.edited.low,
        high=found.edited.high,
        rejected=found.rejected.value,
        rejected_low=found.rejected.low,
        rejected_high=found.rejected.high,
    )


def read_decisions(settings: DataSettings) -> dict[str, Checked]:
    """What people decided, by the question's id."""
    path = store_path(settings)
    if not path.is_file():
        return {}
    store = Store(path)
    if not _has_queue(store, settings):
        return {}
    return {one.id: one for one in checked(store, queue_name(settings))}


def as_left(written: Written, decisions: Mapping[str, Checked]) -> Written | None:
    """The question as people left it; `None` when they rejected it."""
    decision = decisions.get(written.id)
    if decision is None or decision.decision in ("accept", "cannot_tell"):
        return written
    if decision.decision == "reject":
        return None
    fields, example = decision.fields, written.example
    choices = tuple(line.strip() for line in fields.get("options", "").splitlines() if line.strip())
    question = Question(
        id=example.question.id,
        video=example.question.video,
        text=fields["question"],
        choices=choices,
    )
    changes = {
        "question": question,
        "answer": fields["answer"],
        "kind": "mcq" if choices else "open-ended",
    }
    edited = Example.model_validate(example.model_dump() | changes)
    return written.model_copy(update={"example": edited})


def _has_queue(store: Store, settings: DataSettings) -> bool:
    return any(queue.name == queue_name(settings) for queue in store.queues())


def _share(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "an unknown share"
    return f"{value:.1%} (95 % interval {low:.1%} to {high:.1%})"
