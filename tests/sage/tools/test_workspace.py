"""What a run's workspace lets be named, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sage.faults import FaultError
from sage.tools.base import Workspace
from sage.types import FaultKind, FilmInfo, Span
from sage.video.frames import Picture
from tests.sage.tools.conftest import MakeWorkspace

FOREIGN = [
    "/etc/passwd",
    "../other_run/frame.jpg",
    "frames/../../other_run/frames/1.jpg",
    "../../uploads/other.mp4",
    "other.mp4",
    "file:///etc/passwd",
    "http://127.0.0.1/secret.jpg",
    "https://example.org/film.mp4",
    "~/.ssh/id_rsa",
    "..",
    "/",
    "frames/a.jpg\x00.png",
    "C:\\windows\\win.ini",
    "frames\\..\\..\\x.jpg",
    "events.jsonl",
    "frames/sub/1.jpg",
]


def picture(at_s: float) -> Picture:
    return Picture(at_s, np.full((18, 32, 3), int(at_s) % 255, np.uint8))


def kind_of(error: pytest.ExceptionInfo[FaultError]) -> FaultKind:
    return error.value.fault.kind


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_media_is_forbidden(name: str, make_workspace: MakeWorkspace) -> None:
    with pytest.raises(FaultError) as error:
        make_workspace().media(name)
    assert kind_of(error) is FaultKind.FORBIDDEN


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_paths_are_forbidden(name: str, make_workspace: MakeWorkspace) -> None:
    with pytest.raises(FaultError) as error:
        make_workspace().path_of(name)
    assert kind_of(error) is FaultKind.FORBIDDEN


def test_a_refusal_does_not_tell_what_exists(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    other = tmp_path / "other_run" / "frames"
    other.mkdir(parents=True)
    (other / "1.jpg").write_bytes(b"secret")
    workspace = make_workspace()
    messages = set()
    for name in (str(other / "1.jpg"), str(other / "2.jpg"), "../other_run/frames/1.jpg"):
        with pytest.raises(FaultError) as error:
            workspace.media(name)
        messages.add(error.value.fault.message)
    assert len(messages) == 1


def test_a_link_out_of_the_run_is_forbidden(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    (workspace.folder / "frames").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (workspace.folder / "frames" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    for check in (workspace.path_of, workspace.media):
        with pytest.raises(FaultError):
            check("frames/link.jpg")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=60)
    | st.lists(st.sampled_from(["..", "frames", "/", "a", ".", "\\"])).map("/".join)
)
def test_no_name_leads_out_of_the_run(name: str, make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    try:
        path = workspace.path_of(name)
    except FaultError:
        return
    assert path.is_relative_to(workspace.folder.resolve())
    assert path != workspace.folder.resolve()


def test_only_the_own_video_may_be_named(make_workspace: MakeWorkspace, film: FilmInfo) -> None:
    workspace = make_workspace()
    for name in ("", "video", film.path, Path(film.path).name, film.title, " The Video "):
        workspace.check_video(name)
    for name in (
        "/etc/passwd",
        "../harbour.mp4",
        f"/elsewhere/{Path(film.path).name}",
        "http://a.b/c.mp4",
    ):
        with pytest.raises(FaultError) as error:
            workspace.check_video(name)
        assert kind_of(error) is FaultKind.FORBIDDEN
        assert name not in str(error.value)


def test_saved_frames_can_be_named(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    frames = workspace.save_frames([picture(1.5), picture(3.0)])
    assert [frame.at_s for frame in frames] == [1.5, 3.0]
    assert all((workspace.folder / frame.path).stat().st_size > 100 for frame in frames)
    absolute = str(workspace.folder / frames[1].path)
    for name in (
        frames[1].path,
        f"./{frames[1].path}",
        absolute,
        frames[1].path.replace("/", "\\"),
    ):
        assert workspace.media(name).frames == (frames[1],)
    assert workspace.path_of(frames[0].path).is_file()


def test_labels_name_all_media_of_a_call(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    frames = workspace.save_frames([picture(1.0), picture(2.0)])
    workspace.add_label("extract-video-parts_#2", frames, ())
    for name in ("extract-video-parts_#2", "extract_video_parts_#2", " Extract-Video-Parts #2"):
        assert workspace.media(name).frames == frames
    with pytest.raises(FaultError) as error:
        workspace.media("extract-video-parts_#3")
    assert kind_of(error) is FaultKind.NOT_FOUND
    assert "extract-video-parts_#2" in str(error.value)


def test_clips_are_known_by_path(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    clip = workspace.add_clip(workspace.clip_path(3, 8), Span(start_s=2.9, end_s=8.0))
    assert clip.path.startswith("clips/")
    assert workspace.media(clip.path).clips == (clip,)


def test_windows_are_limited(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    assert workspace.window("00:00:00", "00:00:20", limit_s=20, tool="t").notes == ()
    cut = workspace.window("00:00:01", "00:00:24", limit_s=20, tool="t")
    assert (cut.start_s, cut.end_s, len(cut.notes)) == (1, 21, 1)
    with pytest.raises(FaultError, match="00:00:05 to 00:00:25") as error:
        workspace.window("00:00:05", "00:00:40", limit_s=20, tool="t")
    assert kind_of(error) is FaultKind.BAD_ARGUMENTS


def test_captions_are_read_once(make_workspace: MakeWorkspace) -> None:
    workspace: Workspace = make_workspace()
    assert [line.note for line in workspace.lines()][1] == "The password is walnut."
    assert workspace.lines() is workspace.lines()
