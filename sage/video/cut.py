"""Cuts of a film that play in a browser.

Where a keyframe lies just before the start and browsers know the codecs, packets are copied, which takes no
time and costs no quality; else the cut is encoded anew, at most 1280 pixels wide or high. A cut says which
stretch it really shows. Cuts are kept in the cache by the film's digest; the name tells the true stretch.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sage.faults import Border, StopSignal, WorldError, crossing
from sage.types import FilmInfo, Span
from sage.video.cache import cache_folder, place, prune, touch, unfinished
from sage.video.container import open_film, origin_s, picture_stream, sound_stream
from sage.video.ffmpeg import run_ffmpeg, source
from sage.video.frames import fit

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream

COPY_SLACK_S = 0.5
"""A copied cut begins at most so long before the start that was asked for."""
LEAD_S = 5.0
"""Encoding begins so long before the cut, as a seek without an index may land behind its target."""
CACHE_BYTES = 2 << 30
LONG_SIDE = 1280
_PLAIN = ("yuv420p", "yuvj420p")
_SOUNDS = ("aac", "mp3")


def cut_clip(
    film: FilmInfo, start_s: float, end_s: float, *, out: Path, stop: StopSignal | None = None
) -> Span:
    """Writes the stretch, clipped to the film, to `out` (.mp4) and returns what it really shows.

    ValueError when the stretch does not touch the film; WorldError FILM when it cannot be cut, DISK when it
    cannot be kept. A cache that cannot be used, or is cleaned meanwhile, costs time only.
    """
    start_s, end_s = max(0.0, start_s), min(film.duration_s, end_s)
    if end_s <= start_s:
        raise ValueError(f"nothing to cut between {start_s} s and {end_s} s")
    stop = stop or StopSignal()
    try:
        return _cut_cached(film, start_s, end_s, out, stop)
    except OSError:
        with crossing(Border.DISK, "The clip could not be saved", OSError):
            out.parent.mkdir(parents=True, exist_ok=True)
            with unfinished(out.parent, ".mp4") as part:
                span = _write(film, start_s, end_s, part, stop)
                place(part, out)
        return span


def _cut_cached(film: FilmInfo, start_s: float, end_s: float, out: Path, stop: StopSignal) -> Span:
    folder = cache_folder("clips")
    name = f"{film.digest}-{_ms(start_s)}-{_ms(end_s)}"
    for kept in folder.glob(f"{name}@*.mp4"):
        touch(kept)
        place(kept, out)
        return _span_of(kept)
    with unfinished(folder, ".mp4") as part:
        span = _write(film, start_s, end_s, part, stop)
        kept = folder / f"{name}@{_ms(span.start_s)}-{_ms(span.end_s)}.mp4"
        place(part, kept)
    place(kept, out)
    prune(folder, CACHE_BYTES)
    return _span_of(kept)


def even_size(film: FilmInfo, long_side: int) -> tuple[int, int]:
    """Width and height an encoder takes: the film's shape, even numbers."""
    width, height = fit(film.width, film.height, long_side)
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def encoding(film: FilmInfo, long_side: int) -> list[str]:
    """ffmpeg options for output that every browser plays."""
    options = ["-map_metadata", "-1", "-sn", "-dn", "-movflags", "+faststart", "-f", "mp4"]
    if film.has_picture:
        width, height = even_size(film, long_side)
        options += ["-map", "0:V:0", "-vf", f"scale={width}:{height},setsar=1"]
        options += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p"]
    if film.has_audio:
        options += ["-map", "0:a:0", "-c:a", "aac", "-ac", "2", "-b:a", "128k"]
    return options


def _write(film: FilmInfo, start_s: float, end_s: float, part: Path, stop: StopSignal) -> Span:
    if film.codec == "h264" and film.pixel_format in _PLAIN:
        try:
            copied = _copy(film, start_s, end_s, part, stop)
        except WorldError:
            copied = None  # what cannot be packed anew may still be decoded
        if copied:
            return copied
    from_s = max(0.0, start_s - LEAD_S)
    window = ["-ss", f"{start_s - from_s:.3f}", "-t", f"{end_s - start_s:.3f}"]
    film_from = ["-ss", f"{from_s:.3f}", *source(film.path)]
    options = [*film_from, *window, *encoding(film, LONG_SIDE), str(part)]
    run_ffmpeg(options, f"“{film.title}” could not be cut", stop=stop)
    return Span(start_s=start_s, end_s=end_s)


def _copy(
    film: FilmInfo, start_s: float, end_s: float, part: Path, stop: StopSignal
) -> Span | None:
    """Copies packets if that is exact enough; None if it is not."""
    import av  # noqa: PLC0415

    with open_film(film.path, film.title) as container:
        picture, sound = picture_stream(container), sound_stream(container)
        if picture is None or (sound is not None and sound.codec_context.name not in _SOUNDS):
            return None
        base = float(picture.time_base or 1)
        origin = origin_s(container)
        container.seek(int((start_s + origin) / base), stream=picture, backward=True)
        first = next((p for p in container.demux(picture) if p.size), None)
        if first is None or not first.is_keyframe or first.pts is None:
            return None
        begins_s = first.pts * base - origin
        if not 0 <= start_s - begins_s <= COPY_SLACK_S:
            return None
        container.seek(first.pts, stream=picture, backward=True)
        with av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as out:
            ends_s = _move_packets(container, out, (begins_s + origin, end_s + origin), stop)
    if ends_s is None:
        return None
    return Span(start_s=begins_s, end_s=min(ends_s - origin, film.duration_s))


def _move_packets(
    container: InputContainer,
    out: OutputContainer,
    window: tuple[float, float],
    stop: StopSignal,
) -> float | None:
    """Packets of a window in container time, moved to 0; returns where the picture ends, or None."""
    picture, sound = picture_stream(container), sound_stream(container)
    assert picture is not None
    wanted: list[Stream] = [picture, *([sound] if sound else [])]
    targets = {s.index: out.add_stream_from_template(s) for s in wanted}
    ends_s, open_streams = None, set(targets)
    for packet in container.demux(wanted):
        stop.check()
        if not packet.size:
            continue
        if packet.dts is None or packet.pts is None:
            return None  # Matroska after a seek: without decoding times it cannot be packed anew
        base = float(packet.time_base or 1)
        if packet.dts * base >= window[1]:
            open_streams.discard(packet.stream_index)
            if not open_streams:
                break
            continue
        if packet.pts * base < window[0] - 1e-6:
            continue
        if packet.stream_index == picture.index:
            ends_s = max(ends_s or 0.0, (packet.pts + (packet.duration or 0)) * base)
        _shift(packet, round(window[0] / base), targets[packet.stream_index])
        out.mux(packet)
    return ends_s


def _shift(packet: Packet, by: int, stream: Stream) -> None:
    assert packet.pts is not None
    assert packet.dts is not None
    packet.pts -= by
    packet.dts -= by
    packet.stream = stream


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _span_of(kept: Path) -> Span:
    start, _, end = kept.stem.partition("@")[2].partition("-")
    if not (start.isdigit() and end.isdigit()):
        raise WorldError(Border.DISK, f"The cache holds a file it should not: {kept.name}.")
    return Span(start_s=int(start) / 1000, end_s=int(end) / 1000)
