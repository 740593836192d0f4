"""Text from outside, made fit to be written down."""

from __future__ import annotations

from typing import Any


def encodable(value: Any) -> Any:
    """The text, or the value with all texts in it, that UTF-8 can write.

    Halves of surrogate pairs, which JSON can spell and odd file names hold, become `?`.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {encodable(key): encodable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(encodable(inner) for inner in value)
    return value
