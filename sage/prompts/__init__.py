"""Prompts are files: `NAME.md` with `{placeholders}`, filled strictly; a folder or a bundled set may replace any."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from sage.faults import Border, WorldError

MINI: Final = "mini"
"""The bundled set of short templates in the words of the miniature world."""
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([a-z_]+)\}")


def fill(template: str, folder: str = "", /, **values: str) -> str:
    """The template with every placeholder replaced; `{{` and `}}` stand for braces. `folder` may be MINI.

    Raises WorldError(DISK) when a replaced template cannot be read or asks for something that does not exist,
    and KeyError when a value was given that no bundled template uses (a mistake of ours).
    """
    text, custom = _load(template, folder)
    used: set[str] = set()

    def put(match: re.Match[str]) -> str:
        key = match.group(1)
        if key is None:
            return match.group(0)[0]
        used.add(key)
        if key not in values:
            raise WorldError(
                Border.DISK,
                f"The prompt {custom or template} asks for {{{key}}}; known are: {', '.join(sorted(values))}.",
            )
        return values[key]

    text = PLACEHOLDER.sub(put, text)
    if not custom and used != set(values):
        raise KeyError(f"prompt {template} does not use {sorted(set(values) - used)}")
    return text.strip()


def folder_of(name: str) -> Path:
    """The folder of a bundled set, or the folder that is named."""
    return Path(__file__).parent / MINI if name == MINI else Path(name)


def _load(name: str, folder: str) -> tuple[str, str]:
    custom = folder_of(folder) / f"{name}.md" if folder else None
    if custom and custom.is_file():
        try:
            return custom.read_text("utf-8"), str(custom)
        except (OSError, UnicodeDecodeError) as error:
            raise WorldError(
                Border.DISK, f"The prompt {custom} cannot be read: {error}."
            ) from error
    return _bundled(name), ""


@lru_cache
def _bundled(name: str) -> str:
    return (Path(__file__).parent / f"{name}.md").read_text("utf-8")
