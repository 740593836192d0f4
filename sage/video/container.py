"""Opening a film with PyAV, guarded.

A film is untrusted: a playlist or a concat script renamed to .mp4 would make the demuxer open other files or
addresses, so only the file protocol and real media formats are allowed. PyAV's log level stays `None`: with
any other, decoder threads log under the interpreter's lock and can deadlock with the collector.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sage.faults import Border, WorldError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,wav,mp3,aac,"
    "flac,gif,h264,hevc,av1,obu,ivf,m4v,dv,mxf,mxf_opatom,rm,nut,w64,aiff,amr,caf,h263,vc1,wtv,ac3,eac3"
)
GUARD = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
"""Demuxer options for PyAV and, as `-name value` before `-i`, for the ffmpeg binary."""


@contextmanager
def open_film(path: str | Path, name: str = "") -> Iterator[InputContainer]:
    """An open container; whatever the demuxer or a decoder raises inside is a WorldError(FILM)."""
    import av  # noqa: PLC0415

    called = name or Path(path).name
    try:
        whole = str(Path(path).absolute())  # else `12:30.mp4` would be taken for a protocol
        with av.open(whole, options=dict(GUARD), metadata_errors="replace") as container:
            yield container
    except av.error.FFmpegError as error:
        raise WorldError(Border.FILM, f"“{called}” could not be read: {_reason(error)}.") from error


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The first moving picture; cover art and thumbnails do not count."""
    from av.stream import Disposition  # noqa: PLC0415

    still = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    for stream in container.streams.video:
        if not stream.disposition & still and stream.codec_context is not None:
            return stream
    return None


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The first sound track that can be decoded."""
    for stream in container.streams.audio:
        if stream.codec_context is not None:
            return stream
    return None


def origin_s(container: InputContainer) -> float:
    """What the container calls the start of the film; times of ours count from there."""
    return (container.start_time or 0) / 1_000_000


def _reason(error: Exception) -> str:
    text = error.args[1] if len(error.args) > 1 else str(error)
    return str(text).strip().rstrip(".").lower() or type(error).__name__
