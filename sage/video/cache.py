"""Files that can be made again, named by the content they were made from, bounded in size.

They lie under the folder that SAGE_CACHE names, by default ~/.cache/sage. A file appears whole or not at
all: it is written beside its place and moved there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def cache_folder(kind: str) -> Path:
    """The folder for one kind of file; made when missing."""
    root = Path(os.environ.get("SAGE_CACHE") or Path.home() / ".cache" / "sage")
    folder = root / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def unfinished(folder: Path, suffix: str) -> Iterator[Path]:
    """A path to write to; whatever lies there at the end of the block is removed."""
    handle, name = tempfile.mkstemp(suffix=suffix, prefix=".part-", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def place(source: Path, target: Path) -> None:
    """Gives `target` the content of `source`, without a copy where the disk allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(target.parent, target.suffix) as part:
        part.unlink()
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)
        os.replace(part, target)


def touch(path: Path) -> None:
    """Marks a file as used, so that it is pruned last."""
    with suppress(OSError):
        os.utime(path)


def prune(folder: Path, max_bytes: int) -> None:
    """Removes the files that were not used for longest until the rest fits; never the newest one."""
    files = []
    for path in folder.iterdir():
        with suppress(OSError):
            status = path.stat()
            files.append((status.st_mtime, status.st_size, path))
    total = 0
    for n, (_, size, path) in enumerate(sorted(files, reverse=True)):
        total += size
        if total > max_bytes and n > 0:
            path.unlink(missing_ok=True)
