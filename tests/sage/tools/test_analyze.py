"""Analysis: the tool model sees exactly the named media, and its reply is the result."""

from __future__ import annotations

import pytest

from sage.faults import FaultError
from sage.models.base import Request
from sage.models.scripted import ScriptedModel
from sage.tools.analyze import analyze
from sage.tools.base import Workspace
from sage.tools.extract import extract_video_parts
from sage.types import Clip, ClipPart, FaultKind, FramesPart, Span, TextPart
from tests.sage.tools.conftest import MakeWorkspace


def request_of(workspace: Workspace) -> Request:
    (request,) = workspace.tool_model().requests
    return request


def test_named_frames_are_shown_and_the_reply_is_told(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=[{"text": " Two boats. ", "output_tokens": 3}])
    frames = extract_video_parts(workspace, timestamp_start="3", timestamp_end="5").frames
    seen = analyze(workspace, query="How many boats?", media_paths=[frames[2].path, frames[0].path])
    assert seen.text == "Two boats."
    assert seen.usage.output_tokens == 3
    assert seen.frames == (frames[0], frames[2])
    pictures, text = request_of(workspace).messages[0].parts
    assert isinstance(pictures, FramesPart)
    assert pictures.frames == seen.frames
    assert isinstance(text, TextPart)
    assert "How many boats?" in text.text
    assert [(s.start_s + s.end_s) / 2 for s in seen.looked] == [f.at_s for f in seen.frames]


def test_a_label_stands_for_all_media_of_a_call(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=["A boat."])
    frames = extract_video_parts(workspace, timestamp_start="0", timestamp_end="20").frames
    workspace.add_label("extract-video-parts_#1", frames, ())
    seen = analyze(workspace, query="What?", media_paths=["extract-video-parts_#1"])
    assert seen.frames == frames


def test_clips_are_shown_as_clips(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=["It turns left."])
    clip = workspace.add_clip(workspace.clip_path(2, 6), Span(start_s=2, end_s=6))
    seen = analyze(workspace, query="Which way?", media_paths=[clip.path])
    assert request_of(workspace).messages[0].parts[0] == ClipPart(clip=clip)
    assert seen.clips == (Clip(path=clip.path, start_s=2, end_s=6),)
    assert seen.looked == (Span(start_s=2, end_s=6),)


def test_the_whole_film_is_a_few_frames(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=["A harbour."])
    seen = analyze(workspace, query="Where is it?", media_paths=["video"])
    assert len(seen.frames) == 16
    assert seen.frames[-1].at_s > 35


def test_too_many_frames_are_thinned_with_a_note(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=["Many."])
    names = []
    for start in (0, 10, 20):
        found = extract_video_parts(
            workspace, timestamp_start=str(start), timestamp_end=str(start + 10)
        )
        names += [frame.path for frame in found.frames]
    seen = analyze(workspace, query="What?", media_paths=names)
    assert len(seen.frames) == 16
    assert seen.notes == ("16 of 30 frames were looked at",)


@pytest.mark.parametrize(
    ("query", "paths", "kind"),
    [
        ("", ["video"], FaultKind.BAD_ARGUMENTS),
        ("What?", [], FaultKind.BAD_ARGUMENTS),
        ("What?", ["/etc/passwd"], FaultKind.FORBIDDEN),
        ("What?", ["video", "../x/frames/1.jpg"], FaultKind.FORBIDDEN),
        ("What?", ["frames/0001.000-32x18.jpg"], FaultKind.NOT_FOUND),
        ("What?", ["extract-video-parts_#7"], FaultKind.NOT_FOUND),
    ],
)
def test_wrong_media_are_told_back_before_a_model_is_asked(
    query: str, paths: list[str], kind: FaultKind, make_workspace: MakeWorkspace
) -> None:
    workspace = make_workspace(replies=["never"])
    with pytest.raises(FaultError) as error:
        analyze(workspace, query=query, media_paths=paths)
    assert error.value.fault.kind is kind
    assert workspace.tool_model().left == 1


def test_a_model_that_cannot_see_is_not_asked(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    blind = ScriptedModel([], can_see=False)
    workspace.tool_model = lambda: blind
    with pytest.raises(FaultError, match="cannot see") as error:
        analyze(workspace, query="What?", media_paths=["video"])
    assert error.value.fault.kind is FaultKind.UNAVAILABLE


def test_an_empty_reply_is_told(make_workspace: MakeWorkspace) -> None:
    with pytest.raises(FaultError, match="empty reply"):
        analyze(make_workspace(replies=[" "]), query="What?", media_paths=["video"])
