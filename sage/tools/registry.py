"""The tools, listed by hand. Schema, validation and prompt text of each come from its function's signature.

The paper's names and those the released checkpoints were trained with mean the same tools and arguments.
Models spell arguments in many ways; spellings that can mean only one thing are accepted, the rest is told back.
"""

from __future__ import annotations

import ast
import inspect
import json
import time
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from sage.faults import Border, FaultError, WorldError
from sage.timecode import format_clock
from sage.tools.analyze import analyze
from sage.tools.base import MAX_TEXT, Workspace
from sage.tools.extract import MAX_EXTRACT_S, extract_video_parts
from sage.tools.ground import MAX_GROUND_S, ground_event
from sage.tools.search import web_search
from sage.tools.transcribe import MAX_TRANSCRIBE_S, transcribe_speech
from sage.tools.website import parse_website
from sage.types import Call, Decision, Fault, FaultKind, Observation, Usage

Names = Literal["paper", "released"]

SPELLINGS: dict[str, tuple[str, ...]] = {
    "query": ("question", "text", "prompt", "q"),
    "website_url": ("url", "website", "link", "page_url"),
    "max_content_length": ("max_length", "max_chars"),
    "num_results": ("n_results", "count", "max_results"),
    "timestamp_start": ("start", "start_time", "start_timestamp", "start_s", "from"),
    "timestamp_end": ("end", "end_time", "end_timestamp", "end_s", "to"),
    "event": ("event_description", "description", "query", "text"),
    "extract_type": ("type", "kind"),
    "media_paths": ("media_path", "media", "paths", "path", "frames", "files"),
    "video_path": ("video",),
}
"""What else models call an argument; taken only where the tool has no argument of that name."""


@dataclass(frozen=True)
class Tool:
    """A tool as models and people know it."""

    name: str
    """Name in the paper."""
    alias: str
    """Name the released checkpoints were trained with."""
    function: Callable[..., Observation]
    arguments: type[BaseModel]
    description: str
    decision: Decision
    window_s: float | None = None
    """Longest stretch of the film a call may name."""


def _tool(
    alias: str,
    function: Callable[..., Observation],
    decision: Decision,
    *,
    window_s: float | None = None,
) -> Tool:
    name = function.__name__.replace("_", "-")
    description = inspect.cleandoc(function.__doc__ or "")
    return Tool(name, alias, function, _arguments(function), description, decision, window_s)


