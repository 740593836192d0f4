"""Runs on disk: one folder a run, events.jsonl the only truth, everything else derived from it.

Append-only: a writer that dies leaves at most one half line, which readers ignore. The writer holds a lock on
the file as long as it lives, so a reader can tell a running run from one whose process was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from sage.faults import Border, WorldError
from sage.text import encodable
from sage.types import Event, Question, Stop, Trace

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{16}")
LAST = frozenset({"answered", "failed", "stopped"})
EVENTS = "events.jsonl"


class RunFolder:
    """One run. Opened for reading it holds nothing; `create` takes the lock for writing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.listener: Callable[[Event], None] | None = None
        self._events = folder / EVENTS
        self._file: FileIO | None = None
        self._write = threading.Lock()
        self._began = time.monotonic()

    @classmethod
    def create(cls, root: Path) -> RunFolder:
        """A new run under `root` with an id that cannot be guessed; raises WorldError(DISK)."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run = cls(root / f"{stamp}-{secrets.token_hex(8)}")
        try:
            run.folder.mkdir(parents=True)
            file = run._events.open("ab", buffering=0)
            fcntl.flock(file, fcntl.LOCK_EX)
            run._file = file
        except OSError as error:
            raise WorldError(
                Border.DISK, f"No run can be kept in {root}: {error.strerror}."
            ) from error
        return run

    @classmethod
    def open(cls, folder: Path) -> RunFolder:
        """A run that exists, for reading; raises WorldError(DISK)."""
        if not (folder / EVENTS).is_file():
            raise WorldError(Border.DISK, f"{folder} is not a run: it has no {EVENTS}.")
        return cls(folder)

    @property
    def seconds(self) -> float:
        """Since the run was created."""
        return time.monotonic() - self._began

    def append(self, event: Event) -> Event:
        """Stamps the event with its time, puts it on disk, tells the listener; returns it as written."""
        with self._write:
            event = event.model_copy(update={"at": round(self.seconds, 4)})
            if self._file is None:
                raise RuntimeError(f"{self.id} was not opened for writing")
            event, line = _written(event)
            try:
                write_line(self._file, line)
            except OSError as error:
                raise WorldError(
                    Border.DISK,
                    f"Writing the run failed ({error.strerror}); what came before is kept in {self.folder}.",
                ) from error
        if self.listener:
            self.listener(event)
        return event

    def close(self) -> None:
        """Gives the lock back; a run without a last event counts as interrupted from now on."""
        with self._write:
            if self._file is not None:
                self._file.close()
                self._file = None

    def events(self) -> list[Event]:
        """All whole lines; a half line at the end is ignored."""
        return self.read_from(0)[0]

    def read_from(self, offset: int) -> tuple[list[Event], int]:
        """Events after a byte offset and the offset behind the last whole line, for tailing."""
        with self._events.open("rb") as file:
            file.seek(offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        return [
            _parse(line, self.folder) for line in whole.splitlines() if line.strip()
        ], offset + len(whole)

    def is_live(self) -> bool:
        """Whether a living process still writes this run."""
        with self._events.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def trace(self) -> Trace:
        """The run as far as it got; without a last event and without a writer it is interrupted."""
        live = self.is_live()
        trace = fold(self.events()).model_copy(update={"run": self.id})
        if trace.stop is None and not live:
            error = "The program that ran this was ended. The turns up to then are kept; ask again to get an answer."
            trace = trace.model_copy(update={"stop": Stop.INTERRUPTED, "error": error})
        return trace

    def delete(self) -> None:
        shutil.rmtree(self.folder)


def fold(events: Iterable[Event]) -> Trace:
    """Folds events into the trace they tell."""
    trace = Trace(question=Question(text=""))
    turns = []
    for event in events:
        if event.type == "started" and event.trace:
            trace = event.trace
            turns = list(trace.turns)
        elif event.type == "sampled":
            trace = trace.model_copy(
                update={"film": event.film or trace.film, "frames": event.frames}
            )
        elif event.type == "turned" and event.record:
            turns.append(event.record)
        elif event.type in LAST:
            trace = trace.model_copy(update=_ending(event))
        trace = trace.model_copy(update={"seconds": event.at})
    return trace.model_copy(update={"turns": tuple(turns)})


def list_runs(root: Path) -> list[RunFolder]:
    """Runs under `root`, newest first; anything else there is passed over."""
    if not root.is_dir():
        return []
    folders = [p for p in root.iterdir() if RUN_ID.fullmatch(p.name) and (p / EVENTS).is_file()]
    return [RunFolder(p) for p in sorted(folders, key=lambda p: p.name, reverse=True)]


def _ending(event: Event) -> dict[str, object]:
    return {
        "answer": event.answer,
        "evidence": event.references,
        "stop": event.stop,
        "limit": event.limit,
        "error": event.text if event.type == "failed" else "",
    }


def _written(event: Event) -> tuple[Event, bytes]:
    """The event and its line. Text that is no Unicode, such as an odd file name, is made so first."""
    try:
        line = event.model_dump_json(include=event.model_fields_set)
    except PydanticSerializationError:
        event = Event.model_validate(encodable(event.model_dump(mode="python", exclude_unset=True)))
        line = event.model_dump_json(include=event.model_fields_set)
    return event, line.encode() + b"\n"


def write_line(file: FileIO, line: bytes) -> None:
    """Writes the line or leaves the file as it was: a disk that fills up takes half a line without complaint."""
    before = os.fstat(file.fileno()).st_size
    left = memoryview(line)
    try:
        while left:
            left = left[file.write(left) or 0 :]
    except OSError:
        os.ftruncate(file.fileno(), before)
        raise


def _parse(line: bytes, folder: Path) -> Event:
    try:
        return Event.model_validate(json.loads(line))
    except (ValueError, ValidationError) as error:
        raise WorldError(
            Border.DISK, f"A line of {folder / EVENTS} cannot be read: {error}"
        ) from error
