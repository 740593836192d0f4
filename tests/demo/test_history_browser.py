"""Past runs: listed, opened, deleted after a second press, saved and brought back; interrupted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sage.store import RunFolder
from sage.types import Event, Question, Trace
from tests.demo.app_server import App, Controls

pytest_plugins = ["tests.browser"]
pytestmark = pytest.mark.browser


def row(controls: Controls, question: str):
    return controls.page.locator(".sp-table tbody tr").filter(has_text=question)


def test_a_run_is_listed_opened_and_deleted_after_a_second_press(
    controls: Controls, app: App
) -> None:
    controls.give_film().choose(app.quick("past")).ask("A question to delete?")
    controls.status("Answered in")
    run = controls.run()
    controls.page.locator("#past button").first.click()
    found = row(controls, "A question to delete?")
    found.wait_for()
    assert "kittiwake" in found.inner_text()
    found.get_by_role("button", name="Open").click()
    controls.status("Answered in")
    found.get_by_role("button", name=re.compile("^Delete")).click()
    assert (app.data / "runs" / run).exists()
    found.get_by_role("button", name=re.compile("^Really delete")).click()
    found.wait_for(state="detached")
    assert not (app.data / "runs" / run).exists()


def bring(controls: Controls, path: Path) -> None:
    with controls.page.expect_file_chooser() as choosing:
        controls.page.get_by_role("button", name="Open a saved run").click()
    choosing.value.set_files(path)


@pytest.mark.parametrize("kind", ["json", "zip"])
def test_a_saved_run_comes_back_the_same(
    controls: Controls, app: App, kind: str, tmp_path: Path
) -> None:
    controls.give_film().choose(app.quick(f"save-{kind}")).ask()
    controls.status("Answered in")
    shown = (
        "({turns: window.sage.state.view.turns.map(({thumbs, ...t}) => ({...t, n: thumbs.length})),"
    )
    shown += " totals: window.sage.state.view.totals, n: window.sage.state.view.frames.length})"
    before, run = controls.page.evaluate(shown), controls.run()
    with controls.page.expect_download() as loading:
        controls.page.get_by_role("link", name=kind.upper(), exact=True).click()
    saved = tmp_path / f"saved.{kind}"
    loading.value.save_as(saved)
    controls.page.locator("#past button").first.click()
    bring(controls, saved)
    controls.page.wait_for_function(
        "old => (window.sage.state.view || {}).run && window.sage.state.view.run !== old", arg=run
    )
    assert controls.page.evaluate(shown) == before
    broken = controls.page.evaluate(
        "Promise.all(window.sage.state.view.frames.map((f) => fetch(f.url).then((r) => r.status)))"
    )
    assert set(broken) == {200}


def test_a_file_that_is_no_run_is_refused_with_a_sentence(
    controls: Controls, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK nonsense")
    controls.page.locator("#past button").first.click()
    bring(controls, bad)
    controls.status("cannot be opened")


def test_an_interrupted_run_offers_to_ask_again(controls: Controls, app: App) -> None:
    store = RunFolder.create(app.data / "runs")
    store.append(Event(type="started", trace=Trace(question=Question(text="Cut short?"))))
    store.close()
    controls.open(f"?run={store.id}")
    controls.page.wait_for_selector(".sp-status[data-kind=error]")
    assert controls.page.locator("button#ask").inner_text() == "Ask again"
    assert controls.page.locator("#question textarea").input_value() == "Cut short?"


def test_a_run_that_does_not_exist_opens_no_other(controls: Controls) -> None:
    controls.open("?run=../../etc")
    assert controls.page.locator("#question textarea").is_editable()
