"""The command line, from a judged run to a report and back into the run."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from sage.annotate.commands import app
from sage.annotate.desk import Desk
from sage.annotate.store import FILE, Store
from tests.sage.annotate.made import make_run


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_run_is_queued_labelled_counted_and_taken_away(tmp_path):
    make_run(tmp_path / "run", 30)
    data = ("--data", tmp_path)
    assert "Annotation tab" in run(
        "queue", tmp_path / "run", "--name", "n", "--share", "0.2", *data
    )
    desk = Desk(Store(tmp_path / FILE))
    for _ in range(5):
        desk.label(desk.take("n", "ann").case.id, "ann", "right")
    assert "5 of" in run("list", *data)
    told = json.loads(run("report", "n", "--json", *data))
    assert told["progress"]["labels"] == 5
    assert "Judge exact" in run("report", "n", *data)
    assert "5 verdicts" in run("truth", "n", tmp_path / "run", *data)
    run("shots", "n", "--out", tmp_path / "shots.jsonl", *data)
    run("thresholds", "n", "--out", tmp_path / "t.csv", *data)
    (tmp_path / "new.md").write_text("New.")
    assert "Version 2" in run("guideline", "n", tmp_path / "new.md", *data)


def test_errors_are_sentences(tmp_path):
    done = CliRunner().invoke(app, ["report", "nothing", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "no queue named nothing" in done.output
