"""What is taken away tells everything: kappa is counted again from the file, and a queue comes back from it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from sage.annotate.bring import bring
from sage.annotate.desk import Desk
from sage.annotate.export import (
    write_csv,
    write_dataset,
    write_jsonl,
    write_shots,
    write_thresholds,
)
from sage.annotate.results import results
from sage.annotate.store import Store
from sage.faults import WorldError
from tests.sage.annotate.made import make_queue


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A queue with two labels on every case, some of them different."""
    store, queue = make_queue(tmp_path_factory.mktemp("labelled"), share=0.6, labels=2)
    desk = Desk(store)
    for name in ("=ann", "bob"):
        while taken := desk.take(queue.name, name):
            is_right = taken.case.body.answer.startswith("a thing")
            value = "right" if is_right != (name == "bob" and taken.case.id % 4 == 0) else "wrong"
            desk.label(taken.case.id, name, value, note="=1+1" if taken.case.id % 7 == 0 else "")
    return store


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_kappa_of_the_page_is_that_of_the_file(labelled, tmp_path):
    table = np.zeros((3, 3))
    order = ["right", "partly", "wrong"]
    for row in lines(write_jsonl(labelled, "night", tmp_path / "out.jsonl"))[1:]:
        if row["is_random"]:
            a, b = (order.index(label["value"]) for label in row["labels"])
            table[a, b] += 1
    (pair,) = results(labelled, "night").agreement.pairs
    assert pair.value == pytest.approx(float(cohens_kappa(table).kappa), abs=1e-9)
    assert pair.n == table.sum() > 20


def test_names_stay_here_unless_asked_for(labelled, tmp_path):
    text = write_jsonl(labelled, "night", tmp_path / "a.jsonl").read_text()
    assert "bob" not in text
    assert '"annotator": "A2"' in text
    assert "bob" in write_jsonl(labelled, "night", tmp_path / "b.jsonl", names=True).read_text()


def test_an_export_comes_back_and_is_exported_the_same(labelled, tmp_path):
    first = write_jsonl(labelled, "night", tmp_path / "first.jsonl")
    other = Store(tmp_path / "other.sqlite")
    assert bring(other, first).sizes == labelled.queue("night").sizes
    assert lines(write_jsonl(other, "night", tmp_path / "second.jsonl")) == lines(first)
    ours, theirs = results(labelled, "night"), results(other, "night")
    assert theirs.judges == ours.judges
    assert theirs.agreement.measures == ours.agreement.measures
    with pytest.raises(WorldError, match="already"):
        bring(other, first)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 1, "queue": 3}', "no json\n"])
def test_what_is_no_export_is_refused(tmp_path, text):
    path = tmp_path / "bad.jsonl"
    path.write_text(text + "\n")
    store = Store(tmp_path / "s.sqlite")
    with pytest.raises(WorldError):
        bring(store, path)
    assert store.queues() == []


def test_the_table_has_a_line_a_label_and_no_formula(labelled, tmp_path):
    with write_csv(labelled, "night", tmp_path / "t.csv", names=True).open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(labelled.labels("night"))
    assert {row["annotator"] for row in table} == {"'=ann", "bob"}
    assert not [v for row in table for v in row.values() if v.startswith("=")]
    assert {row["judge exact"] for row in table} == {"right", "wrong"}


@pytest.mark.slow
def test_the_folder_is_read_by_datasets(labelled, tmp_path):
    from datasets import load_from_disk

    found = load_from_disk(str(write_dataset(labelled, "night", tmp_path / "set")))
    assert len(found) == len(labelled.cases("night"))
    assert [len(row["labels"]) for row in found] == [2] * len(found)
    assert json.loads(found[0]["judges"]).keys() == {"exact", "llm-a", "llm-b", "llm-c"}


def test_shots_are_half_right_and_thresholds_count_judges(labelled, tmp_path):
    shots = lines(write_shots(labelled, "night", tmp_path / "shots.jsonl", n=6))
    assert [shot["verdict"] for shot in shots] == ["right", "wrong"] * 3
    assert all(shot["reference"] and shot["answer"] for shot in shots)
    with write_thresholds(labelled, "night", tmp_path / "t.csv").open() as file:
        table = list(csv.DictReader(file))
    decided = [c for c in labelled.cases("night") if c.id % 4 != 0]
    assert len(table) == len(decided)
    for row in table:
        bits = [int(row[j]) for j in ("exact", "llm-a", "llm-b", "llm-c")]
        assert (sum(bits), len(bits)) == (int(row["judges_right"]), int(row["judges_asked"]))
