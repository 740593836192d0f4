"""Speech recognition on this machine with faster-whisper, for films without captions.

A model is loaded once per process; recognised windows are kept as JSON in the cache folder
(SAGE_CACHE, default `~/.cache/sage`), named by the film's content, so no stretch is listened to
twice. Weights are looked for on this machine first; a download runs in a process that Stop can end.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter, ValidationError

from sage.faults import Border, FaultError, StopSignal, crossing
from sage.timecode import Window
from sage.types import FaultKind, FilmInfo, Span

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel

SPANS = TypeAdapter(tuple[Span, ...])
RETRY_S = 600.0
"""A failed download is not tried again for so long: the hub must not be hammered."""
_DOWNLOAD = "import sys, faster_whisper; faster_whisper.download_model(sys.argv[1])"
CUBLAS = "libcublas.so.12"
OFFLINE_VALUES = ("1", "on", "yes", "true")
_loaded: dict[tuple[str, str, str], WhisperModel] = {}
_refused: dict[str, tuple[float, str]] = {}
"""Sizes whose download failed in this process, when and why."""
_lock = threading.Lock()


class Choice(NamedTuple):
    """Which recogniser runs where."""

    size: str
    """A faster-whisper size or a folder with a converted model."""
    device: str
    compute_type: str


class Readiness(NamedTuple):
    """Whether speech can be recognised right now, and a sentence that says why (not)."""

    ready: bool
    why: str


def choose(setting: str) -> Choice:
    """The recogniser for a setting: `auto` takes base on a CPU and large-v3 on a GPU."""
    on_gpu = _count_gpus() > 0 and _has_cublas()
    size = ("large-v3" if on_gpu else "base") if setting in ("", "auto") else setting
    return Choice(size, "cuda", "float16") if on_gpu else Choice(size, "cpu", "int8")


def readiness(setting: str) -> Readiness:
    """Looks only at this machine, never at the network."""
    if setting == "off":
        return Readiness(False, "speech recognition is turned off")
    choice = choose(setting)
    if not _find_local(choice.size):
        return Readiness(False, f"the speech model '{choice.size}' is not on this machine")
    unused = _count_gpus() > 0 and choice.device == "cpu"
    hint = f" (for the GPU {CUBLAS} is missing: pip install nvidia-cublas-cu12)" if unused else ""
    return Readiness(True, f"faster-whisper {choice.size} on {choice.device}{hint}")


def transcribe(
    film: FilmInfo,
    window: Window,
    *,
    setting: str,
    stop: StopSignal,
    on_progress: Callable[[str, float | None], None],
) -> tuple[Span, ...]:
    """What is said in a window, in film time, every line inside the window; empty when nobody speaks.

    FaultError(UNAVAILABLE) when no model is to be had, WorldError(SPEECH) when it breaks.
    """
    if setting == "off":
        raise _unavailable("speech recognition is turned off in the settings")
    choice = choose(setting)
    cache = _cache_path(film, window, choice)
    if (known := _read_cache(cache)) is not None:
        return known
    model = _load(choice, stop, on_progress)
    from sage.video.audio import read_audio  # noqa: PLC0415

    on_progress("Reading the sound", 0.0)
    sound = read_audio(film, window.start_s, window.end_s, stop=stop)
    lines = tuple(_listen(model, sound, window, stop, on_progress))
    _write_cache(cache, lines)
    return lines


def _listen(
    model: WhisperModel,
    sound: np.ndarray,
    window: Window,
    stop: StopSignal,
    on_progress: Callable[[str, float | None], None],
) -> Iterator[Span]:
    with crossing(Border.SPEECH, "Speech recognition failed", RuntimeError, ValueError):
        stop.check()
        if not len(sound):
            return
        # Greedy only: the usual fall-back to sampling would make a run differ from its repetition.
        segments, _ = model.transcribe(
            sound, vad_filter=True, condition_on_previous_text=False, temperature=0.0
        )
        for segment in segments:
            stop.check()
            start_s = min(window.start_s + max(0.0, segment.start), window.end_s)
            end_s = min(window.start_s + segment.end, window.end_s)
            on_progress("Listening", min(1.0, segment.end / window.length_s))
            if end_s > start_s and segment.text.strip():
                yield Span(start_s=start_s, end_s=end_s, note=segment.text.strip())


def _load(
    choice: Choice, stop: StopSignal, on_progress: Callable[[str, float | None], None]
) -> WhisperModel:
    from faster_whisper import WhisperModel  # noqa: PLC0415

    while not _lock.acquire(timeout=0.2):  # another run may be downloading
        stop.check()
    try:
        if choice not in _loaded:
            folder = _find_local(choice.size) or _download(choice.size, stop, on_progress)
            on_progress(f"Loading the speech model ({Path(choice.size).name})", None)
            what = "The speech model cannot be loaded"
            with crossing(Border.SPEECH, what, RuntimeError, ValueError, OSError):
                _loaded[choice] = WhisperModel(
                    folder, device=choice.device, compute_type=choice.compute_type
                )
        return _loaded[choice]
    finally:
        _lock.release()


def _count_gpus() -> int:
    import ctranslate2  # noqa: PLC0415

    return int(ctranslate2.get_cuda_device_count())


@lru_cache
def _has_cublas() -> bool:
    """Whether CTranslate2 will find its CUDA 12 library; the CUDA 13 that torch brings is no help.

    Loading a pip-installed copy by its path makes the later look-up by name succeed.
    """
    installed = [Path(p) / "nvidia" / "cublas" / "lib" / CUBLAS for p in sys.path if p]
    for name in [*(str(path) for path in installed if path.is_file()), CUBLAS]:
        with contextlib.suppress(OSError):
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
            return True
    return not sys.platform.startswith("linux")


def _find_local(size: str) -> str:
    """Folder of a model on this machine; empty when there is none."""
    from faster_whisper import download_model  # noqa: PLC0415

    cache = os.environ.get("HF_HUB_CACHE") or None
    try:
        is_folder = Path(size).is_dir()
        found = size if is_folder else download_model(size, local_files_only=True, cache_dir=cache)
        folder = Path(found)
    except (OSError, ValueError):  # not in the hub's cache, or no size that exists
        return ""
    # Without its tokenizer faster-whisper would ask the hub for one.
    whole = all((folder / name).is_file() for name in ("model.bin", "tokenizer.json"))
    return str(folder) if whole else ""


def _download(size: str, stop: StopSignal, on_progress: Callable[[str, float | None], None]) -> str:
    """Fetches a model into the hub's cache and returns its folder; FaultError(UNAVAILABLE)."""
    from faster_whisper import available_models  # noqa: PLC0415

    missing = f"the speech model '{size}' is not on this machine"
    if size not in available_models():
        raise _unavailable(f"{missing} and is none of {', '.join(available_models())}")
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in OFFLINE_VALUES:
        raise _unavailable(f"{missing} and downloads are turned off (HF_HUB_OFFLINE)")
    refused_at, why = _refused.get(size, (-math.inf, ""))
    if time.monotonic() - refused_at > RETRY_S:
        on_progress(f"Downloading the speech model ({size})", None)
        why = _run_download(size, stop)
        if not why and (folder := _find_local(size)):
            return folder
        why = why or "the download is incomplete"
        _refused[size] = (time.monotonic(), why)
    raise _unavailable(f"{missing} and cannot be downloaded ({why})")


