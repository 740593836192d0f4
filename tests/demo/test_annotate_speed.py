"""2,000 cases, four judges, two labels each: everything a page asks for comes in under a second."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import gradio as gr
import pytest

from demo.annotate_steps import AnnotateSteps
from demo.site import Site
from sage.annotate.store import FILE, Store, insert_label, log, stamp
from sage.annotate.types import Draft, Kind, Label, Policy, Role, VerdictBody
from sage.types import Example, Question, Span
from tests.demo.traces import lecture

N = 2000
JUDGES = ("exact", "llm-a", "llm-b", "llm-c")
MOST_S = 1.0


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> AnnotateSteps:
    data = tmp_path_factory.mktemp("large")
    fill(data)
    return AnnotateSteps(Site(data, is_public=False))


def fill(data: Path) -> None:
    """A queue of N cases with traces, 1,900 of them labelled twice."""
    chance = random.Random(0)
    store = Store(data / FILE)
    trace = lecture().model_dump_json()
    drafts = [_draft(i, trace, chance) for i in range(N)]
    store.add_queue("large", Kind.VERDICT, drafts, Policy(share=1.0, labels=2))
    cases = store.cases("large")
    with store.open(write=True) as db:
        for case in cases[:1900]:
            for who in ("ann", "bob"):
                value = chance.choice(("right", "right", "right", "wrong", "partly"))
                label = Label(
                    id=0, case=case.id, annotator=who, role=Role.LABEL, value=value, created=stamp()
                )
                insert_label(db, label)
                log(db, "large", who, "label", case=case.id)


def _draft(i: int, trace: str, chance: random.Random) -> Draft:
    question = Question(id=f"q{i}", video="film.mp4", text=f"What happens at {i}? " * 4)
    example = Example(question=question, answer="words " * 20, evidence=(Span(start_s=1, end_s=2),))
    said = {j: (chance.choice(("right", "wrong")), "a reason " * 20) for j in JUDGES}
    body = VerdictBody(example=example, answer="words " * chance.randint(1, 60))
    return Draft(key=question.id, body=body, duration_s=60.0 * (i % 50), trace=trace, verdicts=said)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["start", "next", "label", "skip", "undo", "results", "guideline"])
def test_every_answer_comes_in_under_a_second(steps, what):
    """Processor time of this process, so that a busy machine does not count."""
    case = json.loads(_act(steps, "next", 0))["case"]["id"]
    began = time.process_time()
    told = json.loads(_act(steps, what, case))
    took = time.process_time() - began
    assert "error" not in told
    assert took < MOST_S, f"{what} took {took:.2f} s"


def _act(steps: AnnotateSteps, what: str, case: int) -> str:
    asked = {
        "do": what,
        "queue": "large",
        "me": "eve",
        "case": case,
        "value": "right",
        "text": "New.",
    }
    return steps.act(gr.EventData(None, asked), None)
