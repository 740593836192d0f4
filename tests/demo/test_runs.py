"""Runs in threads: start, stop, queue, restart, delete; with the real agent and a scripted model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from demo.runs import Job, Order, Runs, Snapshot, Turnstile, needs_turn
from demo.site import Site
from sage.faults import StoppedError, WorldError
from sage.store import RunFolder
from sage.types import Event, Question, Setup, Stop, Trace
from tests.films import make_film
from tests.replies import answer, listen

PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    lines = [(1.0, 2.0, "The password is kittiwake.")]
    return make_film(tmp_path_factory.mktemp("film") / "a b.mp4", duration_s=4, captions=lines)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "data", is_public=False)


def script(path: Path, *replies: str | dict) -> Setup:
    path.write_text(json.dumps(replies), encoding="utf-8")
    return Setup(model=f"scripted:{path}", frames=4)


def order(site: Site, film: Path, setup: Setup) -> Order:
    token = site.films.adopt(film, film.name)
    return Order(question=Question(text="What is the password?"), setup=setup, film=token)


def wait(runs: Runs, run: str, ready: Callable[[Snapshot], bool] | None = None) -> Snapshot:
    """The first snapshot that is ready; without a condition, the last one."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        now = runs.snapshot(run)
        assert now is not None
        if (ready or (lambda found: found.done))(now):
            return now
        time.sleep(0.02)
    raise AssertionError("the run did not get there")


def slow(seconds: float) -> dict:
    return {"text": answer("late", stage=1), "delay_s": seconds}


def test_a_run_answers_outside_of_any_request(site: Site, film: Path, tmp_path: Path) -> None:
    setup = script(tmp_path / "s.json", listen("0", "4", stage=1), answer("kittiwake at 00:01"))
    run = site.runs.start(order(site, film, setup))
    end = wait(site.runs, run)
    assert end.trace.answer == "kittiwake at 00:01"
    assert [turn.index for turn in end.trace.turns] == [1, 2]
    assert end.trace.film is not None
    assert end.trace.film.title == "a b.mp4"


def test_stop_ends_a_long_model_call_soon(site: Site, film: Path, tmp_path: Path) -> None:
    run = site.runs.start(order(site, film, script(tmp_path / "s.json", slow(60))))
    wait(site.runs, run, lambda now: bool(now.trace.frames))
    asked = time.monotonic()
    assert site.runs.stop(run)
    assert wait(site.runs, run).trace.stop == Stop.STOPPED
    assert time.monotonic() - asked < 6
    assert not site.runs.stop(run)


def test_stopping_shows_at_once(site: Site, film: Path, tmp_path: Path) -> None:
    run = site.runs.start(order(site, film, script(tmp_path / "s.json", slow(60))))
    job = site.runs._jobs[run]
    job.stop.set()
    now = site.runs.snapshot(run)
    assert now is not None
    assert now.done or now.live["status"] == "stopping"


def test_two_runs_go_on_side_by_side(site: Site, film: Path, tmp_path: Path) -> None:
    first = site.runs.start(order(site, film, script(tmp_path / "a.json", slow(60))))
    second = order(site, film, script(tmp_path / "b.json", answer("quick", stage=1)))
    assert wait(site.runs, site.runs.start(second)).trace.answer == "quick"
    assert site.runs.is_live(first)
    site.runs.stop(first)


def test_a_key_is_written_nowhere(site: Site, film: Path, tmp_path: Path) -> None:
    setup = script(tmp_path / "s.json", answer("x", stage=1))
    run = site.runs.start(order(site, film, setup), key="sk-secret-777")
    wait(site.runs, run)
    files = [path for path in site.data.rglob("*") if path.is_file()]
    assert len(files) > 2
    assert not [path for path in files if b"sk-secret-777" in path.read_bytes()]


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/a.mp4", "http://169.254.169.254/latest"])
def test_a_private_link_fails_with_a_sentence(site: Site, link: str) -> None:
    asked = Order(question=Question(text="Who?"), setup=Setup(model="offline"), link=link)
    end = wait(site.runs, site.runs.start(asked))
    assert end.trace.stop == Stop.FAILED
    assert end.trace.question.text == "Who?"
    assert len(end.trace.error) > 20


def test_a_film_that_is_gone_fails_with_a_sentence(site: Site, film: Path) -> None:
    asked = order(site, film, Setup(model="offline"))
    path = site.films.path(asked.film)
    assert path is not None
    path.unlink()
    end = wait(site.runs, site.runs.start(asked))
    assert "no longer here" in end.trace.error


