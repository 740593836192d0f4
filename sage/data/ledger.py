"""Every call that was made for money or not, a line each, on disk before its reply is used.

The ledger is also the memory of a run: the same call is answered from it, so a program that was killed pays for nothing
twice. A call is noted when it is sent and again when its reply is here; what was sent and never came back is counted,
since the service may have charged it. The budget is kept here, too: a call that might exceed it is not sent.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sage.faults import Border, StopSignal, WorldError, crossing
from sage.types import Reply, Usage, Value, add_known

CALLS = "calls.jsonl"
WAIT_S = 0.25


class BudgetError(Exception):
    """The next call might cost more than is left; nothing was sent."""


class Entry(Value):
    """One line: a call that was sent, came back, or failed."""

    type: Literal["sent", "paid", "failed"]
    key: str
    step: str = ""
    """write, solve, tools, judge, blind."""
    model: str = ""
    """The spec."""
    at: str = ""
    usd: float | None = None
    """`None`: not known. 0: on this machine."""
    is_estimate: bool = False
    """The service told no tokens; `usd` is what was set aside."""
    reply: Reply | None = None


class Total(Value):
    """What calls of one step to one model came to."""

    step: str
    model: str
    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float = 0.0
    unpriced: int = 0
    """Calls whose price is not known; not in `usd`."""
    estimated: int = 0
    """Calls whose price was estimated; in `usd`."""
    named: tuple[str, ...] = ()
    """What the service called the model, its version with it."""

    def plus(self, entry: Entry) -> Total:
        usage = entry.reply.usage if entry.reply else Usage()
        return Total(
            step=self.step,
            model=self.model,
            calls=self.calls + 1,
            input_tokens=add_known(self.input_tokens, usage.input_tokens),
            output_tokens=add_known(self.output_tokens, usage.output_tokens),
            usd=self.usd + (entry.usd or 0.0),
            unpriced=self.unpriced + (entry.usd is None),
            estimated=self.estimated + entry.is_estimate,
            named=self._names(entry),
        )

    def _names(self, entry: Entry) -> tuple[str, ...]:
        name = entry.reply.model if entry.reply else ""
        return self.named if name in (*self.named, "") else (*self.named, name)


class Ledger:
    """The calls of one run. One process writes at a time; its threads share it."""

    def __init__(self, folder: Path, budget_usd: float | None = None) -> None:
        """Opens or begins `folder/calls.jsonl`; WorldError(DISK), also when another process is at it."""
        self.path = folder / CALLS
        self.budget_usd = budget_usd
        self._places: dict[bytes, int] = {}
        self._open: Counter[str] = Counter()
        """Keys of calls that were sent and are not back."""
        self._totals: dict[tuple[str, str], Total] = {}
        self._reserved: list[float] = []
        self._changed = threading.Condition()
        with crossing(Border.DISK, f"{self.path} cannot be kept", OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
            self._lock_file()
            self._read()

    def close(self) -> None:
        self._file.close()

    @property
    def spent_usd(self) -> float:
        with self._changed:
            return self._spent()

    @property
    def lost(self) -> int:
        """Calls that were sent and never came back: the program ended meanwhile, or the connection broke."""
        with self._changed:
            return sum(self._open.values())

    def totals(self) -> list[Total]:
        """By step and model, in that order."""
        with self._changed:
            return [self._totals[key] for key in sorted(self._totals)]

    def find(self, key: str) -> Reply | None:
        """The reply to a call that was paid before."""
        with self._changed:
            place = self._places.get(_short(key))
        if place is None:
            return None
        with self.path.open("rb") as file:
            file.seek(place)
            return Entry.model_validate_json(file.readline()).reply

    @contextmanager
    def reserved(self, usd: float, stop: StopSignal) -> Iterator[None]:
        """Sets money aside while a call is under way; BudgetError when it might not be there.

        What others have set aside may turn out not to be needed: it is waited for.
        """
        with self._changed:
            while self._is_too_much(usd):
                if not self._reserved:
                    raise BudgetError(self._explain(usd))
                self._changed.wait(WAIT_S)
                stop.check()
            self._reserved.append(usd)
        try:
            yield
        finally:
            with self._changed:
                self._reserved.remove(usd)
                self._changed.notify_all()

    def add(self, entry: Entry) -> None:
        """Writes a line; money is on the disk, not only on its way there, when this returns. WorldError(DISK)."""
        entry = entry.model_copy(update={"at": datetime.now(UTC).isoformat(timespec="seconds")})
        line = entry.model_dump_json(exclude_defaults=True).encode() + b"\n"
        with self._changed, crossing(Border.DISK, f"{self.path} cannot be kept", OSError):
            place = os.fstat(self._file.fileno()).st_size
            _write_whole(self._file.fileno(), line, place)
            if entry.usd or (entry.type == "paid" and entry.usd is None):
                os.fdatasync(self._file.fileno())
            self._take(entry, place)

    def _is_too_much(self, usd: float) -> bool:
        if self.budget_usd is None or usd <= 0:
            return False
        return self._spent() + sum(self._reserved) + usd > self.budget_usd + 1e-9

    def _explain(self, usd: float) -> str:
        return (
            f"The budget of ${self.budget_usd:.2f} is reached: ${self._spent():.4f} are spent, and the next call might "
            f"cost ${usd:.4f}. All that was paid for is kept. Raise budget_usd and start the same command again."
        )

    def _spent(self) -> float:
        return sum(total.usd for total in self._totals.values())

    def _take(self, entry: Entry, place: int) -> None:
        if entry.type == "sent":
            self._open[entry.key] += 1
            return
        self._open[entry.key] -= 1
        if self._open[entry.key] <= 0:
            del self._open[entry.key]
        if entry.type == "paid":
            self._places[_short(entry.key)] = place
            key = (entry.step, entry.model)
            before = self._totals.get(key) or Total(step=entry.step, model=entry.model)
            self._totals[key] = before.plus(entry)

    def _lock_file(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise WorldError(
                Border.DISK,
                f"Another run is at work in {self.path.parent}. Nothing was started. Wait for it, or stop it.",
            ) from None

    def _read(self) -> None:
        """Takes all whole lines; half a line at the end is cut off."""
        place = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                try:
                    self._take(Entry.model_validate_json(line), place)
                except ValueError as error:
                    raise WorldError(
                        Border.DISK,
                        f"A line of {self.path} cannot be read ({error.__class__.__name__}, at byte {place}). "
                        "Nothing was changed. Mend or remove that line; what it paid for would be paid again.",
                    ) from error
                place += len(line)
        os.ftruncate(self._file.fileno(), place)


def read_totals(folder: Path) -> tuple[list[Total], int]:
    """Totals and lost calls of a run that nobody has to be writing, or none."""
    totals: dict[tuple[str, str], Total] = {}
    lost: Counter[str] = Counter()
    if not (folder / CALLS).is_file():
        return [], 0
    with (folder / CALLS).open("rb") as file:
        for line in file:
            entry = Entry.model_validate(json.loads(line)) if line.endswith(b"\n") else None
            if entry is None:
                continue
            lost[entry.key] += 1 if entry.type == "sent" else -1
            if entry.type == "paid":
                key = (entry.step, entry.model)
                before = totals.get(key) or Total(step=entry.step, model=entry.model)
                totals[key] = before.plus(entry)
    return [totals[key] for key in sorted(totals)], sum(n for n in lost.values() if n > 0)


def _short(key: str) -> bytes:
    return bytes.fromhex(key)


def _write_whole(handle: int, line: bytes, before: int) -> None:
    """The whole line, or the file as it was."""
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(handle, left) :]
    except OSError:
        os.ftruncate(handle, before)
        raise
