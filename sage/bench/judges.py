"""Judges of a run's answers: each writes lines of its own, none touches the predictions.

What every judge agrees on is settled here: no answer is wrong, and what the world failed is not judged at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sage.bench.run import UNSCORABLE, WRONG, Entry, Judgement, Outline
from sage.judge import Verdict, exact
from sage.types import Example

EXACT = "exact"


class AnswerJudge(Protocol):
    """Thread-safe. Says what it thinks of an answer; what it cannot say is a Judgement that is unjudged."""

    slug: str
    """Names its file."""

    def judge(self, answer: str, example: Example) -> Judgement: ...

    def close(self) -> None: ...


class ExactJudge:
    """Compares normalised text, numbers and options; see `sage.judge.exact`."""

    slug = EXACT

    def judge(self, answer: str, example: Example) -> Judgement:
        verdict = exact(answer, example)
        reason = {
            Verdict.RIGHT: "the same",
            Verdict.WRONG: f"not “{example.answer[:200]}”",
            Verdict.UNJUDGED: "there is no reference",
        }[verdict]
        return Judgement(question_id=example.question.id, verdict=verdict, reason=reason, usd=0.0)

    def close(self) -> None:
        """Nothing is held."""


def judge_one(judge: AnswerJudge, outline: Outline, entry: Entry) -> Judgement | None:
    """A verdict on one answer; `None` for what nobody can judge."""
    if outline.outcome in UNSCORABLE:
        return None
    if outline.outcome in WRONG or not (outline.answer or "").strip():
        return Judgement(question_id=outline.id, verdict=Verdict.WRONG, reason="no answer", usd=0.0)
    return judge.judge(outline.answer or "", entry.example)


def pending(outlines: Mapping[str, Outline], judged: Mapping[str, Judgement]) -> list[Outline]:
    """What a judge is still to be asked: whatever it has not said right or wrong to."""
    return [
        outline
        for id, outline in outlines.items()
        if outline.outcome not in UNSCORABLE
        and (id not in judged or judged[id].verdict is Verdict.UNJUDGED)
    ]


def judge_lines(
    judge: AnswerJudge,
    outlines: Mapping[str, Outline],
    entries: Mapping[str, Entry],
    judged: Mapping[str, Judgement],
    put: Callable[[Judgement], None],
) -> None:
    """Asks a quick judge whatever is pending, one after the other."""
    for outline in pending(outlines, judged):
        found = judge_one(judge, outline, entries[outline.id])
        if found is not None:
            put(found)
