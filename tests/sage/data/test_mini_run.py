"""All four steps on miniature films, offline, through the command line; what comes out is what training takes."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sage.__main__ import app
from sage.data.card import count_files
from sage.data.films import read_films
from sage.data.ledger import CALLS
from sage.data.pack import check_leaks, films_in
from sage.faults import WorldError
from sage.judge import Verdict, exact
from sage.mini.make import read_examples
from sage.store import RunFolder, list_runs
from sage.train.data import DemoFile
from sage.train.questions import FileQuestions
from sage.types import Example, FramesPart, Setup, Stop

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "configs" / "data-mini.yaml"


def run(out, *words, step="all"):
    given = [f"out={out}", f"check.store={out}/people.sqlite", *words]
    return CliRunner().invoke(app, ["data", step, "--config", str(CONFIG), *given])


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    shares = "pack.shares={sft: 0.4, val: 0.3, rl: 0.3}"
    found = run(folder, "mini.n=4", "mini.seed=51", shares)
    assert found.exit_code == 0, found.output
    return folder


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_estimate_comes_first_and_is_free(tmp_path):
    found = run(tmp_path, "mini.n=2", "--estimate")
    assert "about $0.00" in found.output
    assert not (tmp_path / "films.jsonl").exists()


def test_every_try_is_kept(out):
    traces = [
        RunFolder.open(run.folder).trace()
        for q in (out / "traces").glob("*/*")
        for run in list_runs(q)
    ]
    assert len(traces) == 4 * 3 * 4
    assert {trace.stop for trace in traces} == {Stop.ANSWERED}
    assert len({trace.setup.seed for trace in traces}) == 4
    assert {trace.setup.temperature for trace in traces} == {0.7}


def test_counts_in_the_card_equal_the_files(out):
    card = json.loads((out / "pack" / "card.json").read_text())
    assert card["counts"] == count_files(out / "pack")
    text = (out / "pack" / "README.md").read_text()
    for name in ("sft.jsonl", "val.jsonl", "rl/examples.jsonl", "questions.jsonl"):
        assert f"| {name} | {len(lines(out / 'pack' / name))} |" in text
    report = card["report"]
    rows = [*lines(out / "pack" / "sft.jsonl"), *lines(out / "pack" / "val.jsonl")]
    assert len({row["id"].rpartition("-")[0] for row in rows}) == report["kept_trajectories"]
    dropped = sum(n for reason, n in report["dropped"].items() if reason.startswith("trajectory"))
    tries = [t for s in lines(out / "sifted.jsonl") for t in s["tries"]]
    assert (len(tries), dropped) == (report["trajectories"], sum(bool(t["reason"]) for t in tries))


def test_rows_are_what_training_reads(out):
    demos = list(DemoFile(out / "pack" / "sft.jsonl"))
    rows = lines(out / "pack" / "sft.jsonl")
    assert len(demos) == len(rows)
    for demo, row in zip(demos, rows, strict=True):
        assert demo.reply.startswith("<json>{")
        frames = [
            f for m in demo.messages for p in m.parts if isinstance(p, FramesPart) for f in p.frames
        ]
        assert (len(frames) > 0) == (row["kind"] == "stage1")
        assert all((Path(demo.folder) / frame.path).is_file() for frame in frames)
        assert [frame.at_s for frame in frames] == row["times"]
        assert "video_path" not in demo.reply


def test_a_trajectory_ends_with_the_right_answer(out):
    truth = {s["written"]["example"]["question"]["id"]: s for s in lines(out / "sifted.jsonl")}
    last = {row["id"].rpartition("-")[0]: row for row in lines(out / "pack" / "sft.jsonl")}
    for row in last.values():
        example = Example.model_validate(truth[row["question"]]["written"]["example"])
        body = row["messages"][-1]["content"].removeprefix("<json>").removesuffix("</json>")
        assert exact(json.loads(body)["final_answer"], example) is Verdict.RIGHT


def test_the_set_for_reinforcement_opens_as_grpo_opens_it(out):
    folder = out / "pack" / "rl"
    examples = read_examples(folder)
    assert examples
    questions = FileQuestions(folder, out / "media2", Setup(frames=4))
    for index in range(len(questions)):
        start = questions.open(index)
        assert start.episode.film.duration_s > 0
        assert start.example == examples[index]


def test_no_film_is_in_two_sets(out, tmp_path):
    pack = tmp_path / "pack"
    shutil.copytree(out / "pack", pack)
    check_leaks(pack, set())
    with pytest.raises(WorldError, match="held out"):
        check_leaks(pack, films_in(pack / "sft.jsonl"))
    first = (pack / "sft.jsonl").read_text().splitlines()[0]
    with (pack / "val.jsonl").open("a") as file:
        file.write(first + "\n")
    with pytest.raises(WorldError, match=r"is in sft\.jsonl and in val\.jsonl"):
        check_leaks(pack, set())


def test_held_out_films_get_into_no_set(out, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(out, folder)
    digest = next(iter(films_in(out / "pack" / "sft.jsonl")))
    (tmp_path / "bench").write_text(digest + "\n")
    for step in ("sift", "pack"):
        found = run(
            folder, "mini.n=4", "mini.seed=51", f"sift.held_out={tmp_path}/bench", step=step
        )
        assert found.exit_code == 0, found.output
    assert all(
        digest not in films_in(folder / "pack" / n) for n in ("sft.jsonl", "questions.jsonl")
    )
    card = json.loads((folder / "pack" / "card.json").read_text())
    assert card["report"]["dropped"]["film: held out"] == 1


def test_the_same_command_again_asks_nobody_and_packs_the_same(out, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(out, folder)
    before = (folder / CALLS).read_bytes()
    shares = "pack.shares={sft: 0.4, val: 0.3, rl: 0.3}"
    assert run(folder, "mini.n=4", "mini.seed=51", shares).exit_code == 0
    assert (folder / CALLS).read_bytes() == before
    for name in ("sft.jsonl", "val.jsonl", "rl/examples.jsonl"):
        assert (folder / "pack" / name).read_bytes() == (out / "pack" / name).read_bytes()


def test_a_lost_trajectory_is_played_again_from_what_was_paid(out, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(out, folder)
    film = read_films(folder)[0]
    lost = folder / "traces" / f"{film.id}-01" / "1"
    name, before = list_runs(lost)[0].id, (folder / CALLS).read_bytes()
    old = RunFolder.open(lost / name).trace()
    events = (lost / name / "events.jsonl").read_bytes().splitlines(keepends=True)
    (lost / name / "events.jsonl").write_bytes(b"".join(events[:-1]))
    assert run(folder, "mini.n=4", "mini.seed=51", step="solve").exit_code == 0
    new = list_runs(lost)[0].trace()
    assert (new.run, new.stop) != (name, None)
    assert [t.action for t in new.turns] == [t.action for t in old.turns]
    assert (folder / CALLS).read_bytes() == before


def test_steps_want_the_one_before(tmp_path):
    assert "run write first" in run(tmp_path, "mini.n=1", step="sift").output
    found = CliRunner().invoke(
        app, ["data", "all", "--config", str(CONFIG), f"out={tmp_path}", "mini=null"]
    )
    assert found.exit_code == 1
    assert "There are no films" in found.output


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thirty_films_and_a_short_training_whose_loss_falls(tmp_path):
    assert run(tmp_path, "mini.n=30", "mini.seed=1718").exit_code == 0
    card = json.loads((tmp_path / "pack" / "card.json").read_text())
    assert card["counts"] == count_files(tmp_path / "pack")
    assert len(card["films"]) == 30
    assert card["counts"]["sft"] > 60
    assert card["counts"]["val"] > 0
    assert card["counts"]["rl"] > 0
    plan = [
        *(f"out={tmp_path}/trained", f"data.file={tmp_path}/pack/sft.jsonl", "warmup=null"),
        "size={hidden: 64, layers: 1, wide: 64, tower: 32, tower_layers: 1}",
        *("main.batch=8", "main.rate=0.01", "max_steps=40", "main.epochs=20", "threads=1"),
    ]
    config = str(ROOT / "configs" / "sft-tiny.yaml")
    found = CliRunner().invoke(app, ["train", "sft", "--config", config, *plan])
    assert found.exit_code == 0, found.output
    losses = [line["loss"] for line in lines(tmp_path / "trained" / "metrics.jsonl")]
    assert len(losses) == 40
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
    assert os.path.isdir(tmp_path / "trained" / "model")
