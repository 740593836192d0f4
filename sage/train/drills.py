"""Exercises in acting: the agent's own replies to a few lines of text, without pictures and without anything needless.

What has to be taken over, a time, a value among others, a number of lines, stands close by here. In a demonstration it
stands behind hundreds of tokens, where a network that starts from nothing is slow to find it.
"""

from __future__ import annotations

from random import Random
from typing import Literal

from sage import dialect
from sage.mini.phrases import ASK, AT, BETWEEN, FLASH, INTENT, REASON, WHY
from sage.mini.words import COLOURS, SHAPES
from sage.timecode import format_clock, format_time
from sage.types import Answer, Call, Thought

LONGEST_S = 7200
MOST_EVENTS = 4
RESULTS = "the results:"


def order(random: Random) -> tuple[str, str]:
    """Where to look or listen, for a question that names a time or two."""
    shape = random.choice((*SHAPES, "number", "card"))
    start, end = (format_clock(at_s) for at_s in sorted(random.sample(range(LONGEST_S), 2)))
    tool = random.choice(("extract-video-parts", "ground-event", "transcribe-speech"))
    arguments: dict[str, object] = {"timestamp_start": start, "timestamp_end": end}
    where, intent, asked = random.choice(BETWEEN).format(a=start, b=end), "find", shape
    if tool == "extract-video-parts":
        where, intent = random.choice(AT).format(a=start), "moment"
        arguments = {"extract_type": "frames", "timestamp_start": start, "timestamp_end": start}
    elif tool == "ground-event":
        asked = random.choice(FLASH).format(x=shape)
        arguments = {"event": shape, **arguments}
    else:
        intent = "listen"
    wordings = ASK["said_colour" if tool == "transcribe-speech" else "colour"]
    question = random.choice(wordings).format(x=asked, w=where)
    call = Call(tool=tool, arguments=arguments, rationale=WHY[tool])
    if random.random() < 0.5:
        glance = ", ".join(_scenes(random))
        thought = Thought(video_context=glance, query_intent=INTENT[intent])
        return f"{glance}\nquestion: {question}", _write(call, thought, 1)
    thought = Thought(answerable=False, reasoning=REASON["more"])
    return f"question: {question}\n{RESULTS}", _write(call, thought, 2)


def seen(random: Random) -> tuple[str, str]:
    """The colour of a shape, the shape of a colour, or what comes next, among scenes that are listed."""
    scenes = _scenes(random)
    place = random.randrange(len(scenes))
    colour, shape = scenes[place].split()
    asked, x, answer = random.choice((("colour", shape, colour), ("shape", colour, shape)))
    if place + 1 < len(scenes) and random.random() < 0.3:
        asked, x, answer = "after", scenes[place], scenes[place + 1].split()[1]
    question = random.choice(ASK[asked]).format(x=x, w="")
    glance = ", ".join(scenes)
    thought = Thought(video_context=glance, query_intent=INTENT["scene"])
    return f"{glance}\nquestion: {question}", _write(Answer(text=answer), thought, 1)


def found(random: Random) -> tuple[str, str]:
    """What events were found, or how many."""
    shape, colour = random.choice(SHAPES), random.choice(list(COLOURS))
    times = sorted(random.sample(range(600), random.randint(1, MOST_EVENTS)))
    lines = [f"[{format_time(t)} - {format_time(t + 2)}] {colour} {shape}" for t in times]
    is_count = random.random() < 0.5
    x = random.choice(FLASH).format(x=shape)
    question = random.choice(ASK["times" if is_count else "colour"]).format(x=x, w="")
    answer = str(len(lines)) if is_count else colour
    thought = Thought(answerable=True, reasoning=REASON["found"])
    prompt = "\n".join([f"question: {question}", RESULTS, *lines])
    return prompt, _write(Answer(text=answer), thought, 2)


def _scenes(random: Random) -> list[str]:
    """Scenes in which neither a colour nor a shape comes twice."""
    n = random.randint(1, len(SHAPES))
    pairs = zip(random.sample(list(COLOURS), n), random.sample(SHAPES, n), strict=True)
    return [f"{colour} {shape}" for colour, shape in pairs]


def _write(action: Answer | Call, thought: Thought, stage: Literal[1, 2]) -> str:
    return dialect.write(action, thought, stage, compact=True)
