import pytest

from sage.bench.run import (
    BenchFolder,
    Header,
    Judgement,
    Outcome,
    list_bench_runs,
    slugify,
)
from sage.faults import WorldError
from sage.judge import Verdict
from sage.types import Trace
from tests.sage.bench.runs import entry, lines, make_run, prediction

HEADER = Header(suite="mini", model="offline", expected=2, total=2)


def test_what_is_written_is_read_back(tmp_path):
    entries = [entry(0), entry(1)]
    run = BenchFolder.create(tmp_path / "r", HEADER, entries)
    said = prediction(
        entries[0], "x", tools={"analyze": 2}, trace=Trace(question=entries[0].example.question)
    )
    with run.writing() as file:
        file.append(said)
    again = BenchFolder.open(tmp_path / "r")
    assert again.header() == HEADER
    assert list(again.entries().values()) == entries
    assert again.predictions() == {"q0000": said}
    assert again.prediction("q0000") == said
    assert again.prediction("q0001") is None
    assert [r.folder for r in list_bench_runs(tmp_path)] == [tmp_path / "r"]


def test_outlines_are_predictions_without_traces(tmp_path):
    run = BenchFolder.create(tmp_path, HEADER, [entry(0)])
    said = prediction(entry(0), "x", trace=Trace(question=entry(0).example.question))
    with run.writing() as file:
        file.append(said)
    assert run.outlines()["q0000"].model_dump() == said.model_dump(exclude={"trace"})


def test_predictions_hold_no_truth(tmp_path):
    run = make_run(tmp_path, ["said"])
    assert '"answer":"0"' in (tmp_path / "questions.jsonl").read_text()
    (line,) = lines(run.folder / "predictions.jsonl")
    assert (line["answer"], "example" in line, "evidence" in line) == ("said", False, False)


def test_the_last_line_of_a_judge_counts(tmp_path):
    run = make_run(tmp_path, ["a"], judges={"j": [Verdict.UNJUDGED]})
    with run.judging("j") as file:
        file.append(Judgement(question_id="q0000", verdict=Verdict.RIGHT))
    assert run.judges() == ["j"]
    assert run.judgements("j")["q0000"].verdict is Verdict.RIGHT
    assert run.judgements("other") == {}


def test_forgotten_questions_are_open_again(tmp_path):
    run = make_run(tmp_path, ["a", Outcome.WORLD_ERROR, "c"])
    with run.writing():
        run.forget(["q0001"])
    assert list(run.outlines()) == ["q0000", "q0002"]


@pytest.mark.parametrize("ids", [("a", "a"), ("a", "")])
def test_questions_need_ids_of_their_own(tmp_path, ids):
    entries = []
    for id in ids:
        question = entry(0).example.question.model_copy(update={"id": id})
        example = entry(0).example.model_copy(update={"question": question})
        entries.append(entry(0).model_copy(update={"example": example}))
    with pytest.raises(WorldError, match="ids of their own"):
        BenchFolder.create(tmp_path / "r", HEADER, entries)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("slug", ["../x", "a/b", "", "."])
def test_a_judge_is_no_path(tmp_path, slug):
    with pytest.raises(WorldError, match="no name of a judge"):
        make_run(tmp_path, ["a"]).judgements(slug)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(WorldError, match=r"has no run\.json"):
        BenchFolder.open(tmp_path)
    assert list_bench_runs(tmp_path / "absent") == []


def test_slugs_are_file_names():
    assert slugify("llm-openai:Qwen/Qwen3 8B") == "llm-openai-Qwen-Qwen3-8B"
