"""Browsers get the film itself if they can play it, else the least that has to be made."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sage.faults import StoppedError, StopSignal
from sage.types import FilmInfo
from sage.video.probe import probe
from sage.video.proxy import Way, choose_way, playable
from tests.films import make_film, make_sound


def film(codec: str, pixel_format: str = "yuv420p") -> FilmInfo:
    return FilmInfo(path="f", digest="d", duration_s=1, codec=codec, pixel_format=pixel_format)


@pytest.mark.parametrize(
    ("info", "container", "sound", "way"),
    [
        (film("h264"), "mp4", "aac", Way.AS_IS),
        (film("h264"), "mp4", "", Way.AS_IS),
        (film("av1"), "mp4", "opus", Way.AS_IS),
        (film("vp9"), "webm", "opus", Way.AS_IS),
        (film("vp8"), "webm", "vorbis", Way.AS_IS),
        (film("av1"), "webm", "vorbis", Way.AS_IS),
        (film("h264"), "matroska,webm", "aac", Way.PACK_MP4),
        (film("vp9"), "matroska,webm", "opus", Way.PACK_WEBM),
        (film("h264"), "mp4", "ac3", Way.SOUND),
        (film("h264", "yuv420p10le"), "mp4", "aac", Way.ENCODE),
        (film("hevc"), "mp4", "aac", Way.ENCODE),
        (film("mpeg4"), "avi", "mp3", Way.ENCODE),
    ],
)
def test_the_way_is_the_cheapest_that_plays(info, container, sound, way):
    assert choose_way(info, container, sound) is way


def prepare(source: Path, folder: Path) -> tuple[Path, list[float | None]]:
    told: list[float | None] = []
    made = playable(probe(source), folder, on_progress=lambda _, done: told.append(done))
    return made, told


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.mp4", {"audio": "tone"}), ("a.webm", {"codec": "libvpx", "audio": "tone"})],
)
def test_a_film_that_plays_is_left_alone(tmp_path: Path, name, options):
    made = make_film(tmp_path / name, duration_s=1, size=(96, 64), **options)
    assert prepare(made, tmp_path / "made") == (made, [])


@pytest.mark.parametrize(
    ("name", "options", "codec"),
    [
        ("a.mkv", {"audio": "tone"}, "h264"),
        ("a.mov", {"audio": "tone"}, "h264"),
        ("a.ts", {"audio": "tone"}, "h264"),
        ("b.mkv", {"codec": "libvpx-vp9"}, "vp9"),
        ("hevc.mp4", {"codec": "libx265", "audio": "tone"}, "h264"),
        ("old.avi", {"codec": "mpeg4", "audio": "tone"}, "h264"),
        ("phone.mov", {"codec": "libx265", "rotation": 90, "size": (64, 96)}, "h264"),
    ],
)
def test_other_films_are_made_to_play_once(tmp_path: Path, name, options, codec):
    source = probe(make_film(tmp_path / name, duration_s=2, **{"size": (96, 64), **options}))
    made, told = prepare(tmp_path / name, tmp_path / "made")
    info = probe(made)
    assert (info.codec, info.has_audio) == (codec, "audio" in options)
    assert (info.width, info.height) == (source.width, source.height)
    assert info.duration_s == pytest.approx(2, abs=0.3)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert prepare(tmp_path / name, tmp_path / "made") == (made, [])
    assert [p.name for p in (tmp_path / "made").iterdir()] == [made.name]


def test_a_wide_film_is_made_smaller(tmp_path: Path):
    source = make_film(tmp_path / "wide.avi", duration_s=0.5, size=(1920, 1080), codec="mpeg4")
    info = probe(prepare(source, tmp_path / "made")[0])
    assert (info.width, info.height) == (1280, 720)


def test_sound_alone_plays_as_it_is(tmp_path: Path):
    song = make_sound(tmp_path / "song.mp3", duration_s=1)
    assert prepare(song, tmp_path / "made")[0] == song


def test_a_stop_leaves_nothing_behind(tmp_path: Path):
    source = make_film(tmp_path / "long.avi", duration_s=120, size=(320, 180), codec="mpeg4")
    stop = StopSignal()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(StoppedError):
        playable(probe(source), tmp_path / "made", on_progress=lambda *_: None, stop=stop)
    assert list((tmp_path / "made").iterdir()) == []
