"""A film's workspace: all its trajectories share one folder, so that a picture is kept once.

Several trajectories may want the same picture at the same moment, and any may be killed while it is written: a picture
appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sage.data.crew import Crew
from sage.data.films import Film
from sage.faults import Border, crossing
from sage.tools.base import JPEG_QUALITY, Workspace
from sage.types import Frame, Setup
from sage.video.cache import place, unfinished

if TYPE_CHECKING:
    from sage.video.frames import Picture

MEDIA = "media"


@dataclass(kw_only=True)
class FilmWorkspace(Workspace):
    """A workspace whose folder belongs to a film."""

    def save_frames(self, pictures: Iterable[Picture]) -> tuple[Frame, ...]:
        frames = tuple(self._place(picture) for picture in pictures)
        self._made.update({frame.path: frame for frame in frames})
        return frames

    def _place(self, picture: Picture) -> Frame:
        from PIL import Image  # noqa: PLC0415  heavy

        height, width = picture.rgb.shape[:2]
        name = f"frames/{picture.at_s:08.3f}-{width}x{height}.jpg"
        path = self.folder / name
        if not path.exists():
            with crossing(Border.DISK, "A frame could not be saved", OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                with unfinished(path.parent, ".jpg") as part:
                    Image.fromarray(picture.rgb).save(part, quality=JPEG_QUALITY)
                    place(part, path)
        return Frame(path=name, at_s=round(picture.at_s, 3), width=width, height=height)


def media_folder(out: Path, film: Film) -> Path:
    """Where the pictures and clips of a film are kept."""
    return out / MEDIA / film.digest


def open_workspace(
    film: Film, crew: Crew, scope: str = "", *, setup: Setup | None = None
) -> FilmWorkspace:
    """A fresh workspace; `scope` names what its tool model is asked for."""
    return FilmWorkspace(
        folder=media_folder(crew.settings.folder, film),
        film=film.info,
        setup=setup or crew.setup(film),
        tool_model=lambda: crew.model("tools", film, scope),
        stop=crew.stop,
        on_progress=_tell_nobody,
    )


def _tell_nobody(_: str, __: float | None) -> None:
    """Progress of single looks is shown nowhere."""
