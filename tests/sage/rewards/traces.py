"""Traces written by hand, in one line each."""

from __future__ import annotations

import json

from sage import dialect
from sage.types import (
    Action,
    Answer,
    Call,
    Decision,
    Fault,
    FaultKind,
    FilmInfo,
    Invalid,
    Observation,
    Question,
    Reply,
    Stop,
    Trace,
    Turn,
)

FILM = FilmInfo(path="film.mp4", digest="film", duration_s=120.0)
SHAPE = Invalid(fault=Fault(kind=FaultKind.BAD_SHAPE, message="no action"))
NOT_JSON = Invalid(fault=Fault(kind=FaultKind.NOT_JSON, message="no JSON"))


def call(tool: str, fault: FaultKind | None = None, **arguments: object) -> tuple:
    """A call and how it went."""
    return Call(tool=tool, arguments=arguments), fault


def trace_of(
    *steps: Action | str | tuple, text: str | None = None, repaired: bool = False
) -> Trace:
    """Turns from calls, answers (a plain string) and invalid actions; `text` replaces every reply's."""
    turns = []
    for index, step in enumerate(steps, 1):
        action, fault = step if isinstance(step, tuple) else (step, None)
        action = Answer(text=action) if isinstance(action, str) else action
        seen = None
        if isinstance(action, Call):
            told = Fault(kind=fault, message="it failed") if fault else None
            seen = Observation(tool=action.tool, text="found", fault=told)
        turns.append(_turn(index, action, seen, text, repaired))
    last = turns[-1].action if turns else None
    return Trace(
        question=Question(text="what is shown?"),
        film=FILM,
        turns=tuple(turns),
        answer=last.text if isinstance(last, Answer) else None,
        stop=Stop.ANSWERED if isinstance(last, Answer) else Stop.MALFORMED,
    )


def _turn(index: int, action: Action, seen: Observation | None, text: str | None, repaired: bool):
    thought = dialect.Thought(video_context="a ball", answerable=isinstance(action, Answer))
    stage = 1 if index == 1 else 2
    if text is None:
        text = "" if isinstance(action, Invalid) else dialect.write(action, thought, stage)
    return Turn(
        index=index,
        stage=stage,
        thought=thought,
        action=action,
        decision=Decision.SKIP,
        replies=(Reply(text=text),),
        repaired=repaired,
        observation=seen,
    )


def reply(**changes: object) -> str:
    """A stage 1 reply whose keys can be changed or, with `...`, dropped."""
    tools = {"needed": False, "why_no_tool": "", "tool_calls": []}
    body = {
        "video_context": "",
        "query_intent": "",
        "final_answer": "red",
        "recommended_tools": tools,
    }
    body = {k: v for k, v in (body | changes).items() if v is not ...}
    return f"<json>{json.dumps(body)}</json>"
