"""The Benchmark tab without a browser: numbers, the questions behind them, jobs, imports, what strangers get."""

from __future__ import annotations

import json
import shutil

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.bench_media import make_bench_routes
from demo.bench_runs import BenchRuns
from demo.bench_start import Form, check, read_form
from demo.bench_steps import BenchSteps
from demo.bench_view import BenchView, shown_name
from demo.site import Site
from sage.bench.numbers import compare
from sage.bench.run import BenchFolder, Judgement, Outcome
from sage.bench.score import see
from sage.faults import WorldError
from sage.judge import Verdict
from sage.train.job_files import JobState
from tests.demo.annotate_made import JUDGES, NAMES, make_run

N = 12
FORM = {
    "suite": "mini",
    "file": "",
    "model": "offline",
    "mode": "agent",
    "questions": 30.0,
    "workers": 4,
    "judge": "exact",
    "videos": "",
    "devices": "cpu",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two runs of the same questions; the second is right where the first is wrong in two more."""
    data = tmp_path_factory.mktemp("bench") / "data"
    make_run(data / "runs" / "bench" / "night", N)
    day = make_run(data / "runs" / "bench" / "day", N)
    with day.judging("exact") as file:
        for n in (1, 3):
            file.append(Judgement(question_id=f"q{n:04d}", verdict=Verdict.RIGHT))
    return data


def site_of(data, *, is_public: bool = False) -> Site:
    return Site(data, is_public=is_public)


def view_of(data, *, is_public: bool = False) -> BenchView:
    site = site_of(data, is_public=is_public)
    return BenchView(BenchRuns(site.data, is_public=is_public), site.jobs, is_public=is_public)


def client_of(data, *, is_public: bool = False) -> TestClient:
    return TestClient(Starlette(routes=make_bench_routes(site_of(data, is_public=is_public))))


def own(shown: dict) -> dict:
    """The rows of the test's own runs, by name; a terminal's may be beside."""
    return {row["name"]: row for row in shown["runs"]}


def test_the_leaderboard_has_each_run_with_its_interval_and_the_best_first(data):
    shown = view_of(data, is_public=True).leaderboard("exact")
    assert [row["name"] for row in shown["runs"]] == ["day", "night"]
    day = own(shown)["day"]
    assert (day["correct"], day["scored"], day["n"]) == (8, 12, 12)
    assert day["low"] < day["accuracy"] < day["high"]
    assert sum(cell["n"] for cell in day["by"]["buckets"].values()) == N
    assert shown["judges"] == sorted(JUDGES)


def test_the_papers_numbers_are_marked_and_are_shares(data):
    published = view_of(data).leaderboard()["published"]
    assert published["note"] == "published, not measured here"
    assert all(0 < system["accuracy"] < 1 for system in published["systems"])
    assert sum(bool(system["buckets"]) for system in published["systems"]) == 2


def test_a_judge_that_was_not_asked_leaves_a_run_without_numbers(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data/runs/bench/day/judgements/panel.jsonl").unlink()
    rows = own(view_of(tmp_path / "data").leaderboard("panel"))
    assert rows["day"]["problem"] == "not judged by panel"
    assert "accuracy" not in rows["day"]
    assert rows["night"]["scored"] == N


def test_a_damaged_run_hides_no_other(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data/runs/bench/day/run.json").write_text("{")
    rows = own(view_of(tmp_path / "data").leaderboard())
    assert "cannot be read" in rows["day"]["problem"]
    assert rows["night"]["accuracy"] == 0.5


def test_new_verdicts_are_seen_at_once(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    view = view_of(tmp_path / "data")
    assert own(view.leaderboard("exact"))["night"]["correct"] == 6
    with BenchFolder.open(tmp_path / "data/runs/bench/night").judging("exact") as file:
        file.append(Judgement(question_id="q0001", verdict=Verdict.RIGHT))
    assert own(view.leaderboard("exact"))["night"]["correct"] == 7


def test_a_cell_opens_its_questions_with_truth_answer_and_verdict(data):
    shown = view_of(data).leaderboard("exact")
    name, cell = next(iter(own(shown)["night"]["by"]["buckets"].items()))
    asked = {"a": "night", "judge": "exact", "by": "buckets", "value": name}
    found = view_of(data).questions(asked)
    assert found["of"] == len(found["ids"]) == cell["n"]
    right = view_of(data).questions({**asked, "show": "right"})
    assert right["of"] == cell["correct"]
    row = right["rows"][0]
    assert row["truth"]
    assert row["sides"][0]["answer"]
    assert row["sides"][0]["verdict"] == "right"


@pytest.mark.parametrize("show", ["wins", "losses", "both_right", "both_wrong"])
def test_the_questions_of_a_comparison_are_as_many_as_it_counts(data, show):
    view = view_of(data)
    found = view.compare("day", "night", "exact")
    n = {"both_wrong": found["ties"] - found["both_right"]}.get(show, found.get(show))
    asked = {"a": "day", "b": "night", "judge": "exact", "show": show}
    assert view.questions(asked)["of"] == n
    assert (found["wins"], found["losses"]) == (2, 0)


def test_the_comparison_is_that_of_the_command(data):
    runs = [see(BenchFolder.open(data / "runs/bench" / name), "exact") for name in ("day", "night")]
    told = compare(*runs)
    found = view_of(data).compare("day", "night", "exact")
    assert {key: found[key] for key in told} == told


def test_judges_that_differ_and_words_are_found(data):
    view, run = view_of(data), BenchFolder.open(data / "runs/bench/night")
    said = [{run.judgements(judge)[id].verdict for judge in JUDGES} for id in run.entries()]
    assert view.questions({"a": "night", "show": "split"})["of"] == sum(len(s) > 1 for s in said)
    assert view.questions({"a": "night", "q": "DOG"})["of"] == N // 3
    assert view.questions({"a": "night", "q": "no such words"})["rows"] == []


def test_pages_hold_fifty_and_never_begin_past_the_end(tmp_path):
    make_run(tmp_path / "runs/bench/long", 60)
    view = view_of(tmp_path)
    last = view.questions({"a": "long", "at": "50"})
    assert (last["at"], len(last["rows"]), len(last["ids"])) == (50, 10, 60)
    assert view.questions({"a": "long", "at": "900"})["at"] == 50
    assert view.questions({"a": "long", "at": "-3"})["at"] == 0


def test_a_question_shows_both_traces_and_every_verdict_with_its_reason(data):
    shown = view_of(data).question({"a": "night", "b": "day", "id": "q0001"})
    assert [side["run"] for side in shown["sides"]] == ["night", "day"]
    for side in shown["sides"]:
        assert [judge for judge, _, _ in side["verdicts"]] == sorted(JUDGES)
        assert json.loads(side["evidence"]["view"])["turns"]
        assert side["evidence"]["film"]
    assert shown["sides"][0]["evidence"]["film"] != shown["sides"][1]["evidence"]["film"]


def test_unscored_questions_are_told_as_what_they_are(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    path = tmp_path / "data/runs/bench/night/predictions.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0] |= {"outcome": Outcome.MISSING_VIDEO.value, "answer": None, "error": "It is gone."}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    view = view_of(tmp_path / "data")
    assert own(view.leaderboard("exact"))["night"]["outcomes"]["missing_video"] == 1
    found = view.questions({"a": "night", "show": "unscored"})
    assert found["rows"][0]["sides"][0]["outcome"] == "missing_video"
    assert view.question({"a": "night", "id": "q0000"})["sides"][0]["error"] == "It is gone."


def test_films_and_frames_come_from_the_run_and_nowhere_else(data):
    client = client_of(data)
    assert client.get("/sage/bench/film/night/0").headers["content-type"] == "video/mp4"
    frame = next((data / "runs/bench/night/media" / NAMES[0] / "frames").glob("*.jpg")).name
    assert client.get(f"/sage/bench/media/night/0/frames/{frame}").status_code == 200
    for path in (
        "film/night/99",
        "film/none/0",
        "media/night/0/..%2Frun.json",
        "media/night/0/run.json",
    ):
        assert client.get(f"/sage/bench/{path}").status_code == 404


def test_media_outside_the_run_is_not_served(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    run = tmp_path / "data/runs/bench/night"
    lines = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    lines[0]["media"] = f"../day/media/{NAMES[0]}"
    (run / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    frame = next((run / "media" / NAMES[0] / "frames").glob("*.jpg")).name
    client = client_of(tmp_path / "data")
    assert client.get(f"/sage/bench/media/night/0/frames/{frame}").status_code == 404


def test_looking_tells_what_is_the_same_and_what_is_gone(data):
    client = client_of(data)
    first = client.get("/sage/bench/runs").json()
    again = client.get("/sage/bench/runs", params={"v": first["v"]}).json()
    assert again == {"v": first["v"], "same": True}
    gone = client.get("/sage/bench/questions", params={"a": "../night"})
    assert (gone.status_code, "no such benchmark run" in gone.text) == (404, True)


def test_strangers_get_numbers_but_no_question_film_or_path(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    header = tmp_path / "data/runs/bench/day/run.json"
    found = json.loads(header.read_text())
    secret = {"model": "hf:/home/me/model", "tool_model": "openai:m@http://10.0.0.1/v1"}
    header.write_text(json.dumps({**found, **secret, "suite": "jsonl:/home/me/set.jsonl"}))
    client = client_of(tmp_path / "data", is_public=True)
    told = client.get("/sage/bench/runs").text
    assert '"accuracy"' in told
    compared = client.get("/sage/bench/compare", params={"a": "day", "b": "night"})
    assert compared.json()["n"] == N
    for text in (told, compared.text):
        assert not any(word in text for word in ("/home/me", "10.0.0.1", str(tmp_path)))
    for path in ("questions?a=night", "question?a=night&id=q0000", "film/night/0"):
        assert client.get(f"/sage/bench/{path}").status_code == 404


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("hf:/home/me/trained/model", "hf:model"),
        ("hf:owner/name", "hf:owner/name"),
        ("openai:Qwen/Qwen3-8B@http://10.0.0.1:8000/v1", "openai:Qwen/Qwen3-8B"),
        ("jsonl:/data/secret/set.jsonl", "jsonl:set.jsonl"),
        ("mini", "mini"),
    ],
)
def test_names_lose_folders_and_addresses_for_strangers(spec, shown):
    assert shown_name(spec) == shown


# ---- starting


def test_the_form_becomes_the_command_of_a_terminal(tmp_path):
    plan, troubles = check(read_form(FORM), tmp_path)
    assert troubles == []
    out = tmp_path / "mini-offline-agent-n30"
    assert plan.shown == (
        f"python -m sage bench run mini --model offline --mode agent --out {out} "
        "--workers 4 --judge exact --limit 30"
    )


def test_a_model_as_judge_is_a_second_job(tmp_path):
    plan, _ = check(read_form({**FORM, "judge": "llm:openai:m@http://127.0.0.1:1/v1"}), tmp_path)
    assert [info.command[3:5] for info in plan.jobs] == [("bench", "run"), ("bench", "judge")]
    assert "none" in plan.jobs[0].command
    assert plan.jobs[1].command[5] == str(plan.out)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("suite", "other"),
        ("model", "--help"),
        ("model", ""),
        ("mode", "fast"),
        ("questions", -1),
        ("questions", 2.5),
        ("workers", 0),
        ("workers", None),
        ("judge", "gpt"),
        ("videos", "/no/such/folder"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(tmp_path, field, value):
    plan, troubles = check(read_form({**FORM, field: value}), tmp_path)
    assert plan is None
    assert [trouble.field for trouble in troubles] == [field]


def test_published_sets_need_their_videos_and_files_must_be_there(tmp_path):
    form = read_form({**FORM, "suite": "sage-bench"})
    assert [t.field for t in check(form, tmp_path)[1]] == ["videos"]
    assert check(form._replace(mode="blind"), tmp_path)[1] == []
    assert [t.field for t in check(form._replace(suite="jsonl"), tmp_path)[1]] == ["file"]


def test_long_names_of_models_keep_runs_apart(tmp_path):
    form = Form(**{**read_form(FORM)._asdict(), "model": "hf:/" + "long/" * 40})
    outs = {check(form._replace(mode=mode), tmp_path)[0].out for mode in ("agent", "direct")}
    assert len(outs) == 2
    assert all(len(out.name) < 80 for out in outs)


def test_start_queues_a_job_and_the_board_tells(tmp_path):
    (tmp_path / "data").mkdir()
    site = site_of(tmp_path / "data")
    told, status, _, _ = BenchSteps(site).start(FORM)
    assert json.loads(status)["kind"] == "done"
    assert json.loads(told)["n"]
    (job,) = site.jobs.all()
    assert (job.info.recipe, job.state) == ("bench", JobState.QUEUED)
    view = BenchView(BenchRuns(site.data, is_public=False), site.jobs, is_public=False)
    assert [one["state"] for one in view.leaderboard()["jobs"]] == ["queued"]


def test_strangers_start_and_import_nothing(tmp_path):
    (tmp_path / "data").mkdir()
    site = site_of(tmp_path / "data", is_public=True)
    steps = BenchSteps(site)
    for told in (steps.start(FORM)[1], steps.take_in(["/etc/hosts"], "", "")[1]):
        said = json.loads(told)
        assert said["kind"] == "error"
        assert "python -m sage bench" in said["text"]
    assert site.jobs.all() == []
    assert not steps.runs.home.exists()


# ---- importing


def test_a_judged_file_becomes_a_run_and_a_second_one_beside_it(tmp_path):
    (tmp_path / "data").mkdir()
    rows = [
        {
            "question": f"What is {n}?",
            "video_path": f"v{n}.mp4",
            "answer": "a",
            "correct_answer": "a",
            "is_correct": n % 2 == 0,
            "duration": 30.0 * n,
        }
        for n in range(6)
    ]
    file = tmp_path / "model_x_results.json"
    file.write_text(json.dumps(rows))
    steps = BenchSteps(site_of(tmp_path / "data"))
    for _ in range(2):
        told, status, _ = steps.take_in([str(file)], "sage-bench", "model-x")
        assert json.loads(status)["kind"] == "done", status
    assert json.loads(told)["run"] == "imported-model-x-2"
    row = own(view_of(tmp_path / "data").leaderboard())["imported-model-x"]
    assert (row["judge"], row["correct"], row["scored"], row["expected"]) == (
        "released",
        3,
        6,
        1744,
    )


def test_what_is_no_result_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "data").mkdir()
    file = tmp_path / "other.json"
    file.write_text('[{"a": 1}]')
    steps = BenchSteps(site_of(tmp_path / "data"))
    told, status, kept = steps.take_in([str(file)], "", "")
    assert "no released result file" in json.loads(status)["text"]
    assert told == kept == gr.skip()
    assert json.loads(steps.take_in(None, "", "")[1])["kind"] == "error"
    with pytest.raises(WorldError):
        steps.runs.find("imported-other")
