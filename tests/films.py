"""Films for tests, small and true: every picture carries its own frame number as a barcode.

Frame n of a film made here was drawn for the time n / fps, so a picture that was read back tells
by itself which instant it shows (`read_number`), after scaling, re-encoding or rotation. Everything
is encoded by the ffmpeg that imageio-ffmpeg brings; a film of ten seconds takes about 0.2 s.
"""

from __future__ import annotations

import colorsys
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageDraw

BITS = 20
STRIP = 6
"""The barcode covers the lowest 1/STRIP of the picture: bits above, their complement below."""


class Scene(NamedTuple):
    """From `start_s` until the next scene the picture is filled with `color` and shows `text`."""

    start_s: float
    color: tuple[int, int, int]
    text: str = ""


class Line(NamedTuple):
    """A spoken line, for a caption track or a side file."""

    start_s: float
    end_s: float
    text: str


def make_film(
    path: Path,
    *,
    duration_s: float,
    fps: float = 10,
    size: tuple[int, int] = (320, 180),
    scenes: Sequence[Scene] | None = None,
    captions: Sequence[Line | tuple[float, float, str]] | None = None,
    audio: str | None = None,
    codec: str = "libx264",
    keyframe_s: float = 2.0,
    rotation: int = 0,
    pixel_format: str = "yuv420p",
    variable_rate: bool = False,
) -> Path:
    """Writes a film whose container follows from the suffix of `path`, and returns `path`.

    `size` is the size as displayed. `rotation` stores the picture lying and marks it to be turned
    clockwise by so many degrees. `audio` is "tone" (440 Hz), "silence" or None. `variable_rate`
    drops two of three frames in the second half, without moving the others. Without `scenes` every
    second has a hue of its own.
    """
    stored = size if rotation % 180 == 0 else (size[1], size[0])
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{stored[0]}x{stored[1]}"]
    command += ["-r", str(fps), "-i", "-"]
    if audio:
        sound = "sine=frequency=440" if audio == "tone" else "anullsrc=r=44100:cl=mono"
        command += ["-f", "lavfi", "-i", sound]
    with tempfile.TemporaryDirectory() as scratch:
        if captions:
            side = Path(scratch) / "lines.srt"
            side.write_text(to_srt(captions), encoding="utf-8")
            command += ["-i", str(side), "-c:s", _caption_codec(path)]
        command += _video_options(codec, pixel_format, round(keyframe_s * fps))
        if variable_rate:
            half = int(duration_s * fps / 2)
            command += ["-vf", f"select=lt(n\\,{half})+not(mod(n\\,3))", "-fps_mode", "vfr"]
        encoded = Path(scratch) / f"lying{path.suffix}" if rotation else path
        _encode(
            [*command, "-t", str(duration_s), str(encoded)],
            _frames(duration_s, fps, size, scenes, rotation),
        )
        if rotation:
            _mark_rotation(encoded, path, rotation)
    return path


def make_sound(path: Path, *, duration_s: float) -> Path:
    """A file with sound and no picture."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440",
    ]
    subprocess.run([*command, "-t", str(duration_s), str(path)], check=True)
    return path


def to_srt(lines: Sequence[Line | tuple[float, float, str]]) -> str:
    """SubRip text of spoken lines."""
    blocks = [
        f"{i}\n{_stamp(a)} --> {_stamp(b)}\n{text}\n" for i, (a, b, text) in enumerate(lines, 1)
    ]
    return "\n".join(blocks)


def draw_number(picture: np.ndarray, number: int) -> None:
    """Writes `number` into the lowest part of an (H, W, 3) picture, in place."""
    height, width = picture.shape[:2]
    bits = np.array([number >> i & 1 for i in range(BITS)], dtype=np.uint8) * 255
    row = bits[np.arange(width) * BITS // width][None, :, None]
    top = height - height // STRIP
    middle = (top + height) // 2
    picture[top:middle] = row
    picture[middle:] = 255 - row


def read_number(picture: np.ndarray) -> int:
    """The frame number a picture shows; ValueError when it carries no readable barcode."""
    height, width = picture.shape[:2]
    gray = picture.astype(np.float32).mean(axis=2)
    strip = height // STRIP
    upper, lower = gray[height - strip * 3 // 4], gray[height - max(1, strip // 4)]
    centres = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    contrast = upper[centres] - lower[centres]
    if np.abs(contrast).min() < 60:
        raise ValueError("the picture carries no barcode")
    return sum(1 << i for i in range(BITS) if contrast[i] > 0)


def _frames(
    duration_s: float,
    fps: float,
    size: tuple[int, int],
    scenes: Sequence[Scene] | None,
    rotation: int,
) -> Iterator[bytes]:
    shown: Scene | None = None
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for number in range(max(1, round(duration_s * fps))):
        scene = _scene_at(number / fps, scenes)
        if scene != shown:
            picture = _draw(scene, size)
            shown = scene
        draw_number(picture, number)
        yield np.ascontiguousarray(np.rot90(picture, rotation // 90)).tobytes()


def _scene_at(at_s: float, scenes: Sequence[Scene] | None) -> Scene:
    if scenes:
        begun = [scene for scene in scenes if scene[0] <= at_s + 1e-6]
        return Scene(*begun[-1]) if begun else Scene(0.0, (0, 0, 0))
    red, green, blue = colorsys.hsv_to_rgb(int(at_s + 1e-6) * 0.381966 % 1, 0.8, 0.9)
    return Scene(float(int(at_s + 1e-6)), (int(red * 255), int(green * 255), int(blue * 255)))


def _draw(scene: Scene, size: tuple[int, int]) -> np.ndarray:
    image = Image.new("RGB", size, scene.color)
    if scene.text:
        ImageDraw.Draw(image).text(
            (size[0] // 10, size[1] // 3), scene.text, "white", font_size=size[1] // 8
        )
    return np.array(image)


def _encode(command: list[str], frames: Iterator[bytes]) -> None:
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    try:
        for frame in frames:
            process.stdin.write(frame)
        process.stdin.close()
    finally:
        failed = process.wait(timeout=60)
    if failed:
        raise RuntimeError(f"ffmpeg failed with {failed}: {' '.join(command)}")


def _video_options(codec: str, pixel_format: str, keyframe: int) -> list[str]:
    options = ["-c:v", codec, "-pix_fmt", pixel_format, "-g", str(max(1, keyframe))]
    if codec == "libx264":
        options += ["-preset", "veryfast", "-sc_threshold", "0", "-threads", "1"]
    if codec == "libx265":
        options += ["-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=error"]
    if codec == "libaom-av1":
        options += ["-cpu-used", "8", "-usage", "realtime"]
    if codec.startswith("libvpx"):
        options += ["-deadline", "realtime", "-cpu-used", "8"]
    return options


def _caption_codec(path: Path) -> str:
    return {".mp4": "mov_text", ".mov": "mov_text", ".webm": "webvtt"}.get(path.suffix, "srt")


def _mark_rotation(lying: Path, path: Path, rotation: int) -> None:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-y",
        "-display_rotation",
        str(-rotation),
    ]
    subprocess.run([*command, "-i", str(lying), "-c", "copy", "-map", "0", str(path)], check=True)


def _stamp(seconds: float) -> str:
    total = round(seconds * 1000)
    hours, rest = divmod(total, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"
