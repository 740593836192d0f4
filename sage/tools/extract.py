"""Tool: pictures or a cut from a stretch of the film, for a closer look with analyze."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from sage.faults import FaultError
from sage.timecode import Window, format_time
from sage.tools.base import Workspace
from sage.tools.ground import bin_centres
from sage.types import Clip, FaultKind, Frame, Observation, Span

NAME = "extract-video-parts"
MAX_EXTRACT_S = 300.0
MAX_FRAMES = 10
MAX_FPS = 2.0
LONG_SIDE = 896
"""Twice the glance: small text is what one extracts frames for."""


def extract_video_parts(
    workspace: Workspace,
    *,
    video_path: Annotated[
        str, "may be left empty; only the video of this question can be named"
    ] = "",
    timestamp_start: Annotated[str, "start of the window, HH:MM:SS; empty: of the video"] = "",
    timestamp_end: Annotated[str, "end of the window, HH:MM:SS; empty: of the video"] = "",
    extract_type: Annotated[
        Literal["frames", "subclips"], "frames for detail, subclips for motion and order"
    ] = "frames",
) -> Observation:
    """Takes up to 10 sharp frames, or a clip, out of a window of at most 5 minutes.

    It only extracts; pass the result to analyze to have it looked at.
    """
    workspace.check_video(video_path)
    window = workspace.window(timestamp_start, timestamp_end, limit_s=MAX_EXTRACT_S, tool=NAME)
    if not workspace.film.has_picture:
        raise FaultError(FaultKind.NOT_FOUND, "This file has sound only; there is nothing to see.")
    frames = _take_frames(workspace, window) if extract_type == "frames" else ()
    clips = () if frames else (_cut(workspace, window),)
    return Observation(
        tool=NAME,
        text=_write(frames, clips),
        looked=(Span(start_s=window.start_s, end_s=window.end_s),),
        frames=frames,
        clips=clips,
        notes=window.notes,
    )


def _take_frames(workspace: Workspace, window: Window) -> tuple[Frame, ...]:
    count = max(1, min(MAX_FRAMES, math.ceil(window.length_s * MAX_FPS)))
    workspace.on_progress(f"Taking {count} frames from {window}", None)
    # One by one: a lone instant is read exactly, neighbours far apart are snapped to keyframes.
    pictures = (
        picture
        for at_s in bin_centres(window, count)
        for picture in workspace.pictures([at_s], long_side=LONG_SIDE)
    )
    frames = tuple({frame.path: frame for frame in workspace.save_frames(pictures)}.values())
    if not frames:
        raise FaultError(FaultKind.NOT_FOUND, f"No frame could be read in {window}.")
    return frames


def _cut(workspace: Workspace, window: Window) -> Clip:
    workspace.on_progress(f"Cutting {window}", None)
    return workspace.cut(window.start_s, window.end_s)


def _write(frames: tuple[Frame, ...], clips: tuple[Clip, ...]) -> str:
    lines = [f"{frame.path} at {format_time(frame.at_s)}" for frame in frames]
    lines += [f"{c.path} from {format_time(c.start_s)} to {format_time(c.end_s)}" for c in clips]
    return "Extracted, to be passed to analyze as media_paths:\n" + "\n".join(lines)
