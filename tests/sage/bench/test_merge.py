import pytest

from sage.bench.merge import merge
from sage.bench.numbers import report
from sage.bench.run import BenchFolder, Header, Judgement
from sage.bench.score import see
from sage.faults import WorldError
from sage.judge import Verdict
from tests.sage.bench.runs import entry, prediction


def shard(folder, numbers, **more):
    header = Header.model_validate(
        {"suite": "x", "model": "m", "expected": len(numbers), "total": 6, **more}
    )
    run = BenchFolder.create(folder, header, [entry(n) for n in numbers])
    with run.writing() as file, run.judging("j") as judge:
        for n in numbers:
            media = folder / "media" / f"run{n}"
            media.mkdir(parents=True)
            (media / "events.jsonl").write_text("{}\n")
            file.append(prediction(entry(n), f"said {n}", media=f"media/run{n}"))
            judge.append(judgement(n))
    return run


def judgement(n):
    return Judgement(question_id=f"q{n:04d}", verdict=Verdict.RIGHT if n % 2 else Verdict.WRONG)


def test_shards_become_one_run(tmp_path):
    parts = [shard(tmp_path / f"s{i}", range(i, 6, 3), shard=f"{i + 1}/3") for i in range(3)]
    whole = merge(parts, tmp_path / "all")
    assert sorted(whole.outlines()) == [f"q{n:04d}" for n in range(6)]
    assert (whole.header().expected, whole.header().shard) == (6, "")
    found = report(see(whole, "j"))
    assert (found["n"], found["correct"], found["unscored"]["not_asked"]) == (6, 3, 0)
    assert (tmp_path / "all" / "media" / "run4" / "events.jsonl").is_file()


def test_a_question_of_two_shards_is_refused(tmp_path):
    parts = [shard(tmp_path / "a", [0, 1]), shard(tmp_path / "b", [1, 2])]
    with pytest.raises(WorldError, match="q0001 is in"):
        merge(parts, tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_what_does_not_belong_together_is_refused(tmp_path):
    parts = [shard(tmp_path / "a", [0]), shard(tmp_path / "b", [1], model="other")]
    with pytest.raises(WorldError, match="differs in model"):
        merge(parts, tmp_path / "all")
    with pytest.raises(WorldError, match="exists already"):
        merge(parts[:1], tmp_path / "a")


def test_media_outside_a_shard_are_not_taken(tmp_path):
    (tmp_path / "secret").mkdir()
    run = shard(tmp_path / "a", [0])
    with run.writing() as file:
        run.forget(["q0000"])
        file.append(prediction(entry(0), "x", media="../secret"))
    merge([run], tmp_path / "all")
    assert [p.name for p in tmp_path.iterdir() if p.name == "secret"] == ["secret"]
    assert not (tmp_path / "all" / "media").exists()
