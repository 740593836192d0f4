"""A policy that knows the film: it writes the demonstrations that training starts from.

As orchestrator it takes the shortest way to the answer and speaks the action format; as tool model it grounds and
analyzes from the truth, but only from the frames it was given. It errs on purpose, at rates that are settings,
so that reinforcement has something to mend. Which errors it makes depends on seed, question and turn only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from sage import dialect
from sage.faults import Border, WorldError
from sage.mini.film import MiniFilm, Step, Stretch, Task, matches
from sage.mini.phrases import NOT_SHOWN, WHY, intent, reason
from sage.mini.words import SHAPES
from sage.models.base import Request, Situation
from sage.prompts import fill
from sage.timecode import format_clock
from sage.types import (
    Action,
    Answer,
    Call,
    Frame,
    FramesPart,
    Mode,
    Observation,
    Reply,
    TextPart,
    Thought,
    Turn,
)

LISTEN_S = 600
NEEDLESS_S, EARLY_S = 180, 300
"""Needless looks happen in films up to the first length, early answers in those from the second on."""
TOOL_OF: dict[Step, str] = {
    "listen": "transcribe-speech",
    "ground": "ground-event",
    "extract": "extract-video-parts",
    "read": "analyze",
    "search": "web-search",
}


@dataclass(frozen=True)
class Rates:
    """How often the expert errs, each from 0 to 1."""

    needless: float = 0.5
    """A look that was not needed, in short films."""
    early: float = 0.15
    """A guess, right only by luck, instead of the first look, in long films, at each turn."""
    hasty: float = 0.5
    """The same where what was found only tells where to look next: a time, a name, frames."""
    wrong_window: float = 0.15
    """Looking or listening at a wrong time first."""
    slip: float = 0.02
    """A wrong answer although all is known."""
    miss: float = 0.0
    """As tool model: not seeing what a frame shows."""


PERFECT = Rates(needless=0.0, early=0.0, hasty=0.0, wrong_window=0.0, slip=0.0)


class Expert:
    """The policy for one film; implements `sage.models.base.Model`. Holds no state, so it is thread-safe."""

    name = "mini-expert"
    can_see = True

    def __init__(
        self, film: MiniFilm, rates: Rates = PERFECT, *, seed: int = 0, prompts: str = ""
    ) -> None:
        """`prompts` is the folder of templates that requests are written with."""
        self._film, self._rates, self._seed, self._prompts = film, rates, seed, prompts

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Raises WorldError(MODEL) for a prompt that is none of the agent's or its tools'."""
        return [Reply(text=self._reply(request), model=self.name, usd=0.0) for request in requests]

    def close(self) -> None:
        """Nothing is held."""

    def _reply(self, request: Request) -> str:
        request.stop.check()
        text, frames = _content(request)
        if request.situation:
            action, thought = self.decide(request.situation, frames)
            return dialect.write(action, thought, request.situation.stage)
        random = Random(f"{self._seed} {text}")
        seen = [frame for frame in frames if random.random() >= self._rates.miss]
        for name in ("ground", "analyze"):
            asked = _pattern(name, self._prompts).fullmatch(text)
            if asked and name == "ground":
                return ground(self._film, seen, asked["event"])
            if asked:
                return analyze(self._film, seen, asked["query"])
        raise WorldError(
            Border.MODEL, f"{self.name} was asked something that is no job of a tool model."
        )

    def decide(self, situation: Situation, frames: Sequence[Frame] = ()) -> tuple[Action, Thought]:
        """What to do next and why; `frames` are those of the glance.

        In DIRECT mode the answer is the true one, seen or not: it is what a model is taught to say. KeyError when
        the question is none of the film's.
        """
        task = self._film.task(situation.question.id)
        action, why = self._act(task, situation)
        if situation.stage == 1:
            wanted = intent(task.kind, task.wanted)
            seen = tell(self._film, frames) or "nothing"
            return action, Thought(video_context=seen, query_intent=wanted)
        told = reason(why, quote(task, self._film, situation.turns))
        return action, Thought(answerable=why != "more", reasoning=told)

    def _act(self, task: Task, situation: Situation) -> tuple[Action, str]:
        """The action, and which of REASON stands behind it."""
        turns = situation.turns
        random = Random(f"{self._seed} {situation.question.id} {len(turns)}")
        left = [s for s in task.steps if not is_done(s, task, self._film, turns)]
        step = left[0] if left else None
        duration_s = self._film.duration_s
        if situation.mode is Mode.DIRECT:
            return Answer(text=task.answer), "found"
        if situation.must_answer and step is not None:
            return Answer(text=random.choice(options(task))), "guess"
        if step is None:
            can_look = not turns and not situation.must_answer and duration_s <= NEEDLESS_S
            if can_look and random.random() < self._rates.needless:
                return self._needless(task, random), "more"
            slips = random.random() < self._rates.slip
            return Answer(text=mistake(task, random) if slips else task.answer), "found"
        guesses = self._rates.early if len(left) == len(task.steps) else self._rates.hasty
        if duration_s >= EARLY_S and random.random() < guesses:
            return Answer(text=random.choice(options(task))), "guess"
        tools = [t.action.tool for t in turns if isinstance(t.action, Call)]
        errs = TOOL_OF[step] not in tools and random.random() < self._rates.wrong_window
        return self._call(task, step, turns, random if errs else None), "more"

    def _call(self, task: Task, step: Step, turns: Sequence[Turn], wrong: Random | None) -> Call:
        """The next look; `wrong` is the chance that leads it astray."""
        if step == "read":
            label = _last_label(turns, TOOL_OF["extract"])
            return _call("analyze", query=task.query, media_paths=[label])
        if step == "search":
            page = _page_to_read(turns)
            if page:
                return _call("parse-website", website_url=page)
            return _call("web-search", query=task.name)
        stretch = _next_stretch(task.listen, turns) if step == "listen" else task.look
        if wrong:
            stretch = _elsewhere(stretch, self._film.duration_s, wrong)
        times = [format_clock(t) for t in stretch] if stretch else ["", ""]
        window = {"timestamp_start": times[0], "timestamp_end": times[1]}
        if step == "ground":
            return _call("ground-event", event=task.target, **window)
        if step == "extract":
            return _call("extract-video-parts", extract_type="frames", **window)
        return _call("transcribe-speech", **window)

    def _needless(self, task: Task, random: Random) -> Call:
        """A look at what the glance has told already."""
        window = {"timestamp_start": "", "timestamp_end": ""}
        if random.random() < 0.5:
            return _call("transcribe-speech", **window)
        target = task.shown[0].look.words if task.shown else random.choice(SHAPES)
        return _call("ground-event", event=target, **window)


