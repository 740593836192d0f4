"""Episodes that a policy played while it learned, shown as runs: in the same timeline and turn cards as any other.

A sample's name says which: `sample-<step>-<number>-<job>`. Its folder is made when it is first looked at. Pictures of
the miniature world are on no disk: they are drawn for it, those of real films are linked from where the run has them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sage.faults import Border, crossing
from sage.mini.film import render
from sage.mini.world import find_film
from sage.store import EVENTS
from sage.train.job_files import TRACES
from sage.train.jobs import Job, Jobs
from sage.types import Frame, Stop, Trace

NAME = re.compile(r"sample-(?P<step>\d{1,9})-(?P<n>\d{1,4})-(?P<job>[\w.-]{1,160})")
QUALITY = 88


class Samples:
    """Folders of samples, below `home`."""

    def __init__(self, home: Path, jobs: Jobs) -> None:
        self._home = home
        self._jobs = jobs

    def folder(self, run: str) -> Path | None:
        """The folder of a sample, made now if need be; `None` for any other name. Raises WorldError(DISK)."""
        match = NAME.fullmatch(run)
        job = self._jobs.find(match["job"]) if match else None
        if match is None or job is None:
            return None
        folder = self._home / run
        if (folder / EVENTS).is_file():
            return folder
        trace = read_sample(job, int(match["step"]), int(match["n"]))
        if trace is None:
            return None
        with crossing(Border.DISK, "The episode cannot be shown", OSError):
            # Nobody had measured the whole: many are played at once.
            spent = round(sum(turn.seconds for turn in trace.turns), 3)
            _write(job, trace.model_copy(update={"run": run, "seconds": spent}), folder)
        return folder

    def forget(self, job: Job) -> None:
        """Deletes what was made of a job's episodes."""
        for folder in self._home.glob("sample-*"):
            match = NAME.fullmatch(folder.name)
            if match is not None and match["job"] == job.id:
                shutil.rmtree(folder, ignore_errors=True)


def list_samples(job: Job, step: int) -> list[dict[str, Any]]:
    """The episodes of a step, each with what it was asked and what it said."""
    found = []
    for n, line in enumerate(_lines(job, step)):
        with suppress(ValidationError):
            trace = Trace.model_validate_json(line)
            found.append(
                {
                    "run": f"sample-{step}-{n}-{job.id}",
                    "question": trace.question.text,
                    "answer": trace.answer or "",
                    "turns": len(trace.turns),
                    "tools": [str(turn.decision) for turn in trace.turns],
                    "stop": str(trace.stop or ""),
                    "is_answered": trace.stop in (Stop.ANSWERED, Stop.FORCED),
                }
            )
    return found


def read_sample(job: Job, step: int, n: int) -> Trace | None:
    """One episode of a step, or `None`."""
    for number, line in enumerate(_lines(job, step)):
        if number == n:
            with suppress(ValidationError):
                return Trace.model_validate_json(line)
    return None


def _lines(job: Job, step: int) -> Iterator[str]:
    path = job.folder / TRACES / f"{step:06d}.jsonl"
    with suppress(OSError), path.open(encoding="utf-8") as file:
        yield from file


def _write(job: Job, trace: Trace, folder: Path) -> None:
    """The folder of a run, its events last: a half-made one is made again."""
    from demo.export import unfold  # noqa: PLC0415  it needs the site, which has the samples

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for frame in _frames(trace):
        target = folder / frame.path
        inside = target.resolve().is_relative_to(folder.resolve())
        if inside and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _picture(job, trace, frame, target)
    events = [e.model_dump_json(include=e.model_fields_set) for e in unfold(trace)]
    (folder / EVENTS).write_text("".join(f"{line}\n" for line in events), "utf-8")


def _picture(job: Job, trace: Trace, frame: Frame, target: Path) -> None:
    from PIL import Image  # noqa: PLC0415

    if trace.film is None:
        return
    try:
        film = find_film(Path(trace.film.path).stem)
    except ValueError:
        source = job.folder / "world" / trace.film.digest[:24] / frame.path
        if source.is_file():
            shutil.copy(source, target)
        return
    Image.fromarray(render(film, frame.at_s)).save(target, quality=QUALITY)


def _frames(trace: Trace) -> Iterator[Frame]:
    yield from trace.frames
    for turn in trace.turns:
        yield from turn.frames
        if turn.observation is not None:
            yield from turn.observation.frames
