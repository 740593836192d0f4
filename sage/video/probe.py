"""What is known of a film without looking at its content, or one sentence why it is none.

The duration is what can really be read: a file that was cut short is as long as its last whole picture, not
as long as its header promises. The digest names caches and has to be quick for films of many gigabytes, so it
is a hash of the size and of the first, the middle and the last MiB; an edit that keeps the size and touches
none of these is not seen.
"""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sage.faults import Border, WorldError
from sage.types import CaptionTrack, FilmInfo
from sage.video.container import open_film, origin_s, picture_stream, sound_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.index import IndexEntries
    from av.video.stream import VideoStream

SIDE_SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
MINI_NOTE = "SAGE miniature world"
"""The comment that films of the miniature world carry."""
MAX_PIXELS = 1 << 26
"""Larger pictures (8192 x 8192) are no films; decoding them would only take memory."""
_CHUNK = 1 << 20
_PICTURE_CAPTIONS = {"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub", "dvb_teletext"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


class _Look(NamedTuple):
    """What the first decoded picture tells."""

    width: int
    height: int
    rotation: int
    pixel_format: str


def probe(path: Path, title: str = "") -> FilmInfo:
    """Facts about a film; WorldError(FILM) with one sentence for everything that is none.

    A file with sound only is a film without picture (`has_picture` False, size and fps 0).
    """
    name = title or path.name
    head = _check_file(path, name)
    try:
        with open_film(path, name) as container:
            return _describe(container, path, name)
    except WorldError as error:
        if not isinstance(error.__cause__, ValueError):  # PyAV's "invalid data" is a ValueError
            raise
        raise _refusal(name, _why_unreadable(head)) from error


def digest(path: Path) -> str:
    """24 hex digits naming the content (see the module's docstring for what is hashed)."""
    size = path.stat().st_size
    sums = hashlib.blake2b(str(size).encode(), digest_size=12)
    with path.open("rb") as file:
        for start in (0, max(0, size // 2 - _CHUNK // 2), max(0, size - _CHUNK)):
            file.seek(start)
            sums.update(file.read(_CHUNK))
    return sums.hexdigest()


def side_files(path: Path) -> tuple[CaptionTrack, ...]:
    """Caption files beside a film: same stem, or the stem with a language (`film.en.srt`)."""
    found = []
    try:
        beside = sorted(path.parent.iterdir())
    except OSError:  # a folder that may be entered but not listed
        return ()
    for file in beside:
        rest = file.name[len(path.stem) :]
        if not file.name.startswith(f"{path.stem}.") or file.suffix.lower() not in SIDE_SUFFIXES:
            continue
        language = rest[: -len(file.suffix)].lstrip(".")
        if (rest == file.suffix or _LANGUAGE.fullmatch(language)) and file.is_file():
            codec = file.suffix.lower().lstrip(".")
            found.append(CaptionTrack(source=str(file), language=language, codec=codec))
    return tuple(sorted(found, key=lambda track: len(track.language)))


def _check_file(path: Path, name: str) -> bytes:
    """The first bytes of a regular, readable, non-empty file."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _refusal(name, "it is a folder")
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(name, "it is not a regular file")
        if status.st_size == 0:
            raise _refusal(name, "the file is empty")
        with path.open("rb") as file:
            return file.read(4096)
    except FileNotFoundError as error:
        raise _refusal(name, "there is no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _refusal(name, (reason or "it cannot be opened").lower()) from error


def _refusal(name: str, reason: str) -> WorldError:
    return WorldError(
        Border.FILM, f"“{name}” cannot be used as a film: {reason}; choose another file."
    )


def _why_unreadable(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return (
            "it was cut off before its index was written, as an unfinished download or recording is"
        )
    return "it is not a video or sound file, or its beginning is damaged"


def _describe(container: InputContainer, path: Path, name: str) -> FilmInfo:
    picture, sound = picture_stream(container), sound_stream(container)
    if picture is None and sound is None:
        raise _refusal(name, "it holds neither picture nor sound")
    embedded = tuple(
        CaptionTrack(
            source=str(stream.index),
            language="" if stream.language in (None, "und") else str(stream.language),
            codec=stream.codec_context.name if stream.codec_context else "",
        )
        for stream in container.streams.subtitles
    )
    duration_s = _duration_s(container, path)
    if duration_s <= 0:
        raise _refusal(name, "it holds no picture or sound that can be played")
    look = _first_look(container, picture, name) if picture else _Look(0, 0, 0, "")
    rate = (picture.average_rate or picture.guessed_rate) if picture else None
    return FilmInfo(
        path=str(path),
        digest=digest(path),
        duration_s=duration_s,
        fps=float(rate or 0),
        width=look.width,
        height=look.height,
        rotation=look.rotation,
        codec=picture.codec_context.codec.canonical_name if picture else "",
        pixel_format=look.pixel_format,
        has_picture=picture is not None,
        has_audio=sound is not None,
        captions=side_files(path) + tuple(t for t in embedded if t.codec not in _PICTURE_CAPTIONS),
        title=name,
        is_mini=container.metadata.get("comment") == MINI_NOTE,
    )


def _first_look(container: InputContainer, picture: VideoStream, name: str) -> _Look:
    context = picture.codec_context
    if context.width * context.height > MAX_PIXELS:
        raise _refusal(name, f"its pictures are too large ({context.width} × {context.height})")
    picture.thread_type = "NONE"
    container.seek(0, backward=True)
    frame = next(iter(container.decode(picture)), None)
    if frame is None:
        raise _refusal(name, "none of its pictures can be decoded")
    width, height = frame.width, frame.height
    if picture.sample_aspect_ratio:
        width = max(1, round(width * float(picture.sample_aspect_ratio)))
    rotation = round(-frame.rotation / 90) * 90 % 360
    if rotation % 180:
        width, height = height, width
    return _Look(width, height, rotation, frame.format.name)


def _duration_s(container: InputContainer, path: Path) -> float:
    """Promised length, shortened to what is really in the file; 0 when nothing is."""
    stream = picture_stream(container) or sound_stream(container)
    assert stream is not None
    promised = (container.duration or 0) / 1_000_000
    base = float(stream.time_base or 0)
    entries = stream.index_entries
    if promised and stream.frames and len(entries) >= stream.frames:
        size = path.stat().st_size
        if entries[-1].pos + entries[-1].size <= size:
            return promised
        whole = _first_missing(entries, size)
        return 0.0 if whole == 0 else (entries[whole].timestamp - entries[0].timestamp) * base
    reached = _last_packet_s(container, promised)
    return min(promised, reached) if promised - reached > 1.0 or not promised else promised


def _first_missing(entries: IndexEntries, size: int) -> int:
    """Index of the first sample that ends beyond the file."""
    low, high = 0, len(entries) - 1
    while low < high:
        middle = (low + high) // 2
        if entries[middle].pos + entries[middle].size > size:
            high = middle
        else:
            low = middle + 1
    return low


def _last_packet_s(container: InputContainer, promised: float) -> float:
    """End of the last packet there is; looks at the promised end first, else reads the whole file."""
    start = origin_s(container)
    for from_s in [promised, 0.0] if promised else [0.0]:
        if promised:
            container.seek(round((start + from_s) * 1_000_000), backward=True)
        ends = [
            float(((packet.pts or packet.dts or 0) + (packet.duration or 0)) * packet.time_base)
            for packet in container.demux()
            if packet.size and packet.time_base and packet.stream.type in ("video", "audio")
        ]
        if ends:
            return max(ends) - start
    return 0.0
