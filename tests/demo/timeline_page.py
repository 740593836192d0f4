"""Fixtures for tests of timeline and cards: one app and one desktop page for all of them."""

from __future__ import annotations

import pytest

from tests.browser import Pages
from tests.demo.timeline_app import App, push_to, write_film, write_thumbs
from tests.demo.traces import DURATION_S, lecture

NO_ALERT = "window.alert = (x) => { throw new Error('alert ' + x) };"


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    """The app, with a film of 1:12:40 and a hundred pictures."""
    folder = tmp_path_factory.mktemp("film")
    write_film(folder / "film.mp4", int(DURATION_S))
    write_thumbs(folder, 100)
    app = App(folder)
    yield app
    app.close()


@pytest.fixture(scope="session")
def desk(stage, browser):
    """One desktop page for all tests; loading it once is what costs time."""
    pages = Pages(browser)
    page = pages(viewport={"width": 1360, "height": 900})
    page.add_init_script(NO_ALERT)
    stage.text = ""
    page.goto(stage.url)
    page.wait_for_selector("#timeline .tl-empty")
    page.wait_for_function("sage.video() && sage.video().readyState >= 1")
    yield page
    pages.close()


@pytest.fixture
def show(stage, desk):
    """Pushes a trace to the page as an update from the server and waits until it is drawn."""
    return lambda trace, **live: push_to(stage, desk, trace, **live)


@pytest.fixture
def talk(show, desk):
    """The lecture, drawn, with the player at its start."""
    data = show(lecture())
    desk.evaluate("sage.seek(0, {remember: false})")
    return data
