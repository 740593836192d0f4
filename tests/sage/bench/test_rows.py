import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.bench.rows import duration_of, part, question_id, to_entries, to_entry
from sage.faults import WorldError

OPTIONS = (
    "Which is NOT listed?\n Answer the question based on the following options: \n"
    " (A) Background check\n (B) Call your mom"
)
SAGE_BENCH = {
    "video_id": "jgYJ5V2HYy4",
    "question": OPTIONS,
    "gt_answer": "Call your mom",
    "ques_type": "mcq",
    "difficulty": "medium",
    "modality": "both",
    "video_duration": "4:56",
    "duration_seconds": 296,
}
MINERVA = {
    "key": "abc:1",
    "video_id": "jgYJ5V2HYy4",
    "question": "Who wins?",
    "answer_choice_0": "Ada",
    "answer_choice_1": "Ben",
    "answer_choice_2": "Cy",
    "answer_id": 1,
    "category": "Sports",
}


def test_a_row_of_sage_bench():
    found = to_entry(SAGE_BENCH, source="sage-bench")
    example = found.example
    assert example.question.text == "Which is NOT listed?"
    assert example.question.choices == ("Background check", "Call your mom")
    assert (example.answer, example.kind, example.modality) == ("Call your mom", "mcq", "both")
    assert (found.duration_s, example.difficulty) == (296.0, "medium")
    assert found.link == "https://www.youtube.com/watch?v=jgYJ5V2HYy4"


def test_a_row_of_minerva():
    found = to_entry(MINERVA, source="minerva")
    assert found.id == "abc:1"
    assert found.example.question.choices == ("Ada", "Ben", "Cy")
    assert (found.example.answer, found.example.kind) == ("Ben", "mcq")
    assert (found.example.source, found.duration_s) == ("Sports", None)


def test_our_own_examples():
    row = {"question": {"text": "Why?", "video": "a.mp4"}, "answer": "so", "duration_s": 12}
    found = to_entry(row, source="x")
    assert (found.example.answer, found.duration_s) == ("so", 12.0)
    assert found.id == question_id("a.mp4", "Why?")
    assert to_entry(found.model_dump(), source="x") == found


def test_the_same_question_has_the_same_id_wherever_it_comes_from():
    released = {"path": "data/06/jgYJ5V2HYy4/jgYJ5V2HYy4.mp4", "question": OPTIONS + " "}
    assert (
        to_entry(SAGE_BENCH, source="a").id == to_entry(released | {"answer": "x"}, source="b").id
    )


def test_questions_that_occur_twice_stay_two():
    first, second = to_entries([SAGE_BENCH, SAGE_BENCH], source="x")
    assert second.id == f"{first.id}-2"


def test_a_missing_answer_does_not_become_a_word():
    row = SAGE_BENCH | {"gt_answer": None, "answer": None}
    assert to_entry(row, source="x").example.answer == ""


@pytest.mark.parametrize("row", [{}, {"question": ""}, {"question": {"text": 1}}])
def test_a_row_that_is_no_question_is_named(row):
    with pytest.raises(WorldError, match="Question 2 of file"):
        to_entries([SAGE_BENCH, row], source="file")


@pytest.mark.parametrize(
    ("row", "seconds"),
    [
        ({"duration": 12}, 12.0),
        ({"video_duration": "01:02:03"}, 3723.0),
        ({"duration_seconds": "", "duration": "90"}, 90.0),
        ({"duration": "long"}, None),
        ({"duration": 0}, None),
        ({"duration": True}, None),
    ],
)
def test_lengths(row, seconds):
    assert duration_of(row) == seconds


@pytest.mark.parametrize(
    ("words", "text", "choices"),
    [
        ("Why?\nA. one\nB. two", "Why?", ("one", "two")),
        ("Why?\n(A) one\n(B) two\nChoose from the options:", "Why?", ("one", "two")),
        ("Plan A: what happens?", "Plan A: what happens?", ()),
        ("What?\n(A) only one", "What?\n(A) only one", ()),
        ("What?\n(B) one\n(A) two", "What?\n(B) one\n(A) two", ()),
    ],
)
def test_options_are_taken_out_of_the_words(words, text, choices):
    assert part(words) == (text, choices)


@given(st.text(max_size=200))
def test_any_words_can_be_parted(words):
    text, choices = part(words)
    assert len(choices) != 1
    assert bool(text) == bool(words.strip()) or choices
