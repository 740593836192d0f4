"""Three kinds of failure: the model's is told back to it, the world's is recorded, the programmer's crashes.

`FaultError` carries a model fault out of a tool; the agent turns it into an observation.
`WorldError` is typed by the border that was crossed; it is caught once, where a run or an episode ends.
`StoppedError` says that a person asked to stop.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from sage.types import Fault, FaultKind


class Border(StrEnum):
    """Where the world failed us."""

    FILM = "film"
    MODEL = "model"
    NETWORK = "network"
    SPEECH = "speech"
    DISK = "disk"


class FaultError(Exception):
    """The model's mistake, or a tool's empty hands; told back to the model."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(kind=kind, message=message)


class WorldError(Exception):
    """The world failed. The message has three parts: what failed, what was kept, what to do."""

    def __init__(self, border: Border, message: str) -> None:
        super().__init__(message)
        self.border = border


class StoppedError(Exception):
    """A person asked to stop; whoever waits gives up within a second or two."""


class StopSignal:
    """A flag that long work looks at. Thread-safe; child signals follow their parent."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises StoppedError once the flag is set."""
        if self._event.is_set():
            raise StoppedError("stopped")

    def wait(self, seconds: float) -> None:
        """Sleeps, but wakes up and raises StoppedError when the flag is set."""
        if self._event.wait(seconds):
            raise StoppedError("stopped")


@contextmanager
def crossing(border: Border, what: str, *errors: type[Exception]) -> Iterator[None]:
    """Attributes `errors` escaping the block to the world: `<what>: <reason>`."""
    try:
        yield
    except errors as error:
        reason = str(error).strip() or type(error).__name__
        raise WorldError(border, f"{what}: {reason}") from error
