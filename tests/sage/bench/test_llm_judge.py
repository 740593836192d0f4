import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.bench.llm_judge import ModelJudge, judge_slug, read_verdict
from sage.faults import Border, WorldError
from sage.judge import Verdict
from sage.models.scripted import ScriptedModel
from sage.prompts import MINI
from tests.sage.bench.runs import entry

R, W, U = Verdict.RIGHT, Verdict.WRONG, Verdict.UNJUDGED


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('{"reason": "same", "verdict": "right"}', R),
        ('```json\n{"verdict": "Wrong", "reason": "no"}\n```', W),
        ('Thinking {not json}. {"reason": "a, b", "verdict": "wrong"} done', W),
        ("right", R),
        ("The answer is wrong.", W),
        ("It is not right but wrong", U),
        ('{"reason": "right", "verdict": "maybe"}', U),
        ("", U),
        ("true", U),
    ],
)
def test_verdicts_are_read(text, verdict):
    assert read_verdict(text)[0] is verdict


@given(st.text(max_size=200))
def test_any_reply_can_be_read(text):
    assert read_verdict(text)[0] in Verdict


def judge(*replies, answer="x", truth="oak"):
    model = ScriptedModel(list(replies))
    return ModelJudge(model).judge(answer, entry(1, answer=truth).example), model


def test_an_unreachable_judge_gives_no_verdict():
    found, _ = judge(WorldError(Border.MODEL, "Nobody there."))
    assert (found.verdict, found.reason) == (U, "Nobody there.")


def test_without_a_reference_nobody_is_asked():
    found, model = judge("right", truth=" ")
    assert (found.verdict, model.requests) == (U, [])


def test_an_answer_cannot_hide_in_signs_that_are_not_seen():
    _, model = judge("wrong", answer="oak\u202e\x00\u200b")
    assert "oak\n-----" in model.requests[0].messages[0].parts[0].text


def test_a_judge_is_named_by_its_model_not_by_its_address():
    assert judge_slug("openai:Qwen/Q3@http://127.0.0.1:8000/v1") == "llm-openai-Qwen-Q3"


def test_a_judge_of_few_words_is_asked_in_few_words():
    model = ScriptedModel(["right"])
    ModelJudge(model, prompts=MINI).judge("a red ring", entry(1, answer="red").example)
    text = model.requests[0].messages[0].parts[0].text
    assert text.endswith("the answer is: red\nis this right?\na red ring")
    assert len(text.splitlines()) == 4
