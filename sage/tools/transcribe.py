"""Tool: what is said in a stretch of the film, from its captions or by speech recognition."""

from __future__ import annotations

from typing import Annotated

from sage.faults import FaultError
from sage.timecode import Window, format_time
from sage.tools import speech
from sage.tools.base import MAX_TEXT, Workspace
from sage.types import Fault, FaultKind, Observation, Span

MAX_TRANSCRIBE_S = 600.0
NAME = "transcribe-speech"


def transcribe_speech(
    workspace: Workspace,
    *,
    video_path: Annotated[
        str, "may be left empty; only the video of this question can be named"
    ] = "",
    timestamp_start: Annotated[str, "start of the window, HH:MM:SS; empty: of the video"] = "",
    timestamp_end: Annotated[str, "end of the window, HH:MM:SS; empty: of the video"] = "",
) -> Observation:
    """Writes down what is said in a window of at most 10 minutes, each line with its times.

    Use it for anything somebody says, explains, names or announces.
    """
    workspace.check_video(video_path)
    window = workspace.window(timestamp_start, timestamp_end, limit_s=MAX_TRANSCRIBE_S, tool=NAME)
    captions = workspace.lines()
    lines = captions or _recognise(workspace, window)
    inside = tuple(line for line in lines if _overlaps(line, window))
    fault = None if inside else Fault(kind=FaultKind.NOT_FOUND, message=_silence(lines, window))
    return Observation(
        tool=NAME,
        text=_write_all(inside) if inside else _silence(lines, window),
        looked=(Span(start_s=window.start_s, end_s=window.end_s),),
        spans=inside,
        notes=window.notes,
        fault=fault,
    )


def _recognise(workspace: Workspace, window: Window) -> tuple[Span, ...]:
    if not workspace.film.has_audio:
        raise FaultError(
            FaultKind.NOT_FOUND,
            "This film has neither captions nor a sound track, so there is no speech to transcribe.",
        )
    return speech.transcribe(
        workspace.film,
        window,
        setting=workspace.setup.speech,
        stop=workspace.stop,
        on_progress=workspace.on_progress,
    )


def _overlaps(line: Span, window: Window) -> bool:
    """A line across the border of two windows belongs to both."""
    return line.start_s < window.end_s and line.end_s > window.start_s


def _write_all(lines: tuple[Span, ...]) -> str:
    """The lines that fit into a result, and where the rest begins."""
    written: list[str] = []
    room = MAX_TEXT - 100
    for line in lines:
        text = _write(line)
        room -= len(text) + 1
        if room < 0 and written:
            rest = f"[there is more from {format_time(line.start_s)} on; ask for that window]"
            return "\n".join([*written, rest])
        written.append(text)
    return "\n".join(written)


def _write(line: Span) -> str:
    words = " ".join(line.note.split())
    return f"[{format_time(line.start_s)} - {format_time(line.end_s)}] {words}"


def _silence(lines: tuple[Span, ...], window: Window) -> str:
    """Says that nothing is said, and where the nearest lines are."""
    before = [line for line in lines if line.end_s <= window.start_s]
    after = [line for line in lines if line.start_s >= window.end_s]
    near = [f"ends at {format_time(before[-1].end_s)}"] if before else []
    near += [f"starts at {format_time(after[0].start_s)}"] if after else []
    hint = f" The nearest speech {' and '.join(near)}." if near else ""
    return f"Nothing is said in {window}.{hint}"
