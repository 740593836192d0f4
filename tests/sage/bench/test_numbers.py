"""Numbers of runs against the raw lines."""

from random import Random

import pytest

from sage.bench.numbers import compare, report, seeds
from sage.bench.run import BenchFolder, Header, Outcome
from sage.bench.score import bucket_name, see
from sage.bench.statistics import mcnemar, wilson
from sage.faults import WorldError
from sage.judge import Verdict
from sage.types import Setup, Usage
from tests.sage.bench.recount import recount
from tests.sage.bench.runs import entry, make_run, prediction

R, W, U = Verdict.RIGHT, Verdict.WRONG, Verdict.UNJUDGED


def mixed(folder, seed, name="j"):
    """A run in which everything happens."""
    random = Random(seed)
    outcomes = [None, None, None, *Outcome]
    said = [random.choice(outcomes) or "some words" for _ in range(120)]
    return make_run(folder, said, judges={name: [random.choice([R, R, W, U, None]) for _ in said]})


@pytest.mark.parametrize("seed", range(3))
def test_a_report_equals_the_raw_lines(tmp_path, seed):
    run = mixed(tmp_path, seed)
    numbers, raw = report(see(run)), recount(tmp_path, "j")
    for name, cell in raw.items():
        told = numbers if name == "all" else numbers["buckets"][name]
        assert {k: told[k] for k in ("n", "scored", "correct")} == cell
        assert told["accuracy"] == cell["correct"] / cell["scored"]
        assert (told["low"], told["high"]) == wilson(cell["correct"], cell["scored"])
    for by in ("buckets", "modality", "kind", "difficulty", "source"):
        assert sum(cell["n"] for cell in numbers[by].values()) == 120
    assert sum(numbers["outcomes"].values()) == 120
    assert numbers["n"] - numbers["scored"] == sum(numbers["unscored"].values())


def test_the_worlds_failures_and_silent_judges_are_never_wrong(tmp_path):
    said = ["a", "b", Outcome.WORLD_ERROR, Outcome.MISSING_VIDEO, "e", Outcome.MALFORMED]
    run = make_run(tmp_path, said, judges={"j": [R, W, W, R, U, R]}, expected=8)
    numbers = report(see(run))
    assert (numbers["n"], numbers["scored"], numbers["correct"]) == (6, 3, 1)
    assert numbers["unscored"] == {
        "world_error": 1,
        "missing_video": 1,
        "unjudged": 1,
        "not_asked": 2,
    }
    assert [m["questions"] for m in numbers["missing"]] == [1]


def test_the_exact_judge_needs_no_file(tmp_path):
    run = make_run(tmp_path, ["0", "7", "The answer is 2."])
    assert (see(run).judge, report(see(run))["correct"]) == ("exact", 2)
    with pytest.raises(WorldError, match="has no judge j"):
        see(run, "j")


def test_what_a_question_costs(tmp_path):
    run = BenchFolder.create(
        tmp_path, Header(suite="x", model="m", expected=3, total=3), [entry(n) for n in range(3)]
    )
    with run.writing() as file:
        for n, seconds in enumerate((1.0, 2.0, 6.0)):
            file.append(
                prediction(
                    entry(n),
                    "x",
                    turns=n + 1,
                    tools={"analyze": n} if n else {},
                    frames=10 * n,
                    seconds=seconds,
                    usage=Usage(input_tokens=100 * n, output_tokens=10),
                    usd=None if n == 0 else 0.5,
                )
            )
    found = report(see(run))
    assert found["turns"] == {
        "mean": 2.0,
        "multi": 2 / 3,
        "buckets": {"0-60": 1.0, "60-180": 2.0, "180-300": 3.0},
    }
    assert found["tools"] == {"calls": {"analyze": 3}, "questions": {"analyze": 2}, "share": 2 / 3}
    assert (found["frames"], found["seconds"]["mean"], found["seconds"]["median"]) == (10, 3, 2)
    assert found["tokens"] == {"known": 3, "input": 100, "output": 10}
    assert found["usd"] == {"total": 1.0, "mean": 0.5, "unknown": 1}


def test_a_comparison_is_of_the_questions_both_have(tmp_path):
    a, b = mixed(tmp_path / "a", 5), mixed(tmp_path / "b", 6)
    found = compare(see(a), see(b))
    rights = [{r.entry.id: r.is_right for r in see(run).rows} for run in (a, b)]
    both = [i for i in rights[0] if None not in (rights[0][i], rights[1][i])]
    wins = sum(rights[0][i] and not rights[1][i] for i in both)
    losses = sum(rights[1][i] and not rights[0][i] for i in both)
    assert (found["n"], found["wins"], found["losses"]) == (len(both), wins, losses)
    assert found["ties"] == len(both) - wins - losses
    assert found["difference"] == pytest.approx((wins - losses) / len(both), abs=1e-12)
    assert found["mcnemar_p"] == mcnemar(wins, losses)
    assert found["left_out"] == {"unscored": 120 - len(both), "only_a": 0, "only_b": 0}
    assert sum(cell["n"] for cell in found["buckets"].values()) == len(both)
    turned = compare(see(b), see(a))
    assert (turned["wins"], turned["difference"]) == (losses, -found["difference"])


def test_judges_stand_side_by_side(tmp_path):
    run = make_run(tmp_path, ["a", "b", "c"], judges={"one": [R, R, W], "two": [R, U, None]})
    found = report(see(run, "two"))["judges"]
    assert {slug: (c["correct"], c["scored"]) for slug, c in found.items()} == {
        "one": (2, 3),
        "two": (1, 1),
    }


def test_runs_that_differ_in_their_seed_belong_together(tmp_path):
    runs = [
        make_run(tmp_path / str(s), ["0", "1", words], seed=s, setup=Setup(seed=s))
        for s, words in enumerate(["2", "x", "2"])
    ]
    other = make_run(tmp_path / "other", ["0"], mode="direct")
    (found,) = seeds([see(run) for run in (*runs, other)])
    assert (found["runs"], found["low"], found["high"]) == (3, 2 / 3, 1.0)
    assert found["runs_by_seed"] == {"0": "0", "1": "1", "2": "2"}


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (5, "0-60"),
        (60, "0-60"),
        (60.1, "60-180"),
        (2400, "1200-2400"),
        (9000, "2400+"),
        (None, "unknown"),
    ],
)
def test_buckets(seconds, name):
    assert bucket_name(seconds) == name
