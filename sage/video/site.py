"""Downloads one film from a known video site with yt-dlp; run as `python -m sage.video.site`.

A process of its own, so that it can be killed at any moment, holds no key of ours, and can be fenced in:
an audit hook, which no later code can remove, refuses every connection to an address that is not public
and every program that would open a link by itself. Reads one JSON job from the first line of standard
input and ends when that pipe closes. Writes JSON lines: progress, then either `path` or `error`.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, TextIO

import yt_dlp
from yt_dlp.downloader.external import FFmpegFD
from yt_dlp.utils import DownloadCancelled

from sage.address import Guard

_SANDBOXED = ("deno", "node", "bun", "qjs")
_PROGRAMS = ("ffmpeg", "ffprobe", *_SANDBOXED)
_REMOTE = re.compile(r"(?!file:)[a-z][a-z0-9+.]+:", re.IGNORECASE)
_PYTHON_SOCKETS = ("Urllib", "Requests")
_CAPTION_FORMATS = "vtt/srt/best"

Tell = Callable[[dict[str, Any]], None]


class RefusalError(DownloadCancelled):
    """Ends the download for a reason of ours: live, too_long, too_large, playlist."""


class Fence:
    """The audit hook. `hits` tells afterwards whether anything was refused."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.hits = 0

    def install(self) -> None:
        sys.addaudithook(self._watch)

    def _watch(self, event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            self._check_address(args[1])
        elif event == "subprocess.Popen":
            self._check_program(args[0], args[1])
        elif event in ("os.system", "os.exec", "os.posix_spawn", "os.spawn"):
            self._refuse("a program")

    def _check_address(self, address: Any) -> None:
        literal = isinstance(address, tuple) and len(address) >= 2
        if not literal or not self._guard.permits(str(address[0]), int(address[1])):
            self._refuse("an address that is not public")

    def _check_program(self, program: Any, args: Any) -> None:
        words = [os.fsdecode(a) for a in ([args] if isinstance(args, str | bytes) else args)]
        name = Path(os.fsdecode(program) if program else words[0]).name.lower()
        remote = not name.startswith(_SANDBOXED) and any(_REMOTE.match(w) for w in words)
        if not name.startswith(_PROGRAMS) or remote:
            self._refuse("a program")

    def _refuse(self, what: str) -> None:
        self.hits += 1
        raise OSError(errno.EACCES, f"refused: {what}")


class Site(yt_dlp.YoutubeDL):
    """yt-dlp with plain Python sockets only, one film at a time, and captions chosen by language."""

    _language = ""

    def build_request_director(self, handlers: Iterable[Any], preferences: Any = None) -> Any:
        plain = [handler for handler in handlers if handler.RH_KEY in _PYTHON_SOCKETS]
        return super().build_request_director(plain, preferences)

    def process_ie_result(
        self, ie_result: dict[str, Any], download: bool = True, extra_info: Any = None
    ) -> Any:
        if ie_result.get("_type") in ("playlist", "multi_video"):
            ie_result["entries"] = _only_entry(ie_result.get("entries") or [])
        return super().process_ie_result(ie_result, download, extra_info)

    def process_video_result(self, info_dict: dict[str, Any], download: bool = True) -> Any:
        self._language = info_dict.get("language") or ""
        return super().process_video_result(info_dict, download)

    def process_subtitles(self, video_id: str, normal: Any, automatic: Any) -> Any:
        manual, machine = choose_captions(list(normal or {}), list(automatic or {}), self._language)
        return super().process_subtitles(
            video_id,
            {lang: normal[lang] for lang in manual},
            {lang: automatic[lang] for lang in machine},
        )


class Listener:
    """yt-dlp's log: only errors matter, and of those the first."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def debug(self, message: str) -> None:
        pass

    def info(self, message: str) -> None:
        pass

    def warning(self, message: str) -> None:
        pass

    def error(self, message: str) -> None:
        self.errors.append(message)


class Meter:
    """Tells progress a few times a second and ends a download that grows too large."""

    def __init__(self, tell: Tell, max_bytes: int) -> None:
        self._tell = tell
        self._max_bytes = max_bytes
        self._sizes: dict[str, int] = {}
        self._told_at = 0.0

    def __call__(self, state: dict[str, Any]) -> None:
        if state.get("info_dict", {}).get("ext") in ("vtt", "srt"):
            return
        size = int(state.get("downloaded_bytes") or 0)
        total = int(state.get("total_bytes") or state.get("total_bytes_estimate") or 0)
        self._sizes[str(state.get("filename"))] = max(size, total)
        if sum(self._sizes.values()) > self._max_bytes:
            raise RefusalError("too_large")
        if monotonic() - self._told_at > 0.25:
            self._told_at = monotonic()
            self._tell({"bytes": size, "total": total or None})


def choose_captions(
    manual: Sequence[str], automatic: Sequence[str], language: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Languages to take of the written and of the automatic captions: the film's own, and English.

    Written ones win over automatic ones of the same language; if neither language is there, the first
    written one is better than nothing.
    """
    manual = [lang for lang in manual if lang != "live_chat"]
    spoken = next((a.removesuffix("-orig") for a in automatic if a.endswith("-orig")), "")
    wanted = dict.fromkeys(_base(lang) for lang in (language or spoken, "en") if lang)
    written = [found for base in wanted if (found := _match(manual, base))]
    have = {_base(lang) for lang in written}
    machine = [found for base in wanted if base not in have and (found := _match(automatic, base))]
    return tuple(written or ([] if machine else manual[:1])), tuple(machine)


def download(job: dict[str, Any], tell: Tell) -> None:
    """Runs one job and tells its end: `path`, or `error` with a reason of ours or yt-dlp's message."""
    fence = Fence(Guard(frozenset(job["allow"])))
    fence.install()
    # ffmpeg would open links by itself; without it yt-dlp's own downloaders are used.
    FFmpegFD.available = classmethod(lambda cls, path=None: False)
    log = Listener()
    info: dict[str, Any] | None = None
    try:
        with Site(_options(job, log, tell)) as site:
            info = site.extract_info(job["url"], download=True)
    except RefusalError as refusal:
        tell({"error": refusal.msg})
        return
    except Exception as error:  # noqa: BLE001 - whatever escapes from yt-dlp is its message
        log.error(str(error))
    path = _result(info)
    if path:
        tell({"path": path})
    else:
        tell({"error": "forbidden" if fence.hits else next(iter(log.errors), "nothing found")})


def main() -> None:
    """Entry of the process: answers go to the real standard output, everything else to the log."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, args=(sys.stdin,), daemon=True).start()
    download(job, lambda event: print(json.dumps(event), file=out, flush=True))


def _options(job: dict[str, Any], log: Listener, tell: Tell) -> dict[str, Any]:
    return {
        "allowed_extractors": job["extractors"],
        "cachedir": False,
        "enable_file_urls": False,
        "extractor_retries": 1,
        "ffmpeg_location": job["ffmpeg"] or None,
        "format": "bv*+ba/b",
        "format_sort": ["res:720", "vcodec:h264", "acodec:aac", "ext"],
        "fragment_retries": 3,
        "hls_prefer_native": True,
        "ignoreerrors": True,  # captions that fail do not cost the film; errors are in the log
        "js_runtimes": {"deno": {}, "node": {}},
        "logger": log,
        "match_filter": lambda info, *, incomplete: _check(info, job["max_seconds"]),
        "merge_output_format": "mp4",
        "noplaylist": True,
        "noprogress": True,
        "outtmpl": {"default": os.path.join(job["folder"], "%(title).100B.%(ext)s")},
        "progress_hooks": [Meter(tell, job["max_bytes"])],
        "proxy": "",
        "quiet": True,
        "retries": 3,
        "socket_timeout": 15,
        "subtitlesformat": _CAPTION_FORMATS,
        "subtitleslangs": ["all"],
        "writeautomaticsub": True,
        "writesubtitles": True,
    }


def _check(info: dict[str, Any], max_seconds: float) -> None:
    """Ends what cannot be watched: streams without an end, films beyond the limit."""
    if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
        raise RefusalError("live")
    if (info.get("duration") or 0) > max_seconds:
        raise RefusalError("too_long")


def _only_entry(entries: Iterable[Any]) -> list[Any]:
    """The one entry of a list that is a film in disguise; a real list is refused."""
    found = [entry for entry, _ in zip(entries, range(2), strict=False)]
    if len(found) != 1:
        raise RefusalError("playlist")
    return found


def _result(info: dict[str, Any] | None) -> str:
    while info and info.get("entries"):
        info = next(iter(info["entries"]))
    done = (info or {}).get("requested_downloads") or [{}]
    path = done[0].get("filepath") or ""
    return path if path and os.path.exists(path) else ""


def _base(language: str) -> str:
    return language.split("-")[0].lower()


def _match(languages: Sequence[str], base: str) -> str:
    """The plainest of several variants: `en` before `en-orig` before `en-US`."""
    variants = [lang for lang in languages if _base(lang) == base]
    return min(variants, key=lambda lang: (lang != base, not lang.endswith("-orig")), default="")


def _end_with_parent(pipe: TextIO) -> None:
    pipe.read()
    os._exit(1)


if __name__ == "__main__":
    main()
