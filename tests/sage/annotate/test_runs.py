"""From a run to a queue and back: people as a judge of the run."""

from __future__ import annotations

import pytest

from sage.annotate.desk import Desk
from sage.annotate.runs import HUMAN, queue_run, write_truth
from sage.annotate.store import Store
from sage.annotate.types import Policy, Stratum
from sage.bench.run import Outcome, Prediction
from sage.faults import WorldError
from sage.judge import Verdict
from tests.sage.annotate.made import make_queue, make_run


def test_the_queue_is_what_judges_disagree_on_and_a_share(tmp_path):
    run = make_run(tmp_path / "run", 60)
    store = Store(tmp_path / "s.sqlite")
    queue = queue_run(store, run, "q", Policy(share=0.1))
    said = [run.judgements(judge) for judge in run.judges()]
    split = {i for i in run.entries() if len({v[i].verdict for v in said}) > 1}
    cases = store.cases("q")
    assert {c.key for c in cases if c.stratum == Stratum.DISAGREE} == split
    assert sum(c.is_random for c in cases) == 6
    assert queue.sizes == {Stratum.DISAGREE: len(split), Stratum.AGREE: 60 - len(split)}


def test_no_answer_is_left_out_and_counted(tmp_path):
    run = make_run(tmp_path / "run", 10)
    first = next(iter(run.predictions().values()))
    with run.writing() as file:
        run.forget([first.id])
        file.append(Prediction(question=first.question, outcome=Outcome.WORLD_ERROR))
    store = Store(tmp_path / "s.sqlite")
    queue = queue_run(store, run, "q", Policy(share=1))
    assert (len(store.cases("q")), queue.left_out) == (9, 1)


def test_what_cannot_be_queued_says_what_to_do(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    bare = make_run(tmp_path / "bare", 5, judges=())
    with pytest.raises(WorldError, match="bench judge"):
        queue_run(store, bare, "q", Policy())
    run = make_run(tmp_path / "run", 5)
    with pytest.raises(WorldError, match="llm-z"):
        queue_run(store, run, "q", Policy(), ["llm-z"])
    queue_run(store, run, "q", Policy())
    with pytest.raises(WorldError, match="another name"):
        queue_run(store, run, "q", Policy())


def test_the_cases_of_a_queue_hold_no_verdict(tmp_path):
    store, _ = make_queue(tmp_path)
    assert "says" not in "".join(case.model_dump_json() for case in store.cases("night"))


def test_people_become_a_judge_of_the_run(tmp_path):
    store, queue = make_queue(tmp_path)
    run = make_run(tmp_path / "again", 40)
    desk = Desk(store)
    values = ["right", "partly", "wrong", "cannot_tell"]
    keys = []
    for value in values:
        taken = desk.take(queue.name, "ann")
        keys.append(taken.case.key)
        desk.label(taken.case.id, "ann", value, note="seen twice")
    assert write_truth(store, queue.name, run) == (4, 1)
    human = run.judgements(HUMAN)
    R, W, U = Verdict.RIGHT, Verdict.WRONG, Verdict.UNJUDGED
    assert [human[key].verdict for key in keys] == [R, W, W, U]
    assert "seen twice" in human[keys[0]].reason
    desk.undo(queue.name, "ann")
    desk.undo(queue.name, "ann")
    write_truth(store, queue.name, run, partly=R)
    assert [run.judgements(HUMAN)[key].verdict for key in keys] == [R, R, U, U]
    assert HUMAN in run.judges()
    remade = queue_run(store, run, "second", Policy(share=1))
    assert HUMAN not in store.verdicts(remade.name)[store.cases(remade.name)[0].id]
