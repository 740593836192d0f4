"""Spoken lines of a film, from a caption file or a track inside the film, as plain text in film time.

Caption files are untrusted and often odd: any of the usual encodings, formatting tags, entities, lines that
roll (each cue repeats the last line of the one before). What comes back is text without formatting, every
spoken line once, in order, inside the film. Size and number of lines are bounded.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sage.faults import Border, StopSignal, WorldError
from sage.types import CaptionTrack, FilmInfo, Span
from sage.video.cues import timed_cues
from sage.video.ffmpeg import run_ffmpeg, source

MAX_BYTES = 8 << 20
MAX_LINES = 20_000
MAX_CHARS = 2_000
"""Of one cue; what is beyond is cut off."""
TOUCH_S = 0.5
"""Cues no further apart than this may be one rolling text."""

_TAGS = re.compile(r"\{\\[^{}]{0,500}\}|</?[A-Za-z0-9:.][^<>]{0,500}>")
_ESCAPES = re.compile(
    r"\x1b\[[0-9;?]{0,20}[@-~]|\x1b|\[\d{1,3}(?:;\d{1,3}){0,4}m(?![^\[\]]{0,200}\])"
)
"""Colours of terminals, also where the escape character was lost: `[31m`, but not `[20m away]`."""
_BREAKS = re.compile(r"\\[Nn]|\r\n|\n|\r")
_SPACES = re.compile(r"(?:\\h|\s|[\x00-\x1f\x7f\u200b\u200e\u200f\ufeff])+")
_KNOWN_HEAD = re.compile(r"\s*WEBVTT\b|\s*\[Script Info\]", re.IGNORECASE)
_DRAWING = re.compile(r"\{[^{}]{0,200}\\p[1-9]")
_ASS_HEAD = re.compile(r"\s*(?:;[^\n]*\n\s*)*\[Script Info\]", re.IGNORECASE)


class _Cue(NamedTuple):
    start_s: float
    end_s: float
    lines: tuple[str, ...]


def read_captions(
    film: FilmInfo, side_file: str = "", *, stop: StopSignal | None = None
) -> tuple[Span, ...]:
    """Spoken lines in order of their start; empty when the film has no captions.

    `side_file` wins and must be readable: WorldError(FILM) if it is not. Without it the first track that has
    lines is taken, files beside the film first, English or unmarked language first. A broken one is passed over.
    """
    if side_file:
        return _in_film(parse(_read_file(Path(side_file)), Path(side_file).name), film)
    for track in sorted(film.captions, key=_preference):
        try:
            lines = _in_film(_read_track(film, track, stop), film)
        except WorldError:
            continue
        if lines:
            return lines
    return ()


def parse(data: bytes, name: str = "captions") -> tuple[Span, ...]:
    """Lines of SubRip, WebVTT or (Advanced) SubStation text; WorldError(FILM) when it is none."""
    text = _decode(data[:MAX_BYTES])
    if _ASS_HEAD.match(text[:4000]):
        cues = _substation(text, name)
    else:
        cues = list(islice(timed_cues(text), MAX_LINES))
    if not cues and text.strip() and not _KNOWN_HEAD.match(text[:4000]):
        raise _unreadable(name, "it is no .srt, .vtt or .ass text")
    plain = (_Cue(start_s, end_s, _plain(words)) for start_s, end_s, words in sorted(cues))
    return tuple(_unroll(cue for cue in plain if cue.lines))


def _substation(text: str, name: str) -> list[tuple[float, float, str]]:
    import pysubs2  # noqa: PLC0415

    try:
        loaded = pysubs2.SSAFile.from_string(text, format_="ass")
    except (pysubs2.Pysubs2Error, ValueError, ArithmeticError, LookupError) as error:
        raise _unreadable(name, "its events are damaged") from error
    return [
        (event.start / 1000, event.end / 1000, event.text)
        for event in loaded.events[:MAX_LINES]
        if not event.is_comment and not _DRAWING.search(event.text[:MAX_CHARS])
    ]


def _preference(track: CaptionTrack) -> tuple[bool, bool]:
    embedded = track.source.isdigit()
    return embedded, track.language[:2].lower() not in ("", "en")


def _read_track(film: FilmInfo, track: CaptionTrack, stop: StopSignal | None) -> tuple[Span, ...]:
    if not track.source.isdigit():
        return parse(_read_file(Path(track.source)), Path(track.source).name)
    options = [*source(film.path), "-map", f"0:{track.source}", "-f", "srt", "-"]
    what = f"The captions inside “{film.title}” could not be read"
    return parse(run_ffmpeg(options, what, stop=stop, max_bytes=MAX_BYTES), film.title)


def _read_file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _unreadable(path.name, "there is no such file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError as error:
        raise _unreadable(path.name, (error.strerror or "it cannot be opened").lower()) from error


def _unreadable(name: str, reason: str) -> WorldError:
    return WorldError(Border.FILM, f"The caption file “{name}” could not be read: {reason}.")


def _decode(data: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if data[:400].count(0) * 4 > len(data[:400]):
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(data) - error.start < 4 and len(data) >= MAX_BYTES:  # cut within a letter
            return data[: error.start].decode("utf-8")
    return data.decode("cp1252", "replace")


def _plain(text: str) -> tuple[str, ...]:
    """Lines without formatting; tags go before entities are read, so `&lt;b&gt;` stays text."""
    bare = html.unescape(_TAGS.sub("", _ESCAPES.sub("", text[: 4 * MAX_CHARS])))[:MAX_CHARS]
    lines = (_SPACES.sub(" ", line).strip() for line in _BREAKS.split(bare))
    return tuple(line for line in lines if line)


def _unroll(cues: Iterable[_Cue]) -> Iterator[Span]:
    """Every line once: a cue that begins with the lines the last one ended with adds the rest."""
    held: _Cue | None = None
    shown: tuple[str, ...] = ()
    until_s = float("-inf")
    for cue in cues:
        touching = cue.start_s <= until_s + TOUCH_S
        fresh = cue.lines[_overlap(shown, cue.lines) if touching else 0 :]
        end_s = max(cue.end_s, cue.start_s)
        if fresh and held:
            yield _span(held)
        if fresh:
            held = _Cue(cue.start_s, end_s, fresh)
        elif held:
            held = held._replace(end_s=max(held.end_s, end_s))
        shown, until_s = cue.lines, max(end_s, until_s)
    if held:
        yield _span(held)


def _span(cue: _Cue) -> Span:
    return Span(start_s=cue.start_s, end_s=cue.end_s, note=" ".join(cue.lines))


def _overlap(shown: tuple[str, ...], lines: tuple[str, ...]) -> int:
    """How many lines at the start of `lines` are the last ones of `shown`."""
    for n in range(min(len(shown), len(lines)), 0, -1):
        if shown[-n:] == lines[:n]:
            return n
    return 0


def _in_film(lines: Iterable[Span], film: FilmInfo) -> tuple[Span, ...]:
    end = film.duration_s
    return tuple(
        line.model_copy(update={"start_s": max(0.0, line.start_s), "end_s": min(end, line.end_s)})
        for line in lines
        if line.start_s < end and line.end_s >= 0
    )
