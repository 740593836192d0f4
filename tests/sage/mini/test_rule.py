"""The rule for reasonable calls."""

import pytest

from sage.judge import Verdict
from sage.mini.expert import Expert
from sage.mini.film import MiniFilm, Task
from sage.mini.play import open_episode, play
from sage.mini.rule import rule_for
from sage.mini.world import make_film
from sage.timecode import format_clock
from sage.train.rollout import trace_of as record
from sage.types import Call
from tests.sage.rewards.traces import call, trace_of

FILMS = [make_film("train", 0, index) for index in range(60)]


def _first(*steps: str) -> tuple[MiniFilm, Task]:
    return next(
        (f, t)
        for f in FILMS
        for t in f.tasks
        if t.steps == steps and (t.look or t.listen or "search" in steps)
    )


def test_a_call_serves_what_is_still_to_be_done():
    judge, hear = rule_for(*_first("search")), call("transcribe-speech")
    trace = trace_of(call("web-search", query="ada"), call("web-search", query="ada"), hear, "x")
    first, again, other, answer = trace.turns
    before = trace.model_copy(update={"turns": (first,)})
    assert judge(trace.model_copy(update={"turns": ()}), first) is Verdict.RIGHT
    assert judge(before, again) is Verdict.WRONG
    assert judge(before, other) is Verdict.WRONG
    assert judge(before, answer) is Verdict.UNJUDGED


def test_a_look_elsewhere_than_the_question_points_is_not_reasonable():
    film, task = _first("ground")
    judge = rule_for(film, task)
    start, end = task.look
    there = {"timestamp_start": format_clock(start), "timestamp_end": format_clock(end)}
    far = (end + 20, film.duration_s) if film.duration_s - end > 30 else (0, start - 20)
    away = {"timestamp_start": format_clock(far[0]), "timestamp_end": format_clock(far[1])}
    for window, verdict in ((there, Verdict.RIGHT), (away, Verdict.WRONG)):
        trace = trace_of(call("ground-event", event="star", **window), "x")
        assert judge(trace.model_copy(update={"turns": ()}), trace.turns[0]) is verdict


def test_a_second_of_the_film_is_no_place_to_listen_for_what_may_be_anywhere():
    film, task = next(
        (f, t) for f in FILMS for t in f.tasks if t.steps == ("listen",) and not t.listen
    )
    judge = rule_for(film, task)
    for window, verdict in (("00:00:30", Verdict.WRONG), (None, Verdict.RIGHT)):
        asked = {"timestamp_start": window, "timestamp_end": window} if window else {}
        trace = trace_of(call("transcribe-speech", **asked), "x")
        assert judge(trace.model_copy(update={"turns": ()}), trace.turns[0]) is verdict


@pytest.mark.parametrize("number", range(0, 60, 6))
def test_all_calls_of_a_perfect_expert_are_reasonable_and_one_more_is_not(number, tmp_path):
    film = FILMS[number]
    for task in film.tasks:
        episode, workspace = open_episode(film, task, tmp_path)
        play(episode, workspace, Expert(film, prompts="mini"))
        trace, judge = record(episode), rule_for(film, task)
        for place, turn in enumerate(trace.turns):
            if isinstance(turn.action, Call):
                before = trace.model_copy(update={"turns": trace.turns[:place]})
                assert judge(before, turn) is Verdict.RIGHT
        more = trace_of(call("ground-event", event="ring"), "x").turns[0]
        assert judge(trace, more) is Verdict.WRONG
