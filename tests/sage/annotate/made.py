"""Benchmark runs and queues to annotate, made as the benchmark makes them."""

from __future__ import annotations

import random
from pathlib import Path

from sage.annotate.runs import queue_run
from sage.annotate.store import Store
from sage.annotate.types import Policy, Queue
from sage.bench.run import BenchFolder, Entry, Header, Judgement, Outcome, Prediction
from sage.judge import Verdict
from sage.types import Example, Question, Span

JUDGES = ("exact", "llm-a", "llm-b", "llm-c")
DURATIONS = (30.0, 100.0, 200.0, 400.0, 900.0, 1800.0, 3000.0)


def make_run(folder: Path, n: int, judges: tuple[str, ...] = JUDGES, seed: int = 0) -> BenchFolder:
    """n answered questions, half of the answers right; the later a judge the more often it errs."""
    chance = random.Random(seed)
    entries = [_entry(i) for i in range(n)]
    run = BenchFolder.create(folder, Header(suite="made", model="m", expected=n, total=n), entries)
    truths = [chance.random() < 0.5 for _ in entries]
    with run.writing() as file:
        for entry, is_right in zip(entries, truths, strict=True):
            file.append(_prediction(entry, is_right, chance))
    for place, judge in enumerate(judges):
        with run.judging(judge) as file:
            for entry, is_right in zip(entries, truths, strict=True):
                errs = chance.random() < 0.05 * (place + 1)
                verdict = Verdict.RIGHT if is_right != errs else Verdict.WRONG
                file.append(
                    Judgement(question_id=entry.id, verdict=verdict, reason=f"{judge} says")
                )
    return run


def make_queue(
    tmp: Path, n: int = 40, *, share: float = 0.25, labels: int = 1
) -> tuple[Store, Queue]:
    """A store and a queue of a made run."""
    run = make_run(tmp / "run", n)
    store = Store(tmp / "annotations.sqlite")
    return store, queue_run(store, run, "night", Policy(share=share, labels=labels, seed=3))


def _entry(i: int) -> Entry:
    question = Question(id=f"q{i:04d}", video=f"film{i}.mp4", text=f"What is shown at {i}?")
    example = Example(
        question=question, answer=f"a thing number {i}", evidence=(Span(start_s=i, end_s=i + 2),)
    )
    return Entry(example=example, duration_s=DURATIONS[i % len(DURATIONS)])


def _prediction(entry: Entry, is_right: bool, chance: random.Random) -> Prediction:
    said = entry.example.answer if is_right else "something else"
    words = " ".join(["indeed"] * chance.randint(0, 30))
    return Prediction(
        question=entry.example.question,
        outcome=Outcome.ANSWERED,
        answer=f"{said} {words}".strip(),
        duration_s=entry.duration_s,
    )
