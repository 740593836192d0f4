"""Many jobs, a few at a time, none queued up in memory; one that fails does not end the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple, TypeVar

from sage.faults import StopSignal, WorldError

Job = TypeVar("Job")
Result = TypeVar("Result")


class Failure(NamedTuple):
    """A job that the world did not let be done."""

    name: str
    reason: str


def work(
    jobs: Iterable[Job], do: Callable[[Job], Result], *, at_once: int, stop: StopSignal
) -> Iterator[tuple[Job, Result | WorldError]]:
    """Each job with its result, or the WorldError it ended with, as they are done.

    Anything else that is raised, StoppedError among it, ends all of it: no further job is begun, those under way see
    the stop signal, and it is raised here once they are over.
    """
    waiting = iter(jobs)
    running: dict[Future[Result], Job] = {}
    with ThreadPoolExecutor(at_once, thread_name_prefix="data") as pool:
        try:
            while True:
                while len(running) < at_once and (begun := _next(waiting, stop)):
                    running[pool.submit(do, begun[0])] = begun[0]
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    outcome: Result | WorldError = _outcome(future)
                    yield running.pop(future), outcome
        except BaseException:
            stop.set()
            raise
    stop.check()


def _next(waiting: Iterator[Job], stop: StopSignal) -> tuple[Job] | None:
    """The next job, unless there is none or none may be begun."""
    if stop.is_set:
        return None
    for job in waiting:
        return (job,)
    return None


def _outcome(future: Future[Result]) -> Result | WorldError:
    """What a job returned; raises what was not the world's fault."""
    error = future.exception()
    if isinstance(error, WorldError):
        return error
    return future.result()