def _arguments(function: Callable[..., Observation]) -> type[BaseModel]:
    """A model with a field for each keyword argument; text beside the type describes the field."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        hint = hints[parameter.name]
        texts = [m for m in typing.get_args(hint)[1:] if isinstance(m, str)]
        if texts:
            hint = typing.Annotated[hint, Field(description=" ".join(texts))]
        is_required = parameter.default is inspect.Parameter.empty
        fields[parameter.name] = (hint, ... if is_required else parameter.default)
    config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)
    return create_model(f"{function.__name__}_arguments", __config__=config, **fields)


TOOLS: tuple[Tool, ...] = (
    _tool("unified_web_search", web_search, Decision.SEARCH),
    _tool("parse_web_data", parse_website, Decision.SEARCH),
    _tool("verbal_transcript", transcribe_speech, Decision.TRANSCRIBE, window_s=MAX_TRANSCRIBE_S),
    _tool("identify_timestamps_visually", ground_event, Decision.ZOOM, window_s=MAX_GROUND_S),
    _tool(
        "extract_parts_from_timestamp", extract_video_parts, Decision.ZOOM, window_s=MAX_EXTRACT_S
    ),
    _tool("perform_reasoning", analyze, Decision.ZOOM),
)

_BY_NAME = {_key: tool for tool in TOOLS for _key in (tool.name, tool.alias)}


def find_tool(name: str) -> Tool | None:
    """The tool of that name: the paper's or the released checkpoints', `_` and `-` alike."""
    text = name.strip().lower()
    return next((_BY_NAME[n] for n in (text, text.replace("_", "-")) if n in _BY_NAME), None)


@cache
def describe(names: Names = "paper") -> str:
    """The tools as prompt text."""
    text = "\n\n".join(_describe(tool) for tool in TOOLS)
    if names == "released":
        for tool in TOOLS:
            text = text.replace(tool.name, tool.alias)
    return text


@cache
def call_schema(names: Names = "paper") -> dict[str, Any]:
    """JSON schema of one tool call. Every key is required, so that constrained decoding always closes."""
    return {"anyOf": [_call_schema(tool, names) for tool in TOOLS]}


def check_call(call: Call, workspace: Workspace) -> Call:
    """The call with its canonical name and arguments; checking it again gives it back.

    FaultError: UNKNOWN_TOOL, BAD_ARGUMENTS, FORBIDDEN or, for media that was never extracted, NOT_FOUND.
    Timestamps that had to be repaired stay as written, so that running the call notes the repair.
    """
    tool = find_tool(call.tool)
    if tool is None:
        released = workspace.setup.names == "released"
        known = ", ".join(t.alias if released else t.name for t in TOOLS)
        raise FaultError(
            FaultKind.UNKNOWN_TOOL, f"There is no tool '{call.tool[:60]}'; there are {known}."
        )
    arguments = _validate(tool, _respell(tool, call.arguments, workspace))
    if "video_path" in arguments:
        workspace.check_video(arguments["video_path"])
        arguments["video_path"] = workspace.video_name
    for name in arguments.get("media_paths", ()):
        workspace.media(name)
    if tool.window_s is not None:
        arguments |= _timestamps(tool, arguments, workspace)
    return call.model_copy(update={"tool": tool.name, "arguments": arguments})


def run_call(call: Call, workspace: Workspace, n: int) -> Observation:
    """Checks and runs a call, the `n`-th of its tool in this run; what is wrong becomes `fault`.

    StoppedError and WorldError(MODEL) pass; other failures of the world are told as UNAVAILABLE.
    """
    started = time.monotonic()
    tool = find_tool(call.tool)
    name = tool.name if tool else call.tool[:60]
    observation = _run(call, workspace)
    text, is_cut = _cut(observation.text)
    observation = observation.model_copy(
        update={
            "tool": name,
            "label": f"{name}_#{n}",
            "text": text,
            "notes": observation.notes
            + ((f"the result was cut to {MAX_TEXT} characters",) * is_cut),
            "seconds": time.monotonic() - started,
        }
    )
    if tool:
        label, alias = observation.label, f"{tool.alias}_#{n}"
        workspace.add_label(label, observation.frames, observation.clips, alias=alias)
    return observation


def _run(call: Call, workspace: Workspace) -> Observation:
    try:
        checked = check_call(call, workspace)
        tool = _BY_NAME[checked.tool]
        return tool.function(workspace, **checked.arguments)
    except FaultError as error:
        fault = error.fault
    except WorldError as error:
        if error.border is Border.MODEL:
            raise
        fault = Fault(kind=FaultKind.UNAVAILABLE, message=str(error))
    return Observation(tool=call.tool[:60], text=fault.message, fault=fault, usage=Usage())


def _cut(text: str) -> tuple[str, bool]:
    if len(text) <= MAX_TEXT:
        return text, False
    return f"{text[:MAX_TEXT].rstrip()}\n[cut: {len(text) - MAX_TEXT} more characters]", True


def _respell(tool: Tool, given: dict[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Arguments under their own names; nulls are dropped, lists written as text are read."""
    own = tool.arguments.model_fields
    found = {name: value for name, value in given.items() if name in own and value is not None}
    for name in own:
        spelled = [s for s in SPELLINGS.get(name, ()) if s in given and s not in own]
        if name not in found and spelled:
            found[name] = given[spelled[0]]
    taken = {s for name in own for s in (name, *SPELLINGS.get(name, ()))}
    for name, value in given.items():
        if name == "video_path" and name not in own:
            workspace.check_video(str(value or ""))
        elif name not in taken and value is not None:
            found[name] = value
    if "media_paths" in found:
        found["media_paths"] = _to_list(found["media_paths"])
    if isinstance(found.get("extract_type"), str):
        found["extract_type"] = _extract_type(found["extract_type"])
    return found


