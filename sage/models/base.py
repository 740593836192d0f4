"""The contract of a model backend: batched requests in, replies out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from sage.faults import StopSignal
from sage.types import FilmInfo, Message, Mode, Question, Reply, Setup, Turn


def ignore(_: str) -> None:
    """Default listener: nobody."""


@dataclass(frozen=True)
class Situation:
    """The facts a prompt was rendered from, for policies that do not read language (offline, the expert)."""

    question: Question
    film: FilmInfo
    setup: Setup
    mode: Mode
    stage: Literal[1, 2]
    turns: tuple[Turn, ...] = ()
    must_answer: bool = False
    """Limits are reached: a call would be refused."""


@dataclass(frozen=True)
class Request:
    """One generation. Frame and clip paths inside `messages` are relative to `folder`."""

    messages: tuple[Message, ...]
    folder: Path
    schema: dict[str, Any] | None = None
    """JSON schema of the whole reply, for servers that can constrain decoding."""
    max_tokens: int = 2048
    temperature: float = 0.0
    seed: int = 0
    stop: StopSignal = field(default_factory=StopSignal)
    """Set by a person; the backend gives up within a second or two and raises StoppedError."""
    on_retry: Callable[[str], None] = ignore
    """Told, in a sentence, of every retry of the transport."""
    on_wait: Callable[[str], None] = ignore
    """Told, in a sentence, what the reply has to wait for first: weights being fetched or loaded."""
    situation: Situation | None = None


class Model(Protocol):
    """Thread-safe. Retries transport faults inside; what is left is a WorldError(Border.MODEL)."""

    name: str
    """The spec it was opened with, e.g. `openai:Qwen/Qwen3-VL-8B@http://host:8000/v1`; never holds a key."""
    can_see: bool
    """Takes pictures; a model that cannot is not asked to ground or analyze."""

    def generate(self, requests: Sequence[Request]) -> list[Reply]: ...

    def close(self) -> None: ...
