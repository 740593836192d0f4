"""The timed blocks of SubRip and WebVTT text, read in one pass over its lines.

Our own, because pysubs2 takes any line with two stamps for a timing line (the word stamps of automatic
captions are such lines), adds notes, styles and names of cues to what was spoken, and needs minutes for
some hostile files. It reads SubStation files for us, which is its home.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"\s*{_STAMP}\s*--?>\s*{_STAMP}(?=\s|$)", re.ASCII)
_NUMBER = re.compile(r"\s*\d{1,9}\s*", re.ASCII)
_LONGEST = 8_000
"""Characters of one cue; what is beyond is dropped."""


def timed_cues(text: str) -> Iterator[tuple[float, float, str]]:
    """Start and end in seconds and the raw text of each cue, as written, in the order of the file.

    In WebVTT an empty line ends a cue. In SubRip text may hold empty lines, so there a cue lasts until the next
    timing line, less the number that stands before it.
    """
    is_vtt = text.lstrip().startswith("WEBVTT")
    open_cue: tuple[float, float] | None = None
    words: list[str] = []
    for line in re.split(r"\r\n|\n|\r", text):
        timing = _TIMING.match(line) if "->" in line else None
        if timing:
            if open_cue:
                yield (*open_cue, _joined(words if is_vtt else _without_number(words)))
            open_cue, words = _seconds(timing), []
        elif open_cue and is_vtt and not line:
            yield (*open_cue, _joined(words))
            open_cue = None
        elif open_cue:
            words.append(line[:_LONGEST])
    if open_cue:
        yield (*open_cue, _joined(words))


def _seconds(timing: re.Match[str]) -> tuple[float, float]:
    start, end = (
        int(hours or 0) * 3600
        + int(minutes) * 60
        + int(seconds)
        + int((part or "0").ljust(3, "0")) / 1000
        for hours, minutes, seconds, part in (timing.groups()[:4], timing.groups()[4:])
    )
    return start, end


def _without_number(words: list[str]) -> list[str]:
    """Drops the next cue's number, which follows an empty line or is all there is."""
    if words and _NUMBER.fullmatch(words[-1]) and (len(words) == 1 or not words[-2].strip()):
        return words[:-1]
    return words


def _joined(words: list[str]) -> str:
    return "\n".join(words)[:_LONGEST]
