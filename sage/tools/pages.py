"""A folder of local pages as a searchable web: `page://<path inside the folder>`.

Pages are .html, .htm, .md and .txt files. The index is SQLite FTS5 ranked by bm25, kept in the user's cache
and built anew when a file was added, changed or removed; where no cache can be written it lives in memory.
Nothing outside the folder is ever read: no `..`, no absolute path, no link that leads out.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from sage.faults import FaultError, StopSignal
from sage.tools.page_text import Readable, one_line, to_readable
from sage.types import FaultKind, Source

SCHEME = "page://"
MAX_PAGE_BYTES = 5_000_000
_TYPES = {".html": "text/html", ".htm": "text/html", ".md": "text/markdown", ".txt": "text/plain"}
_LAYOUT = "1"


def search_pages(folder: Path, query: str, n: int, stop: StopSignal) -> tuple[Source, ...]:
    """The `n` best pages for any of the query's words, best first, with a snippet each."""
    try:
        with _index(folder, stop) as index:
            return search_index(index, query, n)
    except sqlite3.Error as error:
        raise FaultError(
            FaultKind.UNAVAILABLE, f"The index of the local pages cannot be used: {error}."
        ) from error


def index_in_memory(folder: Path, stop: StopSignal) -> sqlite3.Connection:
    """An index of the folder that leaves nothing on disk, for whoever searches a few pages often."""
    index = sqlite3.connect(":memory:", check_same_thread=False)
    _fill(index, _list(folder), "", stop)
    return index


def search_index(index: sqlite3.Connection, query: str, n: int) -> tuple[Source, ...]:
    """The `n` best pages of an index for any of the query's words; sqlite3.Error."""
    words = re.findall(r"\w+", query.lower())
    if not words:
        return ()
    match = " OR ".join(f'"{word}"' for word in dict.fromkeys(words[:64]))
    rows = index.execute(
        "SELECT path, title, snippet(pages, 2, '', '', ' … ', 40) FROM pages "
        "WHERE pages MATCH ? ORDER BY bm25(pages, 0.0, 5.0, 1.0), path LIMIT ?",
        (match, n),
    ).fetchall()
    return tuple(Source(url=SCHEME + quote(p), title=t, text=one_line(s)) for p, t, s in rows)


def read_page(folder: Path, url: str) -> Readable:
    """A local page by its `page://` address; FaultError FORBIDDEN outside the folder, else NOT_FOUND."""
    name = unquote(url.removeprefix(SCHEME).split("#")[0].split("?")[0])
    path = _inside(folder, name)
    if path is None:
        raise FaultError(
            FaultKind.FORBIDDEN, "Only pages inside the folder of local pages can be read."
        )
    if path.suffix.lower() not in _TYPES or not path.is_file():
        raise FaultError(
            FaultKind.NOT_FOUND,
            f"There is no local page {SCHEME}{one_line(name, 100)}; search first.",
        )
    return _read(path)


def _inside(folder: Path, name: str) -> Path | None:
    root = folder.resolve()
    if not name.isprintable() or "\\" in name or name.startswith("/"):
        return None
    try:
        path = (root / name).resolve()
    except (OSError, RuntimeError):  # a loop of links, a name too long
        return None
    return path if path.is_relative_to(root) and ".." not in Path(name).parts else None


def _read(path: Path) -> Readable:
    with path.open("rb") as file:
        body = file.read(MAX_PAGE_BYTES)
    return to_readable(body, _TYPES[path.suffix.lower()], path.stem)


def _list(folder: Path) -> dict[str, Path]:
    """Pages by their path inside the folder; hidden files and links that lead out are left out."""
    found: dict[str, Path] = {}
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(files):
            name = Path(base, file).relative_to(folder).as_posix()
            path = _inside(folder, name)
            if path and path.suffix.lower() in _TYPES and path.is_file() and file[0] != ".":
                found[name] = path
    return found


@contextmanager
def _index(folder: Path, stop: StopSignal) -> Iterator[sqlite3.Connection]:
    if not folder.is_dir():
        raise FaultError(
            FaultKind.UNAVAILABLE,
            "The folder of local pages does not exist; search is not possible.",
        )
    pages = _list(folder)
    fingerprint = _fingerprint(pages)
    cached = _cache_folder() / f"{_digest(str(folder.resolve()))}.sqlite"
    if not _is_current(cached, fingerprint) and not _store(cached, pages, fingerprint, stop):
        with closing(sqlite3.connect(":memory:")) as index:
            _fill(index, pages, fingerprint, stop)
            yield index
        return
    with closing(sqlite3.connect(cached.as_uri() + "?mode=ro", uri=True)) as index:
        yield index


def _store(path: Path, pages: dict[str, Path], fingerprint: str, stop: StopSignal) -> bool:
    """Writes the index whole or not at all; False when the cache cannot be written."""
    new = path.with_suffix(f".{os.getpid()}.{id(pages)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(new)) as index:
            _fill(index, pages, fingerprint, stop)
        new.replace(path)
    except (OSError, sqlite3.OperationalError):
        return False
    finally:
        _forget(new)
    return True


def _forget(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + "-journal")):
        try:
            leftover.unlink(missing_ok=True)
        except OSError:  # the cache is read-only, so nothing was written
            return


def _fill(
    index: sqlite3.Connection, pages: dict[str, Path], fingerprint: str, stop: StopSignal
) -> None:
    tokens = "porter unicode61 remove_diacritics 2"
    with index:
        index.execute(
            f"CREATE VIRTUAL TABLE pages USING fts5(path UNINDEXED, title, body, tokenize='{tokens}')"
        )
        index.execute("CREATE TABLE state (fingerprint TEXT)")
        for name, path in pages.items():
            stop.check()
            page = _read(path)
            row = (name, page.title or path.stem, page.text)
            index.execute("INSERT INTO pages VALUES (?, ?, ?)", row)
        index.execute("INSERT INTO state VALUES (?)", (fingerprint,))


def _is_current(path: Path, fingerprint: str) -> bool:
    try:
        with closing(sqlite3.connect(path.as_uri() + "?mode=ro", uri=True)) as index:
            return index.execute("SELECT fingerprint FROM state").fetchone() == (fingerprint,)
    except sqlite3.Error:  # missing, damaged or of another layout
        return False


def _fingerprint(pages: dict[str, Path]) -> str:
    seen = [(name, path.stat().st_size, path.stat().st_mtime_ns) for name, path in pages.items()]
    return _digest(f"{_LAYOUT}{seen}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "sage" / "pages"
