"""Action <-> text: the JSON that orchestrators speak, between `<json>` and `</json>`.

Stage 1 says `video_context, query_intent, final_answer, recommended_tools`; stage 2 says
`answerable {verdict, reasoning}, final_answer, recommended_tools`. The released checkpoints speak it too
(SAGE paper, section 3). `parse(write(a)) == a`; what needed repair to be read is told so.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NamedTuple

import json_repair

from sage.text import encodable
from sage.types import Action, Answer, Call, Fault, FaultKind, Invalid, Mode, Thought

Stage = Literal[1, 2]

OPENING, CLOSING = "<json>", "</json>"
THINKING = re.compile(r"\A\s*<think>.*?(</think>|\Z)", re.DOTALL)
TAG = re.compile(r"<(?=/?json>)")
FENCE = re.compile(r"```(?:json)?\s*(\{.*?\})\s*```", re.DOTALL)
KNOWN = {"video_context", "query_intent", "answerable", "final_answer", "recommended_tools"}
EMPTY = {"", "null", "none", "n/a"}
MAX_REPAIR, MAX_OPENED = 64_000, 200
"""Characters and brackets of what is repaired: beyond, the repair would take minutes."""
MAX_FENCES = 40
MAX_DEPTH = 32
"""Levels of a reply that is read; no action needs more than six."""


class Parsed(NamedTuple):
    """What a reply means."""

    action: Action
    thought: Thought
    repaired: bool


def parse(text: str, stage: Stage) -> Parsed:
    """Reads a reply; anything that is no action comes back as Invalid, never as an exception."""
    value, repaired = _read_object(text)
    if value is None:
        return _invalid(
            FaultKind.NOT_JSON, "The reply holds no JSON object between <json> and </json>."
        )
    if not KNOWN & set(value):
        return _invalid(
            FaultKind.BAD_SHAPE,
            f"The JSON has none of the keys {', '.join(_keys(stage))}.",
            repaired,
        )
    thought = _thought(value)
    answer = _text(value.get("final_answer"))
    tools = value.get("recommended_tools")
    tools = tools if isinstance(tools, dict) else {}
    calls = tools.get("tool_calls")
    calls = [calls] if isinstance(calls, dict) else calls if isinstance(calls, list) else []
    if answer is not None and (not calls or not _wants_tool(tools, thought)):
        return Parsed(Answer(text=answer), thought, repaired)
    if calls:
        return Parsed(_call(calls[0]), thought, repaired)
    message = "Neither a final_answer nor a tool call was given; one of them is needed."
    return Parsed(
        Invalid(fault=Fault(kind=FaultKind.BAD_SHAPE, message=message)), thought, repaired
    )


def write(action: Action, thought: Thought, stage: Stage, *, compact: bool = False) -> str:
    """The reply that parses back to `action` and `thought`; an Invalid cannot be written (ValueError).

    `compact` leaves out all white space, for models that pay for each token with seconds of a CPU.
    """
    if isinstance(action, Invalid):
        raise ValueError("an invalid action has no text")
    body: dict[str, Any] = {}
    if stage == 1:
        body["video_context"] = thought.video_context
        body["query_intent"] = thought.query_intent
    else:
        body["answerable"] = {"verdict": bool(thought.answerable), "reasoning": thought.reasoning}
    if isinstance(action, Answer):
        body["final_answer"] = action.text
        body["recommended_tools"] = {"needed": False, "why_no_tool": "", "tool_calls": []}
    else:
        call = {"rationale": action.rationale, "name": action.tool, "arguments": action.arguments}
        body["final_answer"] = None
        body["recommended_tools"] = {"needed": True, "why_no_tool": None, "tool_calls": [call]}
    if compact:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    else:
        text = f"\n{json.dumps(body, ensure_ascii=False, indent=2)}\n"
    # Tags can stand only inside strings, where JSON spells them this way too.
    return f"{OPENING}{TAG.sub(lambda _: chr(92) + 'u003c', text)}{CLOSING}"


def schema(
    stage: Stage,
    mode: Mode,
    call: dict[str, Any],
    *,
    must_answer: bool = False,
    max_tokens: int = 0,
) -> dict[str, Any]:
    """JSON schema of a whole reply, for servers that constrain decoding.

    `call` is the schema of one tool call. With `max_tokens` all texts are bounded so that a reply under constraint
    closes within that many tokens even at one character a token (2048 at least, since those of a call stay as they
    are); without, no text has a bound, which servers compile a hundred times faster.
    """
    if not max_tokens:
        return _unbounded(schema(stage, mode, call, must_answer=must_answer, max_tokens=4096))
    answers = must_answer or mode is Mode.DIRECT
    thought = _thought_schema(stage, max_tokens)
    answer = _object(
        **thought,
        final_answer=_string(max_tokens // 4, least=1),
        recommended_tools=_object(
            needed={"type": "boolean", "enum": [False]},
            why_no_tool=_string(max_tokens // 16),
            tool_calls={"type": "array", "items": call, "maxItems": 0},
        ),
    )
    if answers:
        return answer
    tool = _object(
        **thought,
        final_answer={"type": "null"},
        recommended_tools=_object(
            needed={"type": "boolean", "enum": [True]},
            why_no_tool={"type": "null"},
            tool_calls={"type": "array", "items": call, "minItems": 1, "maxItems": 1},
        ),
    )
    if mode is Mode.AGENT and stage == 1:
        return tool
    return {"anyOf": [answer, tool]}


def _read_object(text: str) -> tuple[dict[str, Any] | None, bool]:
    """The JSON object of a reply and whether it had to be repaired."""
    body = _cut_out(THINKING.sub("", text))
    if body is None:
        return None, False
    try:
        value = json.loads(body, strict=False)
        repaired = False
    except (ValueError, RecursionError):
        if len(body) > MAX_REPAIR or body.count("{") + body.count("[") > MAX_OPENED:
            return None, False
        try:
            value = json_repair.loads(body)
        except (ValueError, RecursionError):
            return None, False
        repaired = True
    if not isinstance(value, dict) or not value or _depth(value) > MAX_DEPTH:
        return None, repaired
    return encodable(value), repaired


def _depth(value: Any) -> int:
    """Levels of lists and objects, counted without recursion and no further than MAX_DEPTH + 1."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        inside = [
            v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)
        ]
        depth += bool(inside)
        level = [inner for values in inside for inner in values]
    return depth


