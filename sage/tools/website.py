"""Tool: the text of one page, local or of the public web.

The address comes from a model, so it is opened by the guarded fetch only, and the text comes from a stranger,
so it is framed as quoted material.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from sage.address import PUBLIC, ForbiddenAddressError, Guard
from sage.faults import FaultError, WorldError
from sage.tools.base import Workspace
from sage.tools.page_text import Readable, cut, framed, one_line, to_readable
from sage.tools.pages import SCHEME, read_page
from sage.types import FaultKind, Observation, Source

NAME = "parse-website"
MAX_BYTES = 5_000_000
TIMEOUT_S = 25.0


def parse_website(
    workspace: Workspace,
    *,
    website_url: Annotated[str, "address of the page, http(s):// or page://"],
    max_content_length: Annotated[
        int, Field(description="characters to read at most", ge=1, le=10_000)
    ] = 5000,
) -> Observation:
    """Reads the main text of a web page, usually one that web-search found.

    Use it when the short text of a search result is not enough.
    """
    return read_website(workspace, website_url.strip(), max_content_length)


def read_website(
    workspace: Workspace, url: str, max_chars: int, *, guard: Guard = PUBLIC
) -> Observation:
    """As `parse_website`, with the guard named."""
    workspace.on_progress(f"Reading {one_line(url, 80)}", None)
    if url.lower().startswith(SCHEME):
        page = _read_local(workspace, url)
    else:
        url, page = _read_web(workspace, url, guard)
    if not page.text:
        raise FaultError(
            FaultKind.NOT_FOUND, f"{one_line(url, 200)} holds no text that can be read."
        )
    text, left_out = cut(page.text, max_chars)
    rest = f"\n({left_out} more characters of this page are left out)" if left_out else ""
    return Observation(
        tool=NAME,
        text=framed(f"Title: {page.title}\n\n{text}" if page.title else text, url) + rest,
        sources=(Source(url=url, title=page.title, text=cut(text, 500).text),),
    )


def _read_local(workspace: Workspace, url: str) -> Readable:
    if not workspace.setup.pages:
        raise FaultError(
            FaultKind.NOT_FOUND, "This run has no local pages; use an http(s) address."
        )
    return read_page(Path(workspace.setup.pages), SCHEME + url[len(SCHEME) :])


def _read_web(workspace: Workspace, url: str, guard: Guard) -> tuple[str, Readable]:
    from sage.net import StatusError, fetch  # noqa: PLC0415 - every command imports the tools

    try:
        page = fetch(
            url, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, stop=workspace.stop, guard=guard
        )
    except ForbiddenAddressError as error:
        raise FaultError(FaultKind.FORBIDDEN, str(error)) from error
    except StatusError as error:
        gone = error.status in (404, 410)
        raise FaultError(
            FaultKind.NOT_FOUND if gone else FaultKind.UNAVAILABLE, f"{error} Try another page."
        ) from error
    except WorldError as error:
        raise FaultError(FaultKind.UNAVAILABLE, f"{error} Try another page.") from error
    return page.url, to_readable(page.body, page.content_type)
