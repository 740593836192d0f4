"""Judges that ask a model. A judge that cannot be reached or says neither word gives no verdict."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sage.faults import WorldError
from sage.judge import Verdict
from sage.models.base import Model, Request
from sage.prompts import fill
from sage.rewards.reasonable import ToolJudge
from sage.rewards.reward import Judge
from sage.timecode import format_time
from sage.types import Call, Example, Message, Question, TextPart, Trace, Turn

PROMPTS = str(Path(__file__).parent / "prompts")
MAX_RESULT, MAX_ANSWER = 1500, 4000
"""Characters of one result, and of an answer, that a judge is shown."""


def answer_judge(model: Model) -> Judge:
    """Compares answers with the reference by asking `model`. No answer is wrong without asking."""

    def judge(answer: str | None, example: Example) -> Verdict:
        if not example.answer.strip():
            return Verdict.UNJUDGED
        if answer is None or not answer.strip():
            return Verdict.WRONG
        prompt = fill(
            "answer",
            PROMPTS,
            question=_question(example.question),
            reference=example.answer,
            answer=answer[:MAX_ANSWER],
        )
        return _ask(model, prompt, right="right", wrong="wrong")

    return judge


def tool_judge(model: Model) -> ToolJudge:
    """Judges tool calls by asking `model`, which is shown the trace before the call."""

    def judge(before: Trace, turn: Turn) -> Verdict:
        if not isinstance(turn.action, Call):
            return Verdict.UNJUDGED
        glance = before.turns[0].thought if before.turns else turn.thought
        prompt = fill(
            "tool",
            PROMPTS,
            duration=format_time(before.film.duration_s) if before.film else "unknown length",
            question=_question(before.question),
            context=glance.video_context or "nothing was noted",
            history="\n".join(_result(t) for t in before.turns) or "none",
            call=_call(turn.action),
            reason=turn.action.rationale or "none was given",
        )
        return _ask(model, prompt, right="yes", wrong="no")

    return judge


def _ask(model: Model, prompt: str, *, right: str, wrong: str) -> Verdict:
    message = Message(role="user", parts=(TextPart(text=prompt),))
    try:
        reply = model.generate([Request(messages=(message,), folder=Path(), max_tokens=512)])[0]
    except WorldError:
        return Verdict.UNJUDGED
    said = set(re.findall(r"[a-z]+", reply.text.lower())) & {right, wrong}
    if len(said) != 1:
        return Verdict.UNJUDGED
    return Verdict.RIGHT if right in said else Verdict.WRONG


def _question(question: Question) -> str:
    letters = (f"{chr(65 + i)}. {choice}" for i, choice in enumerate(question.choices))
    return "\n".join([question.text, *letters])


def _result(turn: Turn) -> str:
    seen = turn.observation
    call = _call(turn.action) if isinstance(turn.action, Call) else "no call"
    if seen is None:
        return call
    text = f"failed: {seen.fault.message}" if seen.fault else seen.text
    return f"{call} -> {text[:MAX_RESULT]}"


def _call(call: Call) -> str:
    return f"{call.tool}({json.dumps(call.arguments, ensure_ascii=False)})"
