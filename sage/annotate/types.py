"""The values of human annotation. What a person decides about is a case; what is decided is a label.

A queue holds cases of one kind; the kind says which labels there are. Two kinds: `verdict` (is an answer
right?) and `question` (is a written question fit for use?). Cases never hold what the annotator must not see:
the judges' verdicts and the labels of others live beside them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from sage.types import Example, Span, Value

CANNOT_TELL = "cannot_tell"
"""Said by a person who looked and could not decide; counted, and never taken as right or wrong."""


class Kind(StrEnum):
    """What a queue asks about its cases."""

    VERDICT = "verdict"
    QUESTION = "question"


class Stratum(StrEnum):
    """Groups of cases that are drawn at different rates."""

    DISAGREE = "disagree"
    """One judge says right and another wrong; all of them are drawn."""
    AGREE = "agree"
    """All judges that decided say the same."""
    UNDECIDED = "undecided"
    """No judge decided."""
    ALL = "all"
    """Cases without judges."""


class Role(StrEnum):
    """In which a label was given."""

    LABEL = "label"
    ADJUDICATION = "adjudication"
    """Settles a case on which the labels differ; its author sees them."""


class Choice(Value):
    """One label a person can give."""

    value: str
    name: str
    key: str
    """The key that gives it."""
    tone: Literal["right", "partly", "wrong", "unsure"] = "unsure"
    """How the page colours it."""


class LabelSchema(Value):
    """The labels of a kind."""

    ask: str
    """What the annotator is asked, one sentence."""
    choices: tuple[Choice, ...]
    editing: str = ""
    """The label that comes with changed fields; empty: none."""

    @property
    def categories(self) -> tuple[str, ...]:
        """The labels that decide, in order; agreement is over these."""
        return tuple(c.value for c in self.choices if c.value != CANNOT_TELL)


UNSURE = Choice(value=CANNOT_TELL, name="Cannot tell", key="4")
SCHEMAS: dict[Kind, LabelSchema] = {
    Kind.VERDICT: LabelSchema(
        ask="Does the answer say the same as the truth?",
        choices=(
            Choice(value="right", name="Right", key="1", tone="right"),
            Choice(value="partly", name="Partly", key="2", tone="partly"),
            Choice(value="wrong", name="Wrong", key="3", tone="wrong"),
            UNSURE,
        ),
    ),
    Kind.QUESTION: LabelSchema(
        ask="Can this question be used as it is?",
        choices=(
            Choice(value="accept", name="Accept", key="1", tone="right"),
            Choice(value="edit", name="Edit", key="2", tone="partly"),
            Choice(value="reject", name="Reject", key="3", tone="wrong"),
            UNSURE,
        ),
        editing="edit",
    ),
}


class Policy(Value):
    """How a queue is drawn and worked on; fixed once it is made."""

    share: float = Field(default=0.1, ge=0, le=1, allow_inf_nan=False)
    """Share of all cases in the random sample; cases on which judges disagree are drawn besides."""
    seed: int = 0
    """Of the random sample and of the order."""
    labels: int = Field(default=1, ge=1, le=20)
    """Labels a case needs, each by another person."""
    lease_s: float = Field(default=900.0, gt=0, allow_inf_nan=False)
    """A case that is shown to somebody is kept from others for so long, longer while the page lives."""


class VerdictBody(Value):
    """An answer to be held against the truth."""

    type: Literal[Kind.VERDICT] = Kind.VERDICT
    example: Example
    answer: str


class QuestionBody(Value):
    """A written question to be checked; `fields` are shown and can be edited, all as text."""

    type: Literal[Kind.QUESTION] = Kind.QUESTION
    fields: dict[str, str]
    spans: tuple[Span, ...] = ()
    """Where in the film the answer is said to be."""


Body = Annotated[VerdictBody | QuestionBody, Field(discriminator="type")]


class Draft(Value):
    """A case before it is in a queue."""

    key: str
    """Names it within the queue: the question's id."""
    body: Body
    film: str = ""
    """Path of the film's file."""
    digest: str = ""
    """The film's content hash as it was probed; a film is shown only while it still matches."""
    folder: str = ""
    """Where the trace's frames lie."""
    duration_s: float | None = None
    trace: str = ""
    """JSON of the Trace that led to the answer, shown as evidence."""
    verdicts: dict[str, tuple[str, str]] = Field(default_factory=dict)
    """By judge: right, wrong or unjudged, and the reason."""


class Case(Value):
    """A case as an annotator may see it."""

    id: int
    queue: str
    key: str
    body: Body
    film: str
    digest: str
    folder: str
    duration_s: float | None
    stratum: Stratum
    is_random: bool
    """In the random sample of the whole."""
    probability: float
    """Of being drawn into the queue."""


class Label(Value):
    """One decision of one person about one case."""

    id: int
    case: int
    annotator: str
    role: Role
    value: str
    note: str = ""
    edits: dict[str, str] = Field(default_factory=dict)
    """Changed fields with their new text; only where the schema has an editing label."""
    guideline: int = 1
    """Version of the text the annotator could read."""
    seconds: float = 0.0
    """From showing the case to the label."""
    leased: str = ""
    """When the case was shown; ISO 8601, UTC."""
    created: str = ""
    """When the label was given; ISO 8601, UTC."""
    blind: bool = True
    """Given before the judges' verdicts were shown to this person."""


class Queue(Value):
    """A set of cases that people work on together."""

    name: str
    kind: Kind
    policy: Policy
    source: str = ""
    """The run folder or data set the cases come from."""
    sizes: dict[Stratum, int]
    """How many cases each stratum has in the whole, drawn or not."""
    left_out: int = 0
    """Cases of the source with nothing to decide, e.g. no answer was given."""
    created: str = ""

    @property
    def schema_(self) -> LabelSchema:
        return SCHEMAS[self.kind]


class Lease(Value):
    """A case in somebody's hands."""

    case: int
    annotator: str
    role: Role
    token: str
    """Whoever has it may give the case back."""
    taken: float
    """Seconds since 1970."""
    expires: float


class Progress(Value):
    """How far a queue is; `mine` counts the labels of the person who asks."""

    cases: int
    labels_needed: int
    labels: int
    mine: int
    held: int
    """Cases in the hands of others now."""
    decided: int
    """Cases with all their labels."""
    disputed: int
    """Cases whose labels differ and which nobody has settled."""
    settled: int
    """Cases that were settled by adjudication."""
