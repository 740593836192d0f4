import pytest

from sage.annotate.desk import Desk
from sage.annotate.store import Store
from sage.data.check import as_left, edit_rate, offer, queue_name, read_decisions, store_path
from tests.sage.data.made import keep_sheet, settings, told_film, written

FILM = told_film()


@pytest.fixture
def plan(tmp_path):
    check = {"questions": 10, "store": str(tmp_path / "a.sqlite")}
    keep_sheet(tmp_path, FILM, *(written(n) for n in range(1, 21)))
    return settings(tmp_path, check=check)


def decide(plan, *values):
    desk = Desk(Store(store_path(plan)))
    for value in values:
        case = desk.take(queue_name(plan), "ann").case
        edits = {**case.body.fields, "answer": "green"} if value == "edit" else {}
        desk.label(case.id, "ann", value, edits=edits)


def test_a_sample_waits_once(plan):
    assert [offer(plan, [FILM]), offer(plan, [FILM])] == [10, 0]
    assert edit_rate(plan).sentence.startswith("10 questions wait")


def test_nobody_is_asked_when_not_wanted(tmp_path):
    plan = settings(tmp_path, check={"questions": 0, "store": str(tmp_path / "a.sqlite")})
    assert offer(plan, [FILM]) == 0
    assert not store_path(plan).exists()
    assert edit_rate(plan).sentence == "No person has looked at the questions."


def test_the_rate_has_an_interval(plan):
    offer(plan, [FILM])
    decide(plan, "edit", "reject", "accept", "accept")
    rate = edit_rate(plan)
    assert (rate.decided, rate.edited, rate.rejected) == (4, 0.25, 0.25)
    assert rate.low < 0.25 < rate.high
    assert "25.0% (95 % interval" in rate.sentence


def test_questions_are_used_as_people_left_them(plan):
    offer(plan, [FILM])
    decide(plan, "edit", "reject", "accept")
    decisions = read_decisions(plan)
    left = [as_left(written(n), decisions) for n in range(1, 21)]
    assert left.count(None) == 1
    answers = [one.example.answer for one in left if one]
    assert (answers.count("green"), answers.count("yellow")) == (1, 18)
