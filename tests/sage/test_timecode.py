"""Times in every spelling models and people use."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage.timecode import find_times, format_clock, format_time, parse_time, parse_window

FIVE_MINUTES = 300.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:01:10", 70),
        ("01:10", 70),
        ("1:10", 70),
        ("70", 70),
        ("70.5", 70.5),
        ("00:01:10.250", 70.25),
        ("00:01:10,5", 70.5),
        (" [01:10] ", 70),
        ("'70'", 70),
        ("1m10s", 70),
        ("70 s", 70),
        ("1 minute and 10 seconds", 70),
        ("2 min", 120),
        (70, 70),
        (70.5, 70.5),
        (0, 0),
        ("start", 0),
        ("end", 300),
    ],
)
def test_literal_readings_need_no_note(text: str | float, seconds: float) -> None:
    assert parse_time(text, FIVE_MINUTES) == (seconds, "")


@pytest.mark.parametrize(
    ("text", "seconds"), [("01:10:00", 70), ("04:59:50", 299.5), ("02:00:99", 120.99)]
)
def test_a_shifted_unit_is_repaired_and_noted(text: str, seconds: float) -> None:
    parsed = parse_time(text, FIVE_MINUTES)
    assert parsed.seconds == pytest.approx(seconds)
    assert text in parsed.note


def test_a_reading_that_fits_is_never_shifted() -> None:
    assert parse_time("01:10:00", 2 * 3600) == (4200, "")


def test_zero_hours_are_not_shifted() -> None:
    with pytest.raises(ValueError, match="beyond the end"):
        parse_time("00:10:00", FIVE_MINUTES)


@pytest.mark.parametrize(("text", "note"), [("300.8", False), ("00:05:04", True)])
def test_a_little_beyond_the_end_is_the_end(text: str, note: bool) -> None:
    parsed = parse_time(text, FIVE_MINUTES)
    assert parsed.seconds == FIVE_MINUTES
    assert bool(parsed.note) == note


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "-5", "1:2:3:4", "1e5", "nan", "９:30", "9" * 5000, "400", "06:00:00"),
        *("06:10", -1, float("nan"), float("inf"), True, None, [], {}),
    ],
)
def test_what_is_no_time_in_the_film_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        parse_time(text, FIVE_MINUTES)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.text(max_size=70), st.floats(0.1, 1e5))
def test_whatever_is_parsed_lies_in_the_film(text: str, duration_s: float) -> None:
    try:
        parsed = parse_time(text, duration_s)
    except ValueError:
        return
    assert 0 <= parsed.seconds <= duration_s


@settings(deadline=None)
@given(st.floats(0, 40_000))
def test_what_is_formatted_parses_back(seconds: float) -> None:
    assert parse_time(format_time(seconds), 50_000).seconds == pytest.approx(seconds, abs=0.0501)
    assert parse_time(format_clock(seconds), 50_000).seconds == pytest.approx(seconds, abs=0.000501)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00"), (5.25, "00:05.2"), (59.96, "01:00"), (3599.99, "1:00:00"), (7384, "2:03:04")],
)
def test_formats(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


@pytest.mark.parametrize(
    ("start", "end", "span", "notes"),
    [
        ("00:01:00", "00:02:00", (60, 120), 0),
        ("", "", (0, 300), 0),
        ("00:00:00", "00:10:00", (0, 300), 1),
        ("00:02:00", "00:01:00", (60, 120), 1),
        ("00:01:00", "00:01:00", (59.5, 60.5), 1),
        ("00:05:00", "00:05:00", (299, 300), 1),
        ("00:00:00", "00:00:00", (0, 1), 1),
        ("01:00:00", "01:10:00", (60, 70), 2),
        ("00:30:00", "01:10:00", (30, 70), 2),
    ],
)
def test_windows(start: str, end: str, span: tuple[float, float], notes: int) -> None:
    window = parse_window(start, end, FIVE_MINUTES)
    assert (window.start_s, window.end_s) == span
    assert len(window.notes) == notes


def test_a_window_behind_the_film_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the end"):
        parse_window("00:07:00", "00:08:00", FIVE_MINUTES)


times = st.one_of(
    st.floats(0, 2e4).map(format_clock), st.integers(0, 400).map(str), st.text(max_size=9)
)


@settings(deadline=None)
@given(times, times, st.floats(0.05, 2e4))
def test_every_window_lies_in_the_film_and_is_not_empty(start: str, end: str, film: float) -> None:
    try:
        window = parse_window(start, end, film)
    except ValueError:
        return
    assert 0 <= window.start_s < window.end_s <= film


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("What is said at 12:41?", (761,)),
        ("What happens between 2:10 and 3:00?", (130, 180)),
        ("Who appears at 0:02:05.5?", (125.5,)),
        ("What is shown in the first minute?", (0, 30, 60)),
        ("in the last 30 seconds", (870, 885, 900)),
        ("What happens after 90 seconds?", (90,)),
        ("around two minutes and 30 seconds", (150,)),
        ("30 seconds before the end", (870,)),
        ("about 10 minutes in, who speaks?", (600,)),
        ("at the 5-minute mark", (300,)),
        ("at minute 5", (300,)),
        ("What is seen at the end of the film?", (900,)),
        ("How does the video end?", (900,)),
        ("At the beginning, what colour is it?", (0,)),
        ("halfway through", (450,)),
        ("at 1:00:00", (60,)),
        ("at 59:00", ()),
        ("Who sits at the end of the table?", ()),
        ("The train leaves at 10:30 am", ()),
        ("Is it a 16:9 picture about a man in a red coat?", ()),
        ("", ()),
    ],
)
def test_times_a_question_names(text: str, times: tuple[float, ...]) -> None:
    assert find_times(text, 900.0) == pytest.approx(times)


@settings(deadline=None)
@given(st.text(max_size=200), st.floats(0.1, 1e5))
def test_found_times_lie_in_the_film(text: str, duration_s: float) -> None:
    found = find_times(text, duration_s)
    assert all(0 <= time <= duration_s for time in found)
    assert list(found) == sorted(set(found))
