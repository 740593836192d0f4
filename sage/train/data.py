"""Rows of a run, one JSON object a line, read by place: nothing but the places is kept in memory.

Two kinds of line: a `Demo`, written by this project, and chat `messages` with `images` and `videos` by path, like the
released SFT set. The order of an epoch is drawn from seed and epoch alone, and a run counts the rows it took, so
resuming takes up exactly where it stopped and no row is seen twice in an epoch.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from pydantic import ValidationError

from sage.config import ConfigError
from sage.models.base import Request
from sage.types import Clip, ClipPart, Frame, FramesPart, Message, Part, Reply, TextPart, Value

_MARK = re.compile(r"(<image>|<video>)")


class Demo(Value):
    """One prompt and what should be said to it."""

    messages: tuple[Message, ...]
    reply: str
    folder: str = ""
    """Folder that the paths of pictures start from."""
    kind: str = ""
    """stage1, stage2, ground, analyze, look; for metrics."""
    weight: float = 1.0

    def pair(self) -> tuple[Request, Reply]:
        """As a row is built from."""
        request = Request(messages=self.messages, folder=Path(self.folder))
        return request, Reply(text=self.reply)


class DemoFile:
    """A file of rows; each is read when it is asked for."""

    def __init__(self, path: Path, media: Path | None = None) -> None:
        """`media` is where the paths of a `messages` line start from. ConfigError names the line that is no row."""
        self.path = path
        self.media = media or path.parent
        self._places, self._turns = array("Q"), array("H")
        try:
            with path.open("rb") as file:
                self._scan(file)
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from error

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Demo:
        with self.path.open("rb") as file:
            file.seek(self._places[index])
            line = json.loads(file.readline())
        if "reply" in line:
            try:
                return Demo.model_validate(line)
            except ValidationError as error:
                raise ConfigError(f"{self.path}, row {index} is no row: {error}") from error
        return read_messages(line, self._turns[index], self.media)

    def _scan(self, file: Any) -> None:
        """Notes where rows begin; a line of messages gives a row for each reply of the assistant in it."""
        place = 0
        for number, raw in enumerate(file, 1):
            if raw.strip():
                for turn in _replies_in(raw, f"{self.path}, line {number}"):
                    self._places.append(place)
                    self._turns.append(turn)
            place += len(raw)


def _replies_in(raw: bytes, where: str) -> list[int]:
    try:
        line = json.loads(raw)
        if "reply" in line:
            return [0]
        roles = [message["role"] for message in line["messages"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{where} is no row: neither a reply nor messages ({error})") from error
    replies = [place for place, role in enumerate(roles) if role == "assistant"]
    if not replies:
        raise ConfigError(f"{where} is no row: the assistant says nothing in it")
    return replies


def read_messages(line: dict[str, Any], turn: int, media: Path) -> Demo:
    """A row of chat messages: what comes before message `turn`, and that message as the reply.

    Pictures are parts of a message's content, or stand where `<image>` or `<video>` does in its text, in the order
    of the lists `images` and `videos`; `times` may say when each image was.
    """
    shelf = {"<image>": iter(line.get("images") or []), "<video>": iter(line.get("videos") or [])}
    times = iter(line.get("times") or [])
    try:
        messages = [
            Message(role=said["role"], parts=tuple(_parts(said["content"], shelf, times)))
            for said in line["messages"][: turn + 1]
        ]
    except (KeyError, TypeError, StopIteration, RuntimeError, ValidationError) as error:
        raise ConfigError(
            f"messages that cannot be read: {str(error) or 'too few media'}"
        ) from error
    reply = "".join(part.text for part in messages[-1].parts if isinstance(part, TextPart))
    return Demo(messages=tuple(messages[:-1]), reply=reply, folder=str(media), kind="messages")


def _parts(content: Any, shelf: dict[str, Iterator[str]], times: Iterator[float]) -> list[Part]:
    if isinstance(content, str):
        pieces: list[Any] = [piece for piece in _MARK.split(content) if piece]
    else:
        pieces = [_piece(part) for part in content]
    parts: list[Part] = []
    for piece in pieces:
        kind, path = piece if isinstance(piece, tuple) else (piece, "")
        if kind not in shelf:
            parts.append(TextPart(text=kind))
            continue
        # An empty path stands for the next of the list.
        path = path or next(shelf[kind])
        if kind == "<video>":
            parts.append(ClipPart(clip=Clip(path=path, start_s=0.0, end_s=0.0)))
        else:
            parts.append(FramesPart(frames=(Frame(path=path, at_s=float(next(times, 0.0))),)))
    return _merge(parts)


def _piece(part: dict[str, Any]) -> Any:
    kind = part["type"]
    if kind == "text":
        return part["text"]
    return f"<{kind}>", part.get(kind) or ""


def _merge(parts: Sequence[Part]) -> list[Part]:
    """Neighbouring frames are one film."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, FramesPart) and isinstance(last, FramesPart):
            merged[-1] = FramesPart(frames=(*last.frames, *part.frames))
        else:
            merged.append(part)
    return merged


def take(count: int, rows: int, seen: int, seed: int | None) -> list[int]:
    """The next `count` of `rows` row numbers after `seen` were taken, going through epoch after epoch.

    Without a seed they come in the order of the file.
    """
    if seed is None:
        return [n % rows for n in range(seen, seen + count)]
    return [_order(rows, seed, n // rows)[n % rows] for n in range(seen, seen + count)]


@lru_cache(maxsize=2)
def _order(rows: int, seed: int, epoch: int) -> Sequence[int]:
    order = array("L", range(rows))
    Random(f"order {seed} {epoch}").shuffle(order)
    return order
