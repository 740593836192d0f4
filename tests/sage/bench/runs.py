"""Runs on disk for tests, and a real server that answers chat completions by what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sage.bench.run import BenchFolder, Entry, Header, Judgement, Outcome, Prediction
from sage.judge import Verdict
from sage.types import Example, Question
from tests.servers import Visit, as_json, serve
from tests.wire import Step, write_openai

LENGTHS = (30.0, 90.0, 200.0, 400.0, 900.0, 1500.0, 3000.0)
"""One in each bucket."""


def entry(n: int, *, answer: str = "", duration_s: float | None = None, **more: Any) -> Entry:
    """The n-th question; its answer is its number unless given."""
    question = Question(id=f"q{n:04d}", video=f"v{n // 3}", text=f"What is number {n}?")
    example = Example(question=question, answer=answer or str(n), **more)
    return Entry(example=example, duration_s=duration_s or LENGTHS[n % len(LENGTHS)])


def prediction(
    entry: Entry, answer: str | None, outcome: Outcome = Outcome.ANSWERED, **more: Any
) -> Prediction:
    return Prediction(question=entry.example.question, outcome=outcome, answer=answer, **more)


def make_run(
    folder: Path,
    said: Sequence[str | Outcome | None],
    *,
    judges: dict[str, Sequence[Verdict | None]] | None = None,
    **header: Any,
) -> BenchFolder:
    """A run in which question n was answered with said[n]; an Outcome instead of an answer is what became of it."""
    entries = [entry(n) for n in range(len(said))]
    facts = {"suite": "jsonl:x", "model": "offline", "expected": len(said), "total": len(said)}
    run = BenchFolder.create(folder, Header.model_validate(facts | header), entries)
    with run.writing() as file:
        for one, words in zip(entries, said, strict=True):
            is_outcome = isinstance(words, Outcome)
            outcome = words if is_outcome else Outcome.ANSWERED
            file.append(prediction(one, None if is_outcome else words, outcome, turns=1))
    for slug, verdicts in (judges or {}).items():
        with run.judging(slug) as file:
            for one, verdict in zip(entries, verdicts, strict=True):
                if verdict is not None:
                    file.append(Judgement(question_id=one.id, verdict=verdict))
    return run


@dataclass
class Chat:
    """A running server; `prompts` are what it was asked."""

    spec: str
    prompts: list[str] = field(default_factory=list)


@contextmanager
def chat(reply: Callable[[str], str | int]) -> Iterator[Chat]:
    """Serves chat completions; `reply` gets the prompt's text and gives a text, or the status of an error."""
    found = Chat("")
    lock = threading.Lock()

    def answer(visit: Visit) -> None:
        prompt = json.dumps(visit.json()["messages"], ensure_ascii=False)
        with lock:
            found.prompts.append(prompt)
        said = reply(prompt)
        if isinstance(said, int):
            body = json.dumps({"error": {"message": "out of order"}}).encode()
            visit.head(said, Retry_After="0", Content_Length=str(len(body)))
            visit.wfile.write(body)
        else:
            as_json(write_openai(Step(said)))(visit)

    with serve({"/v1/chat/completions": answer}) as server:
        found.spec = f"openai:wire-1@{server.url('/v1')}"
        yield found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
