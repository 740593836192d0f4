"""A probe tells the facts, or refuses in one sentence that names the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sage.faults import Border, WorldError
from sage.types import CaptionTrack
from sage.video.probe import digest, probe
from tests.films import make_film, make_sound, to_srt


def test_the_facts_of_a_plain_film(tmp_path: Path):
    made = make_film(tmp_path / "film.mp4", duration_s=3, audio="silence", captions=[(1, 2, "hi")])
    info = probe(made, title="My film")
    assert (info.width, info.height, info.fps, info.rotation) == (320, 180, 10, 0)
    assert info.duration_s == pytest.approx(3, abs=0.05)
    assert (info.codec, info.pixel_format, info.title) == ("h264", "yuv420p", "My film")
    assert info.has_picture
    assert info.has_audio
    assert info.captions == (CaptionTrack(source="2", codec="mov_text"),)


def test_a_film_without_sound_says_so(tmp_path: Path):
    assert not probe(make_film(tmp_path / "mute.mp4", duration_s=1, size=(96, 64))).has_audio


@pytest.mark.parametrize("name", ["song.m4a", "song.mp3", "song.wav", "song.ogg"])
def test_sound_only_is_a_film_without_picture(tmp_path: Path, name):
    info = probe(make_sound(tmp_path / name, duration_s=2))
    assert (info.has_picture, info.has_audio, info.width, info.fps) == (False, True, 0, 0)
    assert info.duration_s == pytest.approx(2, abs=0.1)


def test_variable_frame_rate_gives_the_mean(tmp_path: Path):
    info = probe(make_film(tmp_path / "v.mp4", duration_s=12, size=(96, 64), variable_rate=True))
    assert info.fps == pytest.approx(80 / 12, abs=0.5)


def test_files_beside_the_film_are_its_captions(tmp_path: Path):
    made = make_film(tmp_path / "film.mp4", duration_s=1, size=(96, 64))
    for name in ("film.srt", "film.de.vtt", "film.SRT.bak", "filmed.srt", "film.part 2.srt"):
        (tmp_path / name).write_text(to_srt([(0, 1, "x")]))
    found = [(Path(t.source).name, t.language, t.codec) for t in probe(made).captions]
    assert found == [("film.srt", "", "srt"), ("film.de.vtt", "de", "vtt")]


def test_the_digest_follows_content_not_name(tmp_path: Path):
    one = make_film(tmp_path / "one.mp4", duration_s=1, size=(96, 64))
    (tmp_path / "two.mp4").write_bytes(one.read_bytes())
    (tmp_path / "three.mp4").write_bytes(one.read_bytes() + b"\0")
    assert digest(one) == digest(tmp_path / "two.mp4") != digest(tmp_path / "three.mp4")


def write(content: bytes):
    return lambda path: path.write_bytes(content)


def cut_before_index(path: Path) -> None:
    make_film(path, duration_s=2, size=(96, 64))
    path.write_bytes(path.read_bytes()[:1500])


BAD = {
    "empty": (write(b""), "the file is empty"),
    "text": (write(b"Dear diary, " * 400), "not a video or sound file"),
    "captions": (write(to_srt([(1, 2, "hi")] * 9).encode()), "not a video or sound file"),
    "random": (write(os.urandom(5000)), "not a video or sound file"),
    "cut": (cut_before_index, "cut off before its index"),
    "header": (write(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"), "cut off before its index"),
    "folder": (Path.mkdir, "it is a folder"),
    "pipe": (os.mkfifo, "not a regular file"),
    "missing": (lambda path: None, "there is no such file"),
    "playlist": (
        write(b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n"),
        "not a video",
    ),
    "script": (write(b"ffconcat version 1.0\nfile /etc/passwd\n"), "not a video"),
    "session": (write(b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"), "not a video"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_film_is_refused_in_one_sentence(tmp_path: Path, kind):
    make, reason = BAD[kind]
    path = tmp_path / f"{kind}.mp4"
    make(path)
    with pytest.raises(WorldError, match=reason) as caught:
        probe(path)
    assert caught.value.border is Border.FILM
    assert str(caught.value).startswith(f"“{kind}.mp4” cannot be used as a film: ")
    assert "\n" not in str(caught.value)


def test_pictures_of_absurd_size_are_not_decoded(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("sage.video.probe.MAX_PIXELS", 1000)
    made = make_film(tmp_path / "huge.mp4", duration_s=0.5, size=(96, 64))
    with pytest.raises(WorldError, match="pictures are too large"):
        probe(made)


def test_a_playlist_does_not_open_the_film_it_names(tmp_path: Path):
    make_film(tmp_path / "secret.ts", duration_s=1, size=(96, 64))
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile secret.ts\n")
    with pytest.raises(WorldError, match="not a video"):
        probe(tmp_path / "list.mp4")
