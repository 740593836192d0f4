"""Judges over real HTTP: what they cannot say is unjudged and asked again; predictions stay as they are."""

import json
import re

import pytest
from typer.testing import CliRunner

from sage.bench.commands import app
from sage.bench.judging import Bench, judge_run, majority
from sage.bench.run import Outcome
from sage.config import ConfigError
from sage.judge import Verdict
from tests.sage.bench.runs import chat, lines, make_run

R, W, U = Verdict.RIGHT, Verdict.WRONG, Verdict.UNJUDGED


def number(prompt):
    return int(re.search(r"What is number (\d+)\?", prompt)[1])


def verdict(word, reason="as told"):
    return json.dumps({"reason": reason, "verdict": word})


def bench(*words):
    return CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)


@pytest.mark.timeout(300)
def test_a_judge_that_fails_a_third_of_the_calls_leaves_those_unjudged(tmp_path):
    run = make_run(tmp_path / "r", [*(f"{n}" for n in range(12)), Outcome.MALFORMED])
    before = (run.folder / "predictions.jsonl").read_bytes()
    broken = True

    def reply(prompt):
        n = number(prompt)
        return 500 if broken and n % 3 == 0 else verdict("right" if n % 2 else "wrong")

    with chat(reply) as server:
        told = bench("judge", run.folder, "--judge", f"llm:{server.spec}")
        found = json.loads(bench("report", run.folder, "--json").output)
        assert (told.exit_code, "4 unjudged" in told.output) == (0, True)
        assert (found["n"], found["scored"], found["unscored"]["unjudged"]) == (13, 9, 4)
        assert (found["correct"], found["judge"]) == (4, "llm-openai-wire-1")
        assert "4 unjudged" in bench("report", run.folder).output
        broken = False
        server.prompts.clear()
        bench("judge", run.folder, "--judge", f"llm:{server.spec}")
        assert sorted(number(p) for p in server.prompts) == [0, 3, 6, 9]
    found = json.loads(bench("report", run.folder, "--json").output)
    assert (found["scored"], found["unscored"]["unjudged"], found["correct"]) == (13, 0, 6)
    assert (run.folder / "predictions.jsonl").read_bytes() == before


def test_a_judge_sees_the_reference_and_is_held_to_a_schema(tmp_path):
    run = make_run(tmp_path, ["it is 0"])
    with chat(lambda prompt: verdict("right")) as server:
        slug = judge_run(run, f"llm:{server.spec}", Bench())
    assert "Reference answer: 0" in server.prompts[0]
    assert "it is 0" in server.prompts[0]
    (line,) = lines(run.judgement_path(slug))
    assert (line["verdict"], line["reason"]) == ("right", "as told")
    assert line["seconds"] > 0


def test_marked_answers_are_shown_and_make_another_judge(tmp_path):
    run = make_run(tmp_path / "r", ["x"])
    shots = tmp_path / "shots.jsonl"
    shot = {"question": "Which?", "reference": "oak", "answer": "a tree", "verdict": "wrong"}
    shots.write_text(json.dumps(shot) + "\n")
    with chat(lambda prompt: verdict("wrong")) as server:
        plain = judge_run(run, f"llm:{server.spec}", Bench())
        taught = judge_run(run, f"llm:{server.spec}", Bench(shots=shots))
    assert plain != taught
    assert ["a tree" in prompt for prompt in server.prompts] == [False, True]


def test_a_panel_decides_by_majority(tmp_path):
    votes = {"one": [R, R, W, R, W], "two": [R, W, W, U, None], "human": [R, R, R, U, W]}
    run = make_run(tmp_path, ["a", "b", "c", "d", Outcome.WORLD_ERROR], judges=votes)
    slug = judge_run(run, "panel:one,two,human", Bench())
    assert [j.verdict for j in run.judgements(slug).values()] == [R, R, W, U]
    written = run.judgement_path(slug).read_bytes()
    assert judge_run(run, "panel:one,two,human", Bench()) == slug
    assert run.judgement_path(slug).read_bytes() == written
    exactly = judge_run(run, "panel:exact,one,human", Bench(), slug="three")
    assert (exactly, run.judges()) == ("three", ["exact", "human", "one", slug, "three", "two"])


@pytest.mark.parametrize(
    ("verdicts", "found"),
    [([R, R, W], R), ([R, W], U), ([W, W, U], W), ([R, U, U], U), ([U, U, U], U)],
)
def test_majorities(verdicts, found):
    assert majority(verdicts) is found


@pytest.mark.parametrize("spec", ["", "llm:", "panel:exact", "panel:a,a", "best"])
def test_what_is_no_judge_is_named(tmp_path, spec):
    with pytest.raises(ConfigError):
        judge_run(make_run(tmp_path, ["a"]), spec, Bench())