def _cut_out(text: str) -> str | None:
    if OPENING in text:
        return text.rsplit(OPENING, 1)[1].split(CLOSING, 1)[0].strip()
    fenced = FENCE.findall(text) if text.count("```") <= MAX_FENCES else []
    if fenced:
        return fenced[-1]
    start = text.find("{")
    if start < 0:
        return None
    end = text.rfind("}")
    return text[start : end + 1] if end > start else text[start:]


def _thought(value: dict[str, Any]) -> Thought:
    answerable = value.get("answerable")
    if isinstance(answerable, bool):
        answerable = {"verdict": answerable}
    answerable = answerable if isinstance(answerable, dict) else {}
    verdict = answerable.get("verdict")
    return Thought(
        video_context=_text(value.get("video_context")) or "",
        query_intent=_text(value.get("query_intent")) or "",
        answerable=verdict if isinstance(verdict, bool) else None,
        reasoning=_text(answerable.get("reasoning")) or "",
    )


def _call(value: Any) -> Action:
    """The first call; whether the tool exists and its arguments fit is for the registry to say."""
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("name"), str)
        or not value["name"].strip()
    ):
        return Invalid(
            fault=Fault(kind=FaultKind.BAD_SHAPE, message="A tool call needs a name and arguments.")
        )
    arguments = value.get("arguments", {})
    if not isinstance(arguments, dict):
        message = f"The arguments of {value['name']} must be a JSON object."
        return Invalid(fault=Fault(kind=FaultKind.BAD_SHAPE, message=message))
    return Call(
        tool=value["name"].strip(),
        arguments=arguments,
        rationale=_text(value.get("rationale")) or "",
    )


def _wants_tool(tools: dict[str, Any], thought: Thought) -> bool:
    """Where a reply gives both an answer and a call: does it mean the call?"""
    if thought.answerable is not None:
        return not thought.answerable
    return tools.get("needed") is True


def _text(value: Any) -> str | None:
    """A text, with the ways models write null taken as null."""
    if isinstance(value, bool | int | float):
        return str(value)
    if not isinstance(value, str) or value.strip().lower() in EMPTY:
        return None
    return value


def _invalid(kind: FaultKind, message: str, repaired: bool = False) -> Parsed:
    return Parsed(Invalid(fault=Fault(kind=kind, message=message)), Thought(), repaired)


def _keys(stage: Stage) -> tuple[str, ...]:
    first = ("video_context", "query_intent") if stage == 1 else ("answerable",)
    return (*first, "final_answer", "recommended_tools")


def _thought_schema(stage: Stage, max_tokens: int) -> dict[str, Any]:
    if stage == 1:
        return {
            "video_context": _string(max_tokens // 4),
            "query_intent": _string(max_tokens // 16),
        }
    verdict = {"type": "boolean"}
    return {"answerable": _object(verdict=verdict, reasoning=_string(max_tokens // 4))}


def _unbounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unbounded(inner) for key, inner in value.items() if key != "maxLength"}
    return [_unbounded(inner) for inner in value] if isinstance(value, list) else value


def _string(most: int, least: int = 0) -> dict[str, Any]:
    bounds: dict[str, Any] = {"type": "string", "maxLength": most}
    return {**bounds, "minLength": least} if least else bounds


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
