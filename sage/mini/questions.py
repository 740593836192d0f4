"""The questions to a film, each written together with what makes it answerable: one function a kind.

How far one has to look depends on the film's length: what a glance shows of a minute has to be searched for in
an hour. Questions to longer films name the stretch to search, since no tool takes an hour at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from sage.mini.film import Kind, Person, Scene, Step, Stretch, Task
from sage.mini.phrases import ASK, AT, BETWEEN, FLASH, PERSON, QUERY, START, WANTED
from sage.mini.script import NoRoomError, Script
from sage.mini.words import (
    CARDS,
    CITIES,
    COLOURS,
    FOODS,
    JOBS,
    LINES,
    NUMBERS,
    SHAPES,
)
from sage.timecode import format_clock
from sage.types import Example, Question, Span

Modality = Literal["visual", "verbal", "both"]
WHOLE_LOOK_S, WHOLE_LISTEN_S = 240, 600
"""Films up to this long are searched whole; longer ones in a stretch that the question names."""
VAST_S = 1200
CUE_S = 10
MCQ_SHARE = 0.46
CATEGORIES: dict[str, tuple[str, ...]] = {
    "colour": tuple(COLOURS),
    "shape": SHAPES,
    "card": CARDS,
    "digit": NUMBERS,
    "shapes": ("1", "2", "3", "4", "5", "6"),
    "times": ("1", "2", "3", "4"),
    "job": JOBS,
    "city": CITIES,
    "food": FOODS,
}
ASKED = {"number": "digit", "card": "card", "sign": "name"}
"""What is asked of a class of events; of flashing shapes the colour."""


class Way(NamedTuple):
    """How something short is found."""

    steps: tuple[Step, ...] = ()
    look: Stretch | None = None
    shown: tuple[Scene, ...] = ()


def write(script: Script, kind: Kind, n: int) -> Task:
    """The `n`-th question of a film, of a kind; NoRoomError when the film cannot take it."""
    with script.attempt():
        task = _WRITERS[kind](script)
    question = task.example.question.model_copy(
        update={"id": f"{script.id}-{n}", "video": f"{script.id}.mp4"}
    )
    example = task.example.model_copy(update={"question": question, "source": f"mini {kind}"})
    return replace(task, example=example)


def scene(script: Script) -> Task:
    """What the glance shows."""
    random = script.random
    shown = [s for s in script.scenes if s.look.kind == "shape"]
    once = [s for s in shown if sum(t.look.name == s.look.name for t in shown) == 1]
    flashes = {event.look.colour for event in script.events}
    plain = [s for s in shown if s.look.colour not in flashes]
    follows = [
        (a, b)
        for a, b in zip(script.scenes, script.scenes[1:], strict=False)
        if a.look.kind == b.look.kind == "shape"
    ]
    ways: list[tuple[str, Sequence[Scene], str, str]] = []
    if once:
        seen = random.choice(once)
        ways.append(("colour", (seen,), seen.look.name, seen.look.colour))
    if plain:
        seen = random.choice(plain)
        ways.append(("shape", (seen,), seen.look.colour, seen.look.name))
    if follows:
        before, after = random.choice(follows)
        ways.append(("after", (before, after), before.look.words, after.look.name))
    first = script.scenes[0]
    if first.look.kind == "card":
        ways.append(("card", (first,), "", first.look.name))
    if not ways:
        raise NoRoomError
    asked, scenes, x, answer = random.choice(ways)
    if asked == "shape":
        script.kept_colours.add(x)
    where = random.choice(START) if asked == "card" else ""
    text = _text(script, asked, x=x, where=where)
    category = CATEGORIES["shape" if asked == "after" else asked]
    example = _example(
        script, text, answer, category, difficulty="medium" if asked == "after" else "easy"
    )
    wanted = WANTED[asked].format(x=x)
    return Task(_with_evidence(example, scenes), "scene", wanted, category, shown=tuple(scenes))


def count(script: Script) -> Task:
    """Of a short film the different shapes; of others how often a shape flashes."""
    if script.is_short:
        shown = [s for s in script.scenes if s.look.kind == "shape"]
        answer = str(len({s.look.name for s in shown}))
        text = _text(script, "shapes")
        example = _example(script, text, answer, CATEGORIES["shapes"], difficulty="medium")
        return Task(
            _with_evidence(example, shown),
            "count",
            WANTED["shapes"],
            CATEGORIES["shapes"],
            shown=tuple(shown),
        )
    look = script.new_look(script.take_class(script.flashing()))
    window = _look_window(script)
    times = script.random.randint(1, 4)
    events = [script.put(look, inside=window) for _ in range(times)]
    if window:
        script.put(look, outside=window)
    where = _between(script, window)
    text = _text(script, "times", x=_flash(script, look.name), where=where)
    example = _example(script, text, str(times), CATEGORIES["times"], difficulty="hard")
    way = Way(("ground",), window, tuple(events))
    wanted = WANTED["times"].format(x=look.name)
    return _task("count", example, wanted, CATEGORIES["times"], way=way)


def moment(script: Script) -> Task:
    """What is seen at a time that the question names."""
    if script.is_short:
        return _moment_of_scene(script)
    name = script.take_class(["number", "card", *script.flashing()])
    look = script.new_look(name)
    event = script.put(look, length_s=script.random.randint(1, 3))
    script.put(script.new_look(name, unlike=look))
    at_s = script.random.randrange(event.start_s, event.end_s)
    asked, answer = _asked(name, event)
    where = script.random.choice(AT).format(a=format_clock(at_s))
    text = _text(script, asked, x=name, where=where)
    example = _example(script, text, answer, CATEGORIES[asked], difficulty="medium")
    way = Way(("extract", "read"), (at_s, at_s), (event,))
    return _task("moment", example, WANTED[asked].format(x=name), CATEGORIES[asked], way=way)


def find(script: Script) -> Task:
    """A short event that has to be searched for."""
    if script.is_short:
        raise NoRoomError
    name = script.take_class(["number", "card", *script.flashing()])
    look = script.new_look(name)
    window = _look_window(script)
    event = script.put(look, inside=window)
    if window:
        script.put(script.new_look(name, unlike=look), outside=window)
    asked, answer = _asked(name, event)
    text = _text(script, asked, x=_flash(script, name), where=_between(script, window))
    example = _example(script, text, answer, CATEGORIES[asked], difficulty="medium")
    way = Way(("ground",), window, (event,))
    return _task("find", example, WANTED[asked].format(x=name), CATEGORIES[asked], way=way)


def listen(script: Script) -> Task:
    """What somebody says."""
    asked = script.random.choice(("colour", "number", "city", "food"))
    topics = script.things if asked in ("colour", "number") else script.names
    topic = topics.pop(3)
    values = CATEGORIES["digit" if asked == "number" else asked]
    answer, other = script.random.sample(values, 2)
    window = _listen_window(script)
    line = script.say(LINES[asked].format(x=topic, y=answer), inside=window)
    if window:
        script.say(LINES[asked].format(x=topic, y=other), outside=window)
    text = _text(script, f"said_{asked}", x=topic, where=_between(script, window))
    difficulty = "medium" if window else "easy"
    example = _example(script, text, answer, values, difficulty=difficulty, modality="verbal")
    example = example.model_copy(update={"evidence": (line,)})
    wanted = WANTED[f"said_{asked}"].format(x=topic)
    return Task(example, "listen", wanted, values, ("listen",), listen=window, said=line.note)


def listen_look(script: Script) -> Task:
    """Somebody says when to look."""
    if script.is_short:
        raise NoRoomError
    name = script.take_class(["number", "card", *script.flashing()])
    look = script.new_look(name)
    event = script.put(look)
    cue = _cue_around(script, event)
    script.put(script.new_look(name, unlike=look), outside=cue)
    window = _listen_window(script)
    said = LINES["watch"].format(x=name, a=format_clock(cue[0]), b=format_clock(cue[1]))
    line = script.say(said, inside=window)
    asked, answer = _asked(name, event)
    text = _text(script, f"told_{asked}", x=name, where=_between(script, window))
    example = _example(script, text, answer, CATEGORIES[asked], difficulty="hard", modality="both")
    example = _with_evidence(example, [event], line)
    looks: tuple[Step, ...] = ("extract", "read") if name in ASKED else ("ground",)
    way = Way(("listen", *looks), cue, (event,))
    wanted = WANTED[f"told_{asked}"].format(x=name)
    task = _task("listen_look", example, wanted, CATEGORIES[asked], way=way)
    return replace(task, listen=window, said=line.note)


def web(script: Script) -> Task:
    """A name on a sign, or said; the answer is on a page."""
    asked = script.random.choice(("job", "city", "food"))
    signs = [s for s in script.scenes if s.look.kind == "sign"]
    if script.guest_is_free and script.random.random() < 0.3:
        return _web_heard(script, asked)
    if signs:
        return _web_task(script, asked, signs[0].look.name, way=Way(shown=tuple(signs)))
    if script.is_short:
        raise NoRoomError
    script.take_class(["sign"])
    person = script.names.pop()
    look = script.new_look("sign")._replace(name=person)
    if script.duration_s > WHOLE_LISTEN_S and script.random.random() < 0.5:
        event = script.put(look)
        at_s = script.random.randrange(event.start_s, event.end_s)
        where = script.random.choice(AT).format(a=format_clock(at_s))
        way = Way(("extract", "read"), (at_s, at_s), (event,))
        return _web_task(script, asked, person, where=where, way=way)
    window = _look_window(script)
    event = script.put(look, inside=window)
    if window:
        script.put(look._replace(name=script.names[-1]), outside=window)
    where = _between(script, window)
    return _web_task(script, asked, person, where=where, way=Way(("ground",), window, (event,)))


_WRITERS: dict[Kind, Callable[[Script], Task]] = {
    "scene": scene,
    "count": count,
    "moment": moment,
    "find": find,
    "listen": listen,
    "listen_look": listen_look,
    "web": web,
}


def _moment_of_scene(script: Script) -> Task:
    shown = script.random.choice([s for s in script.scenes if s.look.kind == "shape"])
    fourth = (shown.end_s - shown.start_s) // 4
    at_s = script.random.randint(shown.start_s + fourth, shown.end_s - 1 - fourth)
    where = script.random.choice(AT).format(a=format_clock(at_s))
    text = _text(script, "on_screen", where=where)
    example = _example(script, text, shown.look.name, SHAPES, difficulty="easy")
    return Task(
        _with_evidence(example, [shown]),
        "moment",
        WANTED["on_screen"],
        SHAPES,
        look=(at_s, at_s),
        shown=(shown,),
    )


def _web_heard(script: Script, asked: str) -> Task:
    window = _listen_window(script)
    person = script.names.pop()
    script.guest_is_free = False
    line = script.say(LINES["guest"].format(x=person), inside=window)
    where = _between(script, window)
    task = _web_task(script, asked, person, place="guest", where=where, way=Way(("listen",)))
    example = task.example.model_copy(update={"modality": "verbal", "evidence": (line,)})
    return replace(task, example=example, listen=window, said=line.note)


def _web_task(
    script: Script, asked: str, name: str, *, way: Way, place: str = "sign", where: str = ""
) -> Task:
    known = script.random.choice(PERSON[place]).format(w=where)
    wording = script.random.choice(ASK[asked])
    person: Person = next(p for p in script.people if p.name == name)
    answer: str = person._asdict()[asked]
    text, values = wording.format(p=known), CATEGORIES[asked]
    example = _example(script, text, answer, values, difficulty="hard")
    task = _task(
        "web", example, WANTED[asked], values, way=way._replace(steps=(*way.steps, "search"))
    )
    return replace(task, name=name, target="sign")


def _task(
    kind: Kind, example: Example, wanted: str, category: tuple[str, ...], *, way: Way
) -> Task:
    """A task about events that all have one look."""
    example = example if example.evidence else _with_evidence(example, way.shown)
    target = query = ""
    if way.shown:
        look = way.shown[0].look
        target = look.kind if look.kind in ASKED else look.name
        query = QUERY[ASKED.get(target, "colour")].format(x=target)
    return Task(
        example,
        kind,
        wanted,
        category,
        way.steps,
        look=way.look,
        target=target,
        query=query,
        shown=way.shown,
    )


def _example(
    script: Script,
    text: str,
    answer: str,
    category: Sequence[str],
    *,
    difficulty: str,
    modality: Modality = "visual",
) -> Example:
    choices: list[str] = []
    if script.random.random() < MCQ_SHARE:
        others = [value for value in category if value != answer]
        choices = [answer, *script.random.sample(others, 3)]
        script.random.shuffle(choices)
    return Example(
        question=Question(text=text, choices=tuple(choices)),
        answer=answer,
        modality=modality,
        kind="mcq" if choices else "open-ended",
        difficulty=difficulty,
    )


def _with_evidence(example: Example, scenes: Sequence[Scene], *lines: Span) -> Example:
    seen = [Span(start_s=s.start_s, end_s=s.end_s, note=s.look.words) for s in scenes]
    return example.model_copy(update={"evidence": (*lines, *seen)})


def _asked(name: str, event: Scene) -> tuple[str, str]:
    """What is asked of an event, and the answer."""
    look = event.look
    return (ASKED[name], look.name) if name in ASKED else ("colour", look.colour)


def _text(script: Script, asked: str, *, x: str = "", where: str = "") -> str:
    return script.random.choice(ASK[asked]).format(x=x, w=where)


def _flash(script: Script, name: str) -> str:
    """A flashing shape as questions call it; other events keep their name."""
    return name if name in ASKED else script.random.choice(FLASH).format(x=name)


def _between(script: Script, window: Stretch | None) -> str:
    if window is None:
        return ""
    a, b = (format_clock(t) for t in window)
    return script.random.choice(BETWEEN).format(a=a, b=b)


def _look_window(script: Script) -> Stretch | None:
    if script.duration_s <= WHOLE_LOOK_S:
        return None
    return _window(script, script.random.choice((60, 120, 180)), step_s=10)


def _listen_window(script: Script) -> Stretch | None:
    """In vast films sometimes twice as long as one may listen at once."""
    if script.duration_s <= WHOLE_LISTEN_S:
        return None
    is_long = script.duration_s > VAST_S and script.random.random() < 0.5
    return _window(script, 1200 if is_long else script.random.choice((300, 600)), step_s=60)


def _window(script: Script, length_s: int, *, step_s: int) -> Stretch:
    length_s = min(length_s, script.duration_s // (2 * step_s) * step_s)
    start_s = script.random.randint(0, (script.duration_s - length_s) // step_s) * step_s
    return start_s, start_s + length_s


def _cue_around(script: Script, event: Scene) -> Stretch:
    """Ten seconds from a multiple of ten on, or of five, that hold the event."""
    start_s = event.start_s // CUE_S * CUE_S
    if event.end_s > start_s + CUE_S:
        start_s += CUE_S // 2
    start_s = max(0, min(start_s, script.duration_s - CUE_S))
    return start_s, start_s + CUE_S
