"""Files in the released formats, as REFERENCE tells them: evaluation JSON lines and the judged JSON list."""

import json

import pytest
from typer.testing import CliRunner

from sage.bench.commands import app
from sage.bench.published import load_published
from sage.bench.released import import_files
from sage.bench.rows import to_entry
from sage.bench.run import BenchFolder
from sage.config import ConfigError
from sage.judge import Verdict
from sage.types import Answer, Call, Decision

MIDDLES = (40, 100, 240, 450, 900, 1800, 3000)
OPTIONS = "Which?\n Answer the question based on the following options: \n (A) oak\n (B) elm"


def bench(*words):
    return CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)


def judged(n, duration, **more):
    return {
        "index": n,
        "question": f"What happens {n}?",
        "answer": f"answer {n}",
        "full_answer": f"truth {n}",
        "is_correct": n % 3 > 0,
        "evaluation_reasoning": "compared",
        "none_prediction": False,
        "could_not_produce": False,
        "used_tool_calls": n % 2 == 0,
        "tool_call_types": {"verbal_transcript": 2, "perform_reasoning": 1} if n % 2 == 0 else {},
        "ques_type": "mcq" if n % 2 else "open_ended",
        "difficulty": "hard",
        "modality": "visual",
        "duration": duration,
        "video_path": f"data/06/video{n % 500:07d}/video{n % 500:07d}.mp4",
        **more,
    }


def step(reply, **tools):
    calls = {label: {"result": text, "arguments": {}} for label, text in tools.items()}
    return {"tool_calls": calls, "results": reply}


def stage_1(answer=None, tool=""):
    calls = [{"rationale": "r", "name": tool, "arguments": {"query": "q"}}] if tool else []
    tools = {"needed": bool(tool), "why_no_tool": None, "tool_calls": calls}
    return {
        "video_context": "a forest",
        "query_intent": "a tree",
        "final_answer": answer,
        "recommended_tools": tools,
    }


def stage_2(answer=None, tool=""):
    base = {
        k: v for k, v in stage_1(answer, tool).items() if k not in ("video_context", "query_intent")
    }
    return base | {"answerable": {"verdict": answer is not None, "reasoning": "so"}}


def evaluated(n, *, reasoner="iterative_reasoner", steps=(), first=None, **more):
    results = {
        "context_vlm": [{"vlm_response": first or stage_1("oak")}],
        reasoner: list(steps),
        "num_iterative_reasoner_calls": len(steps),
        "args_validity": True,
    }
    return {
        "path": f"data/06/vid{n:08d}/vid{n:08d}.mp4",
        "question": OPTIONS,
        "answer": "oak",
        "correct_answer": None,
        "id": f"{n:032x}",
        "full_answer": "oak",
        "ques_type": "mcq",
        "difficulty": "easy",
        "modality": "both",
        "num_attempts": 1,
        "complete_results": results,
        **more,
    }


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_1743_of_1744(tmp_path):
    sizes = list(load_published().sizes.values())
    lengths = [s for s, size in zip(MIDDLES, sizes, strict=True) for _ in range(size)][:-1]
    rows = [judged(n, duration) for n, duration in enumerate(lengths)]
    file = tmp_path / "sage_SAGE-MM-Qwen3-VL-8B-SFT_RL_sage_bench_results.json"
    file.write_text(json.dumps(rows))
    told = bench("import", file, "--out", tmp_path / "run")
    assert (told.exit_code, "1,743 of 1,744 questions" in told.output) == (0, True)
    found = json.loads(bench("report", tmp_path / "run", "--json").output)
    assert (found["n"], found["expected"], found["scored"]) == (1743, 1744, 1743)
    assert found["unscored"]["not_asked"] == 1
    assert [cell["n"] for cell in found["buckets"].values()] == [*sizes[:-1], sizes[-1] - 1]
    assert found["correct"] == sum(n % 3 > 0 for n in range(1743))
    assert (found["model"], found["judge"]) == ("SAGE-MM-Qwen3-VL-8B-SFT_RL", "released")
    assert found["kind"]["mcq"]["n"] + found["kind"]["open-ended"]["n"] == 1743
    assert "1,743 of 1,744 questions" in bench("report", tmp_path / "run").output
    assert "1,743 of 1,744" in (tmp_path / "run" / "report" / "report.html").read_text()


