import json
from collections import Counter

import pytest

from sage.bench.score import BUCKET_NAMES, bucket_name
from sage.bench.suites import Choice, load_suite, parse_shard, read_rows, take
from sage.config import ConfigError
from sage.faults import WorldError
from sage.mini.world import BUCKETS

ROW = {
    "video_id": "abcdefghijk",
    "question": "Which?\n(A) one\n(B) two",
    "gt_answer": "two",
    "ques_type": "mcq",
    "duration_seconds": 90,
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SAGE_CACHE", str(tmp_path / "cache"))


def test_the_miniature_suite_has_the_lengths_of_sage_bench():
    suite = load_suite("mini", Choice(limit=1200))
    found = Counter(bucket_name(e.duration_s) for e in suite.entries)
    wanted = dict(zip(BUCKET_NAMES, (share / 1744 for *_, share in BUCKETS), strict=True))
    assert {n: found[n] / 1200 for n in wanted} == pytest.approx(wanted, abs=0.05)
    assert len({e.id for e in suite.entries}) == 1200
    assert len(load_suite("mini").entries) == 300
    assert load_suite("mini", Choice(limit=10)).entries == suite.entries[:10]


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet"])
def test_a_published_set_as_a_local_file(tmp_path, suffix):
    path = tmp_path / f"test.{suffix}"
    rows = [ROW, ROW | {"question": "Why?", "ques_type": "open-ended", "duration_seconds": None}]
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif suffix == "json":
        path.write_text(json.dumps(rows))
    else:
        import pandas

        table = pandas.DataFrame(rows)
        _ = table.to_csv(path) if suffix == "csv" else table.to_parquet(path)
    suite = load_suite("sage-bench", Choice(questions=path))
    assert [e.example.kind for e in suite.entries] == ["mcq", "open-ended"]
    assert [e.duration_s for e in suite.entries] == [90.0, None]
    assert suite.entries[0].example.question.choices == ("one", "two")


def test_without_a_network_the_hub_is_one_sentence():
    with pytest.raises(WorldError, match="--questions FILE"):
        load_suite("minerva")


def test_a_file_of_ones_own(tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps(ROW) + "\n")
    suite = load_suite(f"jsonl:{tmp_path / 'mine.jsonl'}")
    assert suite.films.folder == tmp_path
    assert suite.entries[0].example.answer == "two"


@pytest.mark.parametrize("text", ["[1]", "{", '"a"\n'])
def test_a_file_that_holds_no_questions(tmp_path, text):
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(WorldError, match=r"x\.jsonl cannot be read"):
        read_rows(tmp_path / "x.jsonl")


def test_shards_part_a_limited_suite(tmp_path):
    rows = "".join(json.dumps(ROW | {"question": f"Q{n}?"}) + "\n" for n in range(50))
    (tmp_path / "x.jsonl").write_text(rows)
    suite = load_suite(f"jsonl:{tmp_path / 'x.jsonl'}")
    whole = take(suite, limit=20)
    parts = [take(suite, limit=20, shard=f"{i}/3") for i in (1, 2, 3)]
    assert sorted(e.id for part in parts for e in part) == sorted(e.id for e in whole)
    assert len({e.id for e in whole}) == 20
    assert whole == take(suite, limit=20) != suite.entries[:20]


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"])
def test_shards_are_i_of_n(shard):
    with pytest.raises(ConfigError, match="i/n"):
        parse_shard(shard)


def test_an_unknown_suite_is_named():
    with pytest.raises(ConfigError, match="Known are: mini"):
        load_suite("maxi")
