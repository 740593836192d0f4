"""Exercises in acting: the agent's own replies to a few lines of text, without pictures and without anything needless.

What has to be taken over, a time, a value among others, a number of lines, stands close by here. In a demonstration it
stands behind hundreds of tokens, where a network that starts from nothing is slow to find it.
"""

from __future__ import annotations

from random import Random
from typing import Literal

from sage import dialect
from sage.mini.phrases import ASK, AT, BETWEEN, FLASH, PERSON, QUERY, WANTED, WHY, intent, reason
from sage.mini.questions import ASKED, CATEGORIES
from sage.mini.words import CARDS, COLOURS, FILLER, LINES, NAMES, NUMBERS, SHAPES, THINGS
from sage.timecode import format_clock, format_time
from sage.types import Answer, Call, Thought

LONGEST_S = 7200
MOST_EVENTS = 4
RESULTS = "the results:"
SAID = ("colour", "number", "city", "food")


def order(random: Random) -> tuple[str, str]:
    """Where to look or listen, for a question that names a time or two."""
    shape = random.choice((*SHAPES, "number", "card"))
    start, end = (format_clock(at_s) for at_s in sorted(random.sample(range(LONGEST_S), 2)))
    tool = random.choice(("extract-video-parts", "ground-event", "transcribe-speech"))
    arguments: dict[str, object] = {"timestamp_start": start, "timestamp_end": end}
    where, kind, asked = random.choice(BETWEEN).format(a=start, b=end), "find", shape
    if tool == "extract-video-parts":
        where, kind = random.choice(AT).format(a=start), "moment"
        arguments = {"extract_type": "frames", "timestamp_start": start, "timestamp_end": start}
    elif tool == "ground-event":
        asked = random.choice(FLASH).format(x=shape)
        arguments = {"event": shape, **arguments}
    else:
        kind = "listen"
    wording = "said_colour" if tool == "transcribe-speech" else "colour"
    question = random.choice(ASK[wording]).format(x=asked, w=where)
    call = Call(tool=tool, arguments=arguments, rationale=WHY[tool])
    wanted = intent(kind, WANTED[wording].format(x=shape))
    if random.random() < 0.5:
        glance = ", ".join(scenes_of(random))
        thought = Thought(video_context=glance, query_intent=wanted)
        return f"{glance}\nquestion: {question}", _write(call, thought, 1)
    thought = Thought(answerable=False, reasoning=reason("more"))
    return _prompt(question, wanted), _write(call, thought, 2)


def seen(random: Random) -> tuple[str, str]:
    """The colour of a shape, the shape of a colour, or what comes next, among scenes that are listed."""
    scenes = scenes_of(random)
    place = random.randrange(len(scenes))
    colour, shape = scenes[place].split()
    asked, x, answer = random.choice((("colour", shape, colour), ("shape", colour, shape)))
    quote = scenes[place]
    if place + 1 < len(scenes) and random.random() < 0.3:
        asked, x, answer = "after", scenes[place], scenes[place + 1].split()[1]
        quote = ", ".join(scenes[place : place + 2])
    question = random.choice(ASK[asked]).format(x=x, w="")
    glance = ", ".join(scenes)
    wanted = intent("scene", WANTED[asked].format(x=x))
    if random.random() < 0.7:
        thought = Thought(video_context=glance, query_intent=wanted)
        return f"{glance}\nquestion: {question}", _write(Answer(text=answer), thought, 1)
    thought = Thought(answerable=True, reasoning=reason("found", quote))
    return _prompt(question, wanted, glance=glance), _write(Answer(text=answer), thought, 2)


def found(random: Random) -> tuple[str, str]:
    """What events were found, or how many, or whose name."""
    shape, colour = random.choice(SHAPES), random.choice(list(COLOURS))
    asked = random.choice(("times", "colour", "digit", "card", "name"))
    looks = {
        "digit": f"number {random.choice(NUMBERS)}",
        "card": f"card {random.choice(CARDS)}",
        "name": f"sign {random.choice(NAMES)}",
    }
    look = looks.get(asked, f"{colour} {shape}")
    times = sorted(random.sample(range(LONGEST_S), random.randint(1, MOST_EVENTS)))
    if asked in looks:
        times = times[:1]
    lines = [f"[{format_time(t)} - {format_time(t + 2)}] {look}" for t in times]
    if asked == "name":
        return _name_found(random, look, lines)
    x = random.choice(FLASH).format(x=shape)
    question = random.choice(ASK[asked]).format(x=x, w="")
    answer = {"times": str(len(lines)), "colour": colour}.get(asked, look.split()[1])
    kind = "count" if asked == "times" else "find"
    wanted = intent(kind, WANTED[asked].format(x=shape))
    thought = Thought(answerable=True, reasoning=reason("found", look))
    return _prompt(question, wanted, lines), _write(Answer(text=answer), thought, 2)


