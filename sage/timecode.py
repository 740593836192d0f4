"""Times as people and models write them, to and from seconds.

Readings are literal first. Models shift units (`01:10:00` for 1 min 10 s of a 5-minute film), so a
clock time that cannot lie in the film is read one unit lower, and a note says so; a reading that
fits is never "corrected".
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

SLACK_S = 5.0
"""A time at most this far beyond the end of the film means the end."""

_MAX_CHARS = 60
_POINT_S = 0.01
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,5}):(\d{1,2}(?:[.,]\d{1,6})?)", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?", re.ASCII)
_UNITS = re.compile(
    r"(?:(\d{1,4})\s*(?:h|hr|hrs|hours?))?[\s,]*(?:and\s+)?"
    r"(?:(\d{1,6}(?:\.\d{1,3})?)\s*(?:m|min|mins|minutes?))?[\s,]*(?:and\s+)?"
    r"(?:(\d{1,9}(?:\.\d{1,6})?)\s*(?:s|sec|secs|seconds?))?",
    re.ASCII | re.IGNORECASE,
)
_WORDS = {"start": 0.0, "beginning": 0.0, "the start": 0.0, "the beginning": 0.0}
_ENDS = ("end", "the end", "video end", "end of video")


class Parsed(NamedTuple):
    """A time in the film; `note` is a sentence when it was not read as written."""

    seconds: float
    note: str = ""


def parse_time(value: str | float | int, duration_s: float) -> Parsed:
    """Seconds in [0, duration_s] from HH:MM:SS, MM:SS, SS, decimals, `1m10s` or a number.

    A duration of 0 or less means "unknown": then every literal reading fits. ValueError, with a
    sentence for whoever wrote the time, when it is no time or no reading lies in the film.
    """
    text = _clean(value)
    limit = duration_s if duration_s > 0 else math.inf
    literal, shifted = _readings(text, limit)
    if literal is None and shifted is None:
        raise ValueError(f"{_quote(text)} is not a time; write HH:MM:SS")
    if literal is not None and literal <= limit:
        return Parsed(literal)
    if literal is not None and literal <= limit + SLACK_S:
        note = f"{_quote(text)} is beyond the end of the film; read as {format_time(limit)}"
        return Parsed(limit, note if literal > limit + 1 else "")
    if shifted is not None and shifted <= limit:
        return Parsed(
            shifted,
            f"{_quote(text)} cannot be in a film of {format_time(limit)}; "
            f"read as minutes:seconds, {format_time(shifted)}",
        )
    raise ValueError(f"{_quote(text)} is beyond the end of the film ({format_time(limit)})")


class Window(NamedTuple):
    """A stretch of the film, 0 <= start_s < end_s <= duration; notes say what was repaired."""

    start_s: float
    end_s: float
    notes: tuple[str, ...] = ()

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    def __str__(self) -> str:
        return f"{format_time(self.start_s)} - {format_time(self.end_s)}"


def parse_window(start: str, end: str, duration_s: float) -> Window:
    """The stretch two times name; empty text means the film's start or end.

    An end beyond the film is clamped, swapped ends are swapped back, an empty one is widened to a
    second, and a start is read one unit lower when its end had to be. ValueError when a text is no
    time, or the start lies beyond the film.
    """
    (high, note), is_lowered = _parse_end(end, duration_s)
    notes = [note] if note else []
    lowered = _lowered(start, high) if is_lowered else None
    try:
        first = parse_time(start, duration_s) if start.strip() else Parsed(0.0)
    except ValueError:
        if lowered is None:
            raise
        first = lowered
    if lowered and first.seconds >= high:
        first = lowered
    notes += [first.note] if first.note else []
    low = first.seconds
    if low > high:
        low, high = high, low
        notes.append(f"start and end were swapped; read as {Window(low, high)}")
    if high - low < _POINT_S and duration_s > high - low:
        low, high = _widen(low, duration_s)
        notes.append(f"the window was empty; widened to {Window(low, high)}")
    return Window(low, high, tuple(notes))


def format_time(seconds: float) -> str:
    """`MM:SS`, or `H:MM:SS` from an hour on; tenths only when the time is not whole."""
    tenths = max(0, round(seconds * 10))
    whole, rest = divmod(tenths, 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    tail = f":{second:02d}" + (f".{rest}" if rest else "")
    return f"{hours}:{minute:02d}{tail}" if hours else f"{minute:02d}{tail}"


def format_clock(seconds: float) -> str:
    """`HH:MM:SS`, with up to three decimals: how tools are called. Parsing gives the time back."""
    millis = max(0, round(seconds * 1000))
    whole, rest = divmod(millis, 1000)
    clock = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return clock + (f".{rest:03d}".rstrip("0") if rest else "")


def _clean(value: str | float | int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | float | int):
        raise ValueError("a time is text like HH:MM:SS or a number of seconds")
    if isinstance(value, str):
        return " ".join(value.strip(" \t\r\n[](){}\"'`").split())
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{value} is not a time in the film")
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _quote(text: str) -> str:
    return f"'{text[:_MAX_CHARS]}'"


def _readings(text: str, limit: float) -> tuple[float | None, float | None]:
    """The literal reading and, for three fields, the one a unit lower; `None` where none is."""
    if not text or len(text) > _MAX_CHARS:
        return None, None
    if clock := _CLOCK.fullmatch(text):
        return _clock(clock)
    if _NUMBER.fullmatch(text):
        return float(text.replace(",", ".")), None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()], None
    if text.lower() in _ENDS and math.isfinite(limit):
        return limit, None
    if units := _UNITS.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in units.groups())
        return hours * 3600 + minutes * 60 + seconds, None
    return None, None


def _clock(match: re.Match[str]) -> tuple[float | None, float | None]:
    first, middle, last = match[1], int(match[2]), float(match[3].replace(",", "."))
    if first is None:
        return (middle * 60 + last, None)
    literal = int(first) * 3600 + middle * 60 + last if middle < 60 and last < 60 else None
    # `00:10:00` is a window of ten minutes asked of a shorter film, not ten seconds.
    can_shift = int(first) > 0 and middle < 60 and last < 100
    return literal, int(first) * 60 + middle + last / 100 if can_shift else None


def _parse_end(end: str, duration_s: float) -> tuple[Parsed, bool]:
    """The end of a window, and whether it was read one unit lower."""
    if not end.strip():
        return Parsed(duration_s), False
    literal, shifted = _readings(_clean(end), duration_s)
    try:
        last = parse_time(end, duration_s)
    except ValueError:
        if literal is None:
            raise
        note = f"{_quote(end)} is beyond the film; read as its end, {format_time(duration_s)}"
        return Parsed(duration_s, note), False
    return last, bool(last.note) and last.seconds == shifted


def _lowered(start: str, last: float) -> Parsed | None:
    """`00:30:00` read as 30 s, for a start whose end was read one unit lower and lies at `last`."""
    match = _CLOCK.fullmatch(_clean(start))
    if not match or match[1] is None:
        return None
    seconds = int(match[1]) * 60 + int(match[2]) + float(match[3].replace(",", ".")) / 100
    note = f"{_quote(start)} was read as minutes:seconds like the end, {format_time(seconds)}"
    return Parsed(seconds, note) if seconds < last else None


def _widen(at_s: float, duration_s: float) -> tuple[float, float]:
    """A second around a time, inside the film."""
    low = max(0.0, min(at_s - 0.5, duration_s - 1.0))
    return low, min(duration_s, low + 1.0)


_SMALL = (
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty "
    "fifty sixty ninety"
)
_VALUES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 30, 40, 50, 60, 90)
_NUMBERS = {
    **dict(zip(_SMALL.split(), _VALUES, strict=True)),
    **{"a": 1, "an": 1, "half a": 0.5, "half an": 0.5},
}
_COUNT = r"(\d{1,5}(?:\.\d{1,3})?|half an?|" + "|".join(_SMALL.split()) + r"|an?)"
_UNIT = r"(seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h)\b"
_AMOUNT = rf"{_COUNT}[\s-]*{_UNIT}(?:(?:\s*,)?(?:\s+and)?\s+{_COUNT}[\s-]*{_UNIT})?"
_CLOCKS = re.compile(
    r"(?<![\d:.])(?:\d{1,2}:)?\d{1,3}:\d{2}(?:\.\d{1,3})?(?![\d:])(?!\s*[ap]\.?m\b)", re.IGNORECASE
)
_BEFORE_END = re.compile(rf"\b{_AMOUNT}\s+(?:before|from)\s+(?:the\s+)?end\b", re.IGNORECASE)
_POINT = re.compile(
    rf"\b(?:at|after|around|about|from|until|till|since|near|past)\s+(?:about\s+|around\s+|the\s+)?{_AMOUNT}",
    re.IGNORECASE,
)
_INTO = re.compile(
    rf"\b{_AMOUNT}(?:\s+in\b(?!\s+(?:a|the|which)\b)|\s+into\b|[\s-]+mark\b)", re.IGNORECASE
)
_NTH = re.compile(r"\b(minute|second|hour)\s+(\d{1,5})\b", re.IGNORECASE)
_STRETCH = re.compile(
    rf"\b(first|opening|last|final|closing)\s+(?:{_COUNT}[\s-]+)?{_UNIT}", re.IGNORECASE
)
# "at the end of the table" is a place, not a time.
_OF_FILM = r"(?!\s+of\s+(?!the\s+(?:video|film|clip|movie)))"
_OPENING = re.compile(
    r"\b(?:at|in|from)\s+the\s+(?:very\s+)?(?:beginning|start|opening)\b" + _OF_FILM,
    re.IGNORECASE,
)
_MIDDLE = re.compile(
    r"\bhalf-?way\b|\b(?:at|in)\s+the\s+middle\b" + _OF_FILM,
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\b(?:film|video|movie|clip)\s+ends?\b"
    r"|\b(?:at|near|towards?|until|by|in)\s+the\s+(?:very\s+)?end(?:ing)?\b" + _OF_FILM,
    re.IGNORECASE,
)


def find_times(text: str, duration_s: float) -> tuple[float, ...]:
    """Times in the film that a text names, in order; a stretch by its start, middle and end.

    Knows clock times, "after 90 seconds", "2 minutes in", "at minute 5", "the last 30 seconds", "at
    the end". Times beyond the film are left out.
    """
    text = text[:4000]
    found: list[float] = []
    for match in _CLOCKS.finditer(text):
        try:
            found.append(parse_time(match[0], duration_s).seconds)
        except ValueError:
            continue
    found += [duration_s - _amount(m.groups()) for m in _BEFORE_END.finditer(text)]
    rest = _BEFORE_END.sub(" ", text)
    found += [_amount(m.groups()) for pattern in (_POINT, _INTO) for m in pattern.finditer(rest)]
    found += [_amount((m[2], m[1])) for m in _NTH.finditer(rest)]
    for match in _STRETCH.finditer(rest):
        found += _stretch(match, duration_s)
    ends = ((_OPENING, 0.0), (_MIDDLE, duration_s / 2), (_CLOSING, duration_s))
    found += [time for pattern, time in ends if pattern.search(rest)]
    return tuple(sorted({round(time, 3) for time in found if 0 <= time <= duration_s}))


def _amount(parts: tuple[str | None, ...]) -> float:
    """Seconds of (count, unit, count, unit); the last two may be missing."""
    total = 0.0
    for count, unit in zip(parts[::2], parts[1::2], strict=True):
        if count and unit:
            total += _count(count) * {"s": 1, "m": 60, "h": 3600}[unit[0].lower()]
    return total


def _count(text: str) -> float:
    words = " ".join(text.lower().split())
    return float(_NUMBERS[words]) if words in _NUMBERS else float(words)


def _stretch(match: re.Match[str], duration_s: float) -> list[float]:
    length = min(_amount((match[2] or "1", match[3])), duration_s)
    start = 0.0 if match[1].lower() in ("first", "opening") else duration_s - length
    return [start, start + length / 2, start + length]
