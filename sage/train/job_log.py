"""The log file of a job: its end, a search, and what went wrong first. Files of any length are read piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sage.train.job_files import LOG

TAIL = 500
"""Lines that are shown."""
HITS = 200
WIDE = 2000
"""Characters of a line that are shown."""
CHUNK = 1 << 20
START = "Traceback (most recent call last)"
ADVICE = (
    (
        re.compile(r"out of memory|can't allocate memory|MemoryError|Cannot allocate|bad_alloc"),
        "It ran out of memory. Lower micro_tokens (or the batch, or sample_batch), or switch gradient_checkpointing "
        "on, in a new job; to resume this one, make room first. The checkpoints are kept.",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "The disk is full. Free some space, or lower `keep`, and resume: what was saved is kept.",
    ),
    (
        re.compile(r"is no row|cannot be read|No such file or directory|FileNotFoundError"),
        "Something that the settings name is not there, or is not what it should be. Put it there and resume, or "
        "start a new job with other data.",
    ),
    (
        re.compile(r"nan|NaN"),
        "Numbers ran away. Lower the learning rate and start again from an earlier checkpoint.",
    ),
)


class Tail(NamedTuple):
    """The last lines of a log."""

    lines: list[str]
    size: int
    """Bytes of the file when it was read."""
    is_whole: bool


class Hit(NamedTuple):
    """A line that was searched for, with its number from 1."""

    number: int
    text: str


def tail(folder: Path, most: int = TAIL) -> Tail:
    """The last `most` lines; reads no more of the file than it has to."""
    try:
        with (folder / LOG).open("rb") as file:
            size = file.seek(0, 2)
            place, data = size, b""
            while place > 0 and data.count(b"\n") <= most:
                step = min(CHUNK, place)
                place -= step
                file.seek(place)
                data = file.read(step) + data
    except OSError:
        return Tail([], 0, True)
    lines = data.decode("utf-8", "replace").splitlines()
    return Tail([_shown(line) for line in lines[-most:]], size, place == 0 and len(lines) <= most)


def search(folder: Path, text: str, most: int = HITS) -> tuple[list[Hit], int]:
    """The last `most` lines that hold `text`, whatever its case, and how many there are."""
    wanted, found, count = text.casefold(), [], 0
    for number, line in enumerate(_lines(folder), 1):
        if wanted in line.casefold():
            count += 1
            found.append(Hit(number, _shown(line)))
            if len(found) > 2 * most:
                found = found[-most:]
    return found[-most:], count


def problem(folder: Path, since: int = 0) -> str:
    """The first traceback behind byte `since`, whole; else the last lines. Empty for an empty log."""
    taken: list[str] = []
    for line in _lines(folder, since):
        if START in line and not taken:
            taken.append(line)
        elif taken:
            taken.append(line)
            # The line that names the error is the first that is not indented.
            if line and not line.startswith((" ", "\t")) and len(taken) > 1:
                break
    if taken:
        return "\n".join(_shown(line) for line in (*taken[:1], *taken[1:][-40:]))
    return "\n".join([line for line in tail(folder, 12).lines if line.strip()])


def advice(said: str) -> str:
    """What to do about it; empty when that is not known."""
    return next((what for pattern, what in ADVICE if pattern.search(said)), "")


def _lines(folder: Path, since: int = 0) -> Iterator[str]:
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(since)
            for raw in file:
                yield raw.decode("utf-8", "replace").rstrip("\r\n")
    except OSError:
        return


def _shown(line: str) -> str:
    return line if len(line) <= WIDE else line[:WIDE] + " …"
