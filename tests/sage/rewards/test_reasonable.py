"""Verdicts on tool calls, by a rule and by a model."""

import pytest

from sage.faults import Border, WorldError
from sage.judge import Verdict
from sage.models.scripted import ScriptedModel
from sage.rewards.asking import answer_judge, tool_judge
from sage.rewards.reasonable import score_reasonable
from sage.types import Example, Question
from tests.sage.rewards.traces import call, trace_of

TRACE = trace_of(call("transcribe-speech"), call("ground-event", event="a star"), "red")
VALUES = [(Verdict.RIGHT, 0.10), (Verdict.WRONG, -0.10), (Verdict.UNJUDGED, None)]


@pytest.mark.parametrize(("verdict", "value"), VALUES)
def test_each_call_has_its_verdict(verdict, value):
    scores = score_reasonable(TRACE, lambda *_: verdict)
    assert [(s.turn, s.value) for s in scores] == [(1, value), (2, value)]


def test_a_judge_sees_nothing_of_what_came_later():
    seen = []
    score_reasonable(TRACE, lambda before, turn: seen.append((before, turn)) or Verdict.RIGHT)
    assert [len(before.turns) for before, _ in seen] == [0, 1]
    assert all(b.answer is None and b.stop is None and t.observation is None for b, t in seen)


SAID = [
    ("Yes.", Verdict.RIGHT),
    ("no", Verdict.WRONG),
    ("yes and no", Verdict.UNJUDGED),
    ("perhaps", Verdict.UNJUDGED),
    ("", Verdict.UNJUDGED),
    (WorldError(Border.MODEL, "The judge is away."), Verdict.UNJUDGED),
]


@pytest.mark.parametrize(("said", "verdict"), SAID)
def test_a_model_judges_calls(said, verdict):
    model = ScriptedModel([said])
    before = TRACE.model_copy(update={"turns": TRACE.turns[:1]})
    assert tool_judge(model)(before, TRACE.turns[1]) is verdict
    text = model.requests[0].messages[0].parts[0].text if model.requests else ""
    assert not text or ("a star" in text and "what is shown?" in text and "found" in text)


ANSWERS = [("right", Verdict.RIGHT), ("Wrong", Verdict.WRONG), ("hm", Verdict.UNJUDGED)]


@pytest.mark.parametrize(("said", "verdict"), ANSWERS)
def test_a_model_judges_answers(said, verdict):
    example = Example(question=Question(text="which?", choices=("red", "blue")), answer="red")
    model = ScriptedModel([said])
    assert answer_judge(model)("it is red", example) is verdict
    assert "B. blue" in model.requests[0].messages[0].parts[0].text


def test_nothing_is_asked_where_nothing_can_be_compared():
    judge = answer_judge(ScriptedModel([]))
    question = Question(text="which?")
    assert judge(None, Example(question=question, answer="red")) is Verdict.WRONG
    assert judge("red", Example(question=question, answer="")) is Verdict.UNJUDGED
