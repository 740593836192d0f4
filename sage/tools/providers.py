"""Who answers a web search. One small class each; all give sources or raise.

Interfaces with a key go through the guarded fetch. `ddgs` brings its own client, which asks only the search
engines it knows; it cannot be interrupted, so it runs in a thread that a stop abandons. Network code is
imported at the first search, because every command imports the tools.
"""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlencode

from sage.address import PUBLIC, Guard
from sage.faults import Border, FaultError, StopSignal, WorldError
from sage.tools.page_text import one_line
from sage.tools.pages import search_pages
from sage.types import FaultKind, Source

if TYPE_CHECKING:
    from sage.net import Page

Kind = Literal["web", "image"]
TIMEOUT_S = 20.0


class SearchProvider(Protocol):
    """Finds at most `n` sources. WorldError when the provider fails, StoppedError on a stop."""

    @property
    def name(self) -> str: ...

    def search(self, query: str, kind: Kind, n: int, stop: StopSignal) -> tuple[Source, ...]: ...


@dataclass(frozen=True)
class Serper:
    """Google results from serper.dev."""

    key: str
    base_url: str = "https://google.serper.dev"
    guard: Guard = PUBLIC
    name: str = "serper"

    def search(self, query: str, kind: Kind, n: int, stop: StopSignal) -> tuple[Source, ...]:
        from sage.net import post_json  # noqa: PLC0415

        page = post_json(
            f"{self.base_url}/{'images' if kind == 'image' else 'search'}",
            {"q": query, "num": n},
            timeout_s=TIMEOUT_S,
            stop=stop,
            headers={"X-API-KEY": self.key},
            guard=self.guard,
        )
        if kind == "image":
            rows = _rows(page, "images")
            return tuple(_picture(r.get("link"), r.get("title"), r.get("imageUrl")) for r in rows)[
                :n
            ]
        rows = _rows(page, "organic")
        return tuple(_source(r.get("link"), r.get("title"), r.get("snippet")) for r in rows)[:n]


@dataclass(frozen=True)
class Brave:
    """Brave Search."""

    key: str
    base_url: str = "https://api.search.brave.com/res/v1"
    guard: Guard = PUBLIC
    name: str = "brave"

    def search(self, query: str, kind: Kind, n: int, stop: StopSignal) -> tuple[Source, ...]:
        path = "images" if kind == "image" else "web"
        from sage.net import fetch  # noqa: PLC0415

        page = fetch(
            f"{self.base_url}/{path}/search?{urlencode({'q': query[:400], 'count': n})}",
            max_bytes=4_000_000,
            timeout_s=TIMEOUT_S,
            stop=stop,
            headers={"X-Subscription-Token": self.key, "Accept": "application/json"},
            guard=self.guard,
        )
        if kind == "image":
            rows = _rows(page, "results")
            return tuple(
                _picture(r.get("url"), r.get("title"), (r.get("properties") or {}).get("url"))
                for r in rows
            )[:n]
        rows = _rows(page, "web", "results")
        return tuple(_source(r.get("url"), r.get("title"), r.get("description")) for r in rows)[:n]


@dataclass(frozen=True)
class Tavily:
    """Tavily, a search made for language models."""

    key: str
    base_url: str = "https://api.tavily.com"
    guard: Guard = PUBLIC
    name: str = "tavily"

    def search(self, query: str, kind: Kind, n: int, stop: StopSignal) -> tuple[Source, ...]:
        from sage.net import post_json  # noqa: PLC0415

        is_image = kind == "image"
        page = post_json(
            f"{self.base_url}/search",
            {
                "query": query[:400],
                "max_results": n,
                "include_images": is_image,
                "include_image_descriptions": is_image,
            },
            timeout_s=TIMEOUT_S,
            stop=stop,
            headers={"Authorization": f"Bearer {self.key}"},
            guard=self.guard,
        )
        if is_image:
            rows = _rows(page, "images")
            return tuple(_picture(r.get("url"), r.get("description"), r.get("url")) for r in rows)[
                :n
            ]
        rows = _rows(page, "results")
        return tuple(_source(r.get("url"), r.get("title"), r.get("content")) for r in rows)[:n]


@dataclass(frozen=True)
class Ddgs:
    """Several public search engines, without a key; they often refuse servers."""

    name: str = "ddgs"

    def search(self, query: str, kind: Kind, n: int, stop: StopSignal) -> tuple[Source, ...]:
        box: queue.SimpleQueue[list[dict[str, Any]] | Exception] = queue.SimpleQueue()

        def run() -> None:
            try:
                box.put(_ask_ddgs(query, kind, n))
            except Exception as error:  # noqa: BLE001 - handed over whole to the thread that waits
                box.put(error)

        threading.Thread(target=run, daemon=True, name="ddgs").start()
        rows = _await(box, stop)
        if kind == "image":
            return tuple(_picture(r.get("url"), r.get("title"), r.get("image")) for r in rows)[:n]
        return tuple(_source(r.get("href"), r.get("title"), r.get("body")) for r in rows)[:n]


@dataclass(frozen=True)
class LocalPages:
    """A folder of pages on this machine; no network."""

    folder: Path
    name: str = "pages"

    def search(self, query: str, kind: Kind, n: int, stop: StopSignal) -> tuple[Source, ...]:
        if kind == "image":
            raise FaultError(
                FaultKind.UNAVAILABLE, "The local pages hold no pictures; search with type web."
            )
        return search_pages(self.folder, query, n, stop)


def _ask_ddgs(query: str, kind: Kind, n: int) -> list[dict[str, Any]]:
    from ddgs import DDGS  # noqa: PLC0415
    from ddgs.exceptions import DDGSException  # noqa: PLC0415

    client = DDGS(timeout=8)
    try:
        return list((client.images if kind == "image" else client.text)(query, max_results=n))
    except DDGSException as error:
        if "no results" in str(error).lower():
            return []
        raise


def _await(
    box: queue.SimpleQueue[list[dict[str, Any]] | Exception], stop: StopSignal
) -> list[dict[str, Any]]:
    for _ in range(int(TIMEOUT_S / 0.2)):
        stop.check()
        try:
            answer = box.get(timeout=0.2)
        except queue.Empty:
            continue
        if isinstance(answer, Exception):
            raise WorldError(
                Border.NETWORK, f"No search engine answered ({type(answer).__name__})."
            ) from answer
        return answer
    raise WorldError(Border.NETWORK, "No search engine answered in time.")


def _rows(page: Page, *keys: str) -> list[dict[str, Any]]:
    """The list of results inside a JSON answer; entries that are plain links become `{"url": …}`."""
    try:
        value: Any = json.loads(page.body)
    except ValueError as error:
        raise WorldError(Border.NETWORK, "The search provider sent no JSON.") from error
    for key in keys:
        value = (value.get(key) if isinstance(value, dict) else None) or []
    rows = value if isinstance(value, list) else []
    return [{"url": r} if isinstance(r, str) else r for r in rows if isinstance(r, str | dict)]


def _source(url: Any, title: Any, text: Any) -> Source:
    return Source(
        url=one_line(str(url or ""), 2000),
        title=one_line(str(title or ""), 200),
        text=one_line(str(text or ""), 600),
    )


def _picture(page_url: Any, title: Any, image_url: Any) -> Source:
    return _source(page_url, title, f"picture: {image_url}" if image_url else "")
