"""From a question to the file of its film: found in a folder, fetched by link, or made.

What a set says about its videos is never a path here: names are looked up among the files of the folder given.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from sage.address import PUBLIC, Guard
from sage.bench.run import Entry, slugify
from sage.faults import Border, StopSignal, WorldError
from sage.types import Setup

VIDEO = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ogv", ".mpg", ".mpeg", ".ts", ".flv")
SOUND = (".mp3", ".m4a", ".wav", ".ogg", ".flac")


class Films(Protocol):
    """Thread-safe."""

    def find(self, entry: Entry, stop: StopSignal) -> Path:
        """The film's file; WorldError with the reason when it cannot be had."""
        ...

    def fit(self, entry: Entry, setup: Setup) -> Setup:
        """The setup with what differs from film to film."""
        ...


@dataclass
class FolderFilms:
    """Films in a folder, by path, name or id; those that are not there may be fetched by their link."""

    folder: Path | None
    fetch_into: Path | None = None
    """Where fetched films go; `None`: nothing is fetched."""
    guard: Guard = PUBLIC
    _index: dict[str, Path] | None = field(default=None, repr=False)
    _indexing: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _busy: defaultdict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock), repr=False
    )
    _refused: dict[str, str] = field(default_factory=dict, repr=False)

    def find(self, entry: Entry, stop: StopSignal) -> Path:
        video = entry.example.question.video
        found = self._look_up(video)
        if found:
            return found
        where = f"in {self.folder}" if self.folder else "anywhere: no folder of videos was given"
        if not self.fetch_into:
            raise WorldError(Border.FILM, f"The video '{video[:80]}' is not {where}.")
        if not entry.link:
            raise WorldError(
                Border.FILM, f"The video '{video[:80]}' is not {where}, and has no link."
            )
        return self._fetch(entry.link, video, stop)

    def fit(self, entry: Entry, setup: Setup) -> Setup:
        return setup

    def _look_up(self, video: str) -> Path | None:
        with self._indexing:
            if self._index is None:
                folders = [f for f in (self.folder, self.fetch_into) if f and f.is_dir()]
                self._index = _index(folders)
        path = PurePosixPath(video.replace("\\", "/"))
        names = (path.as_posix(), path.name, path.stem)
        return next((self._index[name] for name in names if name in self._index), None)

    def _fetch(self, link: str, video: str, stop: StopSignal) -> Path:
        """Fetches a film once, and tries no second time what was refused."""
        from sage.video.link import fetch_video  # noqa: PLC0415

        name = PurePosixPath(video).stem
        into = self.fetch_into
        assert into is not None
        with self._indexing:
            busy = self._busy[link]
        with busy:
            if link in self._refused:
                raise WorldError(Border.NETWORK, self._refused[link])
            folder = into / (slugify(name) or hashlib.sha256(link.encode()).hexdigest()[:16])
            found = next(iter(_index([folder]).values()), None)
            if found:
                return found
            try:
                return fetch_video(
                    link, folder, on_progress=lambda *_: None, stop=stop, guard=self.guard
                )
            except WorldError as error:
                self._refused[link] = str(error)
                raise


@dataclass
class MiniFilms:
    """Films of the miniature world, made when first asked about; `root` keeps them for all runs to come."""

    root: Path
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _busy: defaultdict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock), repr=False
    )

    def find(self, entry: Entry, stop: StopSignal) -> Path:
        from sage.mini.encode import write_film  # noqa: PLC0415
        from sage.mini.workspace import write_pages  # noqa: PLC0415
        from sage.mini.world import find_film  # noqa: PLC0415

        film = find_film(_stem(entry))
        with self._making:
            busy = self._busy[film.id]
        with busy:
            folder = self._folder(film.id)
            path = folder / "films" / film.file_name
            write_pages(film, folder)
            return path if path.exists() else write_film(film, path, stop=stop)

    def fit(self, entry: Entry, setup: Setup) -> Setup:
        name = _stem(entry)
        return setup.model_copy(update={"pages": str(self._folder(name) / "pages" / name)})

    def _folder(self, name: str) -> Path:
        """A film's folder is named by what is in the film, so that another version of the world makes its own."""
        from sage.mini.world import find_film  # noqa: PLC0415

        return self.root / hashlib.sha256(repr(find_film(name)).encode()).hexdigest()[:12]


def _stem(entry: Entry) -> str:
    return PurePosixPath(entry.example.question.video).stem


def _index(folders: list[Path]) -> dict[str, Path]:
    """Film files by relative path, name and stem; of several with one name the first in order."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEO + SOUND):
            if path.is_file():
                for name in (path.relative_to(folder).as_posix(), path.name, path.stem):
                    found.setdefault(name, path)
    return found
