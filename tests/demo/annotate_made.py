"""Judged runs whose traces, frames and films are real: those of the examples that come with the app."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

from sage.annotate.questions import Written, add
from sage.annotate.runs import queue_run
from sage.annotate.store import FILE, Store
from sage.annotate.types import Policy
from sage.bench.run import BenchFolder, Entry, Header, Judgement, Outcome, Prediction
from sage.judge import Verdict
from sage.store import RunFolder
from sage.types import Example, Question, Span, Trace
from sage.video.probe import probe

SHELF = Path(__file__).parents[2] / "assets" / "examples"
NAMES = ("lighthouse", "chocolate", "street")
JUDGES = ("exact", "llm-small", "llm-large", "panel")
TRUTHS = {
    "lighthouse": "A light whose dark spells are shorter than its light ones.",
    "chocolate": "It is tempered: cooled and warmed again so that the right crystals form.",
    "street": "A bicycle",
}


def make_run(folder: Path, n: int) -> BenchFolder:
    """n questions, the three saved runs in turn, with judges that differ on about a third."""
    chance = random.Random(7)
    traces = {name: _trace(name) for name in NAMES}
    entries = [_entry(i, traces[NAMES[i % 3]]) for i in range(n)]
    run = BenchFolder.create(folder, Header(suite="made", model="m", expected=n, total=n), entries)
    for name in NAMES:
        shutil.copytree(SHELF / "saved" / name, folder / "media" / name)
    with run.writing() as file:
        for i, entry in enumerate(entries):
            file.append(_prediction(entry, traces[NAMES[i % 3]], NAMES[i % 3]))
    for place, judge in enumerate(JUDGES):
        with run.judging(judge) as file:
            for i, entry in enumerate(entries):
                is_right = (i % 2 == 0) != (chance.random() < 0.12 * place)
                verdict = Verdict.RIGHT if is_right else Verdict.WRONG
                reason = f"The {judge} compared both texts word by word."
                file.append(Judgement(question_id=entry.id, verdict=verdict, reason=reason))
    return run


def make_queue(data: Path, name: str, n: int, *, share: float = 1.0, labels: int = 1) -> Store:
    """A queue in the app's data folder; with a share of 1 it has all n cases."""
    run = make_run(data / "runs" / "bench" / name, n)
    store = Store(data / FILE)
    queue_run(store, run, name, Policy(share=share, labels=labels))
    return store


def make_questions(data: Path, name: str, n: int) -> Store:
    """A queue of written questions about the examples' films."""
    films = {who: probe(SHELF / f"{who}.mp4") for who in NAMES}
    store = Store(data / FILE)
    written = [
        Written(
            id=f"w{i:03d}",
            fields={
                "question": f"What is explained around minute {i % 3}?",
                "options": "A lamp\nA lens\nA bell",
                "answer": "A lens",
                "difficulty": "medium",
            },
            film=films[NAMES[i % 3]].path,
            digest=films[NAMES[i % 3]].digest,
            spans=(Span(start_s=5.0 + i % 3, end_s=9.0 + i % 3),),
            duration_s=films[NAMES[i % 3]].duration_s,
        )
        for i in range(n)
    ]
    add(store, name, written, policy=Policy(share=1.0))
    return store


def _trace(name: str) -> Trace:
    """The saved run, with the film where it lies here."""
    trace = RunFolder.open(SHELF / "saved" / name).trace()
    return trace.model_copy(update={"film": probe(SHELF / f"{name}.mp4", name)})


def _entry(i: int, trace: Trace) -> Entry:
    name = NAMES[i % 3]
    question = Question(id=f"q{i:04d}", video=f"{name}.mp4", text=f"{trace.question.text} ({i})")
    example = Example(
        question=question,
        answer=TRUTHS[name],
        modality="both",
        difficulty="medium",
        kind="open-ended",
        evidence=(Span(start_s=4.0, end_s=9.0),),
    )
    return Entry(example=example, duration_s=trace.film.duration_s if trace.film else None)


def _prediction(entry: Entry, trace: Trace, name: str) -> Prediction:
    return Prediction(
        question=entry.example.question,
        outcome=Outcome.ANSWERED,
        answer=trace.answer or "Nothing was found.",
        stop=trace.stop,
        turns=len(trace.turns),
        duration_s=trace.film.duration_s if trace.film else None,
        media=f"media/{name}",
        trace=trace.model_copy(update={"question": entry.example.question}),
    )


if __name__ == "__main__":
    made = Path(sys.argv[1])
    make_queue(made, "night", int(sys.argv[2]), labels=2)
    make_questions(made, "questions", 12)
