"""Tool: a question about the video or media extracted from it, answered by the tool model."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from sage.faults import FaultError
from sage.models.base import Request
from sage.prompts import fill
from sage.timecode import Window, format_time
from sage.tools.base import Workspace
from sage.tools.ground import LONG_SIDE, bin_centres, seeing_model
from sage.types import (
    Clip,
    ClipPart,
    FaultKind,
    Frame,
    FramesPart,
    Message,
    Observation,
    Part,
    Span,
    TextPart,
    merge_spans,
)

NAME = "analyze"
MAX_FRAMES = 16
MAX_CLIPS = 4
MAX_QUERY = 2000


class Selection(NamedTuple):
    """What is shown to the model, and what was left out."""

    frames: tuple[Frame, ...]
    clips: tuple[Clip, ...]
    notes: tuple[str, ...]


def analyze(
    workspace: Workspace,
    *,
    query: Annotated[str, "what to find out; it must make sense without the conversation"],
    media_paths: Annotated[
        list[str],
        "paths that extract-video-parts returned, or its label such as extract-video-parts_#1; "
        "or 'video' for a few frames from all over the video",
    ],
) -> Observation:
    """Looks closely at extracted frames or clips and answers a question about them.

    Use it to read text, count, compare or describe; at most 16 frames and 4 clips are looked at.
    """
    if not query.strip() or not media_paths:
        raise FaultError(
            FaultKind.BAD_ARGUMENTS, "analyze needs a query and media_paths to look at."
        )
    selection = _select(workspace, media_paths)
    model = seeing_model(workspace)
    workspace.on_progress("Looking closely", None)
    reply = model.generate([_request(workspace, selection, query)])[0]
    workspace.stop.check()
    if not reply.text.strip():
        raise FaultError(FaultKind.NOT_FOUND, "The model that was to look gave an empty reply.")
    return Observation(
        tool=NAME,
        text=reply.text.strip(),
        looked=_looked(selection),
        frames=selection.frames,
        clips=selection.clips,
        notes=selection.notes,
        usage=reply.usage,
        usd=reply.usd,
    )


def _select(workspace: Workspace, names: list[str]) -> Selection:
    media = [workspace.media(name) for name in names]
    frames = {frame.path: frame for m in media for frame in m.frames}
    clips = {clip.path: clip for m in media for clip in m.clips}
    if any(m.is_film for m in media):
        frames |= {frame.path: frame for frame in _glance(workspace)}
    in_order = sorted(frames.values(), key=lambda frame: frame.at_s)
    shown, notes = in_order, []
    if len(in_order) > MAX_FRAMES:
        step = len(in_order) / MAX_FRAMES
        shown = [in_order[int((i + 0.5) * step)] for i in range(MAX_FRAMES)]
        notes.append(f"{MAX_FRAMES} of {len(in_order)} frames were looked at")
    if len(clips) > MAX_CLIPS:
        notes.append(f"the first {MAX_CLIPS} of {len(clips)} clips were looked at")
    return Selection(tuple(shown), tuple(clips.values())[:MAX_CLIPS], tuple(notes))


def _glance(workspace: Workspace) -> tuple[Frame, ...]:
    if not workspace.film.has_picture:
        raise FaultError(FaultKind.NOT_FOUND, "This file has sound only; there is nothing to see.")
    times = bin_centres(Window(0.0, workspace.film.duration_s), MAX_FRAMES)
    return workspace.save_frames(workspace.pictures(times, long_side=LONG_SIDE))


def _request(workspace: Workspace, selection: Selection, query: str) -> Request:
    prompt = fill(
        "analyze",
        workspace.setup.prompts,
        media=_name_media(selection),
        query=query.strip()[:MAX_QUERY],
    )
    parts: list[Part] = [ClipPart(clip=clip) for clip in selection.clips]
    parts += [FramesPart(frames=selection.frames)] if selection.frames else []
    return Request(
        messages=(Message(role="user", parts=(*parts, TextPart(text=prompt))),),
        folder=workspace.folder,
        max_tokens=min(1024, workspace.setup.max_tokens),
        seed=workspace.setup.seed,
        stop=workspace.stop,
        on_retry=lambda sentence: workspace.on_progress(sentence, None),
    )


def _name_media(selection: Selection) -> str:
    names = [
        f"a clip from {format_time(c.start_s)} to {format_time(c.end_s)}" for c in selection.clips
    ]
    if selection.frames:
        times = ", ".join(format_time(frame.at_s) for frame in selection.frames)
        names.append(f"frames at {times}")
    return "; ".join(names)


def _looked(selection: Selection) -> tuple[Span, ...]:
    """The clips, and half a second around each frame, merged."""
    spans = [Span(start_s=c.start_s, end_s=c.end_s) for c in selection.clips]
    spans += [Span(start_s=max(0.0, f.at_s - 0.25), end_s=f.at_s + 0.25) for f in selection.frames]
    return tuple(merge_spans(spans))
