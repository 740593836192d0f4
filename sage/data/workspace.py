"""A film's workspace: all its trajectories share one folder, so that a picture is kept once."""

from __future__ import annotations

from pathlib import Path

from sage.data.crew import Crew
from sage.data.films import Film
from sage.tools.base import Workspace
from sage.types import Setup

MEDIA = "media"


def media_folder(out: Path, film: Film) -> Path:
    """Where the pictures and clips of a film are kept."""
    return out / MEDIA / film.digest


def open_workspace(
    film: Film, crew: Crew, scope: str = "", *, setup: Setup | None = None
) -> Workspace:
    """A fresh workspace; `scope` names what its tool model is asked for."""
    return Workspace(
        folder=media_folder(crew.settings.folder, film),
        film=film.info,
        setup=setup or crew.setup(film),
        tool_model=lambda: crew.model("tools", film, scope),
        stop=crew.stop,
        on_progress=_tell_nobody,
    )


def _tell_nobody(_: str, __: float | None) -> None:
    """Progress of single looks is shown nowhere."""
