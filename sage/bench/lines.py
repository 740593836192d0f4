"""JSON lines that survive a kill at any moment: append and flush, one writer, readers pass over a half last line.

The lock is a file of its own, because the file of lines may be replaced as a whole.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, from_json

from sage.faults import Border, WorldError, crossing
from sage.store import write_line
from sage.text import encodable

V = TypeVar("V", bound=BaseModel)
TRIES = 6


class Appending:
    """The one writer of a file of lines, as a context manager. `append` is thread-safe.

    Entering takes the lock and cuts off what a killed writer left half written; WorldError(DISK) when
    somebody else holds it.
    """

    def __init__(self, path: Path, *, lock: Path) -> None:
        self.path = path
        self._lock_path = lock
        self._lock: IO[bytes] | None = None
        self._writing = threading.Lock()

    def __enter__(self) -> Appending:
        with crossing(Border.DISK, f"{self.path} cannot be written", OSError):
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            lock = self._lock_path.open("ab")
        if not _take(lock):
            lock.close()
            raise WorldError(
                Border.DISK,
                f"Another process is writing {self.path}. Nothing was changed. "
                "Wait for it, or stop it, and start again.",
            )
        self._lock = lock
        _cut_half_line(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def append(self, value: BaseModel) -> None:
        """Puts one line on disk, whole or not at all; WorldError(DISK)."""
        line = _dump(value).encode() + b"\n"
        with self._writing:
            if self._lock is None:
                raise RuntimeError(f"{self.path} was not opened for writing")
            self._put(line)

    def is_taken(self) -> bool:
        """Whether another process, or another object of this one, is writing."""
        if not self._lock_path.is_file():
            return False
        with self._lock_path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def _put(self, line: bytes) -> None:
        with (
            crossing(
                Border.DISK,
                f"{self.path} could not be written; the lines before are kept. "
                "Make room and start again",
                OSError,
            ),
            self.path.open("ab", buffering=0) as file,
        ):
            write_line(file, line)


def read_lines(path: Path, kind: type[V]) -> Iterator[V]:
    """All whole lines; none when there is no file. WorldError(DISK) for a damaged one."""
    for number, line in enumerate(_whole_lines(path), 1):
        with crossing(Border.DISK, f"Line {number} of {path} cannot be read", ValueError):
            yield kind.model_validate_json(line)


def read_raw(path: Path) -> Iterator[dict[str, Any]]:
    """The same as plain values, many times faster."""
    for number, line in enumerate(_whole_lines(path), 1):
        with crossing(Border.DISK, f"Line {number} of {path} cannot be read", ValueError):
            yield from_json(line)


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Writes a file whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def drop_lines(path: Path, is_unwanted: Callable[[dict[str, Any]], bool]) -> None:
    """Takes lines out of a file that nobody else writes now."""
    lines = list(_whole_lines(path))
    kept = [line.decode() for line in lines if not is_unwanted(from_json(line))]
    if len(kept) < len(lines):
        with crossing(Border.DISK, f"{path} could not be rewritten", OSError):
            write_whole(path, kept)


def _whole_lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and line.strip():
                yield line.rstrip(b"\n")


def _take(lock: IO[bytes]) -> bool:
    """Tries a few times: whoever asks `is_taken` holds the lock for a moment, too."""
    for _ in range(TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.05)
    return False


def _cut_half_line(path: Path) -> None:
    """A killed writer may have left the beginning of a line."""
    if not path.is_file():
        return
    with path.open("r+b") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < size:
            file.truncate(end)


def _dump(value: BaseModel) -> str:
    try:
        return value.model_dump_json()
    except PydanticSerializationError:
        return (
            type(value).model_validate(encodable(value.model_dump(mode="python"))).model_dump_json()
        )
