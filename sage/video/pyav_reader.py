"""Pictures of a film by time, through PyAV: any codec, rotation applied, memory flat.

A picture is read in one of two ways. A snap seeks to a keyframe and decodes that one packet, which takes
milliseconds; an exact read decodes from the keyframe before, without the pictures nobody refers to until
shortly before the target. What comes back carries the time stamp of the picture itself, so a label is true
whichever way it was read. Containers without an index (MPEG-TS, some Matroska) are searched by seeking.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sage.faults import StopSignal
from sage.types import FilmInfo
from sage.video.container import open_film, origin_s, picture_stream

if TYPE_CHECKING:
    import numpy as np
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

LEAD_S = 1.0
"""So long before the target every picture is decoded, not only those that others refer to."""
_TOUCH_S = 0.002
"""Time stamps are rounded; a picture this little after the target is the one on screen."""
_BACK_S = (0.0, 2.0, 10.0, math.inf)
"""How far before the target a seek is tried when it lands behind it."""
_BEFORE_S = -1.0
"""A seek to the very start may land behind the first keyframe; one to before it does not."""
_FORWARD_S = 5.0
"""Without an index, a target this near is reached by decoding on rather than by a seek."""


class Picture(NamedTuple):
    """A picture of the film: its true time and its pixels."""

    at_s: float
    rgb: np.ndarray
    """uint8, (height, width, 3), as displayed."""


class Wanted(NamedTuple):
    """An instant to read, and how far from it a picture may lie."""

    at_s: float
    slack_s: float = 0.0


@contextmanager
def open_reader(film: FilmInfo, size: tuple[int, int], stop: StopSignal) -> Iterator[PyavReader]:
    """A reader that scales to `size` = (width, height) as displayed; the film must have a picture."""
    with open_film(film.path, film.title) as container:
        stream = picture_stream(container)
        assert stream is not None, "only films with a picture are read"
        yield PyavReader(container, stream, rotation=film.rotation, size=size, stop=stop)


class PyavReader:
    """Reads one film; ask for instants in rising order, then no stretch is decoded twice."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        *,
        rotation: int,
        size: tuple[int, int],
        stop: StopSignal,
    ) -> None:
        self._container, self._stream, self._stop = container, stream, stop
        self._rotation, self._size = rotation, size
        self._base = float(stream.time_base or 1)
        self._origin_s = origin_s(container)
        self._frames: Iterator[VideoFrame] | None = None
        """Decoding in progress; None right after a snap or at the start."""
        self._shown: VideoFrame | None = None
        self._next: VideoFrame | None = None
        self._target_s = 0.0
        stream.thread_type = "SLICE"

    def read(self, wanted: Wanted) -> Picture | None:
        """The picture for an instant, or None when nothing there can be decoded."""
        self._stop.check()
        frame = self._snap(wanted) or self._exact(wanted.at_s)
        return self._picture(frame) if frame else None

    def _snap(self, wanted: Wanted) -> VideoFrame | None:
        """The keyframe nearest to the instant, if it lies within the slack."""
        if wanted.slack_s <= 0:
            return None
        key_s = self._nearest_key_s(wanted.at_s)
        if abs(key_s - wanted.at_s) > wanted.slack_s or not self._seek(key_s):
            return None
        packet = next(self._packets(), None)
        if packet is None or not packet.is_keyframe or packet.pts is None:
            return None
        if abs(self._film_s(packet.pts) - wanted.at_s) > wanted.slack_s:
            return None
        frames = [*self._decode(packet), *self._decode(None)]
        return frames[0] if frames else None

    def _exact(self, at_s: float) -> VideoFrame | None:
        """The picture on screen at an instant: the last one that begins no later."""
        self._target_s = at_s
        if self._goes_on_to(at_s):
            return self._forward(at_s)
        for back_s in _BACK_S:
            if not self._seek(max(_BEFORE_S, at_s - back_s)):
                continue
            self._frames = self._decoded()
            self._next = next(self._frames, None)
            early = self._next is not None and self._time(self._next) <= at_s + _TOUCH_S
            if early or at_s - back_s <= _BEFORE_S:
                return self._forward(at_s)
        return None

    def _goes_on_to(self, at_s: float) -> bool:
        if self._frames is None or self._shown is None or self._time(self._shown) > at_s + _TOUCH_S:
            return False
        if self._next is None or self._time(self._next) > at_s:
            return True
        key_s = self._key_before_s(at_s)
        if key_s is None:
            return at_s - self._time(self._next) < _FORWARD_S
        return key_s <= self._time(self._next)

    def _forward(self, at_s: float) -> VideoFrame | None:
        assert self._frames is not None
        while self._next is not None and (
            self._shown is None or self._time(self._next) <= at_s + _TOUCH_S
        ):
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown

    def _seek(self, at_s: float) -> bool:
        """Goes to the keyframe at or before an instant and forgets what was decoded."""
        import av  # noqa: PLC0415

        self._frames = self._shown = self._next = None
        offset = math.floor((at_s + self._origin_s + _TOUCH_S) / self._base)
        try:
            self._container.seek(offset, stream=self._stream, backward=True)
        except av.error.FFmpegError:
            return False
        return True

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Packets from here on; a broken file ends where it breaks."""
        import av  # noqa: PLC0415

        try:
            for packet in self._container.demux(self._stream):
                if packet.size:
                    yield packet
        except av.error.FFmpegError:
            return

    def _decoded(self) -> Iterator[VideoFrame]:
        """Pictures from here on; those long before the target only if others need them."""
        for packet in self._packets():
            self._stop.check()
            stamp = packet.pts if packet.pts is not None else packet.dts
            ends_s = math.inf if stamp is None else self._film_s(stamp + (packet.duration or 0))
            early = ends_s < self._target_s - LEAD_S
            self._stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"
            yield from self._decode(packet)
        yield from self._decode(None)

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """What a packet gives; nothing when it is damaged."""
        import av  # noqa: PLC0415

        try:
            frames = self._stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            return []
        return [frame for frame in frames if frame.pts is not None]

    def _nearest_key_s(self, at_s: float) -> float:
        """Time of the keyframe nearest to an instant; without an index, the instant itself."""
        before, after = self._key_before_s(at_s), self._key_after_s(at_s)
        if before is None:
            return at_s
        return after if after is not None and after - at_s < at_s - before else before

    def _key_before_s(self, at_s: float) -> float | None:
        return self._key_s(at_s, backward=True)

    def _key_after_s(self, at_s: float) -> float | None:
        return self._key_s(at_s, backward=False)

    def _key_s(self, at_s: float, *, backward: bool) -> float | None:
        """From the container's index, whose stamps are decoding times: shifted by the first delay."""
        entries = self._stream.index_entries
        if len(entries) < 2 or not self._stream.frames:
            return None
        shift = (self._stream.start_time or 0) - entries[0].timestamp
        stamp = math.floor((at_s + self._origin_s + _TOUCH_S) / self._base) - shift
        place = entries.search_timestamp(stamp, backward=backward, any_frame=False)
        return self._film_s(entries[place].timestamp + shift) if place >= 0 else None

    def _film_s(self, stamp: int) -> float:
        return stamp * self._base - self._origin_s

    def _time(self, frame: VideoFrame) -> float:
        return self._film_s(frame.pts or 0)

    def _picture(self, frame: VideoFrame) -> Picture:
        import numpy as np  # noqa: PLC0415

        lying = self._rotation % 180 != 0
        width, height = self._size[::-1] if lying else self._size
        small = frame.reformat(width, height, "rgb24", interpolation="BILINEAR", threads=1)
        rgb = np.rot90(small.to_ndarray(), -self._rotation // 90)
        return Picture(max(0.0, self._time(frame)), np.ascontiguousarray(rgb))