def _run_download(size: str, stop: StopSignal) -> str:
    """Downloads in a process of its own, which Stop ends; returns why it failed, or nothing."""
    environment = {"HF_HUB_ETAG_TIMEOUT": "8", "HF_HUB_DOWNLOAD_TIMEOUT": "20", **os.environ}
    with tempfile.TemporaryFile("w+", errors="replace") as complaint:
        process = subprocess.Popen(
            [sys.executable, "-c", _DOWNLOAD, size],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaint,
        )
        try:
            while process.poll() is None:
                stop.wait(0.2)
        finally:
            process.kill()
            process.wait()
        complaint.seek(0)
        return "" if process.returncode == 0 else _explain(complaint.read())


def _explain(complaint: str) -> str:
    """What a traceback of the download comes down to, in words."""
    if "No space left" in complaint:
        return "the disk is full"
    if "LocalEntryNotFoundError" in complaint or "Connect" in complaint:
        return "the model hub cannot be reached"
    errors = re.findall(r"^(?:\w+\.)*(\w+Error)\b", complaint, re.MULTILINE)
    return errors[-1] if errors else "the download ended early"


def _unavailable(reason: str) -> FaultError:
    return FaultError(
        FaultKind.UNAVAILABLE,
        f"This film has no captions, and {reason}. Give a caption file (.srt, .vtt), or get a model once "
        "with network access: python -c \"import faster_whisper; faster_whisper.download_model('base')\".",
    )


def _cache_path(film: FilmInfo, window: Window, choice: Choice) -> Path:
    root = Path(os.environ.get("SAGE_CACHE") or Path.home() / ".cache" / "sage")
    model = Path(choice.size).resolve().as_posix() if Path(choice.size).is_dir() else choice.size
    key = f"{film.digest} {model} {choice.compute_type} {window.start_s:.3f} {window.end_s:.3f}"
    return root / "speech" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _read_cache(path: Path) -> tuple[Span, ...] | None:
    try:
        return SPANS.validate_json(path.read_bytes())
    except (OSError, ValidationError):  # absent, or written by something else
        return None


def _write_cache(path: Path, lines: tuple[Span, ...]) -> None:
    """A cache that cannot be written costs time, not the run."""
    scratch = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(SPANS.dump_json(lines))
        scratch.replace(path)
