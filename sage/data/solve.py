"""solve: several trajectories a question, by the agent's own loop with an expert as orchestrator. All are kept.

A trajectory is a run like any other, at `traces/<question>/<try>/<run>`; its pictures are in the film's folder. One
that ended by itself is done; one that the world or a stop ended is tried again, and what it paid is not paid again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sage.agent import play
from sage.data.crew import Crew
from sage.data.draft import Written
from sage.data.films import Film
from sage.data.ledger import BudgetError
from sage.data.workspace import open_workspace
from sage.episode import Episode
from sage.faults import StoppedError, WorldError
from sage.store import RunFolder, list_runs
from sage.types import Event, Limits, Setup, Stop, Trace
from sage.video.sampling import plan

TRACES = "traces"
DONE = (Stop.ANSWERED, Stop.FORCED, Stop.MALFORMED)
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


def solve(film: Film, written: Written, number: int, crew: Crew) -> Trace:
    """The trajectory of a try (from 1), played unless it is done. WorldError, BudgetError, StoppedError."""
    known = newest_trace(crew.settings.folder, written.id, number)
    if known and known.stop in DONE and is_current(known, written):
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
    return store.trace()


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
    asked, now = trace.question, written.example.question
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
