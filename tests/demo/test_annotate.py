"""The Annotation tab without a browser: what a page is told, who may do what, and what the server gives away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.annotate_media import make_annotate_routes
from demo.annotate_people import CLOSED, NOT_LISTED, NOT_YOURS, SIGN_IN
from demo.annotate_steps import AnnotateSteps, queue_of
from demo.site import Site
from tests.demo.annotate_made import make_questions, make_queue

ANN = gr.OAuthProfile({"name": "Ann", "preferred_username": "ann", "profile": "", "picture": ""})


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_queue(folder, "night", 12, labels=2)
    make_questions(folder, "asked", 3)
    return folder


@pytest.fixture
def steps(data) -> AnnotateSteps:
    return AnnotateSteps(Site(data, is_public=False))


@pytest.fixture
def space(data, monkeypatch) -> AnnotateSteps:
    monkeypatch.setenv("SPACE_ID", "owner/space")
    monkeypatch.setenv("SPACE_AUTHOR_NAME", "owner")
    monkeypatch.setenv("OAUTH_CLIENT_ID", "id")
    return AnnotateSteps(Site(data, is_public=True))


def act(steps: AnnotateSteps, profile=None, **asked) -> dict:
    return json.loads(steps.act(gr.EventData(None, asked), profile))


def label(steps: AnnotateSteps, me: str, state: dict, value: str, **more) -> dict:
    given = {"case": state["case"]["id"], "value": value, "role": "label", **more}
    return act(steps, do="label", me=me, queue="night", **given)


def test_a_case_is_shown_without_the_judges_and_the_saved_one_with_them(steps):
    state = act(steps, do="next", queue="night", me="ann")
    assert "llm-small" not in json.dumps(state)
    assert "stratum" not in json.dumps(state)
    after = label(steps, "ann", state, "right", note="plain")
    assert {j["judge"] for j in after["saved"]["judges"]} == {
        "exact",
        "llm-small",
        "llm-large",
        "panel",
    }
    assert after["saved"]["key"] == state["case"]["key"] != after["case"]["key"]
    assert steps.store.labels("night")[-1].note == "plain"
    back = act(steps, do="undo", queue="night", me="ann")
    assert back["case"]["id"] == state["case"]["id"] == back["undone"]["case"]


def test_an_adjudicator_sees_labels_without_names(steps):
    state = act(steps, do="next", queue="night", me="zoe-the-first")
    label(steps, "zoe-the-first", state, "right", note="sure")
    steps.desk.label(state["case"]["id"], "yan-the-second", "wrong")
    settled = act(steps, do="next", queue="night", me="eve", role="adjudication")
    assert [one["value"] for one in settled["case"]["labels"]] == ["right", "wrong"]
    assert "zoe-the-first" not in json.dumps(settled)
    assert "llm-small" not in json.dumps(settled)


def test_a_label_that_is_sent_twice_is_kept_once_and_the_page_goes_on(steps):
    state = act(steps, do="next", queue="night", me="twice")
    label(steps, "twice", state, "right")
    again = label(steps, "twice", state, "wrong")
    assert "already" in again["told"]
    assert again["case"]["id"] != state["case"]["id"]
    (kept,) = [x for x in steps.store.labels("night") if x.annotator == "twice"]
    assert kept.value == "right"


def test_refusals_are_sentences_and_change_nothing(steps):
    before = len(steps.store.labels("night"))
    assert "name" in act(steps, do="next", queue="night", me="  ")["error"]
    assert "no queue" in act(steps, do="next", queue="day", me="ann")["error"]
    assert (
        "no label"
        in act(steps, do="label", me="ann", queue="night", case=1, value="maybe")["error"]
    )
    assert "no longer" in act(steps, do="label", me="ann", case="x", value="right")["error"]
    assert act(steps, do="anything")["view"] == "start"
    assert len(steps.store.labels("night")) == before


def test_questions_are_edited_and_what_they_changed_is_kept(steps):
    state = act(steps, do="next", queue="asked", me="ann")
    given = {"do": "label", "me": "ann", "case": state["case"]["id"], "value": "edit"}
    assert "Nothing was changed" in act(steps, **given, edits=state["case"]["fields"])["error"]
    saved = act(steps, **given, edits={"answer": "A bell", "stranger": "x"})["saved"]
    assert saved["changed"] == ["answer"]
    found = act(steps, do="results", queue="asked")["results"]
    assert {rate["name"]: rate["n"] for rate in found["found"]}["edit"] == 1


def test_a_queue_is_made_from_a_run_of_the_list(steps):
    (run,) = json.loads(steps.load(None))["runs"]
    made = act(
        steps,
        do="make",
        run=run["name"],
        judges=["exact", "panel"],
        share=0.5,
        labels=1,
        name="two",
    )
    assert made["made"] == "two"
    verdicts = steps.store.verdicts("two")
    assert {judge for said in verdicts.values() for judge in said} == {"exact", "panel"}
    assert "share" in act(steps, do="make", run="night", share=7, name="x")["error"]
    assert "not a benchmark run" in act(steps, do="make", run="/etc", name="x")["error"]


def test_people_become_a_judge_and_guidelines_a_version(steps):
    told = act(steps, do="truth", queue="night")["told"]
    assert "“human”" in told
    after = act(steps, do="guideline", queue="night", text="Be strict.")
    assert after["queue"]["guideline"] == {"version": 2, "text": "Be strict.\n"}
    assert "needs some text" in act(steps, do="guideline", queue="night", text=" ")["error"]


def test_an_export_has_every_form(steps):
    state = steps.act(gr.EventData(None, {"do": "results", "queue": "night"}), None)
    assert queue_of(state) == "night"
    names = [Path(path).name for path in steps.take_away(state, False, None)]
    assert names == [
        "labels.jsonl",
        "labels.csv",
        "dataset.zip",
        "judge-examples.jsonl",
        "judge-thresholds.csv",
    ]
    with pytest.raises(gr.Error, match="no queue"):
        steps.take_away("{}", False, None)


def test_on_a_space_labels_belong_to_accounts(space, monkeypatch):
    assert act(space, do="next", queue="night", me="owner")["error"] == SIGN_IN
    state = act(space, ANN, do="next", queue="night", me="somebody else")
    assert state["me"] == "ann"
    for what in ("make", "truth", "guideline"):
        assert act(space, ANN, do=what, queue="night", run="night", text="x")["error"] == NOT_YOURS
    assert json.loads(space.load(ANN))["runs"] == []
    with pytest.raises(gr.Error):
        space.take_away('{"queue": {"name": "night"}}', False, ANN)
    monkeypatch.setenv("SAGE_ANNOTATORS", "bob, eve")
    assert act(space, ANN, do="next", queue="night")["error"] == NOT_LISTED


@pytest.mark.slow
def test_the_page_of_a_space_has_a_sign_in(tmp_path):
    """In a process of its own: Gradio reads a Space's variables when it is imported."""
    code = (
        "import sys; from pathlib import Path; from demo.page import build_page; from demo.site import Site;"
        "print(build_page(Site(Path(sys.argv[1]), is_public=True)).expects_oauth)"
    )
    space = {"SYSTEM": "spaces", "SPACE_ID": "owner/space"}
    names = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES")
    oauth = {**dict.fromkeys(names, "x"), "OPENID_PROVIDER_URL": "http://127.0.0.1:9"}
    for more, expected in ((oauth, "True"), ({}, "False")):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={**os.environ, **space, **more},
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert done.stdout.split()[-1:] == [expected], done.stderr


