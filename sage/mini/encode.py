"""A film of the miniature world as a real file: H.264, AAC sound and a caption track in one MP4.

One picture a second and a keyframe every few seconds keep an hour at a megabyte or two. Speech is made by
espeak-ng where it is installed; else each spoken line is a soft tone.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from sage.faults import StopSignal
from sage.mini.draw import SIZE
from sage.mini.film import MiniFilm, render
from sage.types import Span
from sage.video.probe import MINI_NOTE

if TYPE_CHECKING:
    import numpy as np

FPS = 1
KEYFRAME_S = 8
RATE = 8000
"""Sound samples a second."""
TONE_HZ = 330.0
VOLUME = 0.2
SPEECH_S = 6.0
_CHUNK_S = 60


def write_film(
    film: MiniFilm,
    path: Path,
    *,
    size: int = SIZE,
    speech: bool = True,
    stop: StopSignal | None = None,
) -> Path:
    """Writes the film to `path` (.mp4), whole or not at all, and returns it.

    `size` is a picture's width and height. With `speech` lines are spoken if espeak-ng is there.
    WorldError(FILM) when ffmpeg fails.
    """
    from sage.video.cache import place  # noqa: PLC0415
    from sage.video.ffmpeg import run_ffmpeg  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    voice = shutil.which("espeak-ng") or "" if speech else ""
    with tempfile.TemporaryDirectory() as scratch:
        names = ("pictures", "sound", "lines.srt", "film.mp4")
        pictures, sound, captions, written = (Path(scratch, name) for name in names)
        with pictures.open("wb") as file:
            for part in film.timeline:
                picture = render(film, part.start_s, size).tobytes()
                file.writelines(picture for _ in range((part.end_s - part.start_s) * FPS))
        with sound.open("wb") as file:
            file.writelines(chunk.tobytes() for chunk in _sound(film, voice))
        captions.write_text(_srt(film.lines), encoding="utf-8")
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size}x{size}", "-r", str(FPS)]
        run_ffmpeg(
            [
                *(*raw, "-i", str(pictures)),
                *("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", str(sound)),
                *("-i", str(captions)),
                *("-map", "0:v", "-map", "1:a", "-map", "2:s"),
                *("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-pix_fmt", "yuv420p"),
                *("-g", str(KEYFRAME_S * FPS), "-sc_threshold", "0", "-bf", "0", "-threads", "1"),
                *("-metadata", f"comment={MINI_NOTE}"),
                *("-c:a", "aac", "-b:a", "12k", "-c:s", "mov_text", "-movflags", "+faststart"),
                str(written),
            ],
            f"The film {path.name} could not be written",
            stop=stop,
        )
        place(written, path)
    return path


def _srt(lines: tuple[Span, ...]) -> str:
    blocks = [
        f"{i}\n{_stamp(line.start_s)} --> {_stamp(line.end_s)}\n{line.note}\n"
        for i, line in enumerate(lines, 1)
    ]
    return "\n".join(blocks)


def _stamp(at_s: float) -> str:
    whole = round(at_s)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},000"


def _sound(film: MiniFilm, voice: str) -> Iterator[np.ndarray]:
    """The sound track in chunks of int16, a little shorter than the pictures."""
    import numpy as np  # noqa: PLC0415

    lines = [(round(line.start_s * RATE), _spoken(line.note, voice)) for line in film.lines]
    total = film.duration_s * RATE - RATE // 2
    step = _CHUNK_S * RATE
    for first in range(0, total, step):
        chunk = np.zeros(min(step, total - first), np.int16)
        for at, samples in lines:
            low, high = max(at, first), min(at + len(samples), first + len(chunk))
            if low < high:
                chunk[low - first : high - first] = samples[low - at : high - at]
        yield chunk


@lru_cache(maxsize=1024)
def _spoken(text: str, voice: str) -> np.ndarray:
    """A spoken line as int16 samples at RATE, at most SPEECH_S long."""
    import numpy as np  # noqa: PLC0415

    most = round(SPEECH_S * RATE)
    if not voice:
        seconds = np.arange(most // 2) / RATE
        return (np.sin(2 * np.pi * TONE_HZ * seconds) * VOLUME * 32767).astype(np.int16)
    command = [voice, "--stdout", "-s", "190", "-v", "en", text]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    with wave.open(BytesIO(made.stdout)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(made.stdout[44:], np.int16).astype(np.float32)
    wanted = np.arange(0, len(samples), rate / RATE)
    return np.interp(wanted, np.arange(len(samples)), samples).astype(np.int16)[:most]
