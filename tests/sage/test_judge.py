import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.judge import Verdict, exact, normalise
from sage.types import Example, Question

CHOICES = ("red", "dark blue", "the green one", "4")


def judge(answer, reference, choices=()):
    question = Question(text="?", choices=choices)
    return exact(answer, Example(question=question, answer=reference))


@pytest.mark.parametrize(
    "answer",
    [
        "Red",
        " red. ",
        "**red**",
        "The answer is red",
        "It's red [00:12].",
        "red (01:02)",
        "answer: red",
        "a red",
    ],
)
def test_the_same_word_in_other_dress_is_right(answer):
    assert judge(answer, "red") is Verdict.RIGHT


@pytest.mark.parametrize("answer", ["blue", "red or blue", "not red", "", "  ", None, "dark red"])
def test_anything_else_is_wrong(answer):
    assert judge(answer, "red") is Verdict.WRONG


@pytest.mark.parametrize(
    ("answer", "reference"),
    [("seven", "7"), ("7.0", "7"), ("1,000", "1000"), ("-3", "-3"), ("3 boats", "three boats")],
)
def test_numbers_have_many_spellings(answer, reference):
    assert judge(answer, reference) is Verdict.RIGHT
    assert judge(reference, answer) is Verdict.RIGHT


def test_different_numbers_differ():
    assert judge("17", "7") is Verdict.WRONG
    assert judge("-7", "7") is Verdict.WRONG
    assert judge("7.5", "7") is Verdict.WRONG


@pytest.mark.parametrize(
    "answer",
    [
        "B",
        "b.",
        "(B)",
        "B)",
        "B. dark blue",
        "Dark blue",
        "Option B",
        "The answer is (b)",
        "B: dark blue",
    ],
)
def test_an_option_is_named_by_letter_or_text(answer):
    assert judge(answer, "dark blue", CHOICES) is Verdict.RIGHT
    assert judge(answer, "B", CHOICES) is Verdict.RIGHT


@pytest.mark.parametrize("answer", ["A", "B. red", "E", "blue", "A or B", "D", "dark"])
def test_another_option_is_wrong(answer):
    assert judge(answer, "dark blue", CHOICES) is Verdict.WRONG


def test_an_article_that_begins_an_option_is_no_letter():
    assert judge("a green one", "the green one", CHOICES) is Verdict.RIGHT
    assert judge("four", "4", CHOICES) is Verdict.RIGHT


def test_a_reference_that_is_no_option_is_compared_as_text():
    assert judge("pink", "pink", CHOICES) is Verdict.RIGHT


def test_without_a_reference_there_is_no_verdict():
    assert judge("red", " ") is Verdict.UNJUDGED


@given(st.text(max_size=60))
def test_every_text_equals_itself(text):
    assert judge(text, text) is (Verdict.RIGHT if text.strip() else Verdict.UNJUDGED)


def test_signs_alone_are_compared_as_they_are():
    assert normalise("!?") == ""
    assert judge("!?", "!?") is Verdict.RIGHT
    assert judge("??", "!?") is Verdict.WRONG
