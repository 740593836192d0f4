"""What a model writes about a film, and what of it can be used.

The wire format is the list of fields that the paper names (REFERENCE: type, difficulty and modality with their reasons,
answer, options, web search, times, share covered). Each question is read by itself, so one that is wrong costs only
itself; why it was left out is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random
from typing import Annotated, Any, Literal, NamedTuple

import json_repair
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sage.judge import Verdict, exact, normalise
from sage.models.textsearch import STOP, stem, tokens
from sage.text import encodable
from sage.timecode import parse_window
from sage.types import Example, Question, Span, Value

MAX_REPLY = 400_000
"""Characters of a reply that are read."""
MAX_TEXT = 1000
_ASKS_FOR_YES = re.compile(
    r"(?:\b(?:isn't|aren't|wasn't|doesn't|didn't|don't|won't) (?:it|he|she|they|that|you)(?: \w+)?\s*\?\s*$)"
    r"|(?:,\s*(?:right|correct|yes)\s*\?\s*$)|\b(?:as we (?:can )?(?:see|saw|know)|obviously|of course)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b(?:\d{1,2}:)?\d{1,3}:\d{2}\b")
_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)


def _lower(value: Any) -> Any:
    text = (
        value.strip().lower().replace("-", "_").replace(" ", "_")
        if isinstance(value, str)
        else value
    )
    return "open_ended" if text in ("open", "openended") else text


Word = BeforeValidator(_lower)


class Draft(BaseModel):
    """One question as a model writes it."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    question: str = Field(min_length=8, max_length=MAX_TEXT)
    type: Annotated[Literal["mcq", "open_ended"], Word]
    options: list[str] = Field(default_factory=list, max_length=8)
    """Of an mcq, without letters."""
    answer: str = Field(min_length=1, max_length=MAX_TEXT)
    difficulty: Annotated[Literal["easy", "medium", "hard"], Word]
    difficulty_rationale: str = ""
    modality: Annotated[Literal["visual", "verbal", "both"], Word]
    modality_rationale: str = ""
    needs_web_search: bool = False
    web_search_rationale: str = ""
    start: str
    """Where in the film the answer is, HH:MM:SS."""
    end: str
    covered: float = Field(default=0.0, ge=0, le=100)
    """Share of the film that the questions up to this one have dealt with, as the model sees it."""


class Written(Value):
    """A question that passed: an example, and what its writer said about it."""

    example: Example
    difficulty_why: str = ""
    modality_why: str = ""
    needs_web: bool = False
    web_why: str = ""
    covered: float = 0.0

    @property
    def id(self) -> str:
        return self.example.question.id


class Drop(Value):
    """Something that was left out, and why."""

    reason: str
    text: str
    """What it was, for a person."""


class Reading(NamedTuple):
    """What a reply held."""

    drafts: tuple[Draft, ...]
    drops: tuple[Drop, ...]
    is_readable: bool
    """There was a list of questions, whatever they were like."""


def schema() -> dict[str, Any]:
    """JSON schema of a reply: closed objects, everything required, no references."""
    kinds = {
        "type": {"type": "string", "enum": ["mcq", "open_ended"]},
        "options": {"type": "array", "items": {"type": "string"}},
        "difficulty": {"type": "string", "enum": ["easy", "medium", "hard"]},
        "modality": {"type": "string", "enum": ["visual", "verbal", "both"]},
        "needs_web_search": {"type": "boolean"},
        "covered": {"type": "number"},
    }
    properties = {name: kinds.get(name, {"type": "string"}) for name in Draft.model_fields}
    question = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"questions": {"type": "array", "items": question}},
        "required": ["questions"],
        "additionalProperties": False,
    }


