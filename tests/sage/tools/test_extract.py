"""Extraction: exact frames at bin centres, and clips, kept in the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sage.faults import FaultError
from sage.tools.extract import extract_video_parts
from sage.types import FaultKind, Span
from sage.video.probe import probe
from tests.films import make_film, make_sound, read_number
from tests.sage.tools.conftest import MakeWorkspace


def test_frames_are_exact_and_evenly_placed(make_workspace: MakeWorkspace) -> None:
    import numpy as np

    workspace = make_workspace()
    taken = extract_video_parts(workspace, timestamp_start="0", timestamp_end="40")
    assert len(taken.frames) == 10
    for i, frame in enumerate(taken.frames):
        assert frame.at_s == pytest.approx(2 + 4 * i, abs=0.11)
        picture = np.asarray(Image.open(workspace.folder / frame.path))
        assert read_number(picture) == round(frame.at_s * 10)
    assert taken.looked == (Span(start_s=0, end_s=40),)


def test_the_text_names_the_media_to_pass_on(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    taken = extract_video_parts(workspace, timestamp_start="3", timestamp_end="5")
    assert len(taken.frames) == 4
    for frame in taken.frames:
        assert frame.path in taken.text
        assert workspace.media(frame.path).frames == (frame,)


def test_a_clip_is_cut_into_the_run(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    taken = extract_video_parts(
        workspace, timestamp_start="5", timestamp_end="9", extract_type="subclips"
    )
    (clip,) = taken.clips
    assert taken.frames == ()
    assert clip.path in taken.text
    assert (clip.start_s, clip.end_s) == pytest.approx((5, 9), abs=2.1)
    cut = probe(workspace.folder / clip.path)
    assert cut.duration_s == pytest.approx(clip.end_s - clip.start_s, abs=0.3)
    assert workspace.media(clip.path).clips == (clip,)


def test_a_film_of_a_moment_gives_a_frame(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    blink = probe(make_film(tmp_path / "blink.mp4", duration_s=0.4))
    assert len(extract_video_parts(make_workspace(info=blink)).frames) == 1


def test_sound_alone_has_nothing_to_see(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    sound = probe(make_sound(tmp_path / "sound.mp3", duration_s=1))
    with pytest.raises(FaultError, match="sound only") as error:
        extract_video_parts(make_workspace(info=sound))
    assert error.value.fault.kind is FaultKind.NOT_FOUND
