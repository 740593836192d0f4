"""The state of one question to one film: what to ask the model next, what its reply means, when it is over.

A pure state machine. It reads no file and calls no model, so one driver can step a single episode live
(`agent.play`) and another many in lockstep (training). Stage 1 is a glance at sampled frames; stage 2 is text
only and sees the results of the last calls (SAGE paper, section 3).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sage import dialect
from sage.faults import StopSignal
from sage.models.base import Request, Situation, ignore
from sage.prompts import fill
from sage.text import encodable
from sage.timecode import format_time
from sage.tools.page_text import clean
from sage.tools.registry import call_schema, describe, find_tool
from sage.types import (
    Action,
    Answer,
    Call,
    Decision,
    Fault,
    FaultKind,
    FilmInfo,
    Frame,
    FramesPart,
    Invalid,
    Message,
    Mode,
    Observation,
    Question,
    Reply,
    Setup,
    Stop,
    TextPart,
    Thought,
    Turn,
)

HISTORY = 10
"""Results of this many calls are shown in stage 2."""


class Episode:
    """Steps: `request()` -> model -> `take(reply)` -> for a Call, tool -> `close(observation)`; until `stop`."""

    def __init__(
        self,
        question: Question,
        film: FilmInfo,
        setup: Setup,
        *,
        frames: Sequence[Frame],
        folder: Path,
    ) -> None:
        self.question = question
        self.film = film
        self.setup = setup
        self.frames = tuple(frames)
        self.folder = folder
        self.turns: list[Turn] = []
        self.stop: Stop | None = None
        self.answer: str | None = None
        self.limit = ""
        self._replies: list[Reply] = []
        self._thought = Thought()
        self._repaired = False
        self._began = 0.0

    @property
    def index(self) -> int:
        """1-based index of the turn being decided."""
        return len(self.turns) + 1

    @property
    def stage(self) -> Literal[1, 2]:
        return 1 if not self.turns else 2

    @property
    def must_answer(self) -> bool:
        return self.setup.mode is Mode.DIRECT or bool(self.limit)

    def force(self, limit: str) -> None:
        """From now on only an answer is taken, because `limit` (turns, seconds, usd) is reached."""
        self.limit = self.limit or limit

    def request(
        self,
        stop: StopSignal | None = None,
        on_retry: Callable[[str], None] = ignore,
        on_wait: Callable[[str], None] = ignore,
    ) -> Request:
        """What to ask the model now; after a malformed reply the same again, warmer."""
        if not self._replies:
            self._began = time.monotonic()
        if self.index >= self.setup.limits.turns and self.setup.mode is not Mode.DIRECT:
            self.force("turns")
        attempt = len(self._replies)
        parts = (TextPart(text=self._prompt()),)
        return Request(
            messages=(Message(role="user", parts=(*self._pictures(), *parts)),),
            folder=self.folder,
            schema=_schema(
                self.stage,
                self.setup.mode,
                self._names,
                must_answer=self.must_answer,
                max_tokens=self.setup.max_tokens if self.setup.is_bounded else 0,
            ),
            max_tokens=self.setup.max_tokens,
            temperature=self.setup.retry_temperature if attempt else self.setup.temperature,
            seed=self.setup.seed + attempt,
            stop=stop or StopSignal(),
            on_retry=on_retry,
            on_wait=on_wait,
            situation=self._situation(),
        )

    def take(self, reply: Reply) -> Action:
        """Reads a reply. An Invalid leaves the turn open for another try, until the retries are used up."""
        reply = reply.model_copy(update={"text": encodable(reply.text)})
        self._replies.append(reply)
        action, self._thought, self._repaired = dialect.parse(reply.text, self.stage)
        action = self._allowed(action, reply)
        if isinstance(action, Invalid) and len(self._replies) > self.setup.retries:
            self.stop = Stop.MALFORMED
            self._finish(action, None)
        elif isinstance(action, Answer):
            self.answer = action.text
            self.stop = Stop.FORCED if self.limit else Stop.ANSWERED
            self._finish(action, None)
        return action

    def draft(self, call: Call) -> Turn:
        """The turn as far as it is decided, for showing while its tool runs."""
        return self._turn(call, None)

    def failed_before(self, call: Call) -> Fault | None:
        """The fault to give instead of running a call that failed in the same form already."""
        for turn in self.turns:
            seen = turn.observation
            if not (seen and seen.fault and isinstance(turn.action, Call)):
                continue
            if _key(turn.action) == _key(call):
                message = f"This very call failed in turn {turn.index}: {seen.fault.message}"
                return Fault(kind=FaultKind.REPEATED, message=message)
        return None

    def close(self, call: Call, observation: Observation) -> Turn:
        """Ends the turn with what the tool brought."""
        return self._finish(call, observation)

    def count(self, tool: str) -> int:
        """How often a tool was called so far."""
        return sum(isinstance(t.action, Call) and t.action.tool == tool for t in self.turns)

    @property
    def _names(self) -> Literal["paper", "released"]:
        return "released" if self.setup.names == "released" else "paper"

    def _allowed(self, action: Action, reply: Reply) -> Action:
        """An action that the mode or a limit forbids is malformed."""
        message = ""
        if isinstance(action, Invalid):
            broke_off = {
                "length": f"The reply was cut off after {self.setup.max_tokens} tokens.",
                "loop": "The reply went round in circles and was cut off.",
                "safety": "The provider's safety filter held the reply back.",
            }
            message = broke_off.get(reply.finish, "")
        elif isinstance(action, Call) and self.must_answer:
            message = "A tool was called where only an answer is possible."
        elif isinstance(action, Answer) and self.setup.mode is Mode.AGENT and self.stage == 1:
            message = "" if self.limit else "An answer was given before any look, in agent mode."
        if not message:
            return action
        return Invalid(fault=Fault(kind=FaultKind.BAD_SHAPE, message=message))

    def _finish(self, action: Action, observation: Observation | None) -> Turn:
        turn = self._turn(action, observation)
        self.turns.append(turn)
        self._replies = []
        return turn

    def _turn(self, action: Action, observation: Observation | None) -> Turn:
        return Turn(
            index=self.index,
            stage=self.stage,
            thought=self._thought,
            action=action,
            decision=_decision(action, self.stage),
            replies=tuple(self._replies),
            repaired=self._repaired,
            forced=bool(self.limit),
            frames=self.frames if self.stage == 1 else (),
            observation=observation,
            seconds=round(time.monotonic() - self._began, 4),
        )

    def _pictures(self) -> tuple[FramesPart, ...]:
        return (FramesPart(frames=self.frames),) if self.stage == 1 and self.frames else ()

    def _situation(self) -> Situation:
        return Situation(
            question=self.question,
            film=self.film,
            setup=self.setup,
            mode=self.setup.mode,
            stage=self.stage,
            turns=tuple(self.turns),
            must_answer=self.must_answer,
        )

    def _prompt(self) -> str:
        folder = self.setup.prompts
        facts = {
            "video": clean(self.film.title or Path(self.film.path).name),
            "duration": f"{format_time(self.film.duration_s)} ({self.film.duration_s:.1f} s)",
            "sound": _sound(self.film, self.setup),
            "question": _question_text(self.question),
        }
        if self.setup.mode is Mode.DIRECT:
            return fill("direct", folder, **facts)
        facts |= {"tools": describe(self._names), "rule": self._rule()}
        if self.stage == 1:
            return fill("context", folder, **facts)
        glance, last = self.turns[0].thought, self.turns[-1]
        return fill(
            "reason",
            folder,
            context=glance.video_context or "nothing was noted",
            intent=glance.query_intent or "see the question",
            history="\n\n".join(_result_text(t) for t in self.turns[-HISTORY:]),
            previous=_call_text(last),
            **facts,
        )

    def _rule(self) -> str:
        if self.must_answer:
            return fill("rule_last", self.setup.prompts)
        if self.setup.mode is Mode.AGENT and self.stage == 1:
            return fill("rule_agent", self.setup.prompts)
        return ""


@cache
def _schema(
    stage: Literal[1, 2],
    mode: Mode,
    names: Literal["paper", "released"],
    *,
    must_answer: bool,
    max_tokens: int,
) -> dict[str, Any]:
    """Schemas are large and few: each is worked out once and never changed."""
    call = call_schema(names)
    return dialect.schema(stage, mode, call, must_answer=must_answer, max_tokens=max_tokens)


def _decision(action: Action, stage: int) -> Decision:
    """What a person sees: an answer right after the glance skips all the rest."""
    if isinstance(action, Call):
        tool = find_tool(action.tool)
        return tool.decision if tool else Decision.SKIP
    if isinstance(action, Answer):
        return Decision.SKIP if stage == 1 else Decision.ANSWER
    return Decision.SKIP


def _key(call: Call) -> str:
    return json.dumps([call.tool, call.arguments], sort_keys=True, default=str)


def _sound(film: FilmInfo, setup: Setup) -> str:
    if film.captions or setup.captions:
        return "yes, with captions" if film.has_audio else "none, but captions"
    return "yes" if film.has_audio else "none"


def _question_text(question: Question) -> str:
    letters = (f"{chr(65 + i)}. {choice}" for i, choice in enumerate(question.choices))
    return "\n".join([question.text, *letters])


def _call_text(turn: Turn) -> str:
    if not isinstance(turn.action, Call):
        return "none"
    return f"{turn.action.tool}({json.dumps(turn.action.arguments, ensure_ascii=False)})"


def _result_text(turn: Turn) -> str:
    seen = turn.observation
    if seen is None:
        return f"Turn {turn.index}: no call"
    result = f"could not be done: {seen.fault.message}" if seen.fault else seen.text
    notes = "".join(f"\nNote: {note}" for note in seen.notes)
    return f"{seen.label or seen.tool} = {_call_text(turn)}\n{result}{notes}"
