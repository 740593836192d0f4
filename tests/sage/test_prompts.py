import pytest

from sage.faults import WorldError
from sage.prompts import fill


def test_braces_are_written_double(tmp_path):
    (tmp_path / "rule_last.md").write_text('say {{"a": 1}} to {name}')
    assert fill("rule_last", str(tmp_path), name="{x}") == 'say {"a": 1} to {x}'


def test_a_replaced_prompt_may_leave_a_value_out(tmp_path):
    (tmp_path / "direct.md").write_text("only {question}")
    assert fill("direct", str(tmp_path), question="why?", video="v") == "only why?"


def test_a_replaced_prompt_may_not_ask_for_what_is_not_there(tmp_path):
    (tmp_path / "direct.md").write_text("{answer}")
    with pytest.raises(WorldError, match=r"asks for \{answer\}; known are: question"):
        fill("direct", str(tmp_path), question="why?")


def test_a_prompt_that_is_not_replaced_is_the_bundled_one(tmp_path):
    assert fill("rule_last", str(tmp_path)) == fill("rule_last")


def test_our_own_prompts_use_all_they_are_given():
    with pytest.raises(KeyError, match="colour"):
        fill("rule_last", colour="red")


def test_a_value_is_never_filled_again():
    assert "{question}" in fill("direct", video="{question}", duration="d", sound="s", question="q")
