"""Exercises in reading: texts of the miniature world from which something has to be found and said again.

A network that starts from nothing sees the pictures of a demonstration long before it heeds the words: which time was
asked for, who was named, what a result says. Here nothing else brings the loss down, and a row is a few dozen tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sage.mini.phrases import ASK, AT, BETWEEN
from sage.mini.questions import CATEGORIES
from sage.mini.words import NAMES, PAGE, PAGE_LAST, SHAPES, vocabulary
from sage.timecode import format_clock
from sage.train.data import Demo
from sage.train.drills import LONGEST_S, found, order, said, scenes_of, seen, taken, told
from sage.types import Message, TextPart

Exercise = Callable[[Random], tuple[str, str]]
"""Draws a prompt and what should be said to it."""
MOST = 16
"""Words of a text without sense; longer ones are learned many times slower."""


def write_reading(random: Random, exercise: Exercise | None = None) -> Demo:
    """One exercise, of any sort unless one is given."""
    prompt, reply = (exercise or random.choices(list(EXERCISES), list(EXERCISES.values()))[0])(
        random
    )
    message = Message(role="user", parts=(TextPart(text=prompt),))
    return Demo(messages=(message,), reply=reply, kind="reading")


def again(random: Random) -> tuple[str, str]:
    """A row of any words, word by word."""
    words = random.choices(_words(), k=random.randint(3, MOST))
    text = " ".join(words)
    return f"say this again.\n{text}", text


def next_words(random: Random) -> tuple[str, str]:
    """What comes after each of some words. Many lookups a text, since one alone is hardly ever learned from."""
    words = random.sample(_words(), k=random.randint(4, MOST))
    places = random.sample(range(len(words) - 1), random.randint(2, min(6, len(words) - 1)))
    named = " ".join(words[place] for place in places)
    reply = ", ".join(f"{words[place]} {words[place + 1]}" for place in places)
    return f"{' '.join(words)}\nquestion: what comes right after {named}?", reply


def pairs(random: Random) -> tuple[str, str]:
    """The colours of shapes, or the shapes of colours, that stand in pairs."""
    scenes = scenes_of(random, least=2)
    text = ", ".join(scenes)
    random.shuffle(scenes)
    pairs = [scene.split() for scene in scenes[: random.randint(1, len(scenes))]]
    if random.random() < 0.3:
        asked, named, reply = "shape", [c for c, _ in pairs], [f"{c} {s}" for c, s in pairs]
    else:
        asked, named, reply = "colour", [s for _, s in pairs], [f"{s} {c}" for c, s in pairs]
    return f"{text}\nquestion: which {asked} has {' '.join(named)}?", ", ".join(reply)


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


EXERCISES: dict[Exercise, int] = {
    again: 3,
    next_words: 3,
    pairs: 3,
    page: 2,
    times: 1,
    order: 2,
    seen: 4,
    found: 1,
    said: 2,
    told: 2,
    taken: 1,
}
"""Exercises, and how often each is drawn."""


def _words() -> list[str]:
    return [word for word in vocabulary() if word.isalpha() or word.isdigit()]
