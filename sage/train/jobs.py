"""Jobs: made, queued, started, stopped, killed, resumed, deleted. All of it is on disk, so any app shows the same.

Whoever starts a job only holds the wrapper's process (see `job_wrap`), and may die: jobs are processes of their own,
with their output in a file. One job at a time is on a card, or on the CPU; the rest waits in the order of arrival, and
`tick` starts what can be started. Several apps on the same folder take turns at that by a lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from sage.faults import Border, WorldError, crossing
from sage.train.job_devices import CPU, on_cards
from sage.train.job_files import (
    AGAIN,
    JOB,
    LIVE,
    LOG,
    QUEUED,
    SETTINGS,
    Attempt,
    Info,
    JobState,
    StopAsked,
    attempt_path,
    git_revision,
    log_size,
    now_iso,
    now_s,
    read_attempts,
    read_info,
    state_of,
    steps_done,
    write,
)

START_S = 60.0
"""How long a wrapper may take to tell that it started."""
GONE_S = 10.0
"""How long a killed process may take to be gone."""
TICK_S = 1.0
ELSEWHERE = "elsewhere.txt"


@dataclass(frozen=True)
class Job:
    """A job at its folder; everything else of it is read when it is asked for."""

    id: str
    folder: Path
    info: Info
    is_ours: bool
    """It lies in a folder of this app, which may delete it."""

    @property
    def state(self) -> JobState:
        return state_of(self.folder)

    @property
    def attempts(self) -> list[Attempt]:
        return read_attempts(self.folder)

    @property
    def title(self) -> str:
        return self.info.name or self.folder.name


class Jobs:
    """The jobs in `home`, in the folders beside (`others`), and those whose folder was shown to it."""

    def __init__(self, home: Path, others: Sequence[Path] = ()) -> None:
        self.home = home.resolve()
        self.others = tuple(folder.resolve() for folder in others)
        self._children: list[subprocess.Popen[bytes]] = []
        self._ticking: threading.Thread | None = None

    # ---- looking

    def all(self) -> list[Job]:
        """Newest first."""
        folders = [p for root in (self.home, *self.others) if root.is_dir() for p in root.iterdir()]
        found = {}
        for folder in [*folders, *self._elsewhere()]:
            info = read_info(folder) if folder.is_dir() and not folder.is_symlink() else None
            if info is not None:
                job = self._job(folder, info)
                found[job.id] = job
        return sorted(found.values(), key=lambda job: (job.info.created, job.id), reverse=True)

    def find(self, id: str) -> Job | None:
        """A job by its id, which is never taken for a path."""
        return next((job for job in self.all() if job.id == id), None)

    def place(self, job: Job) -> int:
        """Place in the queue, from 1; 0 when it does not wait."""
        waiting = [other.id for other in self._waiting()]
        return waiting.index(job.id) + 1 if job.id in waiting else 0

    def show(self, folder: Path) -> Job:
        """Adds the folder of a run from elsewhere; WorldError(DISK) when it is none."""
        folder = folder.expanduser().resolve()
        info = read_info(folder) if folder.is_dir() else None
        if info is None:
            raise WorldError(
                Border.DISK,
                f"{folder} is not the folder of a training run: it has neither {JOB} nor {SETTINGS}. "
                "Nothing was added. Give the folder that the run's setting `out` names.",
            )
        if folder.parent not in (self.home, *self.others) and folder not in self._elsewhere():
            self.home.mkdir(parents=True, exist_ok=True)
            with (self.home / ELSEWHERE).open("a", encoding="utf-8") as file:
                file.write(f"{folder}\n")
        return self._job(folder, info)

    # ---- making and changing

    def new_folder(self, recipe: str) -> Path:
        """Where the next job will be."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        return self.home / f"{stamp}-{recipe}-{secrets.token_hex(2)}"

    def create(self, folder: Path, info: Info, files: Mapping[str, str]) -> Job:
        """Writes a job and queues it; `files` by name. Raises WorldError(DISK)."""
        with crossing(Border.DISK, "The job cannot be kept; nothing was started", OSError):
            folder.mkdir(parents=True)
            for name, text in files.items():
                (folder / name).write_text(text, "utf-8")
            info = info.model_copy(update={"created": now_iso()})
            write(folder / JOB, info)
            write(folder / QUEUED, {"at": now_s()})
        return self._job(folder, info)

    def resume(self, job: Job) -> None:
        """Queues the next attempt. WorldError for a job that runs or is done."""
        if job.state not in AGAIN:
            raise _refusal(job, f"it is {job.state.value}", "resumed")
        if not self._command(job):
            raise _refusal(job, "its command is not known", "resumed")
        with crossing(Border.DISK, "The job cannot be queued; nothing was started", OSError):
            write(job.folder / QUEUED, {"at": now_s()})

    def rename(self, job: Job, *, name: str | None = None, note: str | None = None) -> Job:
        """Changes what a person calls it, or what is noted of it."""
        changes = {"name": name, "note": note}
        info = job.info.model_copy(update={k: v for k, v in changes.items() if v is not None})
        with crossing(Border.DISK, "The name cannot be kept; the old one stays", OSError):
            write(job.folder / JOB, info)
        return self._job(job.folder, info)

    def delete(self, job: Job) -> None:
        """Deletes a job's folder; of one from elsewhere only that it is shown. WorldError while it runs."""
        if job.state in (*LIVE, JobState.QUEUED):
            raise _refusal(job, f"it is {job.state.value}", "deleted")
        with crossing(Border.DISK, "The job could not be deleted as a whole", OSError):
            if job.is_ours:
                shutil.rmtree(job.folder)
                return
            kept = [str(folder) for folder in self._elsewhere() if folder != job.folder]
            (self.home / ELSEWHERE).write_text("".join(f"{line}\n" for line in kept), "utf-8")

    # ---- stopping

    def stop(self, job: Job) -> None:
        """Asks a running job to save and stop; takes a queued one out of the queue."""
        if job.state == JobState.QUEUED:
            (job.folder / QUEUED).unlink(missing_ok=True)
            return
        attempt = _live(job, "stopped")
        with crossing(Border.DISK, "That a stop was asked for cannot be noted", OSError):
            path = attempt_path(job.folder, attempt.number, "stop")
            write(path, StopAsked(how="stop", at=now_s()))
        _signal(attempt, signal.SIGTERM)

    def kill(self, job: Job) -> None:
        """Ends a running job at once and makes sure that it is gone; WorldError when it is not."""
        attempt = _live(job, "killed")
        with crossing(Border.DISK, "That a kill was asked for cannot be noted", OSError):
            path = attempt_path(job.folder, attempt.number, "stop")
            write(path, StopAsked(how="kill", at=now_s()))
        _signal(attempt, signal.SIGKILL)
        end = time.monotonic() + GONE_S
        while _is_there(attempt):
            self._reap()
            if time.monotonic() > end:
                raise _refusal(job, f"process {attempt.start.process.pid} stays alive", "killed")
            time.sleep(0.05)

    # ---- starting

    def tick(self) -> list[Job]:
        """Starts every queued job whose devices are free; returns those."""
        self._reap()
        if not self._waiting():
            return []
        started = []
        with self._lock() as is_mine:
            if not is_mine:
                return []
            busy = {d for job in self.all() if job.state in LIVE for d in job.info.devices}
            for job in self._waiting():
                if busy.isdisjoint(job.info.devices):
                    self._start(job)
                    started.append(job)
                # Whoever waits keeps its devices from those behind it.
                busy |= set(job.info.devices)
        return started

    def keep_going(self) -> None:
        """Ticks in a thread of its own from now on."""
        if self._ticking is None:
            self._ticking = threading.Thread(target=self._go_on, name="jobs", daemon=True)
            self._ticking.start()

    def _go_on(self) -> None:
        while True:
            # What one job's folder is like must not hold up all others for ever; it shows as queued.
            with suppress(OSError, WorldError, psutil.Error):
                self.tick()
            time.sleep(TICK_S)

    def _start(self, job: Job) -> None:
        attempts = job.attempts
        number = attempts[-1].number + 1 if attempts else 1
        last = attempts[-1].start if attempts else None
        launch = {
            "command": self._command(job),
            "cwd": job.info.cwd or (last.cwd if last else str(job.folder)),
            "env": _env(job.info.devices),
            "git": git_revision(),
            "first_step": steps_done(job.folder),
            "log_from": log_size(job.folder),
        }
        write(attempt_path(job.folder, number, "launch"), launch)
        began = attempt_path(job.folder, number, "start")
        with (job.folder / LOG).open("ab") as log:
            wrapper = subprocess.Popen(
                [sys.executable, "-m", "sage.train.job_wrap", str(job.folder), str(number)],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._children.append(wrapper)
        end = time.monotonic() + START_S
        while not began.exists() and wrapper.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        if not began.exists():
            with suppress(ProcessLookupError):
                os.killpg(wrapper.pid, signal.SIGKILL)
        # A job that cannot be started is not tried again and again.
        (job.folder / QUEUED).unlink(missing_ok=True)

    def _command(self, job: Job) -> list[str]:
        attempts = job.attempts
        return list(job.info.command or (attempts[-1].start.command if attempts else ()))

    def _waiting(self) -> list[Job]:
        queued = [job for job in self.all() if (job.folder / QUEUED).is_file()]
        return sorted(queued, key=lambda job: _changed(job.folder / QUEUED))

    def _elsewhere(self) -> list[Path]:
        with suppress(OSError):
            return [Path(line) for line in (self.home / ELSEWHERE).read_text("utf-8").splitlines()]
        return []

    def _job(self, folder: Path, info: Info) -> Job:
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", folder.name)
        if folder.parent != self.home:
            name += f"-{hashlib.sha256(str(folder).encode()).hexdigest()[:6]}"
        return Job(name, folder, info, is_ours=folder.parent in (self.home, *self.others))

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / ".queue").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True

    def _reap(self) -> None:
        """Wrappers of ours that ended are let go, or they would stay in the table of processes."""
        self._children = [child for child in self._children if child.poll() is None]


def _env(devices: Sequence[str]) -> dict[str, str]:
    return {"CUDA_VISIBLE_DEVICES": "" if CPU in devices else ",".join(devices)}


def _live(job: Job, what: str) -> Attempt:
    attempts = job.attempts
    if not attempts or attempts[-1].state not in LIVE:
        raise _refusal(job, f"it is {job.state.value}", what)
    return attempts[-1]


def _signal(attempt: Attempt, number: signal.Signals) -> None:
    """To the whole group where it is ours, else to the process alone: a shell may be in its group."""
    start = attempt.start
    # A pid that was given away in between would be somebody else's process.
    with suppress(ProcessLookupError):
        if start.wrapper is not None and start.wrapper.is_alive:
            os.killpg(start.wrapper.pid, number)
        elif start.process.is_alive:
            os.kill(start.process.pid, number)


def _is_there(attempt: Attempt) -> bool:
    start = attempt.start
    if attempt.is_alive and (start.process.is_alive or (start.wrapper and start.wrapper.is_alive)):
        return True
    return start.process.pid in on_cards()


def _changed(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _refusal(job: Job, why: str, what: str) -> WorldError:
    message = f"“{job.title}” cannot be {what}: {why}. Nothing was changed."
    return WorldError(Border.DISK, message)
