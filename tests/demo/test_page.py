"""The page as built: what is switched off, where it listens, what a public site lists."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.examples import Shelf, poster
from demo.films import Films
from demo.history import history_value
from demo.page import build_page
from demo.runs import TICKET, Ticket
from demo.says import of_run
from demo.site import Site, check_data, default_data
from sage.faults import WorldError
from sage.store import RunFolder
from sage.types import Event, Question, Stop, Trace
from tests.demo.app_server import ROOT, free_port, start


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, is_public=False)


def leave(site: Site, owner: str, question: str) -> str:
    """A run that was stopped, of somebody."""
    store = RunFolder.create(site.data / "runs")
    store.append(Event(type="started", trace=Trace(question=Question(text=question))))
    store.append(Event(type="stopped", stop=Stop.STOPPED))
    store.close()
    (store.folder / TICKET).write_text(Ticket(owner=owner).model_dump_json())
    return store.id


def questions(value: str) -> list[str]:
    return [row["question"] for row in json.loads(value)["rows"]]


def test_no_event_is_a_public_endpoint_and_watching_holds_no_slot(site: Site) -> None:
    events = build_page(site).fns.values()
    assert len(events) > 10
    assert {event.api_visibility for event in events} == {"private"}
    tails = [event for event in events if event.name == "tail"]
    assert tails
    assert all(event.concurrency_limit is None for event in tails)


@pytest.mark.slow
def test_the_app_checks_itself_without_serving(tmp_path: Path) -> None:
    command = [sys.executable, "app.py", "--check", "--data", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout.strip()) == (0, "The app builds.")


@pytest.mark.slow
def test_the_app_tells_its_address_and_guards_its_files(tmp_path: Path) -> None:
    import httpx

    port = free_port()
    command = ["app.py", "--port", str(port), "--data", str(tmp_path / "data")]
    process = start(command, port, tmp_path / "log.txt")
    try:
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 20
        while not (told := (tmp_path / "log.txt").read_text()) and time.monotonic() < end:
            time.sleep(0.1)
        assert f"SAGE is at {url}" in told
        (tmp_path / "data" / "films" / "x.txt").write_text("secret")
        for path in (tmp_path / "data" / "films" / "x.txt", Path("/etc/passwd"), ROOT / "app.py"):
            assert httpx.get(f"{url}/gradio_api/file={path}").status_code in (403, 404)
        for closed in (
            "deep_link?session_hash=x",
            "file=http://example.org/a",
            "file=https://a.b/c",
        ):
            found = httpx.get(f"{url}/gradio_api/{closed}")
            assert (found.status_code, found.text[:8]) == (404, "There is")
        config = httpx.get(f"{url}/config").json()
        assert not config.get("run_history")
        assert config.get("analytics_enabled") is not True
    finally:
        process.terminate()
        process.wait(10)


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorldError, match="--data"):
        check_data(tmp_path / "file")


def test_the_data_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("SAGE_DATA", raising=False)
    assert default_data() == Path("data")
    monkeypatch.setenv("SAGE_DATA", str(tmp_path))
    assert default_data() == tmp_path


def test_a_public_site_lists_only_the_own_runs(site: Site) -> None:
    leave(site, "me", "mine?")
    leave(site, "you", "yours?")
    assert sorted(questions(history_value(site, "me"))) == ["mine?", "yours?"]
    public = Site(site.data, is_public=True)
    assert questions(history_value(public, "me")) == ["mine?"]
    assert questions(history_value(public, "")) == []


def test_a_newer_watch_of_a_page_ends_the_older(site: Site) -> None:
    first = site.watch("page")
    other = site.watch("other")
    assert site.is_watching("page", first)
    second = site.watch("page")
    assert not site.is_watching("page", first)
    assert site.is_watching("page", second)
    assert site.is_watching("other", other)


def test_a_stopped_run_says_what_is_kept(site: Site) -> None:
    now = site.now(leave(site, "", "q"), "")
    assert json.loads(of_run(now, None)) == {"kind": "done", "text": "Stopped."}


def test_every_example_has_a_film_questions_and_a_picture(tmp_path: Path) -> None:
    shelf = Shelf(Films(tmp_path))
    assert len(shelf.examples) == 5
    for example in shelf.examples:
        assert example.film.stat().st_size <= 3_000_000
        assert example.questions
        assert poster(example)[:2] == b"\xff\xd8"


def test_the_first_screen_shows_a_saved_run_labelled_as_such(site: Site) -> None:
    run = site.shelf.first_run()
    now = site.snapshot(run)
    assert now is not None
    assert now.trace.answer
    assert "Saved run" in str(now.live["saved"])
