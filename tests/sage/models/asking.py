"""What the model tests share: requests, a folder with media, quick patience."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from sage.models.base import Request
from sage.models.transport import Patience
from sage.types import Clip, ClipPart, Frame, FramesPart, Message, TextPart

KEY = "sk-Zq7-very/secret+key-0042"
QUICK = Patience(base_s=0.02, timeout_s=20.0, connect_s=2.0)
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


def ask(text: str = "What is seen?", **fields: Any) -> Request:
    """A request with a system message and one text."""
    messages = (
        Message(role="system", parts=(TextPart(text="Be brief."),)),
        Message(role="user", parts=(TextPart(text=text),)),
    )
    return Request(messages=messages, folder=Path(), **fields)


def ask_media(folder: Path, *, clip: bool = False, **fields: Any) -> Request:
    """A request with two frames, or one clip, written to `folder`."""
    part: FramesPart | ClipPart
    if clip:
        (folder / "clip.mp4").write_bytes(b"not really a film, but nobody decodes it here")
        part = ClipPart(clip=Clip(path="clip.mp4", start_s=60.0, end_s=75.0))
    else:
        frames = []
        for i, colour in enumerate(("red", "blue")):
            Image.new("RGB", (8, 8), colour).save(folder / f"{i}.jpg")
            frames.append(Frame(path=f"{i}.jpg", at_s=i * 12.5))
        part = FramesPart(frames=tuple(frames))
    message = Message(role="user", parts=(part, TextPart(text="What is seen?")))
    return Request(messages=(message,), folder=folder, **fields)
