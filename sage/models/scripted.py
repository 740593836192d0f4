"""A model that replays given replies in order: a shipped test double, and a player for demos.

It keeps the contract of `sage.models.base.Model` in full (thread-safe, obeys stop, raises
WorldError when the script runs out), so whatever works with it works with a real backend.
A script is a list, or a file: a JSON list, or JSON lines. An entry is a text, an object with a
`text` (and optionally `finish`, `delay_s`, `input_tokens`, `output_tokens`), or any other object,
which is replayed as its own JSON. Python callers may also give exceptions, which are raised.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sage.faults import Border, StopSignal, WorldError
from sage.models.base import Request
from sage.types import Reply, Usage


@dataclass(frozen=True)
class Line:
    """One entry of a script."""

    reply: Reply
    delay_s: float | None = None
    error: Exception | None = None


class ScriptedModel:
    """Replays `replies`; `requests` keeps every request in the order the replies were dealt."""

    def __init__(
        self,
        replies: Sequence[str | dict[str, Any] | Exception] | str | Path,
        *,
        name: str = "",
        delay_s: float = 0.0,
        can_see: bool = True,
    ) -> None:
        """`replies` is the script or its file's path; `delay_s` is waited before each reply."""
        is_path = isinstance(replies, str | Path)
        entries = read_script(Path(replies)) if isinstance(replies, str | Path) else list(replies)
        self.name = name or (f"scripted:{replies}" if is_path else "scripted")
        self.can_see = can_see
        self.requests: list[Request] = []
        self._delay_s = delay_s
        self._lines = [_to_line(entry, self.name) for entry in entries]
        self._lock = threading.Lock()

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        with self._lock:
            lines = [self._deal(request) for request in requests]
        started = time.monotonic()
        return [self._play(*pair, started) for pair in zip(requests, lines, strict=True)]

    def close(self) -> None:
        """Nothing is held."""

    @property
    def left(self) -> int:
        """How many replies have not been dealt."""
        return len(self._lines) - len(self.requests)

    def _deal(self, request: Request) -> Line:
        n = len(self.requests)
        if n >= len(self._lines):
            raise WorldError(
                Border.MODEL,
                f"The script of {self.name} holds {n} replies and one more was asked for. "
                "The run so far is kept. Add replies to the script or choose another model.",
            )
        self.requests.append(request)
        return self._lines[n]

    def _play(self, request: Request, line: Line, started: float) -> Reply:
        delay_s = self._delay_s if line.delay_s is None else line.delay_s
        _wait_until(started + delay_s, request.stop)
        if line.error:
            raise line.error
        return line.reply.model_copy(update={"seconds": time.monotonic() - started})


def read_script(path: Path) -> list[Any]:
    """Entries of a JSON or JSON-lines file; WorldError(MODEL) when it cannot be read as either."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, type(error).__name__) from None
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except json.JSONDecodeError:
        pass  # not one JSON value: lines, then
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise _unreadable(path, f"neither JSON nor JSON lines: {error.msg}") from None


def _unreadable(path: Path, reason: str) -> WorldError:
    return WorldError(
        Border.MODEL,
        f"The script {path.name} cannot be read ({reason}). Nothing was started. "
        "Give a file with a JSON list of replies, or one JSON value per line.",
    )


def _to_line(entry: Any, name: str) -> Line:
    if isinstance(entry, Exception):
        return Line(Reply(text=""), error=entry)
    if isinstance(entry, dict) and isinstance(entry.get("text"), str):
        usage = Usage(
            input_tokens=entry.get("input_tokens"), output_tokens=entry.get("output_tokens")
        )
        finish = str(entry.get("finish", "stop"))
        reply = Reply(text=entry["text"], finish=finish, usage=usage, model=name, usd=0.0)
        return Line(reply, entry.get("delay_s"))
    text = entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
    return Line(Reply(text=text, model=name, usd=0.0))


def _wait_until(moment: float, stop: StopSignal) -> None:
    stop.check()
    left_s = moment - time.monotonic()
    if left_s > 0:
        stop.wait(left_s)
