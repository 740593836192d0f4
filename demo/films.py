"""Films that visitors gave, each in a folder with an unguessable name: `films/<token>/<name>`.

A film has an original (what the agent looks at) and, once known, a playable file (what the
browser shows): the same file unless the browser cannot play it. Both are noted in film.json, so
a restarted server finds them.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
from pathlib import Path

from pydantic import BaseModel

from sage.faults import Border, WorldError

TOKEN = re.compile(r"[0-9a-f]{32}")
NOTE = "film.json"


class Film(BaseModel):
    """What is known of one film folder; file names are relative to it."""

    token: str
    file: str
    title: str
    play: str = ""
    """Empty until a file that browsers play is known."""


class Films:
    """The folder of films, and bundled films that are served from where they lie."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._bundled: dict[str, Film] = {}
        self._write = threading.Lock()

    def bundle(self, path: Path, title: str) -> str:
        """Registers a film that came with the app; its token is new with every start."""
        token = secrets.token_hex(16)
        self._bundled[token] = Film(token=token, file=str(path), title=title, play=str(path))
        return token

    def new_folder(self) -> tuple[str, Path]:
        """A token and an empty folder for a film that is about to arrive."""
        token = secrets.token_hex(16)
        folder = self.root / token
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            message = f"The film cannot be kept ({error.strerror}). Free some space and try again."
            raise WorldError(Border.DISK, message) from error
        return token, folder

    def adopt(self, upload: Path, title: str = "") -> str:
        """Takes an uploaded file over under its own name and returns the film's token."""
        token, folder = self.new_folder()
        name = clean_name(title or upload.name)
        try:
            _link_or_copy(upload, folder / name)
        except OSError as error:
            message = f"The film cannot be kept ({error.strerror}). Free some space and try again."
            raise WorldError(Border.DISK, message) from error
        self.note(Film(token=token, file=name, title=title or upload.name))
        return token

    def note(self, film: Film) -> None:
        """Writes what is known of a film."""
        with self._write:
            draft = self.root / film.token / f".{NOTE}.{secrets.token_hex(4)}"
            draft.write_text(film.model_dump_json(), encoding="utf-8")
            draft.replace(self.root / film.token / NOTE)

    def get(self, token: str) -> Film | None:
        """The film of a token, or None."""
        if token in self._bundled:
            return self._bundled[token]
        if not TOKEN.fullmatch(token):
            return None
        with contextlib.suppress(OSError, ValueError):
            return Film.model_validate_json((self.root / token / NOTE).read_text("utf-8"))
        return None

    def path(self, token: str) -> Path | None:
        """The original file."""
        film = self.get(token)
        return self.root / token / film.file if film else None

    def playable(self, token: str) -> Path | None:
        """The file for the browser, once there is one; never outside the film's folder."""
        film = self.get(token)
        if film is None or not film.play:
            return None
        if token in self._bundled:
            return Path(film.play)
        folder = (self.root / token).resolve()
        target = (folder / film.play).resolve()
        return target if target.is_file() and target.parent == folder else None

    def set_playable(self, token: str, path: Path) -> None:
        """Notes the file that browsers play; it must lie in the film's folder."""
        film = self.get(token)
        if film is not None and token not in self._bundled:
            self.note(film.model_copy(update={"play": path.name}))

    def token_of(self, path: Path) -> str | None:
        """The token of an original file that lies in one of our folders."""
        for token, film in self._bundled.items():
            if Path(film.file) == path:
                return token
        return path.parent.name if path.parent.parent == self.root else None

    def drop(self, token: str) -> None:
        """Deletes a visitor's film; a bundled one stays."""
        if TOKEN.fullmatch(token) and token not in self._bundled:
            shutil.rmtree(self.root / token, ignore_errors=True)


def clean_name(name: str) -> str:
    """A file name that is safe on disk and still tells what it was."""
    stem, dot, suffix = Path(name).name.rpartition(".")
    stem = re.sub(r"[^\w.() -]+", "_", stem or suffix).strip("._ ")[:80] or "film"
    suffix = re.sub(r"\W", "", suffix)[:8].lower() if dot else ""
    return f"{stem}.{suffix}" if suffix else stem


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
