"""The log of a run as curves: read on from where it was left, joined over attempts, thinned to what a screen can show.

A log is append-only but for a resume, which replaces it by a shorter one; the reader sees that by the file's number and
length. A half-written last line is left for later.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from sage.train.job_files import METRICS, PLAN, Attempt

MOST = 1000
"""Points of a curve."""
PHASES = ("seconds", "rollout_s", "rows_s", "update_s")
NEAR_END = 64 * 1024
RECENT = 20
"""Steps that the time to the end is told from."""
Line = dict[str, Any]


class Progress(NamedTuple):
    """How far a run is; steps are counted over all stages."""

    step: int
    steps: int
    """0: not known."""
    stage: str
    seconds_left: float | None
    """By the pace of this attempt alone."""


class Log:
    """`metrics.jsonl` of one run. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / METRICS
        self._lines: list[Line] = []
        self._offset = 0
        self._file: tuple[int, int] | None = None
        self._reading = threading.Lock()
        self._count = 0

    def lines(self) -> tuple[int, list[Line]]:
        """A number that changes with the log, and all whole lines so far; do not change them."""
        with self._reading:
            try:
                self._read_on()
            except OSError:
                self._forget()
            return self._count, self._lines

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            found = _identity(file.fileno())
            size = file.seek(0, 2)
            if found != self._file or size < self._offset:
                self._forget()
                self._file = found
            file.seek(self._offset)
            data = file.read(size - self._offset)
        end = data.rfind(b"\n") + 1
        fresh = [line for raw in data[:end].splitlines() if (line := _parse(raw)) is not None]
        self._offset += end
        if fresh:
            # A new list: whoever was given the old one may still be reading it.
            self._lines = [*self._lines, *fresh]
            self._count += len(fresh)

    def _forget(self) -> None:
        if self._lines:
            self._count += 1
        self._lines, self._offset, self._file = [], 0, None


class Logs:
    """Logs of the runs that were looked at last."""

    def __init__(self, most: int = 24) -> None:
        self._most = most
        self._known: OrderedDict[Path, Log] = OrderedDict()
        self._changing = threading.Lock()

    def of(self, folder: Path) -> Log:
        with self._changing:
            log = self._known.pop(folder, None) or Log(folder)
            self._known[folder] = log
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return log


def last_lines(folder: Path) -> list[Line]:
    """The last few lines of a run's log, without reading the rest."""
    try:
        with (folder / METRICS).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - NEAR_END))
            data = file.read()
    except OSError:
        return []
    whole = data[: data.rfind(b"\n") + 1].splitlines()
    return [line for raw in whole[-RECENT:] if (line := _parse(raw)) is not None]


def read_plan(folder: Path) -> dict[str, int]:
    """Steps of each stage; empty when the run has not told yet."""
    try:
        stages = json.loads((folder / PLAN).read_text("utf-8"))["stages"]
        return {str(name): int(steps) for name, steps in stages.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def number_steps(lines: Sequence[Line], plan: dict[str, int]) -> list[int]:
    """The step of each line over all stages."""
    longest: dict[int, int] = {}
    for line in lines:
        stage = int(line.get("stage", 0))
        longest[stage] = max(longest.get(stage, 0), int(line.get("step", 0)))
    known = list(plan.values())
    sizes = [
        known[stage] if stage < len(known) else longest.get(stage, 0)
        for stage in range(max(longest, default=0) + 1)
    ]
    before = [0, *accumulate(sizes)]
    return [before[int(line.get("stage", 0))] + int(line.get("step", 0)) for line in lines]


def progress(
    lines: Sequence[Line], plan: dict[str, int], attempt: Attempt | None = None
) -> Progress:
    """How far the run is, and how long the rest takes at the pace of `attempt`."""
    steps = sum(plan.values())
    if not lines:
        return Progress(0, steps, next(iter(plan), ""), None)
    numbers = number_steps(lines, plan)
    first = attempt.start.first_step if attempt else 0
    own = [seconds_of(line) for n, line in zip(numbers, lines, strict=True) if n > first][-RECENT:]
    left = None
    if steps and own:
        left = max(0, steps - numbers[-1]) * sum(own) / len(own)
    names = list(plan)
    stage = int(lines[-1].get("stage", 0))
    name = str(lines[-1].get("name") or (names[stage] if stage < len(names) else ""))
    return Progress(numbers[-1], steps, name, left)


def seconds_of(line: Line) -> float:
    """What a step took."""
    return sum(float(line[name]) for name in PHASES if isinstance(line.get(name), int | float))


def curves(lines: Sequence[Line], plan: dict[str, int], *, most: int = MOST) -> dict[str, Any]:
    """Each curve by its name: steps `i`, seconds `s` and tokens `t` so far, values `y`.

    Of a long run each bucket of steps keeps a curve's least and greatest value: no spike is lost, and the whole run is
    always there.
    """
    numbers = number_steps(lines, plan)
    seconds = [round(s, 2) for s in accumulate(seconds_of(line) for line in lines)]
    tokens = [round(t) for t in accumulate(_tokens(line) for line in lines)]
    names = sorted({name for line in lines for name in line if _is_curve(name)})
    found: dict[str, Any] = {}
    for name in names:
        values = [_number(line.get(name)) for line in lines]
        kept = thin(values, most)
        found[name] = {
            "i": [numbers[k] for k in kept],
            "s": [seconds[k] for k in kept],
            "t": [tokens[k] for k in kept],
            "y": [values[k] for k in kept],
        }
    return {"y": found, "steps": numbers[-1] if numbers else 0}


def thin(values: Sequence[float | None], most: int) -> list[int]:
    """Places of at most `most` values: all that are known, or of each bucket the least and the greatest."""
    known = [k for k, value in enumerate(values) if value is not None]
    if len(known) <= most:
        return known
    buckets = max(1, (most - 2) // 2)
    kept = {known[0], known[-1]}
    for b in range(buckets):
        part = known[b * len(known) // buckets : (b + 1) * len(known) // buckets]
        kept.add(min(part, key=lambda k: _of(values, k)))
        kept.add(max(part, key=lambda k: _of(values, k)))
    return sorted(kept)


def alarms(lines: Sequence[Line]) -> list[str]:
    """What `sage.train.watch` found at the newest step."""
    found = lines[-1].get("alarms") if lines else None
    return [str(text) for text in found] if isinstance(found, list) else []


def _identity(descriptor: int) -> tuple[int, int]:
    """What tells a file from another of the same name."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _of(values: Sequence[float | None], k: int) -> float:
    value = values[k]
    return 0.0 if value is None else value


def _parse(raw: bytes) -> Line | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "step" in line else None


def _is_curve(name: str) -> bool:
    return name not in ("stage", "step", "name", "alarms")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(float(value), 9)


def _tokens(line: Line) -> float:
    speed, took = line.get("tokens_per_s"), line.get("seconds", line.get("rollout_s"))
    return speed * took if isinstance(speed, int | float) and isinstance(took, int | float) else 0.0
