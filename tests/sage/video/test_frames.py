"""Pictures are what their label says, however they were read; every odd film works or says why not."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.faults import StoppedError, StopSignal, WorldError
from sage.types import FilmInfo
from sage.video.frames import SNAP_SHARE, Picture, fit, read_frames, with_slack
from sage.video.probe import probe
from sage.video.sampling import plan
from tests.films import make_film, make_sound, read_number

FPS = 10


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> FilmInfo:
    return probe(
        make_film(tmp_path_factory.mktemp("films") / "minute.mp4", duration_s=60, audio="tone")
    )


def shown_s(picture: Picture) -> float:
    """The time at which the picture was drawn."""
    return read_number(picture.rgb) / FPS


def worst_label(pictures: list[Picture]) -> float:
    return max(abs(shown_s(p) - p.at_s) for p in pictures)


def cut_file(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def remux(film: Path, out: Path, *options: str) -> Path:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(film), "-c", "copy"]
    subprocess.run([*command, *options, str(out)], check=True)
    return out


def test_close_frames_are_read_exactly(minute):
    times = [10.05 + 0.5 * i for i in range(20)]
    pictures = list(read_frames(minute, times))
    assert [round(p.at_s, 6) for p in pictures] == [round(10 + 0.5 * i, 6) for i in range(20)]
    assert worst_label(pictures) < 0.01


def test_distant_frames_snap_to_keyframes_and_say_so(minute):
    times = plan(60, budget=6)
    pictures = list(read_frames(minute, times))
    assert all(p.at_s % 2 == pytest.approx(0) for p in pictures)
    assert all(abs(p.at_s - t) <= SNAP_SHARE * 10 for p, t in zip(pictures, times, strict=True))
    assert worst_label(pictures) < 0.01


def test_a_single_frame_is_exact(minute):
    (picture,) = read_frames(minute, [33.33])
    assert picture.at_s == pytest.approx(33.3)


def test_unsorted_repeated_and_outside_times_give_each_picture_once(minute):
    pictures = list(read_frames(minute, [7.0, 3.0, 3.0, 3.001, -5.0, 59.5, 99.0]))
    assert [round(p.at_s, 3) for p in pictures] == [0.0, 3.0, 7.0, 59.5, 59.9]


def test_the_tail_of_the_film_is_reached(minute):
    assert [round(p.at_s, 3) for p in read_frames(minute, [59.85, 59.999, 60.0])] == [59.8, 59.9]


@given(st.lists(st.floats(0, 100), max_size=40))
def test_slack_never_lets_two_frames_swap_or_meet(times):
    wanted = with_slack(times, 100.0)
    assert sorted(wanted) == wanted
    for a, b in pairwise(wanted):
        assert a.at_s + a.slack_s < b.at_s - b.slack_s


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("av1.mp4", {"codec": "libaom-av1"}),
        ("ten_bit.mkv", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
        ("vp9.webm", {"codec": "libvpx-vp9"}),
        ("broadcast.ts", {"audio": "tone"}),
        ("plain.mkv", {"audio": "tone"}),
        ("phone.mov", {"rotation": 90, "size": (90, 160)}),
        ("upside_down.mp4", {"rotation": 180}),
        ("phone270.mp4", {"rotation": 270, "size": (90, 160)}),
        ("variable.mp4", {"variable_rate": True}),
    ],
)
def test_odd_films_are_read_with_true_labels(tmp_path: Path, name, options):
    made = make_film(tmp_path / name, duration_s=6, **{"size": (160, 90), **options})
    info = probe(made)
    for times in (plan(info.duration_s, budget=5), plan(info.duration_s)):
        pictures = list(read_frames(info, times))
        assert len(pictures) >= len(times) - 1
        assert worst_label(pictures) <= 0.1
        assert pictures[0].rgb.shape == (info.height, info.width, 3)


def test_pictures_that_stand_for_seconds_are_found(tmp_path: Path):
    film = make_film(
        tmp_path / "slides.mp4", duration_s=120, fps=0.5, size=(160, 90), keyframe_s=60
    )
    times = [9.9, 11.7, 13.9, 57.5, 59.2, 99.9]
    pictures = list(read_frames(probe(film), times))
    assert [read_number(p.rgb) * 2 for p in pictures] == [8, 10, 12, 56, 58, 98]


def test_rotation_is_applied(tmp_path: Path):
    info = probe(make_film(tmp_path / "phone.mp4", duration_s=1, size=(90, 160), rotation=90))
    assert (info.width, info.height, info.rotation) == (90, 160, 90)
    (picture,) = read_frames(info, [0.5])
    assert picture.rgb.shape == (160, 90, 3)
    assert read_number(picture.rgb) == 5


def test_pictures_are_scaled_down_and_never_up(minute):
    (small,) = read_frames(minute, [1.0], long_side=100)
    assert small.rgb.shape == (56, 100, 3)
    assert small.rgb.dtype == np.uint8
    assert fit(320, 180, 448) == (320, 180)
    assert fit(1080, 1920, 448) == (252, 448)


def test_a_film_of_less_than_half_a_second_gives_one_picture(tmp_path: Path):
    info = probe(make_film(tmp_path / "blink.mp4", duration_s=0.4, size=(160, 90)))
    (picture,) = read_frames(info, plan(info.duration_s))
    assert shown_s(picture) == pytest.approx(0.2)


@pytest.mark.parametrize("container", ["fast.mp4", "cut.mkv", "cut.ts"])
def test_a_film_cut_short_is_read_as_far_as_it_goes(tmp_path: Path, minute, container):
    whole = remux(Path(minute.path), tmp_path / container, "-movflags", "+faststart")
    info = probe(cut_file(whole, 0.6))
    assert 25 < info.duration_s < 45
    pictures = list(read_frames(info, plan(info.duration_s, budget=10)))
    assert len(pictures) == 10
    assert worst_label(pictures) <= 0.1


def test_fragmented_films_are_read(tmp_path: Path, minute):
    flags = "+frag_keyframe+empty_moov+default_base_moof"
    info = probe(remux(Path(minute.path), tmp_path / "fragments.mp4", "-movflags", flags))
    pictures = list(read_frames(info, plan(info.duration_s, budget=12)))
    # without an edit list the first picture is shown two pictures late, and the label says that
    assert len(pictures) == 12
    assert worst_label(pictures) <= 0.2 + 1e-6


def test_damage_in_the_middle_costs_only_what_it_hits(tmp_path: Path, minute):
    data = bytearray(Path(minute.path).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = b"\xa5" * 3000
    (tmp_path / "scratched.mp4").write_bytes(data)
    info = probe(tmp_path / "scratched.mp4")
    assert len(list(read_frames(info, plan(60, budget=30)))) >= 28


def test_sound_without_picture_is_a_sentence(tmp_path: Path):
    info = probe(make_sound(tmp_path / "song.m4a", duration_s=1))
    with pytest.raises(WorldError, match="has sound but no picture"):
        list(read_frames(info, [0.5]))


def test_a_film_that_vanished_is_a_sentence(tmp_path: Path):
    info = probe(make_film(tmp_path / "gone.mp4", duration_s=1, size=(96, 64)))
    Path(info.path).unlink()
    with pytest.raises(WorldError, match=r"“gone.mp4” could not be read: no such file"):
        list(read_frames(info, [0.5]))


def test_a_stop_ends_the_reading(minute):
    stop = StopSignal()
    reading = read_frames(minute, [1.0, 2.0, 3.0], stop=stop)
    next(reading)
    stop.set()
    with pytest.raises(StoppedError):
        next(reading)


def test_no_times_give_no_pictures(minute):
    assert list(read_frames(minute, [])) == []
