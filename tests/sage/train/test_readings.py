from random import Random

import pytest

from sage import dialect
from sage.mini.words import split
from sage.train.drills import found, order, said, seen, taken, told
from sage.train.readings import EXERCISES, next_words, pairs, write_reading
from sage.train.tiny import build_tokenizer
from sage.types import Answer, Call

TOKENIZER = build_tokenizer()


DRILLS = (order, seen, found, said, told, taken)
READINGS = [exercise for exercise in EXERCISES if exercise not in DRILLS]


@pytest.mark.parametrize("exercise", READINGS)
def test_what_is_to_be_said_stands_in_the_text(exercise):
    random = Random(0)
    for _ in range(50):
        prompt, reply = exercise(random)
        assert reply
        assert {*split(reply)} <= {*split(prompt), ","}


def test_what_comes_next_and_what_goes_together_are_looked_up():
    random = Random(0)
    for _ in range(50):
        text, reply = next_words(random)
        assert all(pair in text.splitlines()[0] for pair in reply.split(", "))
        text, reply = pairs(random)
        scenes = text.splitlines()[0].split(", ")
        assert all(
            pair in scenes or " ".join(pair.split()[::-1]) in scenes for pair in reply.split(", ")
        )


@pytest.mark.parametrize("drill", DRILLS)
def test_drills_are_actions_about_their_text(drill):
    """The agent reads an action out of the reply, whose values stand in the text or are counted there."""
    random = Random(0)
    for _ in range(50):
        prompt, reply = drill(random)
        parsed = dialect.parse(reply, 1 if "video_context" in reply else 2)
        action, (_, _, quote) = parsed.action, parsed.thought.reasoning.partition(": ")
        assert quote in prompt
        if isinstance(action, Call):
            values = [v for k, v in action.arguments.items() if k not in ("extract_type", "query")]
            values = [one for v in values for one in (v if isinstance(v, list) else [v])]
            assert values or action.tool == "web-search"
            assert all(value in prompt for value in values)
            asked = split(action.arguments.get("query", ""))
            assert action.tool == "analyze" or {*asked} <= {*split(quote)}
            continue
        assert isinstance(action, Answer)
        if "the number of times" in prompt:
            assert prompt.count("[") == int(action.text)
        else:
            assert action.text in prompt
            assert not quote or action.text in quote


def test_no_word_is_unknown_and_replies_differ():
    random = Random(1)
    demos = [write_reading(random) for _ in range(100)]
    for demo in demos:
        text = f"{demo.messages[0].parts[0].text}\n{demo.reply}"
        assert TOKENIZER.unk_token_id not in TOKENIZER(text)["input_ids"]
    assert len({demo.reply for demo in demos}) > 60