def options(task: Task) -> tuple[str, ...]:
    """What one can guess among: the options given, else all values of that kind."""
    return task.example.question.choices or task.category


def mistake(task: Task, random: Random) -> str:
    """A plausible wrong answer."""
    return random.choice([value for value in options(task) if value != task.answer])


def ground(film: MiniFilm, frames: Sequence[Frame], event: str) -> str:
    """The reply of a tool model that looks for an event in frames: JSON spans, in seconds as on the frames' labels."""
    spans: list[dict[str, str]] = []
    last = ""
    for frame in frames:
        look = film.look_at(frame.at_s)
        words = look.words if matches(look, event) else ""
        at = f"{frame.at_s:.1f}"
        if words and words == last:
            spans[-1]["end"] = at
        elif words:
            spans.append({"start": at, "end": at, "why": words})
        last = words
    return json.dumps({"found": bool(spans), "spans": spans[:8]}, separators=(",", ":"))


def analyze(film: MiniFilm, frames: Sequence[Frame], query: str) -> str:
    """The reply of a tool model to a question about frames: a word of the film, or all that is seen."""
    looks = list(dict.fromkeys(film.look_at(frame.at_s) for frame in frames))
    words = set(re.findall(r"\w+", query.lower()))
    shape = next((s for s in SHAPES if s in words), "")
    for kind, asked in (("number", "number"), ("card", "card"), ("sign", "sign"), ("sign", "name")):
        if asked in words:
            return next((look.name for look in looks if look.kind == kind), NOT_SHOWN)
    if shape:
        return next((look.colour for look in looks if look.name == shape), NOT_SHOWN)
    return tell(film, frames) or NOT_SHOWN


def tell(film: MiniFilm, frames: Sequence[Frame]) -> str:
    """What frames show in words, each look once, as it first comes."""
    return ", ".join(dict.fromkeys(film.look_at(frame.at_s).words for frame in frames))


