import json
import re
import time

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage import dialect
from sage.types import Answer, Call, FaultKind, Invalid, Mode, Thought

TEXT = st.text(max_size=200)
TEXT = TEXT | st.sampled_from(
    ["<json>", "</json>", "<think>", "a </think> b", "```json {} ```", '{"', "\\u003cjson>"]
)
SAID = TEXT.filter(lambda t: t.strip().lower() not in dialect.EMPTY)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda x: st.lists(x, max_size=3),
    max_leaves=5,
)
CALLS = st.builds(
    Call,
    tool=st.sampled_from(["web-search", "ground-event", "verbal_transcript"]),
    arguments=st.dictionaries(TEXT, JSON, max_size=4),
    rationale=SAID | st.just(""),
)
ANSWERS = st.builds(Answer, text=SAID)
PLAIN = SAID | st.just("")


@given(CALLS | ANSWERS, PLAIN, PLAIN)
def test_stage_one_round_trip(action, context, intent):
    thought = Thought(video_context=context, query_intent=intent)
    assert dialect.parse(dialect.write(action, thought, 1), 1) == (action, thought, False)


@given(CALLS | ANSWERS, st.booleans(), PLAIN)
def test_stage_two_round_trip(action, verdict, reasoning):
    thought = Thought(answerable=isinstance(action, Answer), reasoning=reasoning)
    assert dialect.parse(dialect.write(action, thought, 2), 2) == (action, thought, False)


@given(st.text(max_size=400))
def test_no_text_makes_the_parser_raise(text):
    dialect.parse(text, 1)
    dialect.parse("<json>" + text, 2)


ANSWER = '{"video_context": "a", "query_intent": "b", "final_answer": "blue", "recommended_tools": {"needed": false}}'
CALLED = {"needed": True, "tool_calls": [{"name": "analyze", "arguments": {}}]}
CALL = json.dumps({"final_answer": None, "recommended_tools": CALLED})


@pytest.mark.parametrize(
    ("reply", "repaired"),
    [
        (f"<json>{ANSWER}</json>", False),
        (f"<think>{{not this}}</think>Sure!\n<json>\n{ANSWER}\n</json> done", False),
        (f"<json>{ANSWER}", False),
        (f"```json\n{ANSWER}\n```", False),
        (ANSWER, False),
        (f"<json>{{}}</json> no, rather <json>{ANSWER}</json>", False),
        (f"<json>{ANSWER[:-1]}</json>", True),
        (f"<json>{ANSWER.replace(chr(34), chr(39))}</json>", True),
        (f"<json>{ANSWER.replace('false', 'False')},</json>", True),
    ],
)
def test_answers_as_models_write_them(reply, repaired):
    parsed = dialect.parse(reply, 1)
    assert parsed.action == Answer(text="blue")
    assert parsed.repaired is repaired


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("", FaultKind.NOT_JSON),
        ("The answer is blue.", FaultKind.NOT_JSON),
        ("<json>[1, 2]</json>", FaultKind.NOT_JSON),
        ('<json>{"answer": "blue"}</json>', FaultKind.BAD_SHAPE),
        (
            '<json>{"final_answer": null, "recommended_tools": {"tool_calls": []}}</json>',
            FaultKind.BAD_SHAPE,
        ),
        ('<json>{"final_answer": "null"}</json>', FaultKind.BAD_SHAPE),
        (
            '<json>{"recommended_tools": {"tool_calls": [{"arguments": {}}]}}</json>',
            FaultKind.BAD_SHAPE,
        ),
        ('<json>{"recommended_tools": {"tool_calls": ["analyze"]}}</json>', FaultKind.BAD_SHAPE),
        (
            '<json>{"recommended_tools": {"tool_calls": [{"name": "a", "arguments": [1]}]}}</json>',
            FaultKind.BAD_SHAPE,
        ),
    ],
)
def test_what_is_no_action_says_why(reply, kind):
    action = dialect.parse(reply, 1).action
    assert isinstance(action, Invalid)
    assert action.fault.kind is kind


def test_only_the_first_call_counts():
    body = json.loads(CALL)
    body["recommended_tools"]["tool_calls"].append(
        {"name": "web-search", "arguments": {"query": "x"}}
    )
    assert dialect.parse(json.dumps(body), 2).action == Call(tool="analyze")


@pytest.mark.parametrize(("verdict", "kind"), [(True, Answer), (False, Call)])
def test_the_verdict_settles_a_reply_that_gives_both(verdict, kind):
    body = json.loads(CALL) | {
        "final_answer": "blue",
        "answerable": {"verdict": verdict, "reasoning": "r"},
    }
    assert isinstance(dialect.parse(json.dumps(body), 2).action, kind)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("must_answer", [True, False])
def test_the_schema_admits_what_may_be_written(mode, stage, must_answer):
    call = {"type": "object", "required": ["rationale", "name", "arguments"]}
    schema = dialect.schema(stage, mode, call, must_answer=must_answer)
    thought = Thought(video_context="c", query_intent="i", answerable=True, reasoning="r")

    def admits(action):
        text = dialect.write(action, thought, stage)
        body = json.loads(text.split("<json>")[1].split("</json>")[0])
        return jsonschema.Draft202012Validator(schema).is_valid(body)

    only_answers = must_answer or mode is Mode.DIRECT
    assert admits(Answer(text="x")) is (only_answers or not (mode is Mode.AGENT and stage == 1))
    assert admits(Call(tool="analyze", arguments={"query": "q"})) is (not only_answers)


def test_an_invalid_action_cannot_be_written():
    with pytest.raises(ValueError, match="no text"):
        dialect.write(dialect.parse("", 1).action, Thought(), 1)


def test_halves_of_letters_do_not_get_in():
    text = r'{"final_answer": "caf\ud800", "video_context": "\udfff"}'
    action, thought, _ = dialect.parse(text, 1)
    assert (action.text, thought.video_context) == ("caf?", "?")


@pytest.mark.parametrize(
    "text",
    [
        '{"recommended_tools": {"tool_calls": [{"name": "x", "arguments": '
        + '{"a":' * 300
        + "1"
        + "}" * 300
        + "}]}}",
        "```json\n" + "{" * 100_000,
        "```json{" * 20_000,
        '{"final_answer": ' + "[" * 5000,
        '{"final_answer": "' + 'a", "' * 50_000,
    ],
)
def test_hostile_shapes_are_refused_soon(text):
    began = time.monotonic()
    assert isinstance(dialect.parse(text, 1).action, Invalid)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("stage", [1, 2])
def test_a_bounded_reply_closes_in_time_and_an_unbounded_schema_has_no_bound(stage):
    call = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}}
    bounded = json.dumps(dialect.schema(stage, Mode.AUTO, call, max_tokens=2048))
    longest = [int(n) for n in re.findall(r'"maxLength": (\d+)', bounded)]
    assert sum(longest) < 2 * 2048
    assert '"name": {"type": "string", "maxLength": 9}' in bounded
    assert "maxLength" not in json.dumps(dialect.schema(stage, Mode.AUTO, call))
