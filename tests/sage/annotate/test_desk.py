"""Who has what on the desk, with a clock that the test turns."""

from __future__ import annotations

import threading

import pytest

from sage.annotate.desk import Desk
from sage.annotate.types import Role
from sage.faults import WorldError
from tests.sage.annotate.made import make_queue


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(tmp_path, clock):
    return Desk(make_queue(tmp_path)[0], clock)


@pytest.fixture
def pair(tmp_path, clock):
    """A desk on a queue that wants two labels a case."""
    return Desk(make_queue(tmp_path, labels=2)[0], clock)


def test_nobody_holds_what_another_holds_and_reloading_brings_the_same(desk):
    ann, bob = desk.take("night", "ann"), desk.take("night", "bob")
    assert ann.case.id != bob.case.id
    assert desk.take("night", "ann").case.id == ann.case.id


def test_a_lease_ends_by_itself_unless_it_is_renewed(desk, clock):
    ann, bob = desk.take("night", "ann"), desk.take("night", "bob")
    clock.now += 800
    assert desk.renew(bob.lease.token)
    clock.now += 200
    assert desk.take("night", "eve").case.id == ann.case.id
    assert not desk.renew(ann.lease.token)
    assert desk.renew(bob.lease.token)


def test_leaving_gives_the_case_back_once(desk):
    ann = desk.take("night", "ann")
    assert desk.give_back(ann.lease.token)
    assert not desk.give_back(ann.lease.token)
    assert desk.take("night", "bob").case.id == ann.case.id


def test_many_at_once_never_share(desk):
    held, go = [], threading.Barrier(8)

    def work(name):
        go.wait()
        held.append(desk.take("night", name).case.id)

    threads = [threading.Thread(target=work, args=(f"p{i}",)) for i in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(set(held)) == 8


def test_each_case_gets_its_labels_from_different_people(pair):
    n = len(pair.store.cases("night"))
    for name in ("ann", "bob", "eve"):
        while taken := pair.take("night", name):
            pair.label(taken.case.id, name, "right")
    by_case: dict[int, set[str]] = {}
    for label in pair.store.labels("night"):
        by_case.setdefault(label.case, set()).add(label.annotator)
    assert len(by_case) == n
    assert {len(names) for names in by_case.values()} == {2}
    at = pair.progress("night", "ann")
    assert (at.labels, at.decided, at.mine) == (2 * n, n, n)


def test_a_label_keeps_what_was_read_and_how_long_it_took(desk, clock):
    taken = desk.take("night", "ann")
    clock.now += 12.5
    desk.store.set_guideline("night", "New rules.")
    label = desk.label(taken.case.id, "ann", "partly", note=" half of it ").label
    assert (label.value, label.note, label.guideline, label.seconds) == (
        "partly",
        "half of it",
        2,
        12.5,
    )
    assert desk.store.labels("night") == [label]


def test_a_late_label_is_kept_and_a_second_is_refused(desk, clock):
    ann = desk.take("night", "ann")
    clock.now += 2000
    assert desk.take("night", "bob").case.id == ann.case.id
    desk.label(ann.case.id, "ann", "wrong")
    with pytest.raises(WorldError, match="already"):
        desk.label(ann.case.id, "ann", "right")
    with pytest.raises(WorldError, match="no label"):
        desk.label(ann.case.id, "bob", "maybe")
    assert [label.value for label in desk.store.labels("night")] == ["wrong"]


def test_what_is_skipped_comes_last(desk):
    order = [c.id for c in desk.store.cases("night")]
    for number in order[:2]:
        assert desk.take("night", "ann").case.id == number
        desk.skip(number, "ann")
    assert desk.take("night", "ann").case.id == order[2]
    assert desk.take("night", "bob").case.id == order[0]
    for number in order[1:]:
        desk.label(number, "ann", "right")
    desk.give_back(desk.take("night", "bob").lease.token)
    assert desk.take("night", "ann").case.id == order[0]


def test_undo_brings_the_case_back_and_the_new_label_is_not_blind(desk):
    first = desk.take("night", "ann").case.id
    assert desk.label(first, "ann", "right").label.blind
    second = desk.take("night", "ann").case.id
    desk.label(second, "ann", "right")
    assert desk.undo("night", "ann").case == second
    assert desk.take("night", "ann").case.id == second
    assert not desk.label(second, "ann", "wrong").label.blind
    assert desk.undo("night", "ann").case == second
    assert desk.undo("night", "ann").case == first
    assert desk.undo("night", "ann") is None
    assert [e["what"] for e in desk.store.history("night")].count("undo") == 3


def test_adjudication_settles_what_people_differ_on(pair):
    while taken := pair.take("night", "ann"):
        pair.label(taken.case.id, "ann", "right")
    while taken := pair.take("night", "bob"):
        pair.label(taken.case.id, "bob", "wrong" if taken.case.id % 3 == 0 else "right")
    disputed = [c.id for c in pair.store.cases("night") if c.id % 3 == 0]
    assert pair.progress("night").disputed == len(disputed)
    taken = pair.take("night", "eve", Role.ADJUDICATION)
    assert taken.case.id == disputed[0]
    assert pair.take("night", "zoe", Role.ADJUDICATION).case.id == disputed[1]
    pair.label(taken.case.id, "eve", "partly", role=Role.ADJUDICATION)
    with pytest.raises(WorldError, match="settled"):
        pair.label(taken.case.id, "zoe", "right", role=Role.ADJUDICATION)
    at = pair.progress("night")
    assert (at.settled, at.disputed) == (1, len(disputed) - 1)


def test_a_settled_label_is_not_undone(pair):
    case = pair.take("night", "ann").case.id
    pair.label(case, "ann", "right")
    pair.label(case, "bob", "wrong")
    pair.label(case, "eve", "wrong", role=Role.ADJUDICATION)
    with pytest.raises(WorldError, match="settled"):
        pair.undo("night", "ann")
    assert pair.undo("night", "eve", Role.ADJUDICATION).value == "wrong"
    assert pair.undo("night", "ann").value == "right"
