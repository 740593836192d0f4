"""A run's workspace whose film was never encoded: the same tools, many times faster.

Captions come from the film's script and pictures from the renderer, at the very times at which the reader of real
files would have found them. Nothing is written but the film's few pages. What tools answer is the same text, and
the pictures are the same up to what the codec loses.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sage.faults import StopSignal
from sage.mini.draw import SIZE
from sage.mini.encode import FPS, KEYFRAME_S, write_film
from sage.mini.film import MiniFilm, page_html, render
from sage.mini.world import find_film
from sage.models.base import Model
from sage.models.profile import Profile
from sage.prompts import MINI
from sage.tools.base import Workspace
from sage.tools.pages import index_in_memory, search_index
from sage.tools.providers import Kind, LocalPages
from sage.types import CaptionTrack, Clip, Example, FilmInfo, Frame, Setup, Source, Span
from sage.video.frames import Picture, with_slack
from sage.video.sampling import plan

if TYPE_CHECKING:
    import sqlite3

    import numpy as np

PROFILE = Profile(frames=16, focus=False, prompts=MINI, max_tokens=256)
"""What a model of this world is trained with."""
TOUCH_S = 0.002


def mini_setup(film: MiniFilm, root: Path, **changes: object) -> Setup:
    """The settings this world is meant for; `root` is the folder that `make` wrote or pages are kept in."""
    settings: dict[str, object] = {
        **PROFILE.model_dump(),
        "pages": str(root / "pages" / film.id),
        "search": "pages",
        "speech": "off",
    }
    return Setup.model_validate(settings | changes)


def setup_for(example: Example, root: Path, **changes: object) -> Setup:
    """The settings for an example of this world, by the name of its film."""
    return mini_setup(find_film(Path(example.question.video).stem), root, **changes)


def write_pages(film: MiniFilm, root: Path) -> Path:
    """Writes the film's pages into `root/pages/<film>` unless they are there; returns that folder."""
    folder = root / "pages" / film.id
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
        new = Path(scratch, film.id)
        new.mkdir()
        for person in film.people:
            (new / f"{person.name}.html").write_text(page_html(person), encoding="utf-8")
        try:
            new.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another episode was first
                raise
    return folder


def film_info(film: MiniFilm, folder: Path) -> FilmInfo:
    """What probing the encoded film in `folder` would tell; the digest names the film, not its bytes."""
    return FilmInfo(
        path=str(folder / film.file_name),
        digest=f"mini {film.id}",
        duration_s=float(film.duration_s),
        fps=float(FPS),
        width=SIZE,
        height=SIZE,
        codec="h264",
        pixel_format="yuv420p",
        has_audio=True,
        captions=(CaptionTrack(source="2", codec="mov_text"),),
        title=film.file_name,
        is_mini=True,
    )


@dataclass(kw_only=True)
class MiniWorkspace(Workspace):
    """A workspace over a film that is known, not read."""

    mini: MiniFilm
    _cutting: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def lines(self) -> tuple[Span, ...]:
        return self.mini.lines

    def pictures(self, times: Sequence[float], *, long_side: int = 448) -> Iterator[Picture]:
        return read_pictures(self.mini, times, size=min(SIZE, long_side))

    def cut(self, start_s: float, end_s: float) -> Clip:
        """Clips are rare and have to be real files: the film is encoded now."""
        with self._cutting:
            path = Path(self.film.path)
            if not path.exists():
                write_film(self.mini, path, speech=False, stop=self.stop)
        return super().cut(start_s, end_s)

    def save_frames(self, pictures: Iterable[Picture]) -> tuple[Frame, ...]:
        """Names frames as real ones are named and writes none; `pixels` gives their pictures."""
        frames = tuple(self._name(picture) for picture in pictures)
        self._made.update({frame.path: frame for frame in frames})
        return frames

    def pixels(self, frame: Frame) -> np.ndarray:
        """The picture of a frame, (height, width, 3) uint8."""
        return render(self.mini, frame.at_s)

    def glance(self, question: str = "") -> tuple[Frame, ...]:
        """The frames of stage 1."""
        times = plan(
            self.film.duration_s, question, budget=self.setup.frames, focus=self.setup.focus
        )
        return self.save_frames(self.pictures(times))

    def _name(self, picture: Picture) -> Frame:
        height, width = picture.rgb.shape[:2]
        name = f"frames/{picture.at_s:08.3f}-{width}x{height}.jpg"
        return Frame(path=name, at_s=picture.at_s, width=width, height=height)


def open_workspace(
    film: MiniFilm, root: Path, *, setup: Setup | None = None, stop: StopSignal | None = None
) -> MiniWorkspace:
    """A workspace on a film; `root` holds the pages. Set `tool_model` before a tool looks at pictures."""
    pages = write_pages(film, root)
    return MiniWorkspace(
        folder=root / "runs" / film.id,
        film=film_info(film, root / "films"),
        setup=setup or mini_setup(film, root),
        tool_model=_no_model,
        stop=stop or StopSignal(),
        on_progress=_tell_nobody,
        provider=_shelf(pages),
        mini=film,
    )


def read_pictures(film: MiniFilm, times: Sequence[float], *, size: int = SIZE) -> Iterator[Picture]:
    """As `sage.video.frames.read_frames` on the encoded film: far apart keyframes, else exact ones."""
    last_s = -1.0
    for wanted in with_slack(times, film.duration_s):
        key_s = _nearest_key_s(wanted.at_s, film.duration_s)
        if wanted.slack_s > 0 and abs(key_s - wanted.at_s) <= wanted.slack_s:
            at_s = key_s
        else:
            at_s = min(math.floor((wanted.at_s + TOUCH_S) * FPS) / FPS, film.duration_s - 1 / FPS)
        if at_s > last_s:
            last_s = at_s
            yield Picture(at_s, render(film, at_s, size))


class MiniPages:
    """The pages of one film, indexed in memory once."""

    name = "pages"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._index: sqlite3.Connection | None = None

    def search(self, query: str, kind: Kind, n: int, stop: StopSignal) -> tuple[Source, ...]:
        """As LocalPages, which also says what is wrong with asking for pictures."""
        if kind == "image":
            return LocalPages(self.folder).search(query, kind, n, stop)
        with self._lock:
            self._index = self._index or index_in_memory(self.folder, stop)
            return search_index(self._index, query, n)


@lru_cache(maxsize=512)
def _shelf(folder: Path) -> MiniPages:
    """One index for all episodes on a film."""
    return MiniPages(folder)


def _nearest_key_s(at_s: float, duration_s: float) -> float:
    before = math.floor((at_s + TOUCH_S) / KEYFRAME_S) * KEYFRAME_S
    before = min(before, math.ceil(duration_s / KEYFRAME_S) * KEYFRAME_S - KEYFRAME_S)
    after = before + KEYFRAME_S
    is_nearer = after < duration_s and after - at_s < at_s - before
    return float(after if is_nearer else before)


def _no_model() -> Model:
    raise AssertionError("set the workspace's tool_model before a tool looks at pictures")


def _tell_nobody(_: str, __: float | None) -> None:
    """Progress of rollouts is shown nowhere."""
