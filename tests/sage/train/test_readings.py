from random import Random

import pytest

from sage import dialect
from sage.mini.words import split
from sage.train.drills import found, order, seen
from sage.train.readings import EXERCISES, write_reading
from sage.train.tiny import build_tokenizer
from sage.types import Answer, Call

TOKENIZER = build_tokenizer()


DRILLS = (order, seen, found)
READINGS = [exercise for exercise in EXERCISES if exercise not in DRILLS]


@pytest.mark.parametrize("exercise", READINGS)
def test_what_is_to_be_said_stands_in_the_text(exercise):
    random = Random(0)
    for _ in range(50):
        prompt, reply = exercise(random)
        assert reply
        assert set(split(reply)) <= set(split(prompt))


@pytest.mark.parametrize("drill", DRILLS)
def test_drills_are_actions_about_their_text(drill):
    """The agent reads an action out of the reply, whose values stand in the text or are counted there."""
    random = Random(0)
    for _ in range(50):
        prompt, reply = drill(random)
        action = dialect.parse(reply, 1 if "video_context" in reply else 2).action
        if isinstance(action, Call):
            values = [v for k, v in action.arguments.items() if k != "extract_type"]
            assert values
            assert all(str(value) in prompt for value in values)
            continue
        assert isinstance(action, Answer)
        if action.text.isdigit():
            assert prompt.count("[") == int(action.text)
        else:
            assert action.text in prompt


def test_no_word_is_unknown_and_replies_differ():
    random = Random(1)
    demos = [write_reading(random) for _ in range(100)]
    for demo in demos:
        text = f"{demo.messages[0].parts[0].text}\n{demo.reply}"
        assert TOKENIZER.unk_token_id not in TOKENIZER(text)["input_ids"]
    assert len({demo.reply for demo in demos}) > 60
