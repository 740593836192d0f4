"""Curves and logs of jobs: read on, thinned without losing anything that shows, whole lines only."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.train import job_log
from sage.train.job_curves import Log, curves, number_steps, progress, thin
from sage.train.job_files import Attempt, Process, Started


def put(folder, lines, end=""):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text + end)


def line(step, stage=0, **values):
    return {"stage": stage, "step": step, "loss": 1 / step, "seconds": 2.0, **values}


def test_a_half_written_line_is_left_for_later(tmp_path):
    log = Log(tmp_path)
    assert log.lines()[1] == []
    put(tmp_path, [line(1)], end='{"stage": 0, "st')
    before, lines = log.lines()
    assert [one["step"] for one in lines] == [1]
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('ep": 2, "loss": 0.5}\n')
    after, lines = log.lines()
    assert [one["step"] for one in lines] == [1, 2]
    assert after != before


def test_a_log_that_was_cut_for_a_resume_is_read_anew(tmp_path):
    log = Log(tmp_path)
    put(tmp_path, [line(n) for n in range(1, 10)])
    first, _ = log.lines()
    short = tmp_path / "short"
    short.write_text("".join(json.dumps(line(n)) + "\n" for n in range(1, 5)))
    short.replace(tmp_path / "metrics.jsonl")
    second, lines = log.lines()
    assert [one["step"] for one in lines] == [1, 2, 3, 4]
    assert first != second


def test_steps_go_on_over_stages():
    lines = [line(1), line(2), line(1, stage=1)]
    assert number_steps(lines, {"warmup": 2, "main": 5}) == [1, 2, 3]
    assert number_steps(lines, {}) == [1, 2, 3]


def test_the_time_left_is_told_by_this_attempt_alone():
    slow = [line(n, seconds=1000.0) for n in range(1, 6)]
    quick = [line(n, seconds=1.0) for n in range(6, 8)]
    start = Started(process=Process(pid=1, created=0), command=(), cwd="/", at=0.0, first_step=5)
    told = progress([*slow, *quick], {"grpo": 17}, Attempt(number=2, start=start))
    assert (told.step, told.steps, told.seconds_left) == (7, 17, pytest.approx(10))


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=400), st.integers(8, 60))
def test_thinning_keeps_the_ends_and_every_extreme(values, most):
    kept = thin(values, most)
    known = [k for k, value in enumerate(values) if value is not None]
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    if known:
        assert {known[0], known[-1]} <= set(kept)
        shown = [values[k] for k in kept]
        assert max(shown) == max(values[k] for k in known)
        assert min(shown) == min(values[k] for k in known)


def test_ten_thousand_lines_are_curves_in_two_seconds(tmp_path):
    names = [f"reward/{n}" for n in range(20)]
    put(tmp_path, [line(n, **dict.fromkeys(names, n % 7)) for n in range(1, 10_001)], end='{"st')
    began = time.process_time()
    _, lines = Log(tmp_path).lines()
    found = curves(lines, {"grpo": 10_000})
    assert time.process_time() - began < 2
    assert len(lines) == 10_000
    assert found["y"]["reward/3"]["i"][-1] == 10_000
    assert all(len(curve["i"]) <= 1000 for curve in found["y"].values())


def test_a_long_log_is_shown_by_its_end_and_searched_as_a_whole(tmp_path):
    lines = [f"step {n} went well" for n in range(200_000)]
    lines[77] = "the needle"
    (tmp_path / "log.txt").write_text("\n".join(lines) + "\n" + "half a li")
    began = time.process_time()
    tail = job_log.tail(tmp_path)
    hits, count = job_log.search(tmp_path, "NEEDLE")
    assert time.process_time() - began < 2
    assert tail.lines[-1] == "half a li"
    assert (len(tail.lines), tail.is_whole) == (500, False)
    assert (count, hits[0].number, hits[0].text) == (1, 78, "the needle")


def test_the_first_traceback_of_an_attempt_is_lifted_out(tmp_path):
    old = "Traceback (most recent call last):\n  File x\nKeyError: 'old'\n"
    new = (
        "loading\nTraceback (most recent call last):\n  File y, line 2\n    x\n"
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\nbye\n"
    )
    (tmp_path / "log.txt").write_text(old + new)
    said = job_log.problem(tmp_path, len(old))
    assert said.startswith("Traceback")
    assert said.endswith("2 GiB")
    assert "micro_tokens" in job_log.advice(said)
    assert job_log.problem(tmp_path).endswith("'old'")
