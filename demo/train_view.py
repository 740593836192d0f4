"""What the Training tab shows, as JSON: jobs, one job, its curves, its log. Everything is read from disk at each look.

A public site shows nothing of all this: jobs may name files and models of the machine. Each answer bears a version;
whoever has that version already is told so instead of getting it all again.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from sage.train import job_curves, job_log
from sage.train.job_curves import Logs, Progress, read_plan
from sage.train.job_files import (
    AGAIN,
    CONFIG,
    LIVE,
    SETTINGS,
    TRACES,
    Attempt,
    JobState,
)
from sage.train.job_models import checkpoints
from sage.train.job_plan import shown_command
from sage.train.jobs import Job, Jobs

LONGEST_YAML = 20_000
Shown = dict[str, Any]


class TrainView:
    """Reads jobs for pages. Thread-safe."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self._logs = Logs()
        self._curves: dict[Path, tuple[tuple[object, ...], Shown]] = {}
        self._drawing = threading.Lock()

    def listing(self) -> Shown:
        """All jobs, newest first, a line each."""
        return {"jobs": [self._row(job) for job in self.jobs.all()]}

    def detail(self, job: Job) -> Shown:
        """All of one job but curves and log."""
        state, attempts = job.state, job.attempts
        last = attempts[-1] if attempts else None
        _, lines = self._logs.of(job.folder).lines()
        plan = read_plan(job.folder)
        done = job_curves.progress(lines, plan, last)
        config = job.folder / (CONFIG if (job.folder / CONFIG).is_file() else SETTINGS)
        command = job.info.command or (last.start.command if last else ())
        return {
            **_facts(job, state),
            "progress": done._asdict(),
            "says": says(state, last, done, self.jobs.place(job)),
            "attempts": [_attempt(attempt) for attempt in attempts],
            "alarms": job_curves.alarms(lines),
            "problem": _problem(job, state, last),
            "checkpoints": _models(job),
            "samples": _sampled(job.folder),
            "command": shown_command(command),
            "cwd": job.info.cwd or (last.start.cwd if last else ""),
            "yaml": _text(config),
            "folder": str(job.folder),
            "can": _can(state, last, bool(command)),
            "killing": bool(last and last.stop and last.stop.how == "kill"),
        }

    def curves(self, job: Job) -> Shown:
        """Curves of the whole run, thinned; steps where attempts joined and checkpoints lie."""
        count, lines = self._logs.of(job.folder).lines()
        plan = read_plan(job.folder)
        key = (count, len(lines), tuple(plan.items()))
        with self._drawing:
            known = self._curves.get(job.folder)
            if known is None or known[0] != key:
                known = (key, job_curves.curves(lines, plan))
                self._curves[job.folder] = known
                while len(self._curves) > 24:
                    self._curves.pop(next(iter(self._curves)))
        return {
            **known[1],
            "id": job.id,
            "title": job.title,
            "joins": [a.start.first_step for a in job.attempts[1:] if a.start.first_step],
            "saved": [c.step for c in checkpoints(job.folder) if not c.is_final],
            "stages": _stages(plan),
        }

    def log(self, job: Job, wanted: str) -> Shown:
        """The end of the log; the lines that hold `wanted`, if anything is."""
        if wanted:
            hits, count = job_log.search(job.folder, wanted)
            return {"hits": [list(hit) for hit in hits], "count": count}
        found = job_log.tail(job.folder)
        return {"lines": found.lines, "whole": found.is_whole, "size": found.size}

    def _row(self, job: Job) -> Shown:
        state, attempts = job.state, job.attempts
        lines = job_curves.last_lines(job.folder)
        done = job_curves.progress(lines, read_plan(job.folder), attempts[-1] if attempts else None)
        place = self.jobs.place(job) if state == JobState.QUEUED else 0
        return {**_facts(job, state), "progress": done._asdict(), "place": place}