def test_a_killed_server_leaves_an_interrupted_run(site: Site, tmp_path: Path) -> None:
    store = RunFolder.create(site.data / "runs")
    store.append(Event(type="started", trace=Trace(question=Question(text="Who?"))))
    store.close()  # a killed process gives the lock back as well
    now = Site(site.data, is_public=False).snapshot(store.id)
    assert now is not None
    assert now.done
    assert now.trace.stop == Stop.INTERRUPTED


def test_a_run_is_read_again_after_a_restart(site: Site, film: Path, tmp_path: Path) -> None:
    setup = script(tmp_path / "s.json", answer("x", stage=1))
    run = site.runs.start(order(site, film, setup))
    before = wait(site.runs, run)
    after = Site(site.data, is_public=False).snapshot(run)
    assert after is not None
    assert after.trace == before.trace
    assert after.film == before.film


def test_deleting_takes_the_film_along(site: Site, film: Path, tmp_path: Path) -> None:
    asked = order(site, film, script(tmp_path / "s.json", answer("x", stage=1)))
    run = site.runs.start(asked)
    wait(site.runs, run)
    assert site.runs.delete(run)
    assert site.snapshot(run) is None
    assert site.films.get(asked.film) is None


def test_a_film_stays_as_long_as_a_run_shows_it(site: Site, film: Path, tmp_path: Path) -> None:
    asked = order(site, film, script(tmp_path / "s.json", answer("x", stage=1)))
    runs = [site.runs.start(asked), site.runs.start(asked)]
    for run in runs:
        wait(site.runs, run)
    site.runs.delete(runs[0])
    assert site.films.get(asked.film) is not None


def test_a_running_run_is_not_deleted(site: Site, film: Path, tmp_path: Path) -> None:
    run = site.runs.start(order(site, film, script(tmp_path / "s.json", slow(60))))
    assert not site.runs.delete(run)
    site.runs.stop(run)
    wait(site.runs, run)


@pytest.mark.parametrize("run", ["", "..", "../films", "/etc", "saved-", "2026"])
def test_only_ids_name_runs(site: Site, run: str) -> None:
    assert site.runs.folder(run) is None
    assert not site.runs.delete(run)


@pytest.mark.parametrize(
    ("setup", "waits"),
    [
        (Setup(model="hf:Qwen/Qwen3-VL-8B-Instruct"), True),
        (Setup(model="offline", tool_model="hf:somewhere"), True),
        (Setup(model="offline"), False),
        (Setup(model="openai:m@http://h:1/v1"), False),
    ],
)
def test_only_models_on_this_machine_take_turns(setup: Setup, waits: bool) -> None:
    assert needs_turn(setup) is waits


def test_the_turnstile_counts_places_and_lets_the_next_in(tmp_path: Path) -> None:
    gate = Turnstile()
    asked = Order(question=Question(text="q"), setup=Setup())
    first, second = (Job(RunFolder.create(tmp_path), asked) for _ in range(2))
    gate.enter(first)
    second.stop.set()
    with pytest.raises(StoppedError):
        gate.enter(second)
    third = Job(RunFolder.create(tmp_path), asked)
    gate.leave(first)
    gate.enter(third)
    assert third.place == 0


def test_no_more_runs_than_the_machine_bears(
    site: Site, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.runs.MAX_OWN", 2)
    monkeypatch.setattr("demo.runs.MAX_LIVE", 3)
    asked = order(site, film, script(tmp_path / "s.json", slow(60)))
    own = replace(asked, owner="me")
    runs = [site.runs.start(own), site.runs.start(own)]
    with pytest.raises(WorldError, match="2 of your questions"):
        site.runs.start(own)
    runs.append(site.runs.start(asked))
    with pytest.raises(WorldError, match="3 questions are being answered"):
        site.runs.start(asked)
    for run in runs:
        site.runs.stop(run)
        wait(site.runs, run)
    quick = script(tmp_path / "q.json", answer("a", stage=1))
    wait(site.runs, site.runs.start(replace(own, setup=quick)))


def test_ended_runs_are_forgotten_in_memory_and_found_on_disk(
    site: Site, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.runs.MAX_REMEMBERED", 1)
    asked = order(site, film, script(tmp_path / "s.json", answer("a", stage=1)))
    runs = []
    for _ in range(3):
        runs.append(site.runs.start(asked))
        wait(site.runs, runs[-1])
    assert runs[0] not in site.runs._jobs
    assert wait(site.runs, runs[0]).trace.answer == "a"
