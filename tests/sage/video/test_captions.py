"""Caption files as they are found in the world become plain lines in film time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.faults import WorldError
from sage.types import FilmInfo
from sage.video.captions import MAX_LINES, parse, read_captions
from sage.video.probe import probe
from tests.films import Line, make_film, to_srt

ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:02.500 align:start position:0%
 
the<00:00:00.400><c> password</c><00:00:00.900><c> is</c>

00:00:02.500 --> 00:00:02.510 align:start position:0%
the password is
 

00:00:02.510 --> 00:00:05.000 align:start position:0%
the password is
blue<00:00:03.000><c> heron</c>

00:00:05.000 --> 00:00:05.010 align:start position:0%
blue heron
 

00:00:05.010 --> 00:00:07.000 align:start position:0%
blue heron
&amp; nothing else
"""

ASS = r"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not spoken
Dialogue: 0,0:00:01.50,0:00:03.00,Default,,0,0,0,,{\i1\pos(1,2)}Good{\i0} evening,\Nladies
"""


def film(duration_s: float = 100.0) -> FilmInfo:
    return FilmInfo(path="/nowhere/film.mp4", digest="0", duration_s=duration_s)


def notes(data: str | bytes) -> list[str]:
    return [line.note for line in parse(data if isinstance(data, bytes) else data.encode())]


def test_rolling_lines_are_told_once_each():
    lines = parse(ROLLING.encode())
    assert [line.note for line in lines] == ["the password is", "blue heron", "& nothing else"]
    assert [(line.start_s, line.end_s) for line in lines][:2] == [(0.0, 2.51), (2.51, 5.01)]


def test_substation_text_loses_its_overrides_and_comments():
    (line,) = parse(ASS.encode())
    assert (line.start_s, line.end_s, line.note) == (1.5, 3.0, "Good evening, ladies")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]
)
def test_usual_encodings_are_understood(encoding):
    assert notes(to_srt([(1, 2, "Crème brûlée à neuf")]).encode(encoding)) == [
        "Crème brûlée à neuf"
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<i>hello</i> <font color='red'>you</font>", "hello you"),
        (r"{\an8}up here", "up here"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("two\nlines", "two lines"),
        ("- Who?\n- Me.", "- Who? - Me."),
        ("\x1b[1;31mred\x1b[0m alert", "red alert"),
        ("[31mred[0m alert", "red alert"),
        ("[20m away] and [a dog barks]", "[20m away] and [a dog barks]"),
    ],
)
def test_formatting_is_stripped_and_text_kept(written, read):
    assert notes(to_srt([(1, 2, written)])) == [read]


def test_a_repeated_line_after_a_pause_is_kept():
    assert notes(to_srt([(1, 2, "No."), (8, 9, "No.")])) == ["No.", "No."]


def test_two_stamps_within_a_line_are_no_cue():
    rolling = "the<00:00:00.400><c> pass</c><00:00:00.900><c> word</c>"
    (line,) = parse(f"WEBVTT\n\n00:00.000 --> 00:02.500\n{rolling}\n".encode())
    assert (line.end_s, line.note) == (2.5, "the pass word")


def test_notes_styles_and_names_of_cues_are_not_spoken():
    text = "WEBVTT\n\nSTYLE\n::cue {color: red}\n\nfirst\n00:01.000 --> 00:02.000\n<v Ann>Hi\n\nNOTE no\n"
    assert notes(text) == ["Hi"]


def test_a_spoken_number_is_kept_and_the_number_of_a_cue_is_not():
    assert notes(to_srt([(1, 2, "How many?\n5"), (3, 4, "7")])) == ["How many? 5", "7"]


def test_windows_line_ends_and_missing_numbers_are_read():
    assert notes(
        "00:00:01,000 --> 00:00:02,000\r\nhi\r\n\r\n00:00:03,000 --> 00:00:04,000\r\nyou\r\n"
    ) == [
        "hi",
        "you",
    ]


@pytest.mark.parametrize("data", [b"just a letter to my aunt", b"\x00\x01\x02\xff" * 50, b"{}"])
def test_what_is_no_caption_file_is_refused_in_a_sentence(data):
    with pytest.raises(WorldError, match="could not be read"):
        parse(data)


def test_an_empty_file_has_no_lines():
    assert parse(b"") == ()


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(data):
    lines = parse(b"1\n00:00:01,000 --> 00:00:02,000\n" + data)
    assert all(line.note.strip() == line.note != "" for line in lines)


@pytest.mark.parametrize(
    "hostile",
    [
        to_srt([(i, i + 1, "<" * 300) for i in range(9000)]),
        "WEBVTT\n\n" + "00:00:01.000 --> 00:00:02.000\n" + "{\\" * 200_000,
        "1\n00:00:01,000 --> 00:00:02,000\n" + "a" * 3_000_000,
        "1\n00:00:01,000 --> 00:00:02,000\nx\n\n" * 80_000,
    ],
)
def test_hostile_files_are_bounded_in_time_and_size(hostile):
    begun = time.monotonic()
    lines = parse(hostile.encode())
    assert len(lines) <= MAX_LINES
    assert max((len(line.note) for line in lines), default=0) <= 2000
    assert time.monotonic() - begun < 20


def test_lines_outside_the_film_are_dropped_and_overhang_is_cut(tmp_path: Path):
    side = tmp_path / "x.srt"
    side.write_text(to_srt([(1, 2, "in"), (9, 14, "over"), (20, 21, "out")]))
    lines = read_captions(film(10.0), str(side))
    assert [(line.note, line.end_s) for line in lines] == [("in", 2.0), ("over", 10.0)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_a_track_inside_the_film_is_read(tmp_path: Path, suffix):
    codec = "libvpx" if suffix == ".webm" else "libx264"
    spoken = [Line(0.5, 1.5, "The password is <i>heron</i>."), Line(2, 2.8, "Für Elise")]
    made = make_film(
        tmp_path / f"film{suffix}", duration_s=3, size=(96, 64), captions=spoken, codec=codec
    )
    lines = read_captions(probe(made))
    assert [line.note for line in lines] == ["The password is heron.", "Für Elise"]
    assert lines[0].start_s == pytest.approx(0.5, abs=0.01)


def test_a_file_beside_the_film_goes_before_the_track_inside(tmp_path: Path):
    made = make_film(
        tmp_path / "film.mp4", duration_s=2, size=(96, 64), captions=[(0, 1, "inside")]
    )
    (tmp_path / "film.en.srt").write_text(to_srt([(0, 1, "beside")]))
    (tmp_path / "film2.srt").write_text(to_srt([(0, 1, "of another film")]))
    info = probe(made)
    assert len(info.captions) == 2
    assert [line.note for line in read_captions(info)] == ["beside"]


def test_a_broken_file_beside_the_film_is_passed_over(tmp_path: Path):
    made = make_film(
        tmp_path / "film.mp4", duration_s=2, size=(96, 64), captions=[(0, 1, "inside")]
    )
    (tmp_path / "film.srt").write_bytes(b"\x00\xff\x00 not captions")
    assert [line.note for line in read_captions(probe(made))] == ["inside"]


def test_a_named_caption_file_that_is_missing_is_an_error(tmp_path: Path):
    with pytest.raises(WorldError, match=r"“gone.srt” could not be read: there is no such file"):
        read_captions(film(), str(tmp_path / "gone.srt"))


def test_a_film_without_captions_has_no_lines():
    assert read_captions(film()) == ()