def _to_list(value: Any) -> Any:
    """A single path, or a list written as text, as a list."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("["):
        try:
            return ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [value]
    return [part.strip() for part in value.split(",") if part.strip()]


def _extract_type(value: str) -> str:
    text = value.strip().lower().replace("-", "").replace("_", "")
    if text in ("frame", "image", "images"):
        return "frames"
    return "subclips" if text in ("clip", "clips", "subclip", "video") else text


def _validate(tool: Tool, given: dict[str, Any]) -> dict[str, Any]:
    try:
        return tool.arguments.model_validate(given).model_dump()
    except ValidationError as error:
        problems = "; ".join(_problem(e["loc"], e["type"], e["msg"]) for e in error.errors()[:3])
        fields = ", ".join(tool.arguments.model_fields)
        raise FaultError(
            FaultKind.BAD_ARGUMENTS, f"{tool.name}: {problems}. It takes: {fields}."
        ) from None


def _problem(where: tuple[int | str, ...], kind: str, message: str) -> str:
    name = ".".join(str(part) for part in where)[:60]
    if kind == "extra_forbidden":
        return f"there is no argument '{name}'"
    if kind == "missing":
        return f"'{name}' is missing"
    return f"'{name}': {message[:1].lower()}{message[1:]}"


def _timestamps(tool: Tool, arguments: dict[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Start and end as HH:MM:SS, unless something about them is to be noted when the call runs."""
    start, end = arguments["timestamp_start"], arguments["timestamp_end"]
    window = workspace.window(start, end, limit_s=tool.window_s or 0.0, tool=tool.name)
    if window.notes:
        return {}
    return {
        "timestamp_start": format_clock(window.start_s),
        "timestamp_end": format_clock(window.end_s),
    }


def _describe(tool: Tool) -> str:
    lines = [f"{tool.name}: {' '.join(tool.description.split())}"]
    schema = tool.arguments.model_json_schema()
    for name, field in schema["properties"].items():
        kind = _kind(field)
        if name not in schema.get("required", []):
            kind += (
                f", default {json.dumps(field['default'])}" if field["default"] else ", optional"
            )
        lines.append(f"  - {name} ({kind}): {field.get('description', '')}")
    return "\n".join(lines)


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(json.dumps(value) for value in field["enum"])
    kind = {"array": "list of strings", "integer": "whole number"}.get(field["type"], field["type"])
    if "minimum" in field and "maximum" in field:
        return f"{kind}, {field['minimum']} to {field['maximum']}"
    return str(kind)


def _call_schema(tool: Tool, names: Names) -> dict[str, Any]:
    properties = tool.arguments.model_json_schema()["properties"]
    arguments = {name: _plain(name, field) for name, field in properties.items()}
    return _object(
        rationale={"type": "string", "minLength": 1, "maxLength": 400},
        name={"type": "string", "enum": [tool.name if names == "paper" else tool.alias]},
        arguments=_object(**arguments),
    )


def _plain(name: str, field: dict[str, Any]) -> dict[str, Any]:
    """A field's schema without titles and defaults, its texts and lists bounded."""
    if name == "video_path":
        return {"type": "string", "enum": ["video"]}
    if name.startswith("timestamp_"):
        return {"type": "string", "pattern": "^[0-9]{2}:[0-5][0-9]:[0-5][0-9]$"}
    plain = {k: v for k, v in field.items() if k not in ("title", "default", "description")}
    if plain.get("type") == "string" and "enum" not in plain:
        plain |= {"minLength": 1, "maxLength": 400}
    if plain.get("type") == "array":
        plain["items"] = {"type": "string", "minLength": 1, "maxLength": 120}
        plain.setdefault("maxItems", 16)
    return plain


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
