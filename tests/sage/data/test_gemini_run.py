"""Gemini by the real SDK against a local server: what is uploaded, asked, paid, refused, and never asked twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from typer.testing import CliRunner

from sage.__main__ import app
from sage.config import save_config
from sage.data.author import read_sheet
from sage.data.films import find_films, gather_films
from sage.data.ledger import BudgetError, Entry
from sage.data.run import pack_all, sift_all, solve_all, write_all
from sage.faults import StopSignal
from tests.sage.data.made import NO_QUOTAS, crew_of, line, make_films, reply, settings
from tests.wire import Step, WireServer

FLASH = "gemini:gemini-2.5-flash"
MODELS = {
    "write": {"model": FLASH, "quotas": NO_QUOTAS, "rounds": 2},
    "solve": {"model": FLASH, "tries": 1, "setup": {"frames": 2, "speech": "off"}},
}


@pytest.fixture
def wire(monkeypatch):
    with WireServer() as server:
        server.polls_until_active = 0
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.gemini_url)
        monkeypatch.setenv("GEMINI_API_KEY", "key-1")
        yield server


def plan(tmp_path, films=1, **changes):
    if not (tmp_path / "films").exists():
        make_films(tmp_path / "films", films)
    values = {**MODELS, "films": str(tmp_path / "films"), "patience": 1, **changes}
    return settings(tmp_path / "run", **values)


def write(crew):
    found = gather_films(crew.settings, stop=StopSignal(), tell=lambda _: None)
    return write_all(found.films, crew, lambda _: None), found.films


def uploads(wire):
    return sum(seen.path.startswith("/upload/") for seen in wire.seen)


def films_asked(wire):
    """How often each uploaded film was asked about."""
    uris = [re.search(rb"files/wire-(\d+)", seen.body) for seen in wire.generations]
    return Counter(int(uri[1]) for uri in uris if uri)


def test_a_film_is_uploaded_awaited_and_asked_about_with_a_schema(wire, tmp_path):
    wire.polls_until_active = 2
    wire.add(reply())
    with crew_of(plan(tmp_path)) as crew:
        outcome, films = write(crew)
        sheet = read_sheet(crew.settings.folder, films[0].digest)
    assert (outcome.failures, len(sheet.questions)) == ((), 10)
    assert list(wire.files.values()) == [films[0].path.read_bytes()]
    assert sum(s.method == "GET" and "/files/" in s.path for s in wire.seen) == 2
    sent = wire.generations[0].json
    assert sent["contents"][0]["parts"][1]["fileData"]["mime_type"] == "video/mp4"
    assert "questions" in sent["generationConfig"]["responseJsonSchema"]["properties"]
    assert "mediaResolution" not in sent["generationConfig"]


def test_asking_again_uses_the_upload_and_so_does_the_next_run(wire, tmp_path):
    quotas = {**NO_QUOTAS, "least": 2}
    wire.add(reply(line(0)), reply(line(1)))
    values = {"write": {**MODELS["write"], "quotas": quotas}}
    with crew_of(plan(tmp_path, **values)) as crew:
        write(crew)
        film = find_films(crew.settings).films[0]
    assert (uploads(wire), len(wire.generations)) == (1, 2)
    (tmp_path / "run" / "questions" / f"{film.digest}.json").unlink()
    wire.add(reply(line(3), line(5)))
    with crew_of(plan(tmp_path, seed=7, **values)) as crew:
        write(crew)
    assert (uploads(wire), len(wire.generations)) == (1, 3)


@pytest.mark.parametrize("how", ["expired", "gone"])
def test_a_copy_that_is_no_more_is_uploaded_again(wire, tmp_path, how):
    wire.add(reply())
    if how == "expired":
        wire.file_life_s = 60.0
    with crew_of(plan(tmp_path)) as crew:
        _, films = write(crew)
    if how == "gone":
        wire.files.clear()
    (tmp_path / "run" / "questions" / f"{films[0].digest}.json").unlink()
    wire.add(reply())
    with crew_of(plan(tmp_path, seed=1)) as crew:
        outcome, _ = write(crew)
    assert (outcome.failures, uploads(wire)) == ((), 2)


def test_uploads_go_when_that_is_wanted(wire, tmp_path):
    wire.add(reply())
    with crew_of(plan(tmp_path, delete_uploads=True)) as crew:
        write(crew)
    assert wire.files == {}
    assert json.loads((tmp_path / "run" / "uploads.json").read_text()) == {}


def test_replies_that_break_the_schema_are_asked_for_again(wire, tmp_path):
    bad = {**line(0), "modality": "smell"}
    wire.add(reply(bad), reply(line(0), line(1)))
    with crew_of(plan(tmp_path)) as crew:
        _, films = write(crew)
        sheet = read_sheet(crew.settings.folder, films[0].digest)
    assert [d.reason for d in sheet.drops] == ["schema"]
    assert len(sheet.questions) == 2
    assert "schema" in wire.generations[1].json["contents"][0]["parts"][-1]["text"]


def test_the_delay_of_a_429_is_kept_and_nothing_is_paid_for_it(wire, tmp_path):
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.6s"}
    wire.add(Step(status=429, error={"details": [info]}), Step(reply(), tokens=(1000, 100)))
    with crew_of(plan(tmp_path, patience=2)) as crew:
        started = time.monotonic()
        outcome, _ = write(crew)
        assert time.monotonic() - started >= 0.6
        assert crew.ledger.spent_usd == pytest.approx((1000 * 0.3 + 100 * 2.5) / 1e6)
    assert outcome.failures == ()


def test_what_the_safety_filter_holds_back_is_told_and_not_asked_for_ever(wire, tmp_path):
    wire.add(Step(finish="blocked"), Step(finish="safety"))
    with crew_of(plan(tmp_path)) as crew:
        outcome, films = write(crew)
        sheet = read_sheet(crew.settings.folder, films[0].digest)
        write(crew)
    assert (sheet.blocked, sheet.questions, outcome.failures) == (True, (), ())
    assert [d.reason for d in sheet.drops] == ["safety", "safety"]
    assert len(wire.generations) == 2


def test_film_seven_of_ten_fails_and_the_others_do_not(wire, tmp_path):
    wire.add(*[reply()] * 6, Step(status=500), *[reply()] * 3)
    with crew_of(plan(tmp_path, films=10)) as crew:
        outcome, films = write(crew)
        done = [read_sheet(crew.settings.folder, film.digest) is not None for film in films]
    assert done == [n != 6 for n in range(10)]
    assert [failure.name for failure in outcome.failures] == ["film-07.mp4"]
    assert "HTTP 500" in outcome.failures[0].reason
    wire.add(reply())
    with crew_of(plan(tmp_path)) as crew:
        outcome, films = write(crew)
        assert crew.ledger.lost == 0
    assert outcome.failures == ()
    assert films_asked(wire) == {n: 2 if n == 6 else 1 for n in range(10)}


def test_a_film_that_the_service_cannot_read_ends_no_other(wire, tmp_path):
    wire.file_state = "FAILED"
    with crew_of(plan(tmp_path, films=2)) as crew:
        outcome, _ = write(crew)
    assert len(outcome.failures) == 2
    assert "could not read" in outcome.failures[0].reason
    assert wire.generations == []


def test_the_budget_ends_the_run_before_it_is_exceeded(wire, tmp_path):
    dear = Step(reply(), tokens=(100_000, 10_000))
    wire.add(dear, dear, dear)
    with crew_of(plan(tmp_path, films=3, budget_usd=0.13)) as crew:
        with pytest.raises(BudgetError, match=r"budget of \$0\.13"):
            write(crew)
        assert crew.ledger.spent_usd == pytest.approx(0.055 * 2)
    assert len(wire.generations) == 2
    with crew_of(plan(tmp_path, budget_usd=1.0)) as crew:
        write(crew)
        assert crew.ledger.spent_usd == pytest.approx(0.055 * 3)
    assert films_asked(wire) == {0: 1, 1: 1, 2: 1}


LOOK = {
    "video_context": "red, then blue",
    "query_intent": "a place",
    "final_answer": None,
    "recommended_tools": {
        "needed": True,
        "why_no_tool": None,
        "tool_calls": [
            {
                "rationale": "look",
                "name": "extract-video-parts",
                "arguments": {"timestamp_start": "00:00:02", "timestamp_end": "00:00:06"},
            }
        ],
    },
}
ANSWER = {
    "answerable": {"verdict": True, "reasoning": "seen"},
    "final_answer": "beside the lantern",
    "recommended_tools": {"needed": False, "why_no_tool": "", "tool_calls": []},
}


def act(body):
    """A server that writes questions, looks once and answers."""
    schema = json.dumps(body["generationConfig"].get("responseJsonSchema", {}))
    if '"questions"' in schema:
        return reply(line(0), line(2))
    if '"answer"' in schema:
        return json.dumps({"answer": "on the floor"})
    if not schema.strip("{}"):
        return "wrong"
    return json.dumps(ANSWER if '"answerable"' in schema else LOOK)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("calls", [4, 8])
def test_killed_and_started_again_it_pays_for_nothing_twice(wire, tmp_path, calls):
    """Three films are written about and each question takes two turns; the `calls`-th call never comes back."""
    values = plan(tmp_path, films=3)
    (tmp_path / "run").mkdir()
    save_config(values, tmp_path / "plan.yaml")
    words = [sys.executable, "-m", "sage", "data"]
    rest = ["--config", str(tmp_path / "plan.yaml"), "--yes"]
    served = []

    def serve(body):
        served.append(body)
        if len(served) == calls:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        return act(body)

    wire.answer = serve
    steps = ["write", "solve"]
    for step in steps:
        with subprocess.Popen([*words, step, *rest], stdout=subprocess.DEVNULL) as child:
            code = child.wait(timeout=280)
        if code == -signal.SIGKILL:
            with subprocess.Popen([*words, step, *rest], stdout=subprocess.DEVNULL) as child:
                assert child.wait(timeout=280) == 0
    bodies = Counter(seen.body for seen in wire.generations)
    assert len(bodies) == 3 + 3 * 2 * 2
    assert sorted(bodies.values()) == [1] * 14 + [2]
    assert uploads(wire) == 3
    entries = [Entry.model_validate_json(x) for x in (tmp_path / "run" / "calls.jsonl").open()]
    paid = Counter(entry.key for entry in entries if entry.type == "paid")
    assert set(paid.values()) == {1}
    assert len(paid) == 15
    assert sum(entry.type == "sent" for entry in entries) == 16


def test_trajectories_are_played_judged_and_asked_for_blindly(wire, tmp_path):
    """Of two questions one is answered right word for word, of the other a model has to say that it is wrong."""
    wire.answer = act
    sift = {"judge": FLASH, "blind": FLASH}
    shares = {"sft": 1, "val": 0, "rl": 0}
    with crew_of(plan(tmp_path, sift=sift, pack={"shares": shares})) as crew:
        _, films = write(crew)
        solved = solve_all(films, crew, lambda _: None)
        sifted = sift_all(films, crew, lambda _: None)
        pack_all(films, crew, lambda _: None)
        totals = {total.step: total.calls for total in crew.ledger.totals()}
        spent = crew.ledger.spent_usd
    assert (solved.failures, sifted.failures) == ((), ())
    assert "2 of 2 trajectories" in solved.text
    assert totals == {"write": 1, "solve": 4, "blind": 2, "judge": 3}
    card = json.loads((tmp_path / "run" / "pack" / "card.json").read_text())
    assert card["report"]["dropped"] == {"trajectory: wrong": 1}
    assert (card["report"]["blind_asked"], card["counts"]["sft"]) == (2, 2)
    assert card["usd"] == pytest.approx(spent, abs=1e-6)
    assert {tuple(cost["named"]) for cost in card["costs"]} == {("wire-1",)}


def test_the_command_says_what_it_would_cost_and_asks_first(wire, tmp_path):
    save_config(plan(tmp_path, films=2, budget_usd=1.0), tmp_path / "plan.yaml")
    words = ["data", "all", "--config", str(tmp_path / "plan.yaml")]
    found = CliRunner().invoke(app, words, input="n\n")
    assert found.exit_code == 0
    assert "films     2, 01:20 in all" in found.output
    assert "about $0." in found.output
    assert "more than $1.00 in all" in found.output
    assert found.output.endswith("Nothing was started.\n")
    assert (wire.seen, (tmp_path / "run").exists()) == ([], False)
    wire.answer = act
    words[1] = "write"
    found = CliRunner().invoke(app, [*words, "budget_usd=0.001", "--yes"])
    assert found.exit_code == 1
    assert "Raise budget_usd" in found.output
    assert wire.generations == []
