"""Tool: when an event is seen, within a window of at most ten minutes.

The window is shown to the tool model in short, overlapping pieces. Its replies are untrusted: a span
is kept only where it lies in the piece whose frames the model was shown.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, NamedTuple

from sage.faults import FaultError
from sage.models.base import Model, Request
from sage.prompts import fill
from sage.timecode import Window, format_time, parse_time
from sage.tools.base import Workspace, add_usage
from sage.types import (
    Fault,
    FaultKind,
    Frame,
    FramesPart,
    Message,
    Observation,
    Reply,
    Span,
    TextPart,
    add_all_or_none,
)

NAME = "ground-event"
MAX_GROUND_S = 600.0
PIECE_S = 60.0
OVERLAP_S = 6.0
PIECE_FRAMES = 32
MAX_FPS = 2.0
LONG_SIDE = 448
BATCH = 4
"""Pieces asked about at a time; between batches progress is told and Stop obeyed."""
JOIN_S = 2.0
"""Found spans this close are one event seen across a border or a blink."""
MAX_SPANS = 20
MAX_REPLY = 8_000
MAX_BRACES = 40
"""A reply with more is not worth repairing, which takes long for text made to be bad."""
SHOWN_FRAMES = 8

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "found": {"type": "boolean"},
        "spans": {
            "type": "array",
            "maxItems": 8,
            "items": {
                "type": "object",
                "properties": {
                    "start": {"type": "string", "maxLength": 12},
                    "end": {"type": "string", "maxLength": 12},
                    "why": {"type": "string", "maxLength": 160},
                },
                "required": ["start", "end", "why"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["found", "spans"],
    "additionalProperties": False,
}


class Piece(NamedTuple):
    """A part of the window and the frames that show it."""

    window: Window
    frames: tuple[Frame, ...]


class Finding(NamedTuple):
    """What one reply says: spans inside the piece, and how many lay outside or were unreadable."""

    spans: tuple[Span, ...]
    dropped: int
    readable: bool


def ground_event(
    workspace: Workspace,
    *,
    event: Annotated[str, "what to look for, described by what can be seen"],
    video_path: Annotated[
        str, "may be left empty; only the video of this question can be named"
    ] = "",
    timestamp_start: Annotated[str, "start of the window, HH:MM:SS; empty: of the video"] = "",
    timestamp_end: Annotated[str, "end of the window, HH:MM:SS; empty: of the video"] = "",
) -> Observation:
    """Finds when something is seen: the times within a window of at most 10 minutes that show it.

    A longer film cannot be searched whole; choose the window that is most likely.
    """
    workspace.check_video(video_path)
    window = workspace.window(timestamp_start, timestamp_end, limit_s=MAX_GROUND_S, tool=NAME)
    if not workspace.film.has_picture:
        raise FaultError(FaultKind.NOT_FOUND, "This file has sound only; there is nothing to see.")
    if not event.strip():
        raise FaultError(FaultKind.BAD_ARGUMENTS, "Describe the event to look for.")
    model = seeing_model(workspace)
    pieces: list[Piece] = []
    replies: list[Reply] = []
    windows = split(window)
    for first in range(0, len(windows), BATCH):
        done = first / len(windows)
        workspace.on_progress(f"Looking for the event in {windows[first]}", done)
        batch = [_show(workspace, part) for part in windows[first : first + BATCH]]
        replies += model.generate([_request(workspace, piece, event) for piece in batch])
        workspace.stop.check()
        pieces += batch
    return _conclude(window, pieces, replies, workspace.film.duration_s)


def seeing_model(workspace: Workspace) -> Model:
    """The tool model; FaultError(UNAVAILABLE) when it takes no pictures."""
    model = workspace.tool_model()
    if not model.can_see:
        raise FaultError(
            FaultKind.UNAVAILABLE,
            f"The model '{model.name}' cannot see pictures, so {NAME} and analyze cannot be used; "
            "go by speech or by the web, or choose a vision model as tool model.",
        )
    return model


def split(window: Window) -> list[Window]:
    """Pieces of equal length, at most a minute, each overlapping the next by a tenth of a minute."""
    if window.length_s <= PIECE_S:
        return [Window(window.start_s, window.end_s)]
    count = math.ceil((window.length_s - OVERLAP_S) / (PIECE_S - OVERLAP_S))
    length_s = (window.length_s + (count - 1) * OVERLAP_S) / count
    starts = [window.start_s + i * (length_s - OVERLAP_S) for i in range(count)]
    return [Window(start, min(start + length_s, window.end_s)) for start in starts]


def bin_centres(window: Window, count: int) -> list[float]:
    """Times in the middle of `count` equal parts."""
    return [window.start_s + (i + 0.5) * window.length_s / count for i in range(count)]


def find_object(text: str) -> dict[str, Any] | None:
    """The JSON object in a reply, repaired where possible; `None` when there is none."""
    import json_repair  # noqa: PLC0415

    start, end = text.find("{"), text.rfind("}")
    if start < 0 or len(text) > MAX_REPLY:
        return None
    body = text[start : end + 1] if end > start else text[start:]
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        if body.count("{") + body.count("[") > MAX_BRACES:
            return None
        value = json_repair.loads(body)
    return value if isinstance(value, dict) else None


def read_finding(text: str, piece: Window, duration_s: float) -> Finding:
    """Spans of a reply, each cut to the piece; whatever lies outside of it or is no time is dropped."""
    value = find_object(text)
    if value is None:
        return Finding((), 0, False)
    listed = value.get("spans")
    listed = listed if isinstance(listed, list) and value.get("found") is not False else []
    spans = [_read_span(item, piece, duration_s) for item in listed[:MAX_SPANS]]
    kept = tuple(span for span in spans if span)
    return Finding(kept, len(spans) - len(kept), True)


def join(spans: list[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch or nearly do as one with the first one's note."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start_s, s.end_s)):
        last = joined[-1] if joined else None
        if last and span.start_s - last.end_s <= JOIN_S:
            end_s = max(last.end_s, span.end_s)
            joined[-1] = Span(start_s=last.start_s, end_s=end_s, note=last.note or span.note)
        else:
            joined.append(span)
    return tuple(joined)


def _show(workspace: Workspace, window: Window) -> Piece:
    count = max(1, min(PIECE_FRAMES, math.ceil(window.length_s * MAX_FPS)))
    times = bin_centres(window, count)
    return Piece(window, workspace.save_frames(workspace.pictures(times, long_side=LONG_SIDE)))


def _request(workspace: Workspace, piece: Piece, event: str) -> Request:
    prompt = fill(
        "ground",
        workspace.setup.prompts,
        event=event.strip()[:1000],
        start=format_time(piece.window.start_s),
        end=format_time(piece.window.end_s),
        count=str(len(piece.frames)),
    )
    parts = (FramesPart(frames=piece.frames), TextPart(text=prompt))
    return Request(
        messages=(Message(role="user", parts=parts),),
        folder=workspace.folder,
        schema=SCHEMA,
        max_tokens=min(1024, workspace.setup.max_tokens),
        seed=workspace.setup.seed,
        stop=workspace.stop,
        on_retry=lambda sentence: workspace.on_progress(sentence, None),
    )


def _read_span(item: Any, piece: Window, duration_s: float) -> Span | None:
    if not isinstance(item, dict):
        return None
    start: Any = item.get("start")
    end: Any = item.get("end", start)
    try:
        start_s, end_s = parse_time(start, duration_s).seconds, parse_time(end, duration_s).seconds
    except ValueError:
        return None
    low, high = min(start_s, end_s), max(start_s, end_s)
    # A single instant, or one frame's label rounded to a second, still is a moment.
    if high - low < 1.0:
        low, high = low - 0.5, high + 0.5
    low, high = max(low, piece.start_s), min(high, piece.end_s)
    why = item.get("why", "")
    note = " ".join(why.split())[:160] if isinstance(why, str) else ""
    return Span(start_s=low, end_s=high, note=note) if high > low else None


def _conclude(
    window: Window, pieces: list[Piece], replies: list[Reply], duration_s: float
) -> Observation:
    findings = [
        read_finding(reply.text, piece.window, duration_s)
        for piece, reply in zip(pieces, replies, strict=True)
    ]
    spans = join([span for finding in findings for span in finding.spans])[:MAX_SPANS]
    fault = None if spans else _nothing(window, findings)
    return Observation(
        tool=NAME,
        text=fault.message if fault else "\n".join(_write(span) for span in spans),
        looked=(Span(start_s=window.start_s, end_s=window.end_s),),
        spans=spans,
        frames=_frames_inside(spans, pieces),
        notes=(*window.notes, *_remarks(findings)),
        fault=fault,
        usage=add_usage(reply.usage for reply in replies),
        usd=add_all_or_none([reply.usd for reply in replies]),
    )


def _nothing(window: Window, findings: list[Finding]) -> Fault:
    if any(finding.readable for finding in findings):
        message = f"The event was not found in {window}; try another window or other words."
        return Fault(kind=FaultKind.NOT_FOUND, message=message)
    message = f"The model that was to look at {window} gave no readable reply; try another tool."
    return Fault(kind=FaultKind.UNAVAILABLE, message=message)


def _remarks(findings: list[Finding]) -> list[str]:
    dropped = sum(finding.dropped for finding in findings)
    unread = sum(not finding.readable for finding in findings)
    remarks = [f"{dropped} reported times outside of what was shown were dropped"] * bool(dropped)
    return remarks + [f"{unread} of {len(findings)} replies could not be read"] * bool(unread)


def _write(span: Span) -> str:
    note = f" {span.note}" if span.note else ""
    return f"[{format_time(span.start_s)} - {format_time(span.end_s)}]{note}"


def _frames_inside(spans: tuple[Span, ...], pieces: list[Piece]) -> tuple[Frame, ...]:
    """A few of the pictures that were looked at inside the spans, in order, each time once."""
    seen = {frame.at_s: frame for piece in pieces for frame in piece.frames}
    inside = [
        seen[at_s] for at_s in sorted(seen) if any(s.start_s <= at_s <= s.end_s for s in spans)
    ]
    step = max(1, math.ceil(len(inside) / SHOWN_FRAMES))
    return tuple(inside[::step])
