"""The ffmpeg binary: bounded, stoppable, guarded, and its failures are sentences."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sage.faults import StoppedError, StopSignal, WorldError
from sage.video.ffmpeg import run_ffmpeg, source
from tests.films import make_film

ENDLESS = ["-f", "lavfi", "-i", "testsrc=s=64x64", "-f", "rawvideo", "-"]


def test_output_is_cut_at_the_bound_and_the_process_ended():
    assert len(run_ffmpeg(ENDLESS, "It failed", max_bytes=100_000)) == 100_000


def test_a_stop_is_obeyed_at_once():
    stop = StopSignal()
    threading.Timer(0.2, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(StoppedError):
        run_ffmpeg([*ENDLESS[:-3], "-f", "null", "-"], "It failed", stop=stop)
    assert time.monotonic() - begun < 3


def test_progress_is_told_in_film_seconds(tmp_path: Path):
    film = make_film(tmp_path / "a.mp4", duration_s=3, size=(96, 64))
    told: list[float] = []
    slowly = ["-readrate", "2", *source(film), "-f", "null", "-"]
    run_ffmpeg(slowly, "It failed", on_second=told.append)
    assert told == sorted(told)
    assert 0.5 < told[-1] <= 3.1


def test_a_failure_is_one_sentence(tmp_path: Path):
    (tmp_path / "a.mp4").write_text("no film")
    with pytest.raises(WorldError, match=r"^It failed: [^\n]*Invalid data[^\n]*\.$"):
        run_ffmpeg([*source(tmp_path / "a.mp4"), "-f", "null", "-"], "It failed")


@pytest.mark.parametrize(
    "head", ["ffconcat version 1.0\nfile secret.ts\n", "#EXTM3U\n#EXTINF:1,\nsecret.ts\n"]
)
def test_a_playlist_is_not_followed(tmp_path: Path, head):
    make_film(tmp_path / "secret.ts", duration_s=1, size=(96, 64))
    (tmp_path / "list.mp4").write_text(head)
    with pytest.raises(WorldError, match="It failed"):
        run_ffmpeg([*source(tmp_path / "list.mp4"), "-f", "null", "-"], "It failed")
