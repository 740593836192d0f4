"""solve: several trajectories a question, by the agent's own loop with an expert as orchestrator. All are kept.

A trajectory is a run like any other, at `traces/<question>/<try>/<run>`; its pictures are in the film's folder. One
that ended by itself is done; one that the world or a stop ended is tried again, and what it paid is not paid again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sage.agent import play
from sage.data.crew import Crew
from sage.data.draft import Written
from sage.data.films import Film
from sage.data.ledger import BudgetError
from sage.data.workspace import open_workspace
from sage.episode import Episode
from sage.faults import StoppedError, WorldError
from sage.store import EVENTS, RunFolder, list_runs
from sage.types import Event, Limits, Question, Setup, Stop, Trace
from sage.video.sampling import plan

TRACES = "traces"
DONE = (Stop.ANSWERED, Stop.FORCED, Stop.MALFORMED)
TAIL = 1 << 16
"""Bytes at the end of a run in which its last event is looked for."""
SEEDS_APART = 1000
"""Retries of a try count its seed up; no two tries share one."""


def trace_folder(folder: Path, question_id: str, number: int) -> Path:
    """Where the runs of a try are."""
    return folder / TRACES / question_id / str(number)


def newest_trace(folder: Path, question_id: str, number: int) -> Trace | None:
    """The newest run of a try; `None` while there is none. WorldError(DISK)."""
    runs = list_runs(trace_folder(folder, question_id, number))
    return max((run.trace() for run in runs), key=_rank) if runs else None


def _rank(trace: Trace) -> tuple[bool, str]:
    """What ended by itself counts before what did not."""
    return trace.stop in DONE, trace.run


class Peek(NamedTuple):
    """How a run began and ended, without what lies between."""

    question: Question
    stop: Stop | None
    """`None`: it did not end."""


def peek(run: RunFolder) -> Peek | None:
    """Reads two lines of a run; `None` when it has not even begun."""
    with (run.folder / EVENTS).open("rb") as file:
        first = file.readline()
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - TAIL))
        whole = file.read().rpartition(b"\n")[0]
    last = whole.rpartition(b"\n")[2]
    if not first.endswith(b"\n"):
        return None
    began = Event.model_validate_json(first)
    try:
        stop = Event.model_validate_json(last).stop
    except ValueError:
        stop = None  # a turn longer than what was read, so no end
    return Peek(began.trace.question, stop) if began.trace else None


def find_end(folder: Path, written: Written, number: int) -> Stop | None:
    """How a try at the question, as it is now, ended by itself; `None` while it has not."""
    for run in list_runs(trace_folder(folder, written.id, number)):
        seen = peek(run)
        if seen and seen.stop in DONE and _is_same(seen.question, written):
            return seen.stop
    return None


def solve(film: Film, written: Written, number: int, crew: Crew) -> Stop | None:
    """Plays a try (from 1) and returns how it ended, unless it is done. WorldError, BudgetError, StoppedError."""
    known = find_end(crew.settings.folder, written, number)
    if known:
        return known
    store = RunFolder.create(trace_folder(crew.settings.folder, written.id, number))
    try:
        for _ in _play(film, written, number, crew, store):
            crew.stop.check()
    except (StoppedError, BudgetError):
        store.append(Event(type="stopped", stop=Stop.STOPPED))
        raise
    except WorldError as error:
        store.append(Event(type="failed", stop=Stop.FAILED, text=str(error)))
        raise
    finally:
        store.close()
    last = peek(store)
    return last.stop if last else None


def setup_of(film: Film, number: int, crew: Crew) -> Setup:
    """The settings of a try."""
    settings = crew.settings
    own = settings.solve.setup.get("limits")
    return crew.setup(
        film,
        temperature=settings.solve.temperature,
        seed=settings.seed + number * SEEDS_APART,
        limits=Limits.model_validate(own) if own else Limits(),
    )


def is_current(trace: Trace, written: Written) -> bool:
    """Whether the question is still the one that was answered: people may have edited it."""
    return _is_same(trace.question, written)


def _is_same(asked: Question, written: Written) -> bool:
    now = written.example.question
    return (asked.text, asked.choices) == (now.text, now.choices)


def _play(
    film: Film, written: Written, number: int, crew: Crew, store: RunFolder
) -> Iterator[Event]:
    setup = setup_of(film, number, crew)
    question = written.example.question
    scope = f"{written.id} {number}"
    created = datetime.now(UTC).isoformat(timespec="seconds")
    trace = Trace(run=store.id, created=created, question=question, setup=setup)
    yield store.append(Event(type="started", trace=trace))
    workspace = open_workspace(film, crew, scope, setup=setup)
    info = film.info
    times = plan(info.duration_s, question.text, budget=setup.frames, focus=setup.focus)
    frames = workspace.save_frames(workspace.pictures(times)) if info.has_picture else ()
    yield store.append(Event(type="sampled", film=info, frames=frames))
    episode = Episode(question, info, setup, frames=frames, folder=workspace.folder)
    yield from play(episode, crew.model("solve", film, scope), workspace, store)
