"""Jobs that are small programs instead of trainings: real processes, in a folder of jobs."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sage.train.job_files import Info, JobState
from sage.train.jobs import Job, Jobs

SLEEPS = "import time; print('ready', flush=True); time.sleep(120)"
SAVES = """
import signal, sys, time

def stop(*_):
    print('saved', flush=True)
    sys.exit(130)

signal.signal(signal.SIGTERM, stop)
print('ready', flush=True)
time.sleep(120)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
time.sleep(120)
"""
PATIENCE_S = 60.0


def make(jobs: Jobs, code: str, *, devices: tuple[str, ...] = ("cpu",), name: str = "") -> Job:
    """A queued job that runs `code`."""
    command = (sys.executable, "-c", code)
    info = Info(recipe="sft", name=name, command=command, cwd="/", devices=devices)
    return jobs.create(jobs.new_folder("sft"), info, {})


def wait_for(job: Job, *states: JobState, said: str = "") -> JobState:
    """Waits until the job is in one of the states, and has said something if it should."""
    end = time.monotonic() + PATIENCE_S
    log = job.folder / "log.txt"
    while time.monotonic() < end:
        if job.state in states and (not said or said in _text(log)):
            return job.state
        time.sleep(0.05)
    raise AssertionError(f"{job.state} after {PATIENCE_S} s; log: {_text(log)[-500:]}")


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""
