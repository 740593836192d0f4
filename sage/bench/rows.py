"""Rows of published sets and released files, in whatever fields they use, as questions with their truth.

A question's id is made of the film's name and a digest of its words, so the same question has the same id in a set, in
a released file and in a run of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from sage.bench.run import Entry
from sage.faults import Border, WorldError
from sage.text import encodable
from sage.timecode import parse_time
from sage.types import Example, Question, Span

_OPTION = re.compile(r"^\s*\(?([A-Z])[).:]\s+(.+?)\s*$")
_LEAD_IN = re.compile(r"(?i)^[^.?!\n]*\b(?:options|choices)\b[^.?!\n]*:\s*$")
_YOUTUBE = re.compile(r"[A-Za-z0-9_-]{11}")
_MODALITIES: dict[str, Literal["visual", "verbal", "both"]] = {
    "visual": "visual",
    "verbal": "verbal",
    "both": "both",
}
_KINDS: dict[str, Literal["mcq", "open-ended"]] = {"mcq": "mcq", "open-ended": "open-ended"}
VIDEO_FIELDS = ("video_id", "video", "video_path", "path", "yt_id")
ANSWER_FIELDS = ("gt_answer", "full_answer", "correct_answer", "answer")
DURATION_FIELDS = ("duration_seconds", "duration", "duration_s", "video_duration")


class Parted(NamedTuple):
    """A question's words and its options."""

    text: str
    choices: tuple[str, ...]


def to_entries(
    rows: Iterable[Mapping[str, Any]], *, source: str, answers: Sequence[str] = ANSWER_FIELDS
) -> list[Entry]:
    """All rows, ids made unique; WorldError(DISK) that names the first row which is no question."""
    entries = []
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows, 1):
        try:
            entry = to_entry(row, source=source, answers=answers)
        except (ValueError, TypeError, KeyError) as error:
            reason = "fields are missing or odd" if isinstance(error, ValidationError) else error
            raise WorldError(
                Border.DISK,
                f"Question {number} of {source} cannot be read: {reason}. Nothing was started. "
                "It needs a video, a question and an answer; see the README.",
            ) from error
        seen[entry.id] += 1
        if seen[entry.id] > 1:  # sets do hold a question twice
            entry = _renamed(entry, f"{entry.id}-{seen[entry.id]}")
        entries.append(entry)
    return entries


def to_entry(
    row: Mapping[str, Any], *, source: str, answers: Sequence[str] = ANSWER_FIELDS
) -> Entry:
    """One row: our own Example, or the fields of SAGE-Bench, Minerva and their like; ValueError."""
    row = encodable(dict(row))
    if isinstance(row.get("question"), Mapping) or "example" in row:
        return _own(row)
    words = str(row.get("question") or row.get("text") or "").strip()
    if not words:
        raise ValueError("there is no question")
    video = next((str(row[f]) for f in VIDEO_FIELDS if row.get(f)), "")
    text, choices = part(words)
    choices = _listed_choices(row) or choices
    question = Question(
        id=str(row.get("key") or question_id(video, words)), video=video, text=text, choices=choices
    )
    example = Example(
        question=question,
        answer=_answer(row, choices, answers),
        modality=_modality(row.get("modality")),
        kind=_kind(row.get("ques_type") or row.get("kind"), choices),
        difficulty=str(row.get("difficulty") or ""),
        evidence=tuple(Span.model_validate(span) for span in row.get("evidence") or ()),
        source=str(row.get("category") or row.get("source") or source),
    )
    return Entry(example=example, duration_s=duration_of(row), link=_link(row, video))


def question_id(video: str, words: str) -> str:
    """The id of a question that brings none."""
    plain = " ".join(words.split())
    name = PurePosixPath(video.replace("\\", "/")).stem
    digest = hashlib.sha256("\n".join((name, plain)).encode()).hexdigest()
    return f"{name}-{digest[:10]}"


def part(words: str) -> Parted:
    """Takes the options, lines such as `(A) red`, out of a question's words."""
    lines = words.splitlines()
    options: list[str] = []
    rest: list[str] = []
    for line in lines:
        match = _OPTION.match(line)
        if match and ord(match[1]) - ord("A") == len(options):
            options.append(match[2])
        elif line.strip():
            rest.append(line.strip())
    if len(options) < 2:
        return Parted(words.strip(), ())
    kept = [line for line in rest if not _LEAD_IN.match(line)] or rest
    return Parted("\n".join(kept), tuple(options))


def duration_of(row: Mapping[str, Any]) -> float | None:
    """Seconds, from numbers or times; `None` when it is not told."""
    for field in DURATION_FIELDS:
        value = row.get(field)
        if isinstance(value, bool) or value in (None, ""):
            continue
        if isinstance(value, int | float):
            return float(value) if value > 0 else None
        try:
            return parse_time(str(value), 0).seconds or None
        except ValueError:
            continue
    return None


def _own(row: Mapping[str, Any]) -> Entry:
    if "example" in row:
        return Entry.model_validate(row)
    duration_s = duration_of(row)
    known = set(Example.model_fields)
    example = Example.model_validate({k: v for k, v in row.items() if k in known})
    question = example.question
    if not question.id:
        id = question_id(question.video, question.text)
        example = example.model_copy(update={"question": question.model_copy(update={"id": id})})
    return Entry(example=example, duration_s=duration_s, link=_link(row, question.video))


def _renamed(entry: Entry, id: str) -> Entry:
    question = entry.example.question.model_copy(update={"id": id})
    example = entry.example.model_copy(update={"question": question})
    return entry.model_copy(update={"example": example})


def _listed_choices(row: Mapping[str, Any]) -> tuple[str, ...]:
    for field in ("choices", "options"):
        if isinstance(row.get(field), list | tuple):
            return tuple(str(choice) for choice in row[field])
    numbered = [row.get(f"answer_choice_{n}") for n in range(26)]
    return tuple(str(choice) for choice in numbered if choice is not None)


def _answer(row: Mapping[str, Any], choices: Sequence[str], fields: Sequence[str]) -> str:
    """The reference; an answer that is missing stays empty, it does not become the word None."""
    number = row.get("answer_id")
    if isinstance(number, int | str) and str(number).isdigit() and int(number) < len(choices):
        return choices[int(number)]
    return next((str(row[field]) for field in fields if row.get(field) not in (None, "")), "")


def _modality(value: Any) -> Literal["visual", "verbal", "both", ""]:
    return _MODALITIES.get(str(value or "").lower(), "")


def _kind(value: Any, choices: Sequence[str]) -> Literal["mcq", "open-ended"]:
    text = str(value or "").lower().replace("_", "-")
    return _KINDS.get(text) or ("mcq" if choices else "open-ended")


def _link(row: Mapping[str, Any], video: str) -> str:
    if link := row.get("link") or row.get("url"):
        return str(link)
    if "://" in video:
        return video
    name = PurePosixPath(video).stem
    return f"https://www.youtube.com/watch?v={name}" if _YOUTUBE.fullmatch(name) else ""
