"""Tool: pages or pictures of the web, or of a folder of local pages.

Who is asked is a setting. Every failure of a provider is told to the model as one sentence that names what
would mend it; a search that cannot be made never ends a run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import Field

from sage.faults import FaultError, WorldError
from sage.tools.base import Workspace
from sage.tools.page_text import framed, one_line
from sage.tools.providers import Brave, Ddgs, Kind, LocalPages, SearchProvider, Serper, Tavily
from sage.types import FaultKind, Observation, Setup, Source

NAME = "web-search"
KEYS: dict[str, tuple[str, Callable[[str], SearchProvider]]] = {
    "serper": ("SERPER_API_KEY", Serper),
    "brave": ("BRAVE_API_KEY", Brave),
    "tavily": ("TAVILY_API_KEY", Tavily),
}
"""Providers that want a key: the variable it is read from, and what asks with it."""

_OPENABLE = ("http://", "https://", "page://")
_NO_KEY = "choose another search provider, or give a folder of local pages"


def web_search(
    workspace: Workspace,
    *,
    query: Annotated[str, Field(description="what to look for, in a few words", min_length=1)],
    search_type: Annotated[Kind, "pages or pictures"] = "web",
    num_results: Annotated[int, Field(description="how many results", ge=1, le=10)] = 3,
) -> Observation:
    """Searches the web for facts that the video itself does not tell.

    Use it for names, places, dates and background of what is seen or heard.
    """
    provider = workspace.provider or choose_provider(workspace.setup)
    return search_with(provider, workspace, query, search_type, num_results)


def choose_provider(setup: Setup) -> SearchProvider:
    """The provider a setup names; FaultError(UNAVAILABLE) when it lacks its key or folder.

    `auto`: local pages if a folder is given, else the first provider with a key, else ddgs.
    """
    wanted = setup.search.strip().lower() or "auto"
    if wanted == "auto":
        with_key = next(
            (n for n, (variable, _) in KEYS.items() if os.environ.get(variable)), "ddgs"
        )
        wanted = "pages" if setup.pages else with_key
    if wanted == "pages" and setup.pages:
        return LocalPages(Path(setup.pages))
    if wanted == "ddgs":
        return Ddgs()
    if wanted not in KEYS:
        names = ", ".join(("ddgs", *KEYS, "pages"))
        missing = "no folder of pages is given" if wanted == "pages" else "is not a search provider"
        raise FaultError(
            FaultKind.UNAVAILABLE, f"Search '{one_line(wanted, 40)}': {missing}; there are {names}."
        )
    variable, make = KEYS[wanted]
    if key := os.environ.get(variable, "").strip():
        return make(key)
    raise FaultError(
        FaultKind.UNAVAILABLE, f"Search with {wanted} needs a key in {variable}; set it, {_NO_KEY}."
    )


def search_with(
    provider: SearchProvider, workspace: Workspace, query: str, kind: Kind, n: int
) -> Observation:
    """Asks one provider and writes down what it found; all its failures are faults."""
    workspace.on_progress(f"Searching for {one_line(query, 80)}", None)
    try:
        found = provider.search(query, kind, n, workspace.stop)
    except WorldError as error:
        raise FaultError(FaultKind.UNAVAILABLE, _explain(provider, error)) from error
    sources = tuple(source for source in found if source.url.startswith(_OPENABLE))
    if not sources:
        raise FaultError(
            FaultKind.NOT_FOUND, f"Nothing was found for '{one_line(query, 120)}'; try other words."
        )
    listed = "\n".join(_write(i, source) for i, source in enumerate(sources, 1))
    return Observation(
        tool=NAME, text=framed(listed, f"search with {provider.name}"), sources=sources
    )


def _write(n: int, source: Source) -> str:
    text = f"\n   {source.text}" if source.text else ""
    return f"{n}. {source.title or source.url}\n   {source.url}{text}"


def _explain(provider: SearchProvider, error: WorldError) -> str:
    from sage.net import StatusError  # noqa: PLC0415 - every command imports the tools

    variable = KEYS[provider.name][0] if provider.name in KEYS else ""
    status = error.status if isinstance(error, StatusError) else 0
    if variable and status in (401, 403):
        return f"The key in {variable} was refused (HTTP {status}); check it, {_NO_KEY}."
    if status in (402, 429, 432, 433):
        return f"The search limit of {provider.name} is reached (HTTP {status}); wait, {_NO_KEY}."
    return f"Search with {provider.name} is not possible: {error} Check the network, {_NO_KEY}."
