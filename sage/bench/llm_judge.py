"""A judge that asks a model. What cannot be reached or read is no verdict, and is asked again the next time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sage.bench.lines import read_lines
from sage.bench.run import Judgement, slugify
from sage.faults import StopSignal, WorldError
from sage.judge import Verdict
from sage.models.base import Model, Request
from sage.prompts import fill
from sage.tools.page_text import clean
from sage.types import Example, Message, Question, TextPart, Value

MAX_ANSWER = 4000
"""Characters of an answer that a judge is shown."""
MAX_REASON = 1000
MAX_TOKENS = 512
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "verdict": {"type": "string", "enum": ["right", "wrong"]},
    },
    "required": ["reason", "verdict"],
    "additionalProperties": False,
}
_WORDS = {"right": Verdict.RIGHT, "wrong": Verdict.WRONG}


class Shot(Value):
    """An answer that people have marked, shown to a judge as an example."""

    question: str
    reference: str
    answer: str
    verdict: Verdict
    reason: str = ""


class ModelJudge:
    """Asks `model` with the prompt `judge`; shots are shown to it before the answer."""

    def __init__(
        self,
        model: Model,
        *,
        slug: str = "",
        shots: Sequence[Shot] = (),
        stop: StopSignal | None = None,
        prompts: str = "",
    ) -> None:
        self.model = model
        self.slug = slug or judge_slug(model.name, shots)
        self._examples = "".join(_show(shot) for shot in shots)
        self._stop = stop or StopSignal()
        self._prompts = prompts

    def judge(self, answer: str, example: Example) -> Judgement:
        """StoppedError passes; every failure of the world is unjudged, with its sentence as the reason."""
        id = example.question.id
        if not example.answer.strip():
            return _unjudged(id, "there is no reference")
        text = fill(
            "judge",
            self._prompts,
            question=_asked(example.question),
            reference=example.answer,
            examples=self._examples,
            answer=clean(answer)[:MAX_ANSWER],
        )
        request = Request(
            messages=(Message(role="user", parts=(TextPart(text=text),)),),
            folder=Path(),
            schema=SCHEMA,
            max_tokens=MAX_TOKENS,
            stop=self._stop,
        )
        try:
            reply = self.model.generate([request])[0]
        except WorldError as error:
            return _unjudged(id, str(error))
        verdict, reason = read_verdict(reply.text)
        return Judgement(
            question_id=id, verdict=verdict, reason=reason, seconds=reply.seconds, usd=reply.usd
        )

    def close(self) -> None:
        self.model.close()


def read_verdict(text: str) -> tuple[Verdict, str]:
    """The verdict and the reason a judge printed; one that says both words or neither is unjudged."""
    found = _object(text)
    if found is not None:
        word = str(found.get("verdict", "")).strip().lower()
        reason = str(found.get("reason", "")).strip()[:MAX_REASON]
        if word in _WORDS:
            return _WORDS[word], reason
        return Verdict.UNJUDGED, f"the judge's verdict is neither right nor wrong: {word[:80]!r}"
    said = set(re.findall(r"[a-z]+", text.lower())) & set(_WORDS)
    if len(said) == 1:
        return _WORDS[said.pop()], text.strip()[:MAX_REASON]
    return Verdict.UNJUDGED, f"the judge's reply cannot be read: {text.strip()[:200]!r}"


def judge_slug(spec: str, shots: Sequence[Shot] = ()) -> str:
    """A judge's name by its model, wherever that is served; with shots it is another judge."""
    slug = slugify("llm-" + spec.partition("@")[0])
    if not shots:
        return slug
    digest = hashlib.sha256(repr(list(shots)).encode()).hexdigest()[:8]
    return f"{slug[:60]}-shots-{digest}"


def read_shots(path: Path) -> tuple[Shot, ...]:
    """JSON lines of question, reference, answer, verdict and maybe reason; WorldError(DISK)."""
    return tuple(read_lines(path, Shot))


def _object(text: str) -> dict[str, Any] | None:
    """The last JSON object of a reply, fences and talk around it put aside."""
    for match in reversed(list(re.finditer(r"\{[^{}]*\}", text))):
        try:
            value = json.loads(match[0], strict=False)
        except ValueError:
            continue
        if isinstance(value, dict) and "verdict" in value:
            return value
    return None


def _asked(question: Question) -> str:
    letters = (f"{chr(65 + i)}. {choice}" for i, choice in enumerate(question.choices))
    return "\n".join([question.text, *letters])


def _show(shot: Shot) -> str:
    marked = json.dumps({"reason": shot.reason, "verdict": shot.verdict.value}, ensure_ascii=False)
    return (
        f"\nAn answer that people marked. Question: {shot.question} Reference: {shot.reference} "
        f"Answer: {clean(shot.answer)[:MAX_ANSWER]} Mark: {marked}\n"
    )


def _unjudged(id: str, reason: str) -> Judgement:
    return Judgement(question_id=id, verdict=Verdict.UNJUDGED, reason=reason[:MAX_REASON])
