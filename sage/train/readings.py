"""Exercises in reading: texts of the miniature world from which something has to be found and said again.

A network that starts from nothing sees the pictures of a demonstration long before it heeds the words: which time was
asked for, who was named, what a result says. Here nothing else brings the loss down, and a row is a few dozen tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sage.mini.phrases import ASK, AT, BETWEEN
from sage.mini.questions import CATEGORIES
from sage.mini.words import FILLER, LINES, NAMES, PAGE, PAGE_LAST, SHAPES, THINGS, vocabulary
from sage.timecode import format_clock, format_time
from sage.train.data import Demo
from sage.train.drills import LONGEST_S, found, order, seen
from sage.types import Message, TextPart

Exercise = Callable[[Random], tuple[str, str]]
"""Draws a prompt and what should be said to it."""
MOST = 16
"""Words of a text without sense; longer ones are learned many times slower."""
SAID = ("colour", "number", "city", "food")


def write_reading(random: Random, exercise: Exercise | None = None) -> Demo:
    """One exercise, of any sort unless one is given."""
    prompt, reply = (exercise or random.choices(EXERCISES, WEIGHTS)[0])(random)
    message = Message(role="user", parts=(TextPart(text=prompt),))
    return Demo(messages=(message,), reply=reply, kind="reading")


def again(random: Random) -> tuple[str, str]:
    """A row of any words, word by word."""
    words = random.choices(_words(), k=random.randint(3, MOST))
    text = " ".join(words)
    return f"say this again.\n{text}", text


def next_word(random: Random) -> tuple[str, str]:
    """What comes after a word that is named."""
    words = random.sample(_words(), k=random.randint(4, MOST))
    place = random.randrange(len(words) - 1)
    return (
        f"{' '.join(words)}\nquestion: what comes right after {words[place]}?",
        words[place + 1],
    )


def said(random: Random) -> tuple[str, str]:
    """A fact among the lines of a transcript."""
    asked = random.choice(SAID)
    subjects = random.sample(THINGS if asked in ("colour", "number") else NAMES, 3)
    facts = [(subject, random.choice(_values(asked))) for subject in subjects]
    lines = [LINES[asked].format(x=x, y=y) for x, y in facts]
    lines += random.choices(FILLER, k=random.randint(0, 6))
    random.shuffle(lines)
    at_s = random.randint(0, 600)
    told = []
    for line in lines:
        told.append(f"[{format_time(at_s)} - {format_time(at_s + 3)}] {line}")
        at_s += random.randint(4, 60)
    name, answer = random.choice(facts)
    text = random.choice(ASK[f"said_{asked}"]).format(x=name, w=_where(random))
    return f"question: {text}\nthe results:\n" + "\n".join(told), answer


def page(random: Random) -> tuple[str, str]:
    """A fact of a page about somebody."""
    asked = random.choice(("job", "city", "food"))
    names = random.sample(NAMES, random.randint(1, 2))
    texts, answer = [], ""
    for name in names:
        facts = {"name": name} | {
            key: random.choice(CATEGORIES[key]) for key in ("job", "city", "food")
        }
        texts += [text.format(**facts) for text in (*PAGE, PAGE_LAST)]
        answer = facts[asked]
    text = random.choice(ASK[asked]).format(p=names[-1])
    return "question: " + text + "\nthe results:\n" + " ".join(texts), answer


def times(random: Random) -> tuple[str, str]:
    """The times of a question, and what it is about."""
    shape = random.choice((*SHAPES, "card", "number", "sign"))
    start_s, end_s = sorted(random.sample(range(LONGEST_S), 2))
    a, b = format_clock(start_s), format_clock(end_s)
    where, reply = random.choice(
        (
            (random.choice(AT).format(a=a), f"{shape} {a}"),
            (random.choice(BETWEEN).format(a=a, b=b), f"{shape} {a} {b}"),
        )
    )
    text = random.choice(ASK["colour"]).format(x=shape, w=where)
    return f"question: {text}\nthe results:\nwhat and when?", reply


EXERCISES: tuple[Exercise, ...] = (again, next_word, said, page, times, order, seen, found)
WEIGHTS = (3, 1, 2, 1, 1, 3, 3, 2)


def _where(random: Random) -> str:
    if random.random() < 0.5:
        return ""
    start_s, end_s = sorted(random.sample(range(0, LONGEST_S, 60), 2))
    return random.choice(BETWEEN).format(a=format_clock(start_s), b=format_clock(end_s))


def _values(asked: str) -> tuple[str, ...]:
    return CATEGORIES["digit" if asked == "number" else asked]


def _words() -> list[str]:
    return [word for word in vocabulary() if word.isalpha() or word.isdigit()]