def is_done(step: Step, task: Task, film: MiniFilm, turns: Sequence[Turn]) -> bool:
    """Whether what the step is for stands in the results."""
    seen = [t.observation for t in turns if t.observation and not t.observation.fault]
    mine = [o for o in seen if o.tool == TOOL_OF[step]]
    if step == "listen":
        return any(span.note == task.said for o in mine for span in o.spans)
    if step == "ground":
        return any(_covers(o, task) for o in mine)
    if step == "extract":
        return bool(mine) and _shows(mine[-1], task, film)
    if step == "read":
        wanted = task.name or task.answer
        return any(o.text == wanted for o in mine)
    texts = [o.text for o in seen if o.tool in ("web-search", "parse-website")]
    return any(task.answer in re.findall(r"\w+", text) for text in texts)


def quote(task: Task, film: MiniFilm, turns: Sequence[Turn]) -> str:
    """What the glance, or the newest of the looks that were needed, says word by word; empty when nothing yet."""
    if not task.steps:
        return ", ".join(scene.look.words for scene in task.shown)
    done: list[Step] = [step for step in task.steps if is_done(step, task, film, turns)]
    said = {
        "listen": task.said,
        "ground": task.shown[0].look.words if task.shown else "",
        "read": task.name or task.answer,
        "search": task.answer,
    }
    return next((said[step] for step in reversed(done) if step in said), "")


def _covers(found: Observation, task: Task) -> bool:
    """Whether everything that was to be found was."""
    return all(
        any(f.start_s < s.end_s + 1 and f.end_s > s.start_s - 1 for f in found.spans)
        for s in task.shown
    )


def _shows(taken: Observation, task: Task, film: MiniFilm) -> bool:
    looks = {film.look_at(frame.at_s) for frame in taken.frames}
    return any(scene.look in looks for scene in task.shown)


def _page_to_read(turns: Sequence[Turn]) -> str:
    """The first page a search found; empty when none was found yet."""
    for turn in reversed(turns):
        seen = turn.observation
        if seen and seen.tool == TOOL_OF["search"] and seen.sources:
            return seen.sources[0].url
    return ""


def _last_label(turns: Sequence[Turn], tool: str) -> str:
    seen = [t.observation for t in turns if t.observation and t.observation.tool == tool]
    return seen[-1].label if seen else f"{tool}_#1"


def _next_stretch(stretch: Stretch | None, turns: Sequence[Turn]) -> Stretch | None:
    """Of a stretch too long to hear at once the first part that was not heard."""
    if stretch is None or stretch[1] - stretch[0] <= LISTEN_S:
        return stretch
    heard = {
        round(span.start_s)
        for turn in turns
        if turn.observation and turn.observation.tool == TOOL_OF["listen"]
        for span in turn.observation.looked
    }
    starts = range(stretch[0], stretch[1], LISTEN_S)
    start_s = next((s for s in starts if s not in heard), starts[0])
    return start_s, min(start_s + LISTEN_S, stretch[1])


def _elsewhere(stretch: Stretch | None, duration_s: int, random: Random) -> Stretch:
    """A stretch of about that length which is not that stretch."""
    length_s = min(max(stretch[1] - stretch[0], 10), LISTEN_S) if stretch else duration_s // 4
    starts = [s for s in range(0, duration_s - length_s + 1, 10) if not stretch or s != stretch[0]]
    start_s = random.choice(starts or [0])
    return start_s, min(start_s + length_s, duration_s)


def _call(tool: str, **arguments: object) -> Call:
    return Call(tool=tool, arguments=arguments, rationale=WHY[tool])


def _content(request: Request) -> tuple[str, list[Frame]]:
    parts = request.messages[-1].parts
    frames = [f for part in parts if isinstance(part, FramesPart) for f in part.frames]
    return "".join(part.text for part in parts if isinstance(part, TextPart)), frames


@lru_cache
def _pattern(name: str, folder: str) -> re.Pattern[str]:
    """Matches a filled template of a tool, with its blanks as groups."""
    blanks = {"ground": ("event", "start", "end", "count"), "analyze": ("media", "query")}[name]
    filled = fill(name, folder, **{blank: f"@@{blank}@@" for blank in blanks})
    pattern = re.escape(filled)
    for blank in blanks:
        mark = re.escape(f"@@{blank}@@")
        pattern = pattern.replace(mark, f"(?P<{blank}>.+?)", 1).replace(mark, ".+?")
    return re.compile(pattern, re.DOTALL)
