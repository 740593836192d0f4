from random import Random

import pytest

from sage.mini.words import split
from sage.train.readings import EXERCISES, write_reading
from sage.train.tiny import build_tokenizer

TOKENIZER = build_tokenizer()


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_is_to_be_said_stands_in_the_text(exercise):
    random = Random(0)
    for _ in range(50):
        prompt, reply = exercise(random)
        assert reply
        assert set(split(reply)) <= set(split(prompt))


def test_no_word_is_unknown_and_replies_differ():
    random = Random(1)
    demos = [write_reading(random) for _ in range(100)]
    for demo in demos:
        text = f"{demo.messages[0].parts[0].text}\n{demo.reply}"
        assert TOKENIZER.unk_token_id not in TOKENIZER(text)["input_ids"]
    assert len({demo.reply for demo in demos}) > 60
