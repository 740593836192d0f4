"""What a job is on disk, and what state that means. Nothing here starts or stops anything.

A job is the folder of a run (`settings.yaml`, `metrics.jsonl`, checkpoints, traces, `log.txt`) with `job.json` and, for
each attempt n, `attempts/<n>.start.json`, `.stop.json` and `.end.json`. Each of these is written once, under another
name and then renamed. A process is known by its number and the time it was created, so a number that was given away
again is never mistaken for the job: whoever is gone without an end is lost, not running.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeVar

import psutil
from pydantic import ValidationError

from sage.types import Value

T = TypeVar("T", bound=Value)
Recipe = Literal["sft", "grpo", "direct", "bench"]
JOB, QUEUED, LOG, METRICS, PLAN = "job.json", "queued.json", "log.txt", "metrics.jsonl", "plan.json"
SETTINGS, CONFIG, ATTEMPTS, TRACES, MODEL = (
    "settings.yaml",
    "config.yaml",
    "attempts",
    "traces",
    "model",
)
APART_S = 2.0
"""How far two readings of the same process's create time may differ, when the clock was set meanwhile."""


class JobState(StrEnum):
    """What a person is told about a job."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    """By a person; resumed, it goes on."""
    DONE = "done"
    FAILED = "failed"
    """Its process ended by itself, with an error."""
    LOST = "lost"
    """Its process is gone, and nobody saw how: killed from outside, or the machine went down."""
    IDLE = "idle"
    """It never ran."""


LIVE = (JobState.RUNNING, JobState.STOPPING)
AGAIN = (JobState.STOPPED, JobState.FAILED, JobState.LOST, JobState.IDLE)
"""States from which a job can be started, as its next attempt."""


class Info(Value):
    """`job.json`: what does not change with attempts."""

    recipe: Recipe
    name: str = ""
    note: str = ""
    created: str = ""
    """ISO 8601, UTC."""
    command: tuple[str, ...] = ()
    """The exact words, to be run in `cwd`."""
    cwd: str = ""
    devices: tuple[str, ...] = ("cpu",)
    """Numbers of GPUs, or `cpu`; jobs that share one come one after the other."""
    by: Literal["app", "terminal"] = "app"


class Process(Value):
    """A process that cannot be mistaken for another."""

    pid: int
    created: float
    """Epoch seconds."""

    @property
    def is_alive(self) -> bool:
        """A process that has ended and waits to be looked at is not."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < APART_S
            return same and found.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


class Started(Value):
    """`attempts/<n>.start.json`."""

    process: Process
    wrapper: Process | None = None
    """Watches the process and writes its exit code; its number is that of the group of both."""
    command: tuple[str, ...]
    cwd: str
    git: str = ""
    at: float
    """Epoch seconds."""
    first_step: int = 0
    """Steps that were done before."""
    log_from: int = 0
    """Bytes of the log that were written before."""


class StopAsked(Value):
    """`attempts/<n>.stop.json`."""

    how: Literal["stop", "kill"]
    at: float


class Ended(Value):
    """`attempts/<n>.end.json`."""

    code: int
    """0 done, 130 stopped and saved, below 0 the signal that killed it."""
    at: float


class Attempt(Value):
    """One run of the command."""

    number: int
    start: Started
    stop: StopAsked | None = None
    end: Ended | None = None

    @property
    def is_alive(self) -> bool:
        if self.end is not None:
            return False
        watched = self.start.wrapper is not None and self.start.wrapper.is_alive
        return watched or self.start.process.is_alive

    @property
    def state(self) -> JobState:
        if self.end is None and self.is_alive:
            return JobState.STOPPING if self.stop else JobState.RUNNING
        end = self.end
        if end is not None and end.code == 0:
            return JobState.DONE
        if self.stop is not None or (end is not None and end.code == 130):
            return JobState.STOPPED
        return JobState.LOST if end is None else JobState.FAILED


def read_info(folder: Path) -> Info | None:
    """What the folder says of its job; a run from before there were jobs gets what its settings tell."""
    info = read(folder / JOB, Info)
    if info is not None or not (folder / SETTINGS).is_file():
        return info
    text = _text(folder / SETTINGS)
    recipe: Recipe = "grpo" if "\ngroup:" in text else "sft"
    if recipe == "sft" and "mode: direct" in text:
        recipe = "direct"
    made = datetime.fromtimestamp((folder / SETTINGS).stat().st_mtime, UTC)
    return Info(recipe=recipe, created=made.isoformat(timespec="seconds"), by="terminal")


def read_attempts(folder: Path) -> list[Attempt]:
    """All attempts, first to last."""
    found = []
    for path in sorted((folder / ATTEMPTS).glob("*.start.json")):
        start = read(path, Started)
        number = path.name.partition(".")[0]
        if start is None or not number.isdigit():
            continue
        stop = read(path.with_name(f"{number}.stop.json"), StopAsked)
        end = read(path.with_name(f"{number}.end.json"), Ended)
        found.append(Attempt(number=int(number), start=start, stop=stop, end=end))
    return found


def state_of(folder: Path) -> JobState:
    """The state now; read before anything else of the job is, since what comes later is only fresher."""
    attempts = read_attempts(folder)
    if attempts and attempts[-1].state in LIVE:
        return attempts[-1].state
    if (folder / QUEUED).is_file():
        return JobState.QUEUED
    if attempts:
        return attempts[-1].state
    return JobState.DONE if (folder / MODEL / "config.json").is_file() else JobState.IDLE


def attempt_path(folder: Path, number: int, what: str) -> Path:
    """`what` is launch, start, stop or end."""
    return folder / ATTEMPTS / f"{number:03d}.{what}.json"


def steps_done(folder: Path) -> int:
    """Steps of the newest complete checkpoint."""
    found = sorted((folder / "checkpoints").glob("[0-9]*/progress.json"))
    try:
        return int(json.loads(found[-1].read_text("utf-8"))["total"]) if found else 0
    except (OSError, ValueError, KeyError):
        return 0


def log_size(folder: Path) -> int:
    """Bytes of the log."""
    try:
        return (folder / LOG).stat().st_size
    except OSError:
        return 0


def write(path: Path, value: Value | Mapping[str, Any]) -> None:
    """Whole or not at all. Raises OSError."""
    text = value.model_dump_json() if isinstance(value, Value) else json.dumps(dict(value))
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text + "\n", "utf-8")
    scratch.replace(path)


def read(path: Path, kind: type[T]) -> T | None:
    """What was written, or `None` when there is nothing that can be read."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def this_process(pid: int | None = None) -> Process:
    """A process of now; raises psutil.Error when it is gone."""
    found = psutil.Process(pid)
    return Process(pid=found.pid, created=found.create_time())


def git_revision() -> str:
    """Of the code that runs, with `+` when files were changed since; empty when it is no checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        head, changes = (
            subprocess.run(
                ["git", "-C", str(root), *words],
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
            ).stdout
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno"))
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return head.strip() + ("+" if changes.strip() else "")


def now_iso() -> str:
    """UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def now_s() -> float:
    """Epoch seconds."""
    return round(time.time(), 3)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
