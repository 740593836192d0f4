import pytest

from sage.faults import StoppedError, StopSignal, WorldError
from sage.types import Span
from sage.video.frames import read_frames
from sage.video.probe import probe
from sage.video.reel import make_reel
from tests.films import make_film, read_number


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "talk.mp4"
    return probe(make_film(path, duration_s=60, fps=5, audio="tone"))


def reel(film, out, *spans, stop=None, on_progress=lambda *_: None):
    stretches = [Span(start_s=a, end_s=b) for a, b in spans]
    return make_reel(film, stretches, out, stop=stop or StopSignal(), on_progress=on_progress)


def test_the_stretches_follow_one_another_in_order_of_time(film, tmp_path):
    told = []
    path = reel(
        film, tmp_path / "reel.mp4", (41, 43), (10, 12), on_progress=lambda t, d: told.append(d)
    )
    info = probe(path)
    assert info.duration_s == pytest.approx(8, abs=0.5)
    assert info.has_audio
    shown = [read_number(p.rgb) / 5 for p in read_frames(info, [2.0, 6.0], long_side=320)]
    assert shown == pytest.approx([11.0, 42.0], abs=0.4)
    assert told[-1] == 1.0


def test_stretches_that_overlap_are_shown_once_and_stay_inside_the_film(film, tmp_path):
    path = reel(film, tmp_path / "reel.mp4", (56, 58), (57, 60))
    assert probe(path).duration_s == pytest.approx(5, abs=0.5)


def test_stop_leaves_nothing(film, tmp_path):
    stop = StopSignal()
    stop.set()
    with pytest.raises(StoppedError):
        reel(film, tmp_path / "reel.mp4", (10, 12), stop=stop)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_show_is_a_sentence(film, tmp_path):
    with pytest.raises(WorldError, match="no stretch"):
        reel(film, tmp_path / "reel.mp4")
