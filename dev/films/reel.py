"""Scenes to a film: speak every sentence, show its picture as long as it lasts, mux, caption.

A film is a list of scenes; a scene is a list of beats; a beat is what is said and the picture meanwhile.
Caption lines take their times from the spoken sentences, so they are exact.
"""

from __future__ import annotations

import subprocess
import tempfile
import textwrap
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np
from PIL import Image

RATE = 22050
Draw = Callable[[int, float], Image.Image]


@dataclass(frozen=True)
class Beat:
    """What is said while one picture (or one motion) is on screen."""

    say: str = ""
    hold_s: float = 0.0
    """Silence after the last word, or the whole length when nothing is said."""
    moves: bool = False
    """The drawing changes with time within the beat."""
    sound: np.ndarray | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Scene:
    """`draw(beat index, seconds since that beat began)` gives the picture."""

    name: str
    draw: Draw
    beats: tuple[Beat, ...]


class Line(NamedTuple):
    start_s: float
    end_s: float
    text: str


class Take(NamedTuple):
    """A beat placed on the film's clock."""

    scene: Scene
    beat: int
    start_s: float
    end_s: float


class Cut(NamedTuple):
    takes: tuple[Take, ...]
    lines: tuple[Line, ...]
    sound: np.ndarray


@dataclass(frozen=True)
class Look:
    """How a film is encoded."""

    fps: int = 10
    crf: int = 27
    audio: str = "32k"
    rate: int = RATE
    """Samples a second of the encoded sound."""
    keyframe_s: int = 10


def speak(text: str, *, voice: str, speed: int) -> np.ndarray:
    """Speech as float32 mono at RATE, with silence trimmed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(speed), "-g", "1", "-w", str(path)]
        subprocess.run(command, input=text, text=True, check=True)
        with wave.open(str(path)) as file:
            raw = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    sound = raw.astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(sound) > 0.004)
    return sound[: loud[-1] + 1] if len(loud) else sound


def assemble(
    scenes: Sequence[Scene], *, voice: str = "en-gb-x-rp", speed: int = 148, gap_s: float = 0.45
) -> Cut:
    """Puts all beats one after another on the clock."""
    takes: list[Take] = []
    lines: list[Line] = []
    sounds: list[np.ndarray] = []
    now = 0.0
    for scene in scenes:
        for i, beat in enumerate(scene.beats):
            sound, said = _beat_sound(beat, now, voice=voice, speed=speed, gap_s=gap_s)
            end = now + len(sound) / RATE
            takes.append(Take(scene, i, now, end))
            lines += said
            sounds.append(sound)
            now = end
    return Cut(tuple(takes), tuple(lines), np.concatenate(sounds))


def _beat_sound(
    beat: Beat, now: float, *, voice: str, speed: int, gap_s: float
) -> tuple[np.ndarray, list[Line]]:
    if beat.sound is not None:
        return beat.sound, []
    lines: list[Line] = []
    parts: list[np.ndarray] = []
    for sentence in sentences(beat.say):
        speech = speak(spoken(sentence), voice=voice, speed=speed)
        length = len(speech) / RATE
        lines += split_line(sentence, now, now + length)
        parts += [speech, np.zeros(round(gap_s * RATE), np.float32)]
        now += len(parts[-2]) / RATE + len(parts[-1]) / RATE
    parts.append(np.zeros(round(beat.hold_s * RATE), np.float32))
    return np.concatenate(parts), lines


def sentences(text: str) -> list[str]:
    """Cuts at `|`, which the scripts put where a speaker breathes."""
    return [part.strip() for part in text.split("|") if part.strip()]


def spoken(text: str) -> str:
    """`{written/said}` is written one way and said another."""
    out = text
    while "{" in out:
        before, rest = out.split("{", 1)
        inside, after = rest.split("}", 1)
        out = before + inside.split("/", 1)[1] + after
    return out


def written(text: str) -> str:
    out = text
    while "{" in out:
        before, rest = out.split("{", 1)
        inside, after = rest.split("}", 1)
        out = before + inside.split("/", 1)[0] + after
    return out


def split_line(sentence: str, start_s: float, end_s: float) -> list[Line]:
    """Caption lines of at most two rows of 42 letters; long sentences are cut into even parts."""
    text = written(sentence)
    count = -(-len(_wrap(text, 42)) // 2)
    parts = _wrap(text, max(42, round(len(text) / count * 1.12)))
    total = sum(len(part) for part in parts)
    lines, at = [], start_s
    for part in parts:
        end = at + (end_s - start_s) * len(part) / total
        lines.append(Line(at, end, "\n".join(_wrap(part, 42))))
        at = end
    return lines


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def pictures(cut: Cut, fps: int) -> Iterator[Image.Image]:
    """One picture a frame; a still beat is drawn once."""
    total = round(cut.takes[-1].end_s * fps)
    kept: tuple[int, Image.Image] | None = None
    at = 0
    for n in range(total):
        now = n / fps
        while at + 1 < len(cut.takes) and cut.takes[at].end_s <= now:
            at += 1
        take = cut.takes[at]
        if kept and kept[0] == at and not take.scene.beats[take.beat].moves:
            yield kept[1]
            continue
        image = take.scene.draw(take.beat, now - take.start_s)
        kept = (at, image)
        yield image


def write_film(cut: Cut, out: Path, *, title: str, look: Look, note: str) -> None:
    """MP4 with H.264, AAC and a mov_text track, plus a .vtt beside it."""
    write_vtt(cut.lines, out.with_suffix(".vtt"))
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        _write_wav(wav, cut.sound)
        command = _ffmpeg(out, wav, title=title, look=look, note=note)
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            assert process.stdin
            for image in pictures(cut, look.fps):
                process.stdin.write(image.convert("RGB").tobytes())
            process.stdin.close()
        if process.returncode:
            raise SystemExit(f"ffmpeg failed on {out}")


def _ffmpeg(out: Path, wav: Path, *, title: str, look: Look, note: str) -> list[str]:
    gop = look.fps * look.keyframe_s
    start = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error"]
    picture = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        "640x360",
        "-r",
        str(look.fps),
        "-i",
        "-",
    ]
    inputs = [*picture, "-i", str(wav), "-i", str(out.with_suffix(".vtt"))]
    video = ["-c:v", "libx264", "-preset", "veryslow", "-tune", "animation", "-crf", str(look.crf)]
    video += ["-g", str(gop), "-pix_fmt", "yuv420p", "-profile:v", "high"]
    audio = ["-c:a", "aac", "-b:a", look.audio, "-ac", "1", "-ar", str(look.rate)]
    text = [
        "-c:s",
        "mov_text",
        "-metadata:s:s:0",
        "language=eng",
        "-metadata:s:a:0",
        "language=eng",
    ]
    tail = ["-metadata", f"title={title}", "-metadata", f"comment={note}", "-fflags", "+bitexact"]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "2:s", "-movflags", "+faststart"]
    return [*start, *inputs, *video, *audio, *text, *tail, *maps, str(out)]


def _write_wav(path: Path, sound: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())


def write_vtt(lines: Sequence[Line], path: Path) -> None:
    cues = [f"{_clock(x.start_s)} --> {_clock(x.end_s)}\n{x.text}" for x in lines]
    path.write_text("WEBVTT\n\n" + "\n\n".join(cues) + "\n", encoding="utf-8")


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    minutes, rest = divmod(whole, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
