"""The sound of a window of the film, as speech models take it; only that window is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sage.faults import Border, StopSignal, WorldError
from sage.types import FilmInfo
from sage.video.container import open_film, origin_s, sound_stream

if TYPE_CHECKING:
    import numpy as np
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

RATE = 16_000
LEAD_S = 1.0
"""Decoding begins so long before the window: decoders need a run-up, some seeks land late."""
GAP_S = 0.02
"""Time stamps further than this from where the sound has got to are a hole in the track."""


def read_audio(
    film: FilmInfo, start_s: float, end_s: float, *, stop: StopSignal | None = None
) -> np.ndarray:
    """Sound from `start_s` to `end_s`, clipped to the film: float32, mono, 16 kHz, shape (samples,).

    The first sample is at `start_s`; where the track has nothing there is silence. WorldError(FILM) when the film
    has no sound; ValueError when the window does not touch the film.
    """
    import numpy as np  # noqa: PLC0415

    if not film.has_audio:
        raise WorldError(Border.FILM, f"“{film.title}” has no sound, so there is nothing to hear.")
    start_s, end_s = max(0.0, start_s), min(film.duration_s, end_s)
    if end_s <= start_s:
        raise ValueError(f"no sound between {start_s} s and {end_s} s")
    sound = np.zeros(round((end_s - start_s) * RATE), np.float32)
    at = None
    with open_film(film.path, film.title) as container:
        for begins_s, samples in _pieces(container, start_s, end_s, stop or StopSignal()):
            claimed = round((begins_s - start_s) * RATE)
            at = claimed if at is None or abs(claimed - at) > GAP_S * RATE else at
            low, high = max(0, at), min(len(sound), at + len(samples))
            if high > low:
                sound[low:high] = samples[low - at : high - at]
            at += len(samples)
    return sound


def _pieces(
    container: InputContainer, start_s: float, end_s: float, stop: StopSignal
) -> Iterator[tuple[float, np.ndarray]]:
    """Resampled pieces that touch the window, each with the time it begins."""
    import av  # noqa: PLC0415

    stream = sound_stream(container)
    if stream is None:
        return
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    origin = origin_s(container)
    for frame in _decoded(container, stream, start_s + origin - LEAD_S, stop):
        begins_s = float((frame.pts or 0) * (frame.time_base or 0)) - origin
        if begins_s >= end_s:
            return
        if begins_s + frame.samples / frame.sample_rate < start_s - GAP_S:
            continue
        for piece in resampler.resample(frame):
            at_s = float((piece.pts or 0) * (piece.time_base or 0)) - origin
            yield at_s, piece.to_ndarray().reshape(-1)


def _decoded(
    container: InputContainer, stream: AudioStream, from_s: float, stop: StopSignal
) -> Iterator[AudioFrame]:
    """Frames from a time of the container on; damaged packets are passed over."""
    import av  # noqa: PLC0415

    if from_s > 0:
        container.seek(round(from_s / float(stream.time_base or 1)), stream=stream)
    for packet in container.demux(stream):
        stop.check()
        try:
            yield from stream.codec_context.decode(packet if packet.size else None)
        except av.error.InvalidDataError:
            continue
        except av.error.EOFError:
            return
