"""The two long films that frames.py reads: built once, kept in the cache folder.

The pictures are ffmpeg's moving test card with a frame number in the lowest sixth (as in tests/films.py), so
that a label can be checked against what is seen. H.264, a keyframe every 8 seconds.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from tests.films import STRIP, draw_number

FPS = 25
SEGMENT_S = 60


def hour_film(folder: Path) -> Path:
    """One hour, 640x360, 25 fps; frame n shows the number n."""
    path = folder / "hour_640x360_25fps.mp4"
    if not path.exists():
        _encode(path, seconds=3600, size=(640, 360), crf=23)
    return path


def three_hour_film(folder: Path) -> Path:
    """Three hours, 1920x1080, 25 fps: one minute, stream-copied 180 times; numbers start again each minute."""
    path = folder / "three_hours_1080p_25fps.mp4"
    if path.exists():
        return path
    segment = folder / "minute_1080p_25fps.mp4"
    if not segment.exists():
        _encode(segment, seconds=SEGMENT_S, size=(1920, 1080), crf=28)
    part = path.with_suffix(".part.mp4")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-stream_loop", "179"]
    subprocess.run([*command, "-i", str(segment), "-c", "copy", str(part)], check=True)
    os.replace(part, path)
    return path


def _encode(path: Path, *, seconds: int, size: tuple[int, int], crf: int) -> None:
    width, height = size
    part = path.with_suffix(".part.mp4")
    strip = (width, height // STRIP)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    command += ["-f", "lavfi", "-i", f"testsrc2=s={width}x{height}:r={FPS}"]
    command += [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-s",
        f"{strip[0]}x{strip[1]}",
        "-r",
        str(FPS),
    ]
    command += ["-i", "-", "-filter_complex", f"[0][1]overlay=0:{height - strip[1]}:shortest=1"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p"]
    command += ["-g", str(8 * FPS), "-keyint_min", str(8 * FPS), "-sc_threshold", "0"]
    command += ["-t", str(seconds), "-movflags", "+faststart", str(part)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    for number in range(seconds * FPS):
        process.stdin.write(_strip(number, strip))
    process.stdin.close()
    if process.wait() != 0:
        raise RuntimeError(f"ffmpeg could not build {path}")
    os.replace(part, path)


def _strip(number: int, size: tuple[int, int]) -> bytes:
    whole = np.zeros((size[1] * STRIP, size[0], 3), np.uint8)
    draw_number(whole, number)
    return whole[-size[1] :, :, 0].tobytes()
