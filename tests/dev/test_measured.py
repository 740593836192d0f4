"""The numbers that are committed, held against the raw lines beside them."""

from __future__ import annotations

import json
import tarfile
from math import comb
from pathlib import Path

import pytest

from tests.sage.bench.recount import recount

KEPT = Path(__file__).parents[2] / "dev" / "bench"
JUDGES = ("exact", "judge-tiny")


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """The packed runs, unpacked."""
    folder = tmp_path_factory.mktemp("raw")
    for path in KEPT.glob("*.tar.xz"):
        with tarfile.open(path) as packed:
            packed.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize("judge", JUDGES)
def test_the_report_says_what_the_raw_lines_say(raw, judge):
    runs = json.loads((KEPT / judge / "report.json").read_text("utf-8"))["runs"]
    assert [run["run"] for run in runs] == ["sage-tiny", "sage-tiny-sft", "direct-tiny", "offline"]
    for run in runs:
        for name, cell in recount(raw / run["run"], judge).items():
            told = run if name == "all" else run["buckets"][name]
            assert {k: told[k] for k in ("n", "scored", "correct")} == cell
        assert run["n"] >= 300


@pytest.mark.parametrize("judge", JUDGES)
def test_the_comparisons_say_what_the_raw_lines_say(raw, judge):
    numbers = json.loads((KEPT / judge / "report.json").read_text("utf-8"))
    first = right(raw / "sage-tiny", judge)
    for found, run in zip(numbers["comparisons"], numbers["runs"][1:], strict=True):
        other = right(raw / run["run"], judge)
        both = first.keys() & other.keys()
        wins = sum(first[id] and not other[id] for id in both)
        losses = sum(other[id] and not first[id] for id in both)
        assert (found["n"], found["wins"], found["losses"]) == (len(both), wins, losses)
        rare = min(wins, losses)
        tail = sum(comb(wins + losses, k) for k in range(rare + 1)) / 2 ** (wins + losses)
        assert found["mcnemar_p"] == pytest.approx(min(1.0, 2 * tail), rel=1e-9)
        assert found["difference"] == pytest.approx((wins - losses) / len(both))
        assert found["low"] <= found["difference"] <= found["high"]


def right(folder: Path, judge: str) -> dict[str, bool]:
    """Which of the questions that have a verdict were answered right."""
    marks = (folder / "judgements" / f"{judge}.jsonl").read_text("utf-8").splitlines()
    verdict = {line["question_id"]: line["verdict"] for line in map(json.loads, marks)}
    found = {}
    for line in (folder / "predictions.jsonl").read_text("utf-8").splitlines():
        said = json.loads(line)
        mark = verdict.get(said["question"]["id"], "unjudged")
        if said["outcome"] in ("no_answer", "malformed"):
            mark = "wrong"
        if mark != "unjudged" and said["outcome"] not in ("world_error", "missing_video"):
            found[said["question"]["id"]] = mark == "right"
    return found
