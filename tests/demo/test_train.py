"""The Training tab's steps and addresses without a browser: what it shows, and what it refuses to strangers."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.ask_steps import Steps
from demo.site import Site
from demo.train_report import report
from demo.train_routes import make_train_routes, plotly_path
from demo.train_samples import list_samples
from demo.train_steps import TrainSteps
from demo.train_view import TrainView, duration, says, versioned
from sage.mini.play import open_episode, play
from sage.mini.world import make_film
from sage.models import catalog
from sage.train.job_curves import Progress
from sage.train.job_files import (
    Ended,
    Info,
    JobState,
    Process,
    Started,
    attempt_path,
    write,
)
from sage.train.rollout import trace_of
from tests.sage.train.experts import Experts

FORM = {
    "recipe": "sft",
    "preset": "sft-tiny",
    "name": "mine",
    "base": "tiny",
    "data": "mini",
    "where": "",
    "devices": "cpu",
    "extra": "",
    "folder": "",
    **{f"knob{n}": None for n in range(10)},
}


def site_of(tmp_path, *, is_public: bool = False) -> Site:
    return Site(tmp_path / "data", is_public=is_public)


def event(**values):
    return SimpleNamespace(_data=values)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "data").mkdir()
    return site_of(tmp_path)


@pytest.fixture
def steps(site):
    return TrainSteps(site, Steps(site))


@pytest.fixture
def job(site):
    """A job that has ended, with two steps and a checkpoint."""
    info = Info(recipe="grpo", name="past", command=("python", "-c", "1"), cwd="/")
    made = site.jobs.create(site.jobs.new_folder("grpo"), info, {"config.yaml": "steps: 3\n"})
    (made.folder / "queued.json").unlink()
    lines = [{"stage": 0, "step": n, "reward": n / 3, "rollout_s": 4.0} for n in (1, 2)]
    (made.folder / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (made.folder / "plan.json").write_text('{"stages": {"grpo": 3}}')
    (made.folder / "log.txt").write_text("one\n<script>alert(1)</script>\n")
    start = Started(process=Process(pid=1, created=0.0), command=("x",), cwd="/", at=5.0)
    write(attempt_path(made.folder, 1, "start"), start)
    write(attempt_path(made.folder, 1, "end"), Ended(code=1, at=9.0))
    return made


def test_strangers_start_see_and_change_nothing(tmp_path):
    site = site_of(tmp_path, is_public=True)
    steps = TrainSteps(site, Steps(site))
    told = steps.start(FORM)[1]
    assert "public" in told
    assert "public" in steps.act(event(do="kill", job="x"))[1]
    assert "public" in steps.check(FORM)[0]
    assert "public" in steps.show("/tmp")[1]
    assert not (tmp_path / "data" / "jobs").exists()
    client = TestClient(Starlette(routes=make_train_routes(site)))
    for path in ("jobs", "job/x", "log/x", "curves/x", "report/x"):
        assert client.get(f"/sage/train/{path}").status_code == 403


def test_a_form_becomes_a_queued_job_with_its_settings(site, steps):
    _, folder = steps.check(FORM)
    told, status, *_ = steps.start({**FORM, "knob3": 7.0, "folder": folder})
    job = site.jobs.find(json.loads(told)["job"])
    assert job.folder.name == folder
    assert json.loads(status)["kind"] == "done"
    assert (job.title, job.state) == ("mine", JobState.QUEUED)
    assert "max_steps: 7\n" in (job.folder / "config.yaml").read_text()


def test_the_first_mistake_is_told_with_its_field(steps):
    _, status, draft, *_ = steps.start({**FORM, "knob0": -1.0})
    assert "Learning rate" in json.loads(status)["text"]
    assert json.loads(draft)["troubles"][0]["field"] == "knob0"


def test_a_job_as_the_page_gets_it(site, job):
    view = TrainView(site.jobs)
    shown = view.detail(job)
    assert shown["says"] == "Failed at step 2 of 3 (exit code 1)."
    assert shown["can"] == ["resume", "delete"]
    assert shown["problem"]["text"].startswith("one")
    assert view.curves(job)["y"]["reward"]["i"] == [1, 2]
    assert view.listing()["jobs"][0]["progress"]["step"] == 2
    assert versioned(shown, versioned(shown, "")["v"]) == {
        "v": versioned(shown, "")["v"],
        "same": True,
    }


def test_addresses_give_what_is_asked_and_nothing_else(site, job):
    client = TestClient(Starlette(routes=make_train_routes(site)))
    assert client.get("/sage/train/jobs").json()["jobs"][0]["id"] == job.id
    assert client.get(f"/sage/train/log/{job.id}?q=SCRIPT").json()["count"] == 1
    assert client.get("/sage/train/job/..%2F..%2Fetc").status_code == 404
    whole = client.get(f"/sage/train/logfile/{job.id}")
    assert whole.headers["content-type"].startswith("text/plain")
    assert client.get("/sage/train/plotly.js").status_code == 200


def test_a_report_holds_texts_as_text(site, job):
    view = TrainView(site.jobs)
    page = report(view.detail(job), view.curves(job), view.log(job, ""), plotly_path())
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_sentences():
    done = Progress(3, 10, "grpo", 120.0)
    assert says(JobState.STOPPED, None, done, 0) == "Stopped at step 3 of 10."
    assert says(JobState.QUEUED, None, done, 2).endswith("place 2.")
    assert (duration(40), duration(600), duration(9000)) == ("40 s", "10 min", "2.5 h")


def test_an_episode_is_shown_as_a_run_with_drawn_pictures(site, job, tmp_path):
    film = make_film("train", 0, 0)
    task = film.tasks[0]
    episode, workspace = open_episode(film, task, tmp_path / "world")
    play(episode, workspace, Experts())
    (job.folder / "traces").mkdir()
    trace = trace_of(episode)
    (job.folder / "traces" / "000002.jsonl").write_text(trace.model_dump_json() + "\n")
    listed = list_samples(job, 2)
    assert listed[0]["question"] == task.example.question.text
    shown = site.snapshot(listed[0]["run"])
    assert shown.trace.answer == trace.answer
    assert len(shown.trace.turns) == len(trace.turns)
    folder = site.folder(listed[0]["run"])
    assert all((folder / frame.path).read_bytes()[:2] == b"\xff\xd8" for frame in trace.frames)
    assert site.folder("sample-2-7-" + job.id) is None
    assert site.folder("sample-2-0-../../x") is None


def test_a_finished_model_is_offered_in_the_ask_tab(site, steps, job):
    model = job.folder / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    chosen, _, tabs, _ = steps.use(event(job=job.id, step=0))
    assert chosen["value"] == f"hf:{model}"
    assert tabs["selected"] == "ask"
    assert f"hf:{model}" in [status.spec for status in catalog.statuses()]
    assert str(model) in [value for _, value in steps.bases("grpo")]


def test_a_checkpoint_that_is_gone_is_told(steps, job):
    status = steps.use(event(job=job.id, step=40))[3]
    assert "no checkpoint of step 40" in status
