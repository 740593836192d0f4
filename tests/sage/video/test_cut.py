"""A cut shows the stretch it says it shows, plays anywhere, and is made once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sage.faults import StoppedError, StopSignal, WorldError
from sage.types import FilmInfo, Span
from sage.video import cut
from sage.video.captions import read_captions
from sage.video.cut import cut_clip
from sage.video.frames import read_frames
from sage.video.probe import probe
from tests.films import make_film, make_sound, read_number


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> FilmInfo:
    made = tmp_path_factory.mktemp("films") / "film.mp4"
    return probe(make_film(made, duration_s=20, audio="tone", size=(160, 90)))


def shown(path: Path) -> tuple[float, float]:
    """When the first and last picture of a cut were drawn in a film of 10 fps."""
    info = probe(path)
    pictures = list(read_frames(info, [0.0, 0.1, info.duration_s - 0.1, info.duration_s]))
    return read_number(pictures[0].rgb) / 10, read_number(pictures[-1].rgb) / 10


def test_a_cut_at_a_keyframe_is_copied_and_true(film, tmp_path: Path):
    span = cut_clip(film, 4.2, 9.0, out=tmp_path / "out.mp4")
    assert span.start_s == pytest.approx(4.0)
    assert span.end_s == pytest.approx(9.0, abs=0.25)
    first, last = shown(tmp_path / "out.mp4")
    assert first == pytest.approx(4.0)
    assert last == pytest.approx(span.end_s - 0.1, abs=0.05)


def test_a_cut_between_keyframes_is_encoded_and_exact(film, tmp_path: Path):
    assert cut_clip(film, 5.0, 8.0, out=tmp_path / "out.mp4") == Span(start_s=5, end_s=8)
    first, last = shown(tmp_path / "out.mp4")
    assert (first, last) == (pytest.approx(5.0), pytest.approx(7.9))


@pytest.mark.parametrize("start_s", [4.0, 5.0])
def test_a_cut_plays_in_browsers_and_keeps_its_sound(film, tmp_path: Path, start_s):
    span = cut_clip(film, start_s, start_s + 3, out=tmp_path / "out.mp4")
    info = probe(tmp_path / "out.mp4")
    assert (info.codec, info.pixel_format, info.has_audio) == ("h264", "yuv420p", True)
    assert info.duration_s == pytest.approx(span.end_s - span.start_s, abs=0.2)
    data = (tmp_path / "out.mp4").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("av1.mp4", {"codec": "libaom-av1"}),
        ("ten_bit.mkv", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
        ("plain.mkv", {}),
        ("broadcast.ts", {"audio": "tone"}),
        ("phone.mp4", {"rotation": 90, "size": (90, 160)}),
    ],
)
def test_odd_films_are_cut(tmp_path: Path, name, options):
    source = probe(make_film(tmp_path / name, duration_s=5, **{"size": (160, 90), **options}))
    for start_s in (2.0, 2.9):
        span = cut_clip(source, start_s, 4.0, out=tmp_path / "out.mp4")
        assert shown(tmp_path / "out.mp4")[0] == pytest.approx(span.start_s, abs=0.1)
        info = probe(tmp_path / "out.mp4")
        assert (info.width, info.height, info.codec) == (source.width, source.height, "h264")


def test_odd_names_are_only_names(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = make_film(tmp_path / "plain.mp4", duration_s=3, size=(160, 90), captions=[(0, 1, "hi")])
    odd = made.rename(tmp_path / "12:30 'a%20b'; $(touch x) #?é.mp4")
    film = probe(Path(odd.name))
    assert [line.note for line in read_captions(film)] == ["hi"]
    assert cut_clip(film, 0.5, 2.0, out=tmp_path / "out.mp4").start_s in (0.0, 0.5)
    assert not (tmp_path / "x").exists()


def test_sound_alone_is_cut(tmp_path: Path):
    song = probe(make_sound(tmp_path / "song.mp3", duration_s=5))
    cut_clip(song, 1, 3, out=tmp_path / "out.mp4")
    info = probe(tmp_path / "out.mp4")
    assert (info.has_picture, info.has_audio) == (False, True)
    assert info.duration_s == pytest.approx(2, abs=0.1)


def test_the_same_cut_is_made_once(film, tmp_path: Path, cache: Path):
    first = cut_clip(film, 5, 8, out=tmp_path / "a.mp4")
    (kept,) = (cache / "clips").iterdir()
    stamp = kept.stat().st_ino
    assert cut_clip(film, 5, 8, out=tmp_path / "b.mp4") == first
    assert [p.stat().st_ino for p in (cache / "clips").iterdir()] == [stamp]
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_the_cache_is_bounded(film, tmp_path: Path, cache: Path, monkeypatch):
    monkeypatch.setattr(cut, "CACHE_BYTES", 1)
    for n in range(3):
        cut_clip(film, n, n + 1, out=tmp_path / f"{n}.mp4")
        assert len(list((cache / "clips").iterdir())) == 1
    assert all((tmp_path / f"{n}.mp4").exists() for n in range(3))


def test_a_window_is_clipped_to_the_film_and_must_touch_it(film, tmp_path: Path):
    assert cut_clip(film, 19.0, 99.0, out=tmp_path / "out.mp4").end_s == pytest.approx(20)
    with pytest.raises(ValueError, match="nothing to cut"):
        cut_clip(film, 50, 60, out=tmp_path / "no.mp4")


def test_a_stop_ends_the_encoder_and_leaves_nothing(tmp_path: Path, cache: Path):
    long = probe(make_film(tmp_path / "long.mp4", duration_s=240, size=(320, 180), codec="mpeg4"))
    stop = StopSignal()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(StoppedError):
        cut_clip(long, 0.5, 240, out=tmp_path / "out.mp4", stop=stop)
    assert time.monotonic() - begun < 2.5
    assert not (tmp_path / "out.mp4").exists()
    assert list((cache / "clips").iterdir()) == []


@pytest.mark.parametrize("place", ["/proc/nowhere", __file__])
def test_a_cache_that_cannot_be_used_costs_no_cut(film, tmp_path: Path, monkeypatch, place: str):
    monkeypatch.setenv("SAGE_CACHE", place)
    span = cut_clip(film, 4.2, 9.0, out=tmp_path / "clips" / "out.mp4")
    assert span.start_s == pytest.approx(4.0)
    assert shown(tmp_path / "clips" / "out.mp4")[0] == pytest.approx(4.0)


def test_a_cut_that_cannot_be_kept_is_told(film, tmp_path: Path):
    (tmp_path / "clips").write_text("a file in the way")
    with pytest.raises(WorldError, match="could not be saved"):
        cut_clip(film, 4.2, 9.0, out=tmp_path / "clips" / "out.mp4")
