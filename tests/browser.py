"""One Chromium for all browser tests of a session; one context a test, closed politely.

A test module asks for it with `pytest_plugins = ["tests.browser"]`. The `page` fixture fails its test when the page
wrote an error to the console, threw, or asked any host but the app's own. Starting a browser for each test, or
scanning processes meanwhile, has made Chromium hang on small machines: neither is done here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--renderer-process-limit=2",
]
PATIENCE_MS = 30_000
HOME = ("127.0.0.1", "localhost")


@dataclass
class Watched:
    """What a page must not do; `allowed` are fragments of console errors that a test provokes."""

    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def complaints(self) -> list[str]:
        errors = [e for e in self.errors if not any(part in e for part in self.allowed)]
        return errors + [f"asked {url}" for url in self.strangers]


def chromium() -> str | None:
    """The browser to drive: SAGE_CHROMIUM, else Debian's headless shell, else chromium."""
    named = os.environ.get("SAGE_CHROMIUM")
    found = [named] if named else [shutil.which(n) for n in ("chromium-headless-shell", "chromium")]
    return next((path for path in found if path), None)


def watch(page) -> Watched:
    """Starts to collect what `page` does wrong."""
    seen = Watched()

    def heard(message) -> None:
        if message.type == "error":
            seen.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def asked(request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in HOME:
            seen.strangers.append(request.url)

    page.on("console", heard)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", asked)
    return seen


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """The session's only browser."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        why = "no Chromium: apt-get install chromium-headless-shell, or set SAGE_CHROMIUM"
        # A person may do without these tests for a while; what guards the main branch may not.
        (pytest.fail if "CI" in os.environ else pytest.skip)(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Pages:
    """Opens pages, each in a context of its own, and closes them; complains about what they did wrong."""

    def __init__(self, browser) -> None:
        self._browser = browser
        self._opened: list = []

    def __call__(self, **options):
        """A watched page (`page.watched`); options are those of playwright's `new_context`."""
        context = self._browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.watched = watch(page)
        self._opened.append((context, page))
        return page

    def close(self) -> None:
        complaints = []
        for context, page in self._opened:
            complaints += page.watched.complaints()
            page.close()
            context.close()
        assert not complaints, "\n".join(complaints)


@pytest.fixture
def new_page(browser) -> Iterator[Pages]:
    """Opens pages for one test."""
    pages = Pages(browser)
    yield pages
    pages.close()


@pytest.fixture
def page(new_page):
    """A desktop page in the light theme."""
    return new_page()
