"""Requests of many threads as one batch: a local model answers thirty-two together in little more than the time of one.

`Gathered.run` starts the threads and serves them from the thread that called it, so the models behind need not be
thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from sage.faults import WorldError
from sage.models.base import Model, Request
from sage.types import Reply

GIVE_UP = 9
"""Batches that fail one after the other before the rest is not even tried; one bad prompt among 128 costs fewer."""


class _Waiting(NamedTuple):
    """A thread that waits for replies."""

    model: Model
    requests: Sequence[Request]
    future: Future[list[Reply]]


class Gathered:
    """A Model for threads that ask at the same time: their requests become one batch.

    A batch begins when every thread waits or is done; with `patience_s`, that many seconds after the first one
    began to wait at the latest.
    """

    def __init__(self, model: Model, *, patience_s: float | None = None) -> None:
        self.model = model
        self.name, self.can_see = model.name, model.can_see
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._running = 0
        self._waiting: list[_Waiting] = []

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Only for threads that `run` has started."""
        return self._wait(self.model, requests)

    def close(self) -> None:
        """The model behind is not ours."""

    def beside(self, model: Model) -> Model:
        """Another model for the same threads; who waits for one is not busy for the other."""
        return self if model is self.model else _Beside(self._wait, model)

    def run(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Runs all jobs at once; the first exception that escapes one is raised when all are done."""
        if not jobs:
            return
        self._running = len(jobs)
        with ThreadPoolExecutor(len(jobs), thread_name_prefix="gathered") as pool:
            futures = [pool.submit(self._job, job) for job in jobs]
            while batch := self._next_batch():
                for model in {id(waiting.model): waiting.model for waiting in batch}.values():
                    _answer(model, [waiting for waiting in batch if waiting.model is model])
        for future in futures:
            future.result()

    def _wait(self, model: Model, requests: Sequence[Request]) -> list[Reply]:
        future: Future[list[Reply]] = Future()
        with self._changed:
            self._waiting.append(_Waiting(model, requests, future))
            self._changed.notify()
        return future.result()

    def _job(self, job: Callable[[], None]) -> None:
        try:
            job()
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def _next_batch(self) -> list[_Waiting]:
        """What is asked once nobody is busy any more, or patience is over; empty when all are done."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or not self._running)
            self._changed.wait_for(
                lambda: len(self._waiting) >= self._running, timeout=self._patience_s
            )
            batch, self._waiting = self._waiting, []
            return batch


class _Beside:
    """A second model of the same threads."""

    def __init__(
        self, wait: Callable[[Model, Sequence[Request]], list[Reply]], model: Model
    ) -> None:
        self.model = model
        self.name, self.can_see = model.name, model.can_see
        self._wait = wait

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        return self._wait(self.model, requests)

    def close(self) -> None:
        """The model behind is not ours."""


def ask_all(model: Model, requests: Sequence[Request]) -> list[Reply | WorldError]:
    """Asks in one batch; when that fails in ever smaller ones, until a prompt that cannot be answered stands alone."""
    found: dict[int, Reply | WorldError] = {}
    parts = [list(range(len(requests)))] if requests else []
    failures = 0
    while parts:
        part = parts.pop()
        try:
            found.update(zip(part, model.generate([requests[i] for i in part]), strict=True))
            failures = 0
        except WorldError as error:
            failures += 1
            if len(part) > 1 and failures < GIVE_UP:
                half = len(part) // 2
                parts += [part[half:], part[:half]]
                continue
            found.update(dict.fromkeys(part, error))
            if failures >= GIVE_UP:
                found.update({i: error for rest in parts for i in rest})
                parts = []
    return [found[i] for i in range(len(requests))]


def _answer(model: Model, batch: Sequence[_Waiting]) -> None:
    try:
        replies = iter(ask_all(model, [r for waiting in batch for r in waiting.requests]))
    except BaseException as error:  # noqa: BLE001  raised again in every thread that waits
        for waiting in batch:
            waiting.future.set_exception(error)
        return
    for waiting in batch:
        mine = [next(replies) for _ in waiting.requests]
        failed = [reply for reply in mine if isinstance(reply, WorldError)]
        if failed:
            waiting.future.set_exception(failed[0])
        else:
            waiting.future.set_result([reply for reply in mine if isinstance(reply, Reply)])
