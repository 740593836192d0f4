import json

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from sage.data.settings import Shares
from sage.data.sift import (
    Sifted,
    Tally,
    Try,
    balance,
    held_out,
    path_of,
    settle,
    share_out,
    why_not,
)
from sage.faults import WorldError
from sage.judge import Verdict
from sage.types import (
    Answer,
    Call,
    Decision,
    Fault,
    FaultKind,
    Observation,
    Question,
    Stop,
    Trace,
    Turn,
)
from tests.sage.data.made import make_films, settings, told_film, written


def look(index, start="00:00:01", fault=None):
    call = Call(tool="transcribe-speech", arguments={"timestamp_start": start})
    told = Fault(kind=fault, message="no") if fault else None
    seen = Observation(tool=call.tool, fault=told)
    return Turn(index=index, stage=2, action=call, decision=Decision.TRANSCRIBE, observation=seen)


def trace(*turns, stop=Stop.ANSWERED, answer="yellow"):
    last = Turn(index=9, stage=2, action=Answer(text=answer or ""), decision=Decision.ANSWER)
    return Trace(question=Question(text="?"), turns=(*turns, last), stop=stop, answer=answer)


RIGHT, WRONG, UNJUDGED = Verdict.RIGHT, Verdict.WRONG, Verdict.UNJUDGED


@pytest.mark.parametrize(
    ("run", "verdict", "reason"),
    [
        (trace(), RIGHT, ""),
        (trace(look(1), look(2, "00:00:09")), RIGHT, ""),
        (trace(look(1, fault=FaultKind.NOT_FOUND)), RIGHT, ""),
        (trace(stop=Stop.FORCED), RIGHT, ""),
        (trace(), WRONG, "wrong"),
        (trace(), UNJUDGED, "not judged"),
        (trace(stop=Stop.MALFORMED, answer=None), UNJUDGED, "no answer"),
        (trace(stop=Stop.FAILED), UNJUDGED, "not finished"),
        (trace(stop=None), UNJUDGED, "not finished"),
        (trace(look(1, fault=FaultKind.UNAVAILABLE)), RIGHT, "world error"),
        (trace(look(1), look(2)), RIGHT, "repeats"),
        (trace(look(1), look(2, "00:00:09", FaultKind.REPEATED)), RIGHT, "repeats"),
    ],
)
def test_reasons_against_a_trajectory(run, verdict, reason):
    assert why_not(run, verdict) == reason


def test_a_way_is_its_looks_and_its_answer():
    assert path_of(trace(look(1))) == path_of(trace(look(3), answer="Yellow."))
    assert path_of(trace(look(1))) != path_of(trace(look(1, "00:00:02")))
    assert path_of(trace()) != path_of(trace(answer="red"))


TRIES = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(1, 4), st.booleans()), unique_by=lambda t: t[:2]
)


@limits(max_examples=60)
@given(TRIES, st.floats(0, 1))
def test_balance_takes_only_what_is_over(tries, share):
    gone = balance(tries, share, seed=1)
    single = [t for t in tries if t[2]]
    left = [t for t in tries if t[:2] not in gone]
    assert gone <= {t[:2] for t in single}
    if len(single) < len(tries):
        assert sum(t[2] for t in left) <= share * len(left) + 1e-9 or not gone
    else:
        assert not gone


def test_balance_keeps_one_of_each_question_as_long_as_it_can():
    tries = [("a", n, True) for n in range(3)] + [("b", 1, True), ("c", 1, False), ("c", 2, False)]
    assert {question for question, _ in balance(tries, 0.5, seed=1)} == {"a"}


def test_films_keep_their_set_when_others_come(tmp_path):
    films = [told_film(f"{n:03d}") for n in range(20)]
    first = share_out(films[:10], Shares(), tmp_path)
    both = share_out(films, Shares(), tmp_path)
    assert {d: both[d] for d in first} == first
    assert [list(both.values()).count(s) for s in ("sft", "val", "rl")] == [14, 2, 4]


def test_held_out_films_are_known_by_content(tmp_path):
    films = make_films(tmp_path / "films", 2)
    (tmp_path / "list").write_text("abc a film\ndef\n")
    assert held_out(str(tmp_path / "list")) == {"abc", "def"}
    assert len(held_out(str(films[0].parent))) == 2
    assert held_out("") == set()
    with pytest.raises(WorldError, match="held_out"):
        held_out(str(tmp_path / "none"))


def sifted(number, *calls, split="sft", reason=""):
    tries = tuple(
        Try(number=n, run="r", verdict=RIGHT, calls=c, answer="yellow")
        for n, c in enumerate(calls, 1)
    )
    return Sifted(
        written=written(number), digest=f"d{number}", split=split, tries=tries, reason=reason
    )


def test_settling_counts_what_is_written(tmp_path):
    found = [sifted(2, 0, 0, 0), sifted(1, 1), sifted(3, 2, split="rl"), sifted(4, 1, reason="x")]
    raw = tmp_path / "raw"
    raw.write_text("".join(s.model_dump_json() + "\n" for s in found))
    tally = Tally()
    report = settle(raw, tmp_path / "out", settings(tmp_path), tally)
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [line["written"]["example"]["question"]["id"][-2:] for line in lines] == [
        "01",
        "02",
        "03",
        "04",
    ]
    assert (report.questions, report.trajectories, report.kept_trajectories) == (4, 6, 2)
    assert (report.kept_questions, report.single, report.rl_questions) == (2, 1, 1)
    assert report.dropped == {"question: x": 1, "trajectory: balance": 2}
    assert sum(len(e) for e in report.examples.values()) == 3
