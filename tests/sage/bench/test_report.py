import json
import re

import pytest
from typer.testing import CliRunner

from sage.bench.commands import app
from sage.bench.plots import nice_top
from sage.bench.published import load_published
from sage.bench.report import as_json, see_all, write_report
from sage.bench.run import Outcome
from sage.judge import Verdict
from tests.sage.bench.runs import make_run

R, W, U = Verdict.RIGHT, Verdict.WRONG, Verdict.UNJUDGED
HOSTILE = "<img src=x onerror=alert(1)>|`${1}`"


def bench(*words):
    return CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)


@pytest.fixture
def two(tmp_path):
    said = ["0", "1", "x", Outcome.MISSING_VIDEO]
    a = make_run(tmp_path / "a", said, judges={"exact": [R, R, W, None]}, model=HOSTILE)
    b = make_run(tmp_path / "b", ["0", "y", "z", "3"], judges={"exact": [R, W, W, R]})
    return a.folder, b.folder


def test_one_object_and_nothing_else(two):
    found = json.loads(bench("report", two[0], "--json").output)
    assert (found["n"], found["scored"], found["accuracy"]) == (4, 3, 2 / 3)
    assert found["buckets"]["0-60"].items() >= {"n": 1, "correct": 1, "accuracy": 1.0}.items()
    assert found["modality"].keys() == {"unknown"}
    assert not (two[0] / "report").exists()


def test_a_comparison_as_one_object_and_in_words(two):
    found = json.loads(bench("compare", *two, "--json").output)
    assert {k: found[k] for k in ("n", "wins", "losses", "ties", "mcnemar_p")} == {
        "n": 3,
        "wins": 1,
        "losses": 0,
        "ties": 2,
        "mcnemar_p": 1.0,
    }
    assert found["low"] <= found["difference"] <= found["high"]
    assert "left out: 1 unscored" in bench("compare", *two).output


def test_three_files_are_written(two):
    result = bench("report", *two)
    assert result.exit_code == 0
    assert "1 video missing" in result.output
    names = sorted(path.name for path in (two[0] / "report").iterdir())
    assert names == ["report.html", "report.json", "report.md"]
    numbers = json.loads((two[0] / "report" / "report.json").read_text())
    assert [r["run"] for r in numbers["runs"]] == ["a", "b"]
    assert len(numbers["comparisons"]) == 1


def test_the_page_needs_nothing_else_and_escapes_everything(two):
    bench("report", *two)
    text = (two[0] / "report" / "report.html").read_text()
    assert not re.search(r"<script|<link|<img|src=[\"']|href=|@import|url\(|\son\w+=[\"']", text)
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert text.count("<svg") >= 2
    assert "Wilson" in text or "95 %" in text
    markdown = (two[0] / "report" / "report.md").read_text()
    assert "<img" not in markdown.replace("\\<img", "")


def test_published_numbers_are_marked_as_such(tmp_path):
    run = make_run(tmp_path / "a", ["0", "1"], suite="sage-bench", expected=1744)
    write_report(as_json(see_all([run.folder])), tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text()
    assert "(published, not measured here)" in text
    assert "SAGE-MM 8B, SFT + RL" in text
    assert "2 of 1,744 questions" in text
    mini = make_run(tmp_path / "b", ["0"], suite="mini")
    write_report(as_json(see_all([mini.folder])), tmp_path / "mini")
    assert "published" not in (tmp_path / "mini" / "report.html").read_text()


def test_published_sizes_add_up():
    published = load_published()
    assert sum(published.sizes.values()) == published.questions == published.mcq + published.open
    assert sum(published.modality.values()) == published.questions
    assert any(s.buckets and s.turns for s in published.systems)


def test_what_is_no_run_is_one_sentence(tmp_path):
    result = bench("report", tmp_path)
    assert (result.exit_code, "is not a benchmark run" in result.output) == (1, True)


def test_axes_end_at_round_numbers():
    assert [nice_top(v) for v in (0.2, 1.0, 2.4, 700.0)] == [0.5, 1, 3, 700.0]
