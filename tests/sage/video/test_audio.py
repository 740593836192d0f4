"""Sound of a window: right length, right place, right pitch, or a sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from sage.faults import StoppedError, StopSignal, WorldError
from sage.types import FilmInfo
from sage.video.audio import RATE, read_audio
from sage.video.probe import probe
from tests.films import make_film, make_sound


def with_beep(path: Path, codec: str) -> FilmInfo:
    """A minute of silence with a tone of 1000 Hz from 30 s to 32 s."""
    wave = "aevalsrc='if(between(t,30,32),0.5*sin(2*PI*1000*t),0)':s=44100:c=stereo:d=60"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", wave]
    subprocess.run([*command, "-c:a", codec, str(path)], check=True)
    return probe(path)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.m4a", "aac"),
        ("a.mp3", "libmp3lame"),
        ("a.mkv", "libopus"),
        ("a.ts", "aac"),
        ("a.wav", "pcm_s16le"),
    ],
)
def test_a_sound_is_found_where_it_is(tmp_path: Path, name, codec):
    sound = read_audio(with_beep(tmp_path / name, codec), 29.0, 33.0)
    assert (sound.shape, sound.dtype) == ((4 * RATE,), np.float32)
    loud = np.flatnonzero(np.abs(sound) > 0.25)
    assert 29 + loud[0] / RATE == pytest.approx(30, abs=0.06)
    assert 29 + loud[-1] / RATE == pytest.approx(32, abs=0.06)
    spectrum = np.abs(np.fft.rfft(sound[RATE + 2000 : 3 * RATE - 2000]))
    assert np.argmax(spectrum) * RATE / (2 * RATE - 4000) == pytest.approx(1000, abs=5)


def test_the_sound_of_a_film_goes_to_its_end(tmp_path: Path):
    film = probe(make_film(tmp_path / "film.mp4", duration_s=3, size=(96, 64), audio="tone"))
    sound = read_audio(film, 1.0, 99.0)
    assert len(sound) == pytest.approx(2 * RATE, abs=RATE // 10)
    assert np.abs(sound[: RATE // 10]).max() > 0.05


def test_neighbouring_windows_join_without_a_seam(tmp_path: Path):
    song = probe(make_sound(tmp_path / "song.m4a", duration_s=6))
    whole = read_audio(song, 1.0, 5.0)
    parts = np.concatenate([read_audio(song, 1.0, 3.0), read_audio(song, 3.0, 5.0)])
    assert np.abs(whole - parts)[100:-100].max() < 0.02


def test_a_film_without_sound_is_a_sentence(tmp_path: Path):
    film = probe(make_film(tmp_path / "mute.mp4", duration_s=1, size=(96, 64)))
    with pytest.raises(WorldError, match=r"“mute.mp4” has no sound, so there is nothing to hear."):
        read_audio(film, 0, 1)


def test_a_window_outside_is_refused_and_a_stop_obeyed(tmp_path: Path):
    song = probe(make_sound(tmp_path / "song.wav", duration_s=2))
    with pytest.raises(ValueError, match="no sound between"):
        read_audio(song, 5, 6)
    stop = StopSignal()
    stop.set()
    with pytest.raises(StoppedError):
        read_audio(song, 0, 1, stop=stop)
