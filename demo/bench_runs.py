"""The benchmark runs that the Benchmark tab knows, by name, and what is read of them again and again.

A name is looked up, never taken for a path. Reports are kept as long as a run's files stay as they are. The first
interval loads a large library, so that is done in the background when the app starts.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sage.bench.judges import EXACT
from sage.bench.numbers import compare, report
from sage.bench.run import (
    HEADER,
    JUDGEMENTS,
    PREDICTIONS,
    QUESTIONS,
    ROOT,
    BenchFolder,
    Judgement,
    Prediction,
    list_bench_runs,
)
from sage.bench.score import Seen, see
from sage.bench.statistics import mcnemar, wilson
from sage.faults import Border, WorldError

KEPT = 256
T = TypeVar("T")
Version = tuple[tuple[str, int, int], ...]


class BenchRuns:
    """Runs below the app's own folder and, at one's own machine, below the one of the terminal. Thread-safe."""

    def __init__(self, data: Path, *, is_public: bool) -> None:
        self.home = data / "runs" / "bench"
        self._roots = [self.home] if is_public else [self.home, ROOT]
        self._kept: OrderedDict[tuple[object, ...], tuple[Version, Any]] = OrderedDict()
        self._keeping = threading.Lock()

    def all(self) -> dict[str, BenchFolder]:
        """Runs by name; of two of a name the app's own."""
        found: dict[str, BenchFolder] = {}
        for root in dict.fromkeys(root.resolve() for root in self._roots):
            for run in list_bench_runs(root):
                found.setdefault(run.name, run)
        return found

    def find(self, name: str) -> BenchFolder:
        """A run by its name; WorldError(DISK) when there is none."""
        run = self.all().get(name)
        if run is None:
            raise WorldError(
                Border.DISK, "There is no such benchmark run any more. Nothing is shown."
            )
        return run

    def seen(self, run: BenchFolder, judge: str) -> Seen:
        """The run as a judge sees it; empty: as the run's own first judge does."""
        return self._keep(("seen", run.folder, judge), version(run), lambda: see(run, judge))

    def report(self, run: BenchFolder, judge: str) -> dict[str, Any]:
        """All numbers of a run; see `sage.bench.numbers`."""
        key = ("report", run.folder, judge)
        return self._keep(key, version(run), lambda: report(self.seen(run, judge)))

    def comparison(self, a: BenchFolder, b: BenchFolder, judge: str) -> dict[str, Any]:
        """Two runs on the same questions."""
        key = ("compare", a.folder, b.folder, judge)
        return self._keep(
            key,
            (*version(a), *version(b)),
            lambda: compare(self.seen(a, judge), self.seen(b, judge)),
        )

    def verdicts(self, run: BenchFolder) -> dict[str, dict[str, Judgement]]:
        """What each judge that was asked says, by judge and question."""
        return self._keep(
            ("verdicts", run.folder),
            version(run),
            lambda: {judge: run.judgements(judge) for judge in run.judges()},
        )

    def prediction(self, run: BenchFolder, question_id: str) -> Prediction | None:
        """One answer with its trace; `None` while there is none."""
        key = ("prediction", run.folder, question_id)
        now = (_mark(run.folder / PREDICTIONS),)
        return self._keep(key, now, lambda: run.prediction(question_id))

    def _keep(self, key: tuple[object, ...], now: Version, make: Callable[[], T]) -> T:
        """What was made of files that are as they were; else made anew, and the old let go."""
        with self._keeping:
            found = self._kept.get(key)
            if found is not None and found[0] == now:
                self._kept.move_to_end(key)
                kept: T = found[1]
                return kept
        made = make()
        with self._keeping:
            self._kept[key] = (now, made)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def version(run: BenchFolder) -> Version:
    """What changes with anything in the run that numbers depend on."""
    judged = sorted((run.folder / JUDGEMENTS).glob("*.jsonl"))
    paths = (*(run.folder / name for name in (HEADER, QUESTIONS, PREDICTIONS)), *judged)
    return tuple(_mark(path) for path in paths)


def judges_of(run: BenchFolder) -> list[str]:
    """Judges by whom the run can be seen: those that were asked, and `exact`, which costs nothing."""
    return sorted({EXACT, *run.judges()})


@lru_cache(maxsize=1)
def warm() -> threading.Thread:
    """Loads what statistics need, once, in a thread of its own."""
    thread = threading.Thread(target=_load, name="statistics", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    wilson(1, 2)
    mcnemar(1, 2)


def _mark(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), status.st_mtime_ns, status.st_size
