"""Films and clips in Gemini's Files API: uploaded once, awaited, used again until shortly before they expire.

A file is known by its content. With a `shelf` what was uploaded outlives the program: the next one asks the service
once whether the copy is still there, and uploads only what is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sage.faults import Border, crossing
from sage.models.transport import final

if TYPE_CHECKING:
    from google.genai import Client, types

EXPIRY_MARGIN = timedelta(minutes=30)
MAX_BYTES = 2_000_000_000
"""The service takes no larger file."""
KINDS = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".avi": "video/avi",
    ".flv": "video/x-flv",
    ".wmv": "video/wmv",
    ".3gp": "video/3gpp",
}
"""Suffixes of films that the service reads, and how they are called there."""


@dataclass(frozen=True)
class Upload:
    """A clip on its way into a prompt."""

    path: Path
    digest: str
    seconds: float = 0.0
    """Its length, as far as it is told."""


def find_upload(path: Path, seconds: float) -> Upload:
    """The file with the digest of its content, which is read once only; WorldError(MODEL) when it is too large."""
    status = path.stat()
    if status.st_size > MAX_BYTES:
        words = f"“{path.name}” has {status.st_size / 1e9:.2g} GB, and Gemini takes 2 GB a film"
        raise final(words, "Make a smaller copy of it, for example with fewer pixels.")
    return Upload(path, _digest(path, status.st_size, status.st_mtime_ns), seconds)


@lru_cache(maxsize=4096)
def _digest(path: Path, _size: int, _changed_ns: int) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


class GeminiFiles:
    """What one client has uploaded. Its coroutines run on one loop; errors of the SDK pass through."""

    def __init__(self, client: Client, *, poll_s: float, shelf: Path | None = None) -> None:
        """`shelf` is a JSON file; a damaged one counts as empty, since all it saves is time."""
        self._client = client
        self._poll_s = poll_s
        self._shelf = shelf
        self._files: dict[str, types.File] = {}
        self._known: set[str] = set()
        """Digests whose copy was seen at the service by this object."""
        self._locks: dict[str, asyncio.Lock] = {}
        self._writing = threading.Lock()
        if shelf:
            self._files = _read_shelf(shelf)

    def __bool__(self) -> bool:
        return bool(self._files)

    async def part(self, upload: Upload, name: str) -> types.Part:
        """The clip as a part of a prompt; WorldError(MODEL) when the service cannot read it. `name`: the model's."""
        from google.genai import types  # noqa: PLC0415  heavy

        kind = KINDS.get(upload.path.suffix.lower(), "video/mp4")
        async with self._locks.setdefault(upload.digest, asyncio.Lock()):
            file = await self._found(upload.digest) or await self._sent(upload, kind)
            try:
                file = await self._active(file, name)
            except Exception:
                self._forget(upload.digest)
                raise
            self._keep(upload.digest, file)
            return types.Part.from_uri(file_uri=file.uri or "", mime_type=kind)

    def forget(self) -> None:
        """The service said that a copy is gone: all are looked at anew."""
        self._files.clear()
        self._known.clear()
        self._save()

    async def clean_up(self, *, everything: bool = False) -> None:
        """Deletes what was uploaded. What a shelf keeps stays, unless `everything` is to go."""
        if self._shelf and not everything:
            return
        for file in self._files.values():
            # Any failure here is harmless, and nobody is left to be told.
            with contextlib.suppress(Exception):
                await self._client.aio.files.delete(name=file.name or "")
        self._files.clear()
        self._save()

    async def _found(self, digest: str) -> types.File | None:
        """The copy that is there already and lives long enough."""
        from google.genai import errors  # noqa: PLC0415  heavy

        file = self._files.get(digest)
        if file is None or _is_expiring(file):
            return None
        if digest in self._known:
            return file
        try:
            return await self._client.aio.files.get(name=file.name or "")
        except errors.APIError as error:
            if error.code in (400, 403, 404):
                return None  # it is not there any more
            raise

    async def _sent(self, upload: Upload, kind: str) -> types.File:
        from google.genai import types  # noqa: PLC0415  heavy

        config = types.UploadFileConfig(mime_type=kind)
        return await self._client.aio.files.upload(file=str(upload.path), config=config)

    async def _active(self, file: types.File, name: str) -> types.File:
        while file.state is not None and file.state.value != "ACTIVE":
            if file.state.value == "FAILED":
                raise final(f"{name} could not read the clip", "Ask with frames instead.")
            await asyncio.sleep(self._poll_s)
            file = await self._client.aio.files.get(name=file.name or "")
        return file

    def _keep(self, digest: str, file: types.File) -> None:
        is_new = digest not in self._known
        self._files[digest] = file
        self._known.add(digest)
        if is_new:
            self._save()

    def _forget(self, digest: str) -> None:
        self._files.pop(digest, None)
        self._known.discard(digest)
        self._save()

    def _save(self) -> None:
        if self._shelf is None:
            return
        with self._writing, crossing(Border.DISK, f"{self._shelf} cannot be kept", OSError):
            lines = {
                d: f.model_dump(mode="json", exclude_none=True) for d, f in self._files.items()
            }
            self._shelf.parent.mkdir(parents=True, exist_ok=True)
            part = self._shelf.with_name(f".{self._shelf.name}.new")
            part.write_text(json.dumps(lines), "utf-8")
            part.replace(self._shelf)


def _read_shelf(shelf: Path) -> dict[str, types.File]:
    from google.genai import types  # noqa: PLC0415  heavy

    read: Callable[[object], types.File] = types.File.model_validate
    try:
        lines = json.loads(shelf.read_text("utf-8"))
        return {digest: read(line) for digest, line in lines.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_expiring(file: types.File) -> bool:
    expires = file.expiration_time
    return expires is not None and expires - datetime.now(UTC) < EXPIRY_MARGIN
