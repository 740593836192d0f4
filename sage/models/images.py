"""Frame and clip references become bytes, for backends only.

A reference never leads out of the run's folder.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from sage.faults import Border, WorldError
from sage.timecode import format_time
from sage.types import Clip, Frame

if TYPE_CHECKING:
    from PIL.Image import Image


def media_path(folder: Path, media: Frame | Clip) -> Path:
    """Where the picture or clip lies; WorldError(DISK) if outside `folder` or missing."""
    root = folder.resolve()
    path = (root / media.path).resolve()
    if not path.is_relative_to(root):
        raise WorldError(
            Border.DISK, f"{media.path} lies outside the run's folder. It was not read."
        )
    if not path.is_file():
        raise WorldError(
            Border.DISK,
            f"{media.path} is missing from the run's folder. The run so far is kept. Ask again.",
        )
    return path


def read_media(folder: Path, media: Frame | Clip) -> bytes:
    """The stored bytes: JPEG of a frame, MP4 of a clip."""
    try:
        return media_path(folder, media).read_bytes()
    except OSError as error:
        raise WorldError(
            Border.DISK,
            f"{media.path} cannot be read ({error.strerror}). The run so far is kept. Ask again.",
        ) from None


def read_picture(folder: Path, frame: Frame) -> Image:
    """The frame as an RGB picture, decoded."""
    from PIL import Image  # noqa: PLC0415  heavy, and HTTP backends never decode

    try:
        with Image.open(media_path(folder, frame)) as image:
            return image.convert("RGB")
    except OSError as error:
        raise WorldError(
            Border.DISK,
            f"{frame.path} is not a readable picture ({error}). The run so far is kept. Ask again.",
        ) from None


def data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def label(media: Frame | Clip) -> str:
    """What a model reads before the picture or clip: its time in the film."""
    if isinstance(media, Frame):
        return f"Frame at {format_time(media.at_s)}:"
    return f"Clip from {format_time(media.start_s)} to {format_time(media.end_s)}:"