def test_a_site_open_to_strangers_is_closed(data, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    steps = AnnotateSteps(Site(data, is_public=True))
    assert act(steps, do="next", queue="night", me="ann")["error"] == CLOSED
    assert act(steps, ANN, do="results", queue="night")["error"] == CLOSED
    assert "queues" not in json.loads(steps.load(None))


@pytest.fixture
def web(steps) -> TestClient:
    return TestClient(Starlette(routes=make_annotate_routes(steps.desk, steps.media)))


def test_film_and_frames_are_served_under_a_signature_only(steps, web):
    case = next(c for c in steps.store.cases("night") if "lighthouse" in c.film)
    film = web.get(f"/{steps.media.film_url(case)}", headers={"Range": "bytes=0-99"})
    assert (film.status_code, film.headers["content-type"], len(film.content)) == (
        206,
        "video/mp4",
        100,
    )
    trace = steps.store.trace(case.id)
    assert web.get(f"/{steps.media.frame_url(case, trace.frames[0].path)}").status_code == 200
    for bad in (
        f"{case.id}",
        f"{case.id}-{'0' * 32}",
        "x-y",
        f"{case.id + 1}-{steps.media.sign(case.id)[2:]}",
    ):
        assert web.get(f"/sage/annotate/film/{bad}").status_code == 404
    assert web.get(f"/{steps.media.frame_url(case, '../../questions.jsonl')}").status_code == 404
    assert web.get(f"/{steps.media.frame_url(case, 'events.jsonl')}").status_code == 404


def test_only_the_film_that_was_probed_is_shown(steps, tmp_path):
    case = steps.store.cases("night")[0]
    other = tmp_path / "private.mp4"
    other.write_bytes(b"x" * 1000)
    assert steps.media.film_url(case)
    assert not steps.media.film_url(case.model_copy(update={"film": str(other)}))
    assert not steps.media.film_url(case.model_copy(update={"digest": ""}))
    assert not steps.media.film_url(case.model_copy(update={"film": "/etc/passwd"}))


def test_whoever_has_the_token_gives_the_case_back(steps, web):
    token = act(steps, do="next", queue="night", me="leaver")["case"]["token"]
    assert web.post("/sage/annotate/lease/renew", content=token).text == "yes"
    assert web.post("/sage/annotate/lease/leave", content=token).text == "yes"
    assert web.post("/sage/annotate/lease/renew", content=token).text == "no"
    assert web.post("/sage/annotate/lease/leave", content=b"\xff" * 1000).text == "no"


def test_the_evidence_frame_holds_no_data_and_asks_nobody_else(web):
    answer = web.get("/sage/annotate/evidence")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http" not in answer.headers["content-security-policy"]
    assert "lighthouse" not in answer.text