def read_reply(text: str) -> Reading:
    """The questions of a reply; JSON that is a little broken is mended."""
    value = _load(text)
    lines = value.get("questions") if isinstance(value, dict) else value
    if not isinstance(lines, list):
        return Reading((), (Drop(reason="no JSON", text=_short(text)),), False)
    drafts: list[Draft] = []
    drops: list[Drop] = []
    for line in lines:
        try:
            drafts.append(Draft.model_validate(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            shown = (
                f"{where}: {first['msg']} in {json.dumps(line, ensure_ascii=False, default=str)}"
            )
            drops.append(Drop(reason="schema", text=_short(shown)))
    return Reading(tuple(drafts), tuple(drops), True)


def check(
    draft: Draft, kept: Sequence[Written], *, video: str, id: str, duration_s: float
) -> Written | Drop:
    """The question as an example under that id, or why it cannot be used beside those that were kept."""
    options, answer = _options(draft), draft.answer
    if draft.type == "mcq":
        found = _right_option(draft.answer, options)
        if not len(options) >= 2 or found is None:
            return Drop(reason="options", text=_short(f"{draft.question} {options}: {answer}"))
        answer = found
        Random(id).shuffle(options)
    span = _span(draft, duration_s)
    if span is None:
        times = f"{draft.start} - {draft.end}"
        return Drop(reason="times", text=_short(f"{draft.question} ({times})"))
    question = Question(id=id, video=video, text=draft.question, choices=tuple(options))
    example = Example(
        question=question,
        answer=answer,
        modality=draft.modality,
        kind="mcq" if options else "open-ended",
        difficulty=draft.difficulty,
        evidence=(span,),
        source="synthetic",
    )
    if is_leading(question, answer):
        return Drop(reason="leading", text=_short(f"{draft.question}: {answer}"))
    twin = next((w for w in kept if is_twin(example, w.example)), None)
    if twin:
        both = f"{draft.question} / {twin.example.question.text}"
        return Drop(reason="duplicate", text=_short(both))
    return Written(
        example=example,
        difficulty_why=draft.difficulty_rationale[:MAX_TEXT],
        modality_why=draft.modality_rationale[:MAX_TEXT],
        needs_web=draft.needs_web_search,
        web_why=draft.web_search_rationale[:MAX_TEXT],
        covered=draft.covered / 100 if draft.covered > 1 else draft.covered,
    )


def is_leading(question: Question, answer: str) -> bool:
    """Whether a question asks for agreement, or holds its own answer.

    Of questions with options only those that name the right one and no other give it away.
    """
    if _ASKS_FOR_YES.search(question.text):
        return True
    text = _CLOCK.sub(" ", question.text)
    if question.choices:
        named = [choice for choice in question.choices if _holds(text, choice)]
        return len(named) == 1 and normalise(named[0]) == normalise(answer)
    return not _offers(question.text) and _holds(text, answer)


def is_twin(one: Example, other: Example) -> bool:
    """Whether two questions about one film ask the same: the same words, or much alike with one answer at one time."""
    first, second = one.question.text, other.question.text
    if normalise(first) == normalise(second):
        return True
    a, b = _content(first), _content(second)
    alike = len(a & b) / max(1, len(a | b))
    is_there = any(
        min(s.end_s, t.end_s) - max(s.start_s, t.start_s) > 0
        for s in one.evidence
        for t in other.evidence
    )
    return is_there and alike >= 0.5 and normalise(one.answer) == normalise(other.answer)


def _load(text: str) -> Any:
    fenced = _FENCED.findall(text[:MAX_REPLY])
    body = (fenced[-1] if fenced else text[:MAX_REPLY]).replace("<json>", "").replace("</json>", "")
    places = [place for place in (body.find("{"), body.find("[")) if place >= 0]
    if not places:
        return None
    body = body[min(places) :]
    try:
        return encodable(json.loads(body, strict=False))
    except (ValueError, RecursionError):
        pass  # mended below
    try:
        return encodable(json_repair.loads(body))
    except (ValueError, RecursionError):
        return None


def _options(draft: Draft) -> list[str]:
    """The options without letters in front, each once; none of an open question."""
    if draft.type != "mcq":
        return []
    lettered = [re.sub(r"^\(?[A-Ha-h][).:]\s+", "", option.strip()) for option in draft.options]
    unique = {normalise(option): option for option in lettered if option}
    return list(unique.values())


def _right_option(answer: str, options: Sequence[str]) -> str | None:
    """The option that an answer means, by its text or letter."""
    question = Question(text="", choices=tuple(options))
    right = [
        option
        for option in options
        if exact(answer, Example(question=question, answer=option)) is Verdict.RIGHT
    ]
    return right[0] if len(right) == 1 else None


def _span(draft: Draft, duration_s: float) -> Span | None:
    """Where the answer is; `None` when the times are none, or not in this film."""
    try:
        window = parse_window(draft.start, draft.end, duration_s)
    except ValueError:
        return None
    if not draft.start.strip() or not draft.end.strip() or any("beyond" in n for n in window.notes):
        return None
    return Span(start_s=window.start_s, end_s=window.end_s)


def _offers(text: str) -> bool:
    """Whether a question names what to choose from, so that the answer has to be in it."""
    return bool(re.search(r"\bor\b", text, re.IGNORECASE))


def _holds(text: str, answer: str) -> bool:
    """Whether the words of an answer stand in a text, one after the other."""
    words, wanted = normalise(text).split(), normalise(answer).split()
    if not wanted or set(wanted) <= {"yes", "no"}:
        return False
    size = len(wanted)
    return any(words[i : i + size] == wanted for i in range(len(words) - size + 1))


def _content(text: str) -> set[str]:
    return {stem(word) for word in tokens(text) if word not in STOP}


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 300 else plain[:299] + "…"