def said(random: Random) -> tuple[str, str]:
    """A fact among the lines of a transcript."""
    asked = random.choice(SAID)
    subjects = random.sample(THINGS if asked in ("colour", "number") else NAMES, 3)
    values = CATEGORIES["digit" if asked == "number" else asked]
    facts = [(subject, random.choice(values)) for subject in subjects]
    lines = [LINES[asked].format(x=x, y=y) for x, y in facts]
    name, answer = random.choice(facts)
    question = random.choice(ASK[f"said_{asked}"]).format(x=name, w=_where(random))
    wanted = intent("listen", WANTED[f"said_{asked}"].format(x=name))
    thought = Thought(
        answerable=True, reasoning=reason("found", LINES[asked].format(x=name, y=answer))
    )
    told = _transcript(random, lines)
    return _prompt(question, wanted, told), _write(Answer(text=answer), thought, 2)


def told(random: Random) -> tuple[str, str]:
    """What to do next after a line of a transcript: search for a name, or look at a time."""
    line = LINES["colour"].format(x=random.choice(THINGS), y=random.choice(list(COLOURS)))
    if random.random() < 0.5:
        name, asked = random.choice(NAMES), random.choice(("job", "city", "food"))
        cue = LINES["guest"].format(x=name)
        person = random.choice(PERSON["guest"]).format(w=_where(random))
        question = random.choice(ASK[asked]).format(p=person)
        wanted = intent("web", WANTED[asked])
        call = _call("web-search", query=name)
    else:
        shape = random.choice((*SHAPES, "number", "card"))
        at_s = random.randrange(0, LONGEST_S, 5)
        start, end = format_clock(at_s), format_clock(at_s + 10)
        cue = LINES["watch"].format(x=shape, a=start, b=end)
        asked = f"told_{ASKED.get(shape, 'colour')}"
        question = random.choice(ASK[asked]).format(x=shape, w=_where(random))
        wanted = intent("listen_look", WANTED[asked].format(x=shape))
        window = {"timestamp_start": start, "timestamp_end": end}
        call = _call("extract-video-parts", extract_type="frames", **window)
        if asked == "told_colour":
            call = _call("ground-event", event=shape, **window)
    thought = Thought(answerable=False, reasoning=reason("more", cue))
    return _prompt(question, wanted, _transcript(random, [cue, line])), _write(call, thought, 2)


def taken(random: Random) -> tuple[str, str]:
    """Which frames to look at, and what to ask of them."""
    first_s, n = random.randrange(LONGEST_S), random.randint(1, 3)
    label = f"extract-video-parts_#{n}"
    shape = random.choice((*SHAPES, "number", "card"))
    asked = ASKED.get(shape, "colour")
    where = random.choice(AT).format(a=format_clock(first_s))
    question = random.choice(ASK[asked]).format(x=shape, w=where)
    wanted = intent("moment", WANTED[asked].format(x=shape))
    lines = [
        f"{label} = extract-video-parts()",
        "Extracted, to be passed to analyze as media_paths:",
    ]
    lines += [
        f"frames/{t:08.3f}-64x64.jpg at {format_time(t)}"
        for t in range(first_s, first_s + random.randint(1, 4))
    ]
    call = _call("analyze", query=QUERY[asked].format(x=shape), media_paths=[label])
    thought = Thought(answerable=False, reasoning=reason("more"))
    return _prompt(question, wanted, lines), _write(call, thought, 2)


def _name_found(random: Random, look: str, lines: list[str]) -> tuple[str, str]:
    asked = random.choice(("job", "city", "food"))
    question = random.choice(ASK[asked]).format(p=random.choice(PERSON["sign"]).format(w=""))
    thought = Thought(answerable=False, reasoning=reason("more", look))
    call = _call("web-search", query=look.split()[1])
    return _prompt(question, intent("web", WANTED[asked]), lines), _write(call, thought, 2)


def _transcript(random: Random, lines: list[str]) -> list[str]:
    """Lines among filler, each with its times."""
    lines = [*lines, *random.choices(FILLER, k=random.randint(0, 6))]
    random.shuffle(lines)
    at_s = random.randint(0, 600)
    told = []
    for line in lines:
        told.append(f"[{format_time(at_s)} - {format_time(at_s + 3)}] {line}")
        at_s += random.randint(4, 60)
    return told


def _where(random: Random) -> str:
    if random.random() < 0.5:
        return ""
    start_s, end_s = sorted(random.sample(range(0, LONGEST_S, 60), 2))
    return random.choice(BETWEEN).format(a=format_clock(start_s), b=format_clock(end_s))


def scenes_of(random: Random, least: int = 1) -> list[str]:
    """Scenes, at least so many, in which neither a colour nor a shape comes twice."""
    n = random.randint(least, len(SHAPES))
    pairs = zip(random.sample(list(COLOURS), n), random.sample(SHAPES, n), strict=True)
    return [f"{colour} {shape}" for colour, shape in pairs]


def _prompt(question: str, wanted: str, lines: list[str] | None = None, glance: str = "") -> str:
    """What matters of a second stage's prompt."""
    head = [f"question: {question}", *([f"the glance: {glance}"] if glance else [])]
    return "\n".join([*head, f"the question is for: {wanted}", RESULTS, *(lines or [])])


def _call(tool: str, **arguments: object) -> Call:
    return Call(tool=tool, arguments=arguments, rationale=WHY[tool])


def _write(action: Answer | Call, thought: Thought, stage: Literal[1, 2]) -> str:
    return dialect.write(action, thought, stage, compact=True)
