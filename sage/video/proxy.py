"""What a browser gets to play: the film itself if it can, else the least that has to be made.

h264 or AV1 in .mp4 and VP8, VP9 or AV1 in .webm play as they are. The same codecs in another container
are only packed anew; sound of a foreign codec is encoded beside the copied picture; any other picture becomes
720p h264. What was made is kept in the folder by the film's digest.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from sage.faults import StopSignal
from sage.types import FilmInfo
from sage.video.cache import place, unfinished
from sage.video.container import open_film, sound_stream
from sage.video.cut import encoding
from sage.video.ffmpeg import run_ffmpeg, source

LONG_SIDE = 1280


class Way(StrEnum):
    """What has to be done to a film before a browser plays it."""

    AS_IS = "as it is"
    PACK_MP4 = "packed anew as .mp4"
    PACK_WEBM = "packed anew as .webm"
    SOUND = "sound encoded anew"
    ENCODE = "encoded anew"


def playable(
    film: FilmInfo,
    folder: Path,
    *,
    on_progress: Callable[[str, float | None], None],
    stop: StopSignal | None = None,
) -> Path:
    """The film's own path, or that of a version that browsers play, made in `folder` when missing.

    `on_progress` is told what is done, and how far, 0 to 1. WorldError(FILM) when it cannot be made.
    """
    way = choose_way(film, *_outside(film))
    if way is Way.AS_IS:
        return Path(film.path)
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{film.digest}{'.webm' if way is Way.PACK_WEBM else '.mp4'}"
    if made.exists():
        return made
    said = f"Preparing the film for the browser ({way})"
    on_progress(said, 0.0)
    with unfinished(folder, made.suffix) as part:
        run_ffmpeg(
            [*source(film.path), *_options(film, way), str(part)],
            f"“{film.title}” could not be prepared for the browser",
            stop=stop,
            on_second=lambda done_s: on_progress(said, min(1.0, done_s / film.duration_s)),
        )
        place(part, made)
    on_progress(said, 1.0)
    return made


def choose_way(film: FilmInfo, container: str, sound: str) -> Way:
    """Pure: from the film, its container (mp4, webm or anything else) and the codec of its sound."""
    if not film.has_picture:
        return Way.AS_IS if container == "sound" else Way.ENCODE
    in_mp4 = film.codec == "av1" or (
        film.codec == "h264" and film.pixel_format in ("yuv420p", "yuvj420p")
    )
    in_webm = film.codec in ("vp8", "vp9", "av1")
    if in_mp4 and sound in ("", "aac", "mp3", "opus"):
        return Way.AS_IS if container == "mp4" else Way.PACK_MP4
    if in_webm and sound in ("", "opus", "vorbis"):
        return Way.AS_IS if container == "webm" else Way.PACK_WEBM
    return Way.SOUND if in_mp4 else Way.ENCODE


def _outside(film: FilmInfo) -> tuple[str, str]:
    """Container and sound codec. A browser goes by the suffix, so the two have to agree."""
    suffix = Path(film.path).suffix.lower()
    with open_film(film.path, film.title) as opened:
        form = opened.format.name
        is_quicktime = opened.metadata.get("major_brand", "").strip() == "qt"
        track = sound_stream(opened)
        sound = track.codec_context.name if track else ""
    if not film.has_picture:
        fits = suffix in (".mp3", ".m4a", ".wav", ".flac", ".ogg", ".opus")
        return ("sound" if fits and sound not in ("alac", "ac3") else form), sound
    if "mp4" in form and suffix in (".mp4", ".m4v") and not is_quicktime:
        return "mp4", sound
    if "webm" in form and suffix == ".webm":
        return "webm", sound
    return form, sound


def _options(film: FilmInfo, way: Way) -> list[str]:
    if way is Way.ENCODE:
        return encoding(film, LONG_SIDE)
    options = ["-map", "0:V:0", "-map", "0:a:0?", "-sn", "-dn", "-c", "copy"]
    if way is Way.PACK_WEBM:
        return [*options, "-f", "webm"]
    if way is Way.SOUND:
        options += ["-c:a", "aac", "-ac", "2", "-b:a", "128k"]
    return [*options, "-movflags", "+faststart", "-f", "mp4"]