def versioned(value: Shown, seen: str) -> Shown:
    """The value with its version, or only that it is the one that was seen."""
    text = json.dumps(value, sort_keys=True)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return {"v": version, "same": True} if version == seen else {"v": version, **value}


def says(state: JobState, last: Attempt | None, done: Progress, place: int) -> str:
    """One sentence about where a job stands."""
    at = f"step {done.step:,}" + (f" of {done.steps:,}" if done.steps else "")
    if state == JobState.QUEUED:
        return f"Waiting for its turn on this machine: place {place}."
    if state == JobState.RUNNING:
        return _running(last, done, at)
    if state == JobState.STOPPING:
        killing = last is not None and last.stop is not None and last.stop.how == "kill"
        asked = round(time.time() - last.stop.at) if last and last.stop else 0
        return "Killing it…" if killing else f"Asked {asked} s ago to save and stop, at {at}…"
    if state == JobState.STOPPED:
        return f"Stopped at {at}." if done.step else "Stopped before its first step."
    if state == JobState.DONE:
        return f"Done: {done.step:,} steps." if done.step else "Done."
    if state == JobState.LOST:
        return f"Its process is gone and left no word, at {at}: killed from outside, or the machine went down."
    if state == JobState.FAILED and last is not None and last.end is not None:
        return _failed(last.end.code, at)
    return "It never ran."


def _running(last: Attempt | None, done: Progress, at: str) -> str:
    first = last.start.first_step if last else 0
    if done.step <= first:
        return "Loading: model and data come first." + (
            f" It goes on from step {first:,}." if first else ""
        )
    stage = f" ({done.stage})" if done.stage and done.stage != "grpo" else ""
    left = f", {duration(done.seconds_left)} left" if done.seconds_left is not None else ""
    return f"{at.capitalize()}{stage}{left}."


def _failed(code: int, at: str) -> str:
    if code == -9:
        return (
            f"Failed at {at}: it was killed from outside (signal 9), often because memory ran out."
        )
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return f"Failed at {at} ({how})."


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _facts(job: Job, state: JobState) -> Shown:
    return {
        "id": job.id,
        "title": job.title,
        "note": job.info.note,
        "recipe": job.info.recipe,
        "state": state.value,
        "created": job.info.created,
        "by": job.info.by,
        "devices": list(job.info.devices),
        "ours": job.is_ours,
    }


def _attempt(attempt: Attempt) -> Shown:
    end = attempt.end
    return {
        "n": attempt.number,
        "at": attempt.start.at,
        "end": end.at if end else None,
        "code": end.code if end else None,
        "state": attempt.state.value,
        "first": attempt.start.first_step,
        "git": attempt.start.git,
        "pid": attempt.start.process.pid,
    }


def _can(state: JobState, last: Attempt | None, has_command: bool) -> list[str]:
    if state == JobState.QUEUED:
        return ["cancel"]
    if state in LIVE:
        return ["stop"] if last is not None and last.stop is None else ["kill"]
    return [*(["resume"] if state in AGAIN and has_command else []), "delete"]


def _problem(job: Job, state: JobState, last: Attempt | None) -> Shown | None:
    if state not in (JobState.FAILED, JobState.LOST) or last is None:
        return None
    text = job_log.problem(job.folder, last.start.log_from)
    return {"text": text, "advice": job_log.advice(text)}


def _models(job: Job) -> list[Shown]:
    return [
        {"step": c.step, "final": c.is_final, "whole": c.is_whole} for c in checkpoints(job.folder)
    ]


def _sampled(folder: Path) -> list[int]:
    """Steps of which episodes are kept, newest first."""
    names = [path.stem for path in (folder / TRACES).glob("*.jsonl")]
    return sorted((int(name) for name in names if name.isdigit()), reverse=True)


def _stages(plan: dict[str, int]) -> list[list[Any]]:
    """Where each stage but the first begins, with its name."""
    found, before = [], 0
    for name, steps in plan.items():
        if before:
            found.append([before, name])
        before += steps
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")[:LONGEST_YAML]
    except (OSError, UnicodeDecodeError):
        return ""
