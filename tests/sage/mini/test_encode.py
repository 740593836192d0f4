import shutil

import numpy as np
import pytest

from sage.faults import StopSignal
from sage.mini.encode import write_film
from sage.mini.film import render
from sage.mini.workspace import film_info
from sage.video.audio import read_audio
from sage.video.captions import read_captions
from sage.video.frames import read_frames
from sage.video.probe import probe
from tests.sage.mini.conftest import shortest


@pytest.mark.parametrize("number", [0, 1, 4])
def test_a_decoded_film_shows_what_is_rendered(number, encoded):
    film = shortest(number)
    info = probe(encoded(film))
    step = max(1, film.duration_s // 100)
    errors = [
        np.abs(picture.rgb.astype(int) - render(film, picture.at_s)).mean()
        for picture in read_frames(info, [t + 0.5 for t in range(0, film.duration_s, step)])
    ]
    assert len(errors) > 5
    assert np.mean(errors) < 4
    assert max(errors) < 8


def test_events_are_in_the_file(encoded):
    film = shortest(1)
    info = probe(encoded(film))
    for event in film.events:
        (picture,) = read_frames(info, [event.start_s + 0.2])
        assert picture.at_s == event.start_s
        assert np.abs(picture.rgb.astype(int) - render(film, event.start_s)).mean() < 8


@pytest.mark.parametrize("number", [0, 1])
def test_probing_and_captions_give_what_is_known(number, encoded, root):
    film = shortest(number)
    info = probe(encoded(film))
    known = film_info(film, root / "films")
    assert info.model_copy(update={"digest": known.digest}) == known
    assert read_captions(info) == film.lines


def loudness(info, span):
    return float(np.abs(read_audio(info, span[0], span[1], stop=StopSignal())).mean())


def test_a_tone_stands_for_speech(encoded):
    film = shortest(1)
    info = probe(encoded(film))
    line = film.lines[1]
    assert loudness(info, (line.start_s + 0.5, line.start_s + 2)) > 0.05
    assert loudness(info, (line.start_s - 1, line.start_s - 0.3)) < 0.01


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_lines_are_spoken(tmp_path):
    film = shortest(0)
    info = probe(write_film(film, tmp_path / film.file_name))
    line = film.lines[0]
    assert loudness(info, (line.start_s, line.end_s)) > 0.005


def test_a_film_for_people_is_larger(tmp_path):
    film = shortest(0)
    info = probe(write_film(film, tmp_path / "large.mp4", size=256, speech=False))
    assert (info.width, info.height) == (256, 256)
