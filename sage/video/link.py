"""Brings a film from a link into a folder, or says in a sentence why not.

Two ways: a direct media file is streamed by the guarded fetch; a page of a known video site goes to
yt-dlp in a process of its own (`sage.video.site`). Which sites are known is a closed list, because a
downloader that takes any page follows any address. No cookies, no logins, no playlists, no live streams.
Everything is first written to a hidden folder, which is deleted whatever happens.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from time import monotonic
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import sage
from sage.address import PUBLIC, ForbiddenAddressError, Guard, parse_link
from sage.faults import Border, StopSignal, WorldError
from sage.net import Bounds, Response, opened, save
from sage.video.refusals import KEPT, TIMED_OUT, explain, not_a_video, too_large, too_long

SITES = {
    "youtube.com": "youtube(:.*)?",
    "youtu.be": "youtube(:.*)?",
    "youtube-nocookie.com": "youtube(:.*)?",
    "vimeo.com": "vimeo(:.*)?",
    "dailymotion.com": "dailymotion",
    "dai.ly": "dailymotion",
    "ted.com": "ted(talk|embed)",
    "archive.org": "archive.org",
    "twitch.tv": "twitch:(vod|clips)",
    "tiktok.com": "(vm\\.)?tiktok",
    "twitter.com": "twitter",
    "x.com": "twitter",
    "reddit.com": "reddit",
    "bilibili.com": "bilibili",
    "wikimedia.org": "wikimedia.org",
    "c-span.org": "cspan",
    "media.ccc.de": "media.ccc.de",
}
"""Host, with its subdomains, to the yt-dlp extractors that may handle it."""

_SUFFIXES = (
    ".mp4",
    ".m4v",
    ".mov",
    ".webm",
    ".mkv",
    ".avi",
    ".ogv",
    ".mpg",
    ".mpeg",
    ".ts",
    ".flv",
    ".wmv",
)
_MAGIC = (
    (0, b"\x1aE\xdf\xa3", ".mkv"),
    (0, b"FLV", ".flv"),
    (0, b"OggS", ".ogv"),
    (0, b"\x00\x00\x01\xba", ".mpg"),
    (0, b"0&\xb2u\x8ef\xcf\x11", ".wmv"),
    (4, b"ftypqt", ".mov"),
    (4, b"ftypM4A", ""),
    (4, b"ftyp", ".mp4"),
    (4, b"moov", ".mov"),
    (4, b"mdat", ".mov"),
    (4, b"wide", ".mov"),
    (8, b"AVI ", ".avi"),
)
_CHILD_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE")

Progress = Callable[[str, float | None], None]


@dataclass(frozen=True)
class LinkLimits:
    """What a link may cost."""

    max_bytes: int = 2 * 1024**3
    max_seconds: float = 4 * 3600.0
    """Length of the film."""
    timeout_s: float = 2 * 3600.0
    """Duration of the download."""


DEFAULT_LIMITS = LinkLimits()


def fetch_video(
    url: str,
    folder: Path,
    *,
    limits: LinkLimits = DEFAULT_LIMITS,
    on_progress: Progress,
    stop: StopSignal,
    guard: Guard = PUBLIC,
) -> Path:
    """Downloads the film behind a link into `folder`, named by its title, captions beside it.

    WorldError(NETWORK) with a sentence for a person, ForbiddenAddressError among them; StoppedError.
    """
    url = _completed(url)
    folder.mkdir(parents=True, exist_ok=True)
    with _told_to_a_person(), _scratch(folder) as scratch:
        job = Download(scratch, limits, on_progress, stop, guard)
        on_progress("Opening the link", None)
        site = find_site(url)
        if not site:
            film, site, url = _fetch_file(url, job)
        if site:
            film = fetch_from_site(url, (site,), job)
        _check_length(film, limits)
        return _move(film, folder)


@dataclass(frozen=True)
class Download:
    """One download under way: where to, how much, whom to tell and obey."""

    folder: Path
    limits: LinkLimits
    on_progress: Progress
    stop: StopSignal
    guard: Guard


def find_site(url: str) -> str:
    """Extractors for the page of a known site; empty for direct media files and all other hosts."""
    target = parse_link(url)
    if urlsplit(url).path.lower().endswith(_SUFFIXES):
        return ""
    labels = target.host.split(".")
    hosts = (".".join(labels[i:]) for i in range(len(labels)))
    return next((SITES[host] for host in hosts if host in SITES), "")


def fetch_from_site(url: str, sites: tuple[str, ...], job: Download) -> Path:
    """Runs yt-dlp on a page, restricted to these extractors, in a process that dies with the stop."""
    order = {
        "url": url,
        "folder": str(job.folder),
        "extractors": sites,
        "max_bytes": job.limits.max_bytes,
        "max_seconds": job.limits.max_seconds,
        "allow": sorted(job.guard.allow),
        "ffmpeg": _ffmpeg(),
    }
    for event in _run_child(order, job):
        if path := event.get("path"):
            return Path(path)
        if reason := event.get("error"):
            raise _site_error(str(reason), job.limits)
        job.on_progress(*_progress(int(event["bytes"]), event["total"]))
    raise WorldError(Border.NETWORK, explain(""))


def _fetch_file(url: str, job: Download) -> tuple[Path, str, str]:
    """Streams a direct link. When it leads on to a known site: no path, but that site and its link."""
    bounds = Bounds(job.limits.max_bytes, job.limits.timeout_s)
    with opened(url, bounds, stop=job.stop, guard=job.guard) as response:
        if site := find_site(response.url):
            return Path(), site, response.url
        chunks = response.chunks(job.limits.max_bytes)
        first = _first_bytes(chunks)
        suffix = _suffix(first, response)
        path = job.folder / (safe_name(_told_name(response)) + suffix)
        told = _throttled(job.on_progress)
        save(response, _chain(first, chunks), path, on_progress=told)
    return path, "", url


def safe_name(title: str) -> str:
    """A title as a file name: printable, one path component, not hidden, at most 100 bytes."""
    clean = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else " " for c in title)
    short = " ".join(clean.split()).encode()[:100].decode(errors="ignore")
    return short.strip(" .") or "video"


def _completed(url: str) -> str:
    """A pasted `www.site.org/film` means https."""
    url = url.strip()
    bare = re.match(r"[\w-]+(\.[\w-]+)+(/|\?|$)", url)
    return f"https://{url}" if bare else url


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix=".link-", dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _told_to_a_person() -> Iterator[None]:
    """Completes what failed by what to do and what was kept."""
    try:
        yield
    except ForbiddenAddressError as error:
        raise ForbiddenAddressError(f"{error} Upload the file instead. {KEPT}") from error
    except WorldError as error:
        if KEPT in str(error):
            raise
        advice = f"Try again, use another link, or upload the file. {KEPT}"
        raise WorldError(error.border, f"{error} {advice}") from error


def _move(film: Path, folder: Path) -> Path:
    """Moves a film and the captions beside it out of the scratch folder, under a name not taken."""
    stem, suffix = safe_name(film.stem), film.suffix
    n = 1
    while any(folder.glob(f"{_escaped(stem)}.*")):
        n += 1
        stem = f"{safe_name(film.stem)} ({n})"
    for side in film.parent.glob(f"{_escaped(film.stem)}.*"):
        if side.suffix in (".vtt", ".srt"):
            side.rename(folder / (stem + side.name[len(film.stem) :]))
    return film.rename(folder / (stem + suffix))


def _escaped(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _first_bytes(chunks: Iterator[bytes]) -> bytes:
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= 512:
            break
    return first


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _suffix(first: bytes, response: Response) -> str:
    """The ending that fits the first bytes; WorldError when they are not those of a video."""
    for at, mark, suffix in _MAGIC:
        if first[at:].startswith(mark) and suffix:
            return ".webm" if suffix == ".mkv" and b"webm" in first[:64] else suffix
    if first[:1] == b"G" and first[188:189] == b"G":
        return ".ts"
    what = _what(first, response.content_type)
    if what or not response.content_type.startswith("video/"):
        raise WorldError(Border.NETWORK, not_a_video(what or "a file of another kind"))
    own = Path(urlsplit(response.url).path).suffix.lower()
    return own if own in _SUFFIXES else ".mp4"


def _what(first: bytes, content_type: str) -> str:
    """What was found instead of a video; empty when it cannot be told."""
    start = first.lstrip(b"\xef\xbb\xbf \r\n\t")[:256].lower()
    if not first:
        return "an empty answer"
    if start.startswith((b"<!doctype html", b"<html")) or content_type == "text/html":
        return "a web page"
    if start.startswith(b"#extm3u") or b"<mpd" in start:
        return "a list of pieces for streaming"
    if start.startswith(b"%pdf"):
        return "a PDF document"
    if first.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")) or first[8:12] == b"WEBP":
        return "a picture"
    sound = first.startswith((b"ID3", b"\xff\xfb", b"fLaC")) or first[8:12] == b"WAVE"
    if sound or first[4:11] == b"ftypM4A" or content_type.startswith("audio/"):
        return "a sound recording"
    return "a text" if content_type.startswith("text/") else ""


def _told_name(response: Response) -> str:
    """The file name the server gives, else the last part of the link; without its ending."""
    header = Message()
    header["content-disposition"] = response.headers.get("content-disposition", "")
    name = header.get_filename() or unquote(urlsplit(response.url).path).rstrip("/")
    last = re.split(r"[/\\]", name)[-1]
    return last[: -len(Path(last).suffix)] if Path(last).suffix.lower() in _SUFFIXES else last


def _check_length(path: Path, limits: LinkLimits) -> None:
    from sage.video.probe import probe  # noqa: PLC0415

    if probe(path, path.stem).duration_s > limits.max_seconds:
        raise WorldError(Border.NETWORK, too_long(limits.max_seconds))


def _throttled(on_progress: Progress) -> Callable[[int, int | None], None]:
    told_at = [0.0]

    def tell(size: int, total: int | None) -> None:
        if monotonic() - told_at[0] > 0.25 or size == total:
            told_at[0] = monotonic()
            on_progress(*_progress(size, total))

    return tell


def _progress(size: int, total: int | None) -> tuple[str, float | None]:
    done = min(1.0, size / total) if total else None
    whole = f" of {total / 1e6:.1f}" if total else ""
    return f"Downloading: {size / 1e6:.1f}{whole} MB", done


def _site_error(reason: str, limits: LinkLimits) -> WorldError:
    if reason == "forbidden":
        return ForbiddenAddressError("This link leads to an address that is not public.")
    own = {"too_long": too_long(limits.max_seconds), "too_large": too_large(limits.max_bytes)}
    return WorldError(Border.NETWORK, own.get(reason) or explain(reason))


def _run_child(order: dict[str, Any], job: Download) -> Iterator[dict[str, Any]]:
    """Events of the download process; it and all it started are killed when the block is left."""
    environment = {name: os.environ[name] for name in _CHILD_ENV if name in os.environ}
    environment |= {"PYTHONPATH": str(Path(sage.__file__).parents[1]), "YTDLP_NO_PLUGINS": "1"}
    child = subprocess.Popen(
        [sys.executable, "-m", "sage.video.site"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        cwd=job.folder,
        env=environment,
        start_new_session=True,
    )
    try:
        assert child.stdin
        assert child.stdout
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
        yield from _lines(child.stdout, job)
    finally:
        _kill(child)


def _lines(pipe: IO[str], job: Download) -> Iterator[dict[str, Any]]:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in pipe:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True, name="link").start()
    ends = monotonic() + job.limits.timeout_s
    while True:
        job.stop.check()
        if monotonic() > ends:
            raise WorldError(Border.NETWORK, TIMED_OUT)
        try:
            line = lines.get(timeout=0.2)
        except queue.Empty:
            continue
        if not line:
            return
        yield json.loads(line)


def _kill(child: subprocess.Popen[str]) -> None:
    """Ends the process and its whole group, and waits, so that nothing writes any more."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def _ffmpeg() -> str:
    if found := shutil.which("ffmpeg"):
        return found
    import imageio_ffmpeg  # noqa: PLC0415

    return str(imageio_ffmpeg.get_ffmpeg_exe())
