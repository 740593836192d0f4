"""Running the ffmpeg that imageio-ffmpeg brings: without a shell, stoppable, guarded as in container.py."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from sage.faults import Border, StopSignal, WorldError
from sage.video.container import GUARD

_POLL_S = 0.1


def source(path: str | Path) -> list[str]:
    """The input options for an untrusted film; goes where `-i path` would."""
    guard = [part for name, value in GUARD.items() for part in (f"-{name}", value)]
    return [*guard, "-i", f"file:{Path(path).resolve()}"]


def run_ffmpeg(
    options: Sequence[str],
    what: str,
    *,
    stop: StopSignal | None = None,
    on_second: Callable[[float], None] | None = None,
    max_bytes: int | None = None,
) -> bytes:
    """Runs ffmpeg and returns what it wrote to standard output (`-` as the output file).

    `on_second` is told the film seconds done so far. With `max_bytes` the process is ended once it has
    written so much, and the output is cut there. A failure is WorldError(FILM): `what` and ffmpeg's last word.
    StoppedError within a quarter of a second of a stop; the process never outlives this call.
    """
    import imageio_ffmpeg  # noqa: PLC0415

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-v", "error", "-y"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with tempfile.NamedTemporaryFile() as told:
            if on_second:
                command += ["-progress", told.name]
            process = subprocess.Popen(
                [*command, *options], stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
            try:
                _wait(process, out, Path(told.name), (stop or StopSignal(), on_second, max_bytes))
            finally:
                process.kill()
                process.wait()
        cut = max_bytes is not None and _size(out) > max_bytes
        if process.returncode and not cut:
            raise WorldError(Border.FILM, f"{what}: {_last_line(err)}.")
        out.seek(0)
        return out.read(max_bytes or -1)


def _wait(
    process: subprocess.Popen[bytes],
    out: IO[bytes],
    told: Path,
    watch: tuple[StopSignal, Callable[[float], None] | None, int | None],
) -> None:
    stop, on_second, max_bytes = watch
    while True:
        try:
            process.wait(_POLL_S)
            return
        except subprocess.TimeoutExpired:
            stop.check()
        if max_bytes is not None and _size(out) > max_bytes:
            return
        if on_second:
            on_second(_done_s(told))


def _size(out: IO[bytes]) -> int:
    """Not by seeking: the process shares this file's position."""
    return os.fstat(out.fileno()).st_size


def _done_s(told: Path) -> float:
    with told.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - 2000))
        lines = file.read().decode("ascii", "replace").split("\n")
    for line in reversed(lines):
        if line.startswith("out_time_us=") and line[12:].isdigit():
            return int(line[12:]) / 1_000_000
    return 0.0


def _last_line(err: IO[bytes]) -> str:
    err.seek(max(0, err.seek(0, 2) - 4000))
    lines = [line for line in err.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip().rstrip(".")[:200] if lines else "ffmpeg gave no reason"
