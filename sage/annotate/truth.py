"""What people decided about a case, from their labels: the truth that judges are held against.

Settled by adjudication, else what all labels say. A case with too few labels is open, one whose labels differ
unresolved; both have no truth. "Cannot tell" is a truth of its own that is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from sage.annotate.types import CANNOT_TELL, Label, Queue, Role
from sage.judge import Verdict
from sage.types import Value


class Source(StrEnum):
    """How a truth came about."""

    ADJUDICATED = "adjudicated"
    UNANIMOUS = "unanimous"
    """Two labels or more, all the same."""
    SINGLE = "single"
    """The only label of a queue that asks for one."""
    UNRESOLVED = "unresolved"
    """The labels differ."""
    OPEN = "open"
    """Labels are missing."""


class Truth(Value):
    """`value` is empty while there is none."""

    case: int
    value: str
    source: Source
    note: str = ""
    """What the people who decided so wrote."""
    edits: dict[str, str] = Field(default_factory=dict)
    guideline: int = 0
    """Newest version of the guideline that a label of it was given under."""

    @property
    def is_decided(self) -> bool:
        """Whether it says more than that nobody can tell."""
        return bool(self.value) and self.value != CANNOT_TELL


def truths(queue: Queue, labels: Iterable[Label]) -> dict[int, Truth]:
    """By case; cases without any label are not in it."""
    by_case: dict[int, list[Label]] = {}
    for label in labels:
        by_case.setdefault(label.case, []).append(label)
    return {case: _truth(case, said, queue.policy.labels) for case, said in by_case.items()}


def verdict(value: str, *, partly: Verdict = Verdict.WRONG) -> Verdict:
    """A human label as a judge's verdict; what is right in part counts as `partly`."""
    said = {"right": Verdict.RIGHT, "wrong": Verdict.WRONG, "partly": partly}
    return said.get(value, Verdict.UNJUDGED)


def _truth(case: int, said: list[Label], wanted: int) -> Truth:
    settled = [label for label in said if label.role == Role.ADJUDICATION]
    given = [label for label in said if label.role == Role.LABEL]
    if settled:
        return _from(case, settled, Source.ADJUDICATED)
    if len(given) < wanted:
        return Truth(case=case, value="", source=Source.OPEN)
    if len({label.value for label in given}) > 1:
        return Truth(case=case, value="", source=Source.UNRESOLVED)
    return _from(case, given, Source.UNANIMOUS if len(given) > 1 else Source.SINGLE)


def _from(case: int, labels: list[Label], source: Source) -> Truth:
    edits = {name: text for label in labels for name, text in label.edits.items()}
    return Truth(
        case=case,
        value=labels[0].value,
        source=source,
        note="; ".join(label.note for label in labels if label.note),
        edits=edits,
        guideline=max(label.guideline for label in labels),
    )
