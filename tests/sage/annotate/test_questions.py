"""The human check of written questions."""

from __future__ import annotations

import pytest
from statsmodels.stats.proportion import proportion_confint

from sage.annotate.desk import Desk
from sage.annotate.questions import Written, add, check, checked
from sage.annotate.store import Store
from sage.annotate.types import Policy
from sage.faults import WorldError


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "s.sqlite")


def written(n: int) -> list[Written]:
    return [
        Written(id=f"w{i}", fields={"question": f"What is {i}?", "answer": str(i)})
        for i in range(n)
    ]


def test_a_sample_is_accepted_edited_and_rejected(store):
    add(store, "may", written(200), policy=Policy(share=0.1, seed=4))
    desk, n = Desk(store), 0
    while taken := desk.take("may", "ann"):
        value = ["edit", "reject", "accept", "accept"][n % 4]
        edits = {"answer": "better", "question": taken.case.body.fields["question"]}
        desk.label(taken.case.id, "ann", value, edits=edits)
        n += 1
    found = check(store, "may")
    assert (found.asked, found.decided) == (20, 20)
    assert found.edited.value == 0.25
    assert (found.edited.low, found.edited.high) == pytest.approx(
        proportion_confint(5, 20, method="wilson"), abs=1e-9
    )
    left = list(checked(store, "may"))
    assert [c.decision for c in left].count("edit") == 5
    edited = next(c for c in left if c.decision == "edit")
    assert edited.changed == ("answer",)
    assert edited.fields["answer"] == "better"


def test_an_edit_that_changes_nothing_is_refused(store):
    add(store, "may", written(3), policy=Policy(share=1))
    taken = Desk(store).take("may", "ann")
    with pytest.raises(WorldError, match="Nothing was changed"):
        Desk(store).label(taken.case.id, "ann", "edit", edits=dict(taken.case.body.fields))
    assert store.labels("may") == []


def test_before_anybody_looked_there_is_no_rate(store):
    add(store, "may", written(3))
    found = check(store, "may")
    assert (found.asked, found.decided, found.edited.value) == (1, 0, None)
    assert found.edited.why


def test_what_cannot_be_added_is_refused(store):
    with pytest.raises(WorldError, match="none"):
        add(store, "empty", [])
    with pytest.raises(WorldError, match="unique"):
        add(store, "twice", [*written(2), *written(1)])
