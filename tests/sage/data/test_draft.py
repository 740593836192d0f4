import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage.data.draft import Draft, Drop, Written, check, is_leading, read_reply, schema
from sage.models.openai import is_strict
from sage.types import Question
from tests.sage.data.made import LENGTH_S, line, reply


def checked(kept=(), id="film-01", duration_s=LENGTH_S, **changes):
    draft = Draft.model_validate(line(**changes))
    return check(draft, kept, video="film.mp4", id=id, duration_s=duration_s)


def test_a_good_question_becomes_an_example():
    found = checked(number=0)
    assert isinstance(found, Written)
    example = found.example
    assert (example.kind, example.modality, example.difficulty) == ("mcq", "visual", "easy")
    assert example.answer in example.question.choices
    assert (example.evidence[0].start_s, example.evidence[0].end_s) == (2.0, 4.0)
    assert found.difficulty_why == "one look"


def test_the_right_option_is_not_always_first():
    first = {checked(number=0, id=f"film-{n}").example.question.choices[0] for n in range(20)}
    assert len(first) > 1


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"answer": "B"}, "on the floor"),
        ({"options": ["A) a cat", "B) a dog", "C) a cow"], "answer": "B) a dog"}, "a dog"),
        ({"answer": "On the floor."}, "on the floor"),
    ],
)
def test_answers_by_letter_and_in_other_writing(changes, answer):
    assert checked(number=0, **changes).example.answer == answer


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": "under the bed"}, "options"),
        ({"options": ["beside the lantern"]}, "options"),
        ({"start": "00:10:00", "end": "00:11:00"}, "times"),
        ({"start": "soon"}, "times"),
        ({"start": "", "end": ""}, "times"),
        ({"question": "The kettle is put beside the lantern, isn't it?"}, "leading"),
        ({"question": "What stands beside the lantern at the end?"}, "leading"),
    ],
)
def test_what_cannot_be_used_is_told(changes, reason):
    found = checked(number=0, **changes)
    assert isinstance(found, Drop)
    assert found.reason == reason


def test_a_question_may_offer_its_answers():
    assert not is_leading(Question(text="Is the kettle red or blue?"), "red")
    assert not is_leading(Question(text="Is the kettle red?"), "yes")
    assert is_leading(Question(text="Which colour has the red kettle?"), "red")
    assert not is_leading(Question(text="How often is it seen after 01:02?"), "1")


@pytest.mark.parametrize(
    "other",
    [
        {"number": 0},
        {"number": 0, "question": "where is the LADDER put down, at first"},
        {"number": 0, "question": "At first, where did they put the ladder down?"},
    ],
)
def test_the_same_question_again_is_dropped(other):
    assert checked([checked(number=0)], id="film-02", **other).reason == "duplicate"


def test_another_thing_is_another_question():
    assert isinstance(checked([checked(number=0)], id="film-02", number=1), Written)


def test_one_bad_question_costs_only_itself():
    bad = line(2, modality="smell")
    reading = read_reply(reply(line(0), bad, line(1)))
    assert [draft.question for draft in reading.drafts] == [line(n)["question"] for n in (0, 1)]
    assert reading.drops[0].reason == "schema"
    assert "modality" in reading.drops[0].text


@pytest.mark.parametrize("wrap", ["```json\n{}\n```", "Here you are: {}", "<json>{}</json>"])
def test_replies_are_read_as_models_write_them(wrap):
    assert len(read_reply(wrap.replace("{}", reply())).drafts) == 10


def test_broken_json_is_mended_and_none_is_told():
    assert read_reply(reply()[:-40]).drafts
    assert not read_reply("I cannot watch films.").is_readable


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_no_reply_breaks_the_reader(text):
    reading = read_reply(text)
    assert reading.is_readable or reading.drops


VALUES = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(["type", "start"]), x),
    max_leaves=5,
)


@settings(max_examples=40)
@given(VALUES)
def test_no_json_breaks_the_reader(value):
    read_reply(json.dumps({"questions": [value]}))


def test_the_schema_is_one_that_servers_hold_to():
    assert is_strict(schema())
    assert "$ref" not in json.dumps(schema())
    assert list(schema()["properties"]["questions"]["items"]["properties"]) == list(
        Draft.model_fields
    )