def test_what_the_judged_file_counts(tmp_path):
    rows = [
        judged(0, 40),
        judged(1, 40, answer=None, none_prediction=True, is_correct=False),
        judged(
            2, 40, answer="Could not produce an answer after 5 attempts", could_not_produce=True
        ),
        judged(3, 40, is_correct=None),
    ]
    path = tmp_path / "r.json"
    path.write_text(json.dumps(rows))
    run = import_files([path], tmp_path / "run", of=4)
    found = list(run.outlines().values())
    assert [o.outcome.value for o in found] == ["answered", "no_answer", "malformed", "answered"]
    assert found[0].tools == {"transcribe-speech": 2, "analyze": 1}
    assert (found[0].turns, found[3].turns, found[0].seconds) == (4, 1, None)
    report = json.loads(bench("report", run.folder, "--json").output)
    assert (report["n"], report["scored"], report["correct"]) == (4, 3, 0)
    assert report["unscored"]["unjudged"] == 1


@pytest.mark.parametrize("reasoner", ["iterative_reasoner", "search_llm"])
def test_an_evaluation_file_brings_its_traces(tmp_path, reasoner):
    steps = [
        step(stage_2(tool="perform_reasoning"), **{"extract_parts_from_timestamp_#1": "2 frames"}),
        step(stage_2("oak"), **{"perform_reasoning_#1": "an oak"}),
    ]
    first = stage_1(tool="extract_parts_from_timestamp")
    rows = [evaluated(0), evaluated(1, reasoner=reasoner, steps=steps, first=first)]
    run = import_files([write_lines(tmp_path / "r.jsonl", rows)], tmp_path / "run")
    short, long = run.predictions().values()
    assert (short.turns, short.trace.turns[0].action) == (1, Answer(text="oak"))
    assert (long.turns, long.tools) == (3, {"extract-video-parts": 1, "analyze": 1})
    assert [t.decision for t in long.trace.turns] == [Decision.ZOOM, Decision.ZOOM, Decision.ANSWER]
    assert isinstance(long.trace.turns[1].action, Call)
    assert long.trace.turns[1].observation.text == "an oak"
    assert long.trace.turns[0].thought.video_context == "a forest"
    (example, _) = (e.example for e in run.entries().values())
    assert (example.question.text, example.question.choices) == ("Which?", ("oak", "elm"))
    assert (example.answer, run.judges()) == ("oak", [])


def test_both_kinds_together(tmp_path):
    rows = [evaluated(0), evaluated(1, answer=None)]
    path = tmp_path / "judged.json"
    path.write_text(
        json.dumps(
            [
                judged(n, 100 + n, question=OPTIONS, full_answer="oak", video_path=r["path"])
                for n, r in enumerate(rows)
            ]
        )
    )
    run = import_files([write_lines(tmp_path / "r.jsonl", rows), path], tmp_path / "run")
    assert [e.duration_s for e in run.entries().values()] == [100.0, 101.0]
    assert [p.trace is not None for p in run.predictions().values()] == [True, True]
    assert [j.verdict for j in run.judgements("released").values()] == [
        Verdict.WRONG,
        Verdict.RIGHT,
    ]
    ours = to_entry(
        {"video_id": "vid00000000", "question": OPTIONS, "gt_answer": "oak"}, source="x"
    )
    assert ours.id in run.outlines()


def test_an_exact_judge_marks_an_imported_file(tmp_path):
    rows = [evaluated(0), evaluated(1, answer="(B)"), evaluated(2, answer=["oak"])]
    run = import_files([write_lines(tmp_path / "r.jsonl", rows)], tmp_path / "run", of=3)
    bench("judge", run.folder, "--judge", "exact")
    said = [j.verdict for j in BenchFolder.open(run.folder).judgements("exact").values()]
    assert said == [Verdict.RIGHT, Verdict.WRONG, Verdict.RIGHT]


def test_files_that_are_none_are_refused(tmp_path):
    path = write_lines(tmp_path / "x.jsonl", [{"a": 1}])
    with pytest.raises(ConfigError, match="no released result file"):
        import_files([path], tmp_path / "run")
    twice = write_lines(tmp_path / "r.jsonl", [evaluated(0)])
    with pytest.raises(ConfigError, match="one of each kind"):
        import_files([twice, twice], tmp_path / "run")
    assert not (tmp_path / "run").exists()
