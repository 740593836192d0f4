"""What a trained model has to be asked with, written beside its weights."""

from __future__ import annotations

from pathlib import Path

from sage.mini.workspace import PROFILE
from sage.models.profile import read_profile, write_profile


def keep_profile(folder: Path, start: str, *, is_mini: bool) -> None:
    """The profile of the miniature world for what was trained in it, else that of the model it started from."""
    profile = PROFILE if is_mini else read_profile(Path(start))
    if profile:
        write_profile(profile, folder)
