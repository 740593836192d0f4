"""Whether an answer is right. A verdict is right, wrong or unjudged; unjudged is never counted as wrong.

`exact` needs no model: it compares what is left of both texts when case, punctuation, articles, cited times and the
ways of writing a number are put aside. It is meant for short answers; a sentence that merely holds the right
word is wrong, or listing everything would win.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

from sage.types import Example

_CITED = re.compile(r"\[[\d:.,;\s–-]*\]|\((?:\d{1,2}:)?\d{1,3}:\d{2}(?:\.\d+)?\)")
_LEAD = re.compile(r"^(?:(?:the|my)\s+)?(?:final\s+)?(?:answer|option|choice)\s*(?:is\b|:)?\s*")
_IT_IS = re.compile(r"^(?:it|that|this)(?:'s|\s+is)\s+")
_LETTER = re.compile(r"^\(?([a-z])(?:\)|\.|:|\s*[-–—](?=\s))?(?:\s+(.*))?$", re.DOTALL)
_ARTICLES = {"a", "an", "the"}
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_NUMBERS = {word: str(value) for value, word in enumerate(_WORDS.split())}
_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")


class Verdict(StrEnum):
    """What a judge says."""

    RIGHT = "right"
    WRONG = "wrong"
    UNJUDGED = "unjudged"
    """No verdict could be had: no reference, no reply of the judge."""


def exact(answer: str | None, example: Example) -> Verdict:
    """Compares with the reference: normalised text, numbers, and the letter or text of an option.

    No answer is wrong; an example without a reference is unjudged. Of a letter and a text that contradict
    each other the answer is wrong.
    """
    if not example.answer.strip():
        return Verdict.UNJUDGED
    if answer is None or not answer.strip():
        return Verdict.WRONG
    choices = example.question.choices
    if choices:
        wanted, given = _option(example.answer, choices), _option(answer, choices)
        if wanted is not None:
            return Verdict.RIGHT if given == wanted else Verdict.WRONG
    said, wanted_text = normalise(answer), normalise(example.answer)
    same = said == wanted_text if wanted_text else answer.strip() == example.answer.strip()
    return Verdict.RIGHT if same else Verdict.WRONG


def normalise(text: str) -> str:
    """What two short answers are compared by; empty when nothing is said."""
    plain = _strip(text)
    bare = _NUMBER.sub(lambda m: f" {_plain_number(m[0])} ", plain)
    words = re.findall(r"-?\d+(?:\.\d+)?|[^\W_]+", bare)
    kept = [_NUMBERS.get(word, word) for word in words if word not in _ARTICLES]
    return " ".join(kept or words)


def _strip(text: str) -> str:
    """Lower case, without cited times and the words that lead up to an answer."""
    plain = _CITED.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip(" \n\t*_`\"'")
    shorter = _IT_IS.sub("", _LEAD.sub("", plain)).strip(" \n\t*_`\"'")
    return shorter or plain


def _option(text: str, choices: Sequence[str]) -> int | None:
    """The option a text means: its own text, its letter, or both where they agree."""
    texts = [normalise(choice) for choice in choices]
    said = normalise(text)
    if texts.count(said) == 1:
        return texts.index(said)
    match = _LETTER.match(_strip(text).rstrip(" .!"))
    place = ord(match[1]) - ord("a") if match else -1
    if not match or not 0 <= place < len(choices):
        return None
    agrees = not match[2] or normalise(match[2]) == texts[place]
    return place if agrees else None


def _plain_number(text: str) -> str:
    whole, _, part = text.replace(",", "").partition(".")
    part = part.rstrip("0")
    return f"{int(whole)}.{part}" if part else str(int(whole))
