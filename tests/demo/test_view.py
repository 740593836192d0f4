"""The fold from a trace to what the page shows."""

import json

import pytest

from demo.view import dump, headline, now, skipped, view
from sage.tools.page_text import framed
from sage.types import Answer, Decision, Event, Frame, Observation, Question, Stop, Trace, Usage
from tests.demo.traces import call, clip_turn, film, frames, hostile, lecture, long_run, seen, turn


def shown(trace: Trace | None, **live):
    return view(trace, live=live or None, media=lambda path: f"/run/{path}")


def test_before_any_run_the_page_is_empty():
    empty = shown(None)
    assert (empty["status"], empty["turns"], empty["film"], empty["answer"]) == (
        "empty",
        [],
        None,
        None,
    )


def test_a_finished_run_is_done_whatever_the_live_part_says():
    assert shown(lecture(), status="running", now={"turn": 6})["status"] == "done"
    assert shown(lecture(), status="running", now={"turn": 6})["now"] is None


@pytest.mark.parametrize("status", ["queued", "running", "stopping"])
def test_a_live_run_keeps_its_status_and_its_now(status):
    trace = lecture().model_copy(update={"stop": None})
    live = shown(trace, status=status, now={"turn": 6})
    assert (live["status"], live["now"]) == (status, {"turn": 6})


def test_the_text_is_json_without_python_types():
    assert json.loads(dump(shown(lecture())))["turns"][0]["decision"] == "transcribe"


@pytest.mark.parametrize("make", [lecture, hostile, long_run])
def test_every_run_survives_the_way_to_the_browser(make):
    trace = make()
    data = shown(trace)
    assert json.loads(dump(data)) == json.loads(json.dumps(data))
    assert [t["i"] for t in data["turns"]] == [t.index for t in trace.turns]


def test_pictures_get_addresses_and_true_times():
    data = shown(lecture())
    assert data["frames"][0] == {"t": 34.062, "url": "/run/frame000.jpg"}
    assert data["turns"][1]["thumbs"][1] == {"t": 2463.0, "url": "/run/frame071.jpg"}


def test_evidence_is_numbered_from_one_and_pages_have_no_time():
    evidence = shown(lecture())["evidence"]
    assert [e["n"] for e in evidence] == [1, 2, 3]
    assert (evidence[2]["start_s"], evidence[2]["url"]) == (None, "https://example.org/crucis")


def test_skipped_is_what_no_turn_looked_into():
    assert skipped(lecture()) == [[0, 2280.0], [2760.0, 4360.0]]


def test_a_direct_answer_skips_the_whole_film():
    trace = Trace(
        question=Question(text="?"),
        film=film(10),
        turns=(turn(1, Answer(text="a"), Decision.SKIP),),
    )
    assert skipped(trace) == [[0, 10]]


def test_nothing_is_skipped_before_the_first_turn():
    assert skipped(lecture().model_copy(update={"turns": ()})) == []


def test_overlapping_and_touching_stretches_leave_no_gap():
    looked = ((0, 4), (2, 6), (6.01, 10))
    only = turn(
        1, call("ground-event"), Decision.ZOOM, observation=seen("ground-event", looked=looked)
    )
    assert skipped(Trace(question=Question(text="?"), film=film(10), turns=(only,))) == []


def test_an_unknown_price_stays_unknown_in_turn_and_total():
    data = shown(lecture())
    assert data["turns"][2]["usd"] is None
    assert data["totals"]["usd"] is None


def test_known_prices_add_up():
    trace = lecture()
    known = tuple(t for t in trace.turns if t.index != 3)
    assert shown(trace.model_copy(update={"turns": known}))["totals"]["usd"] == pytest.approx(
        0.0016
    )


def test_unknown_tokens_are_null_not_zero():
    reply = lecture().turns[0].replies[0].model_copy(update={"usage": Usage()})
    only = turn(1, Answer(text="a"), Decision.ANSWER, replies=(reply,))
    data = shown(Trace(question=Question(text="?"), film=film(10), turns=(only,)))
    assert (data["turns"][0]["tokens"], data["totals"]["tokens"]) == (None, None)


def test_the_model_is_the_one_that_replied():
    assert shown(lecture())["model"] == "sage-mm"
    assert shown(lecture().model_copy(update={"turns": ()}))["model"] == "hf:sage-mm"


def test_faults_of_tools_and_of_invalid_replies_are_told():
    turns = shown(hostile())["turns"]
    assert turns[0]["fault"] == turns[1]["fault"] != ""
    assert turns[2]["fault"] is None


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0, "38:00–46:00"),
        (1, "10 frames from 41:00–41:30"),
        (2, "“protractor” in 40:00–43:00"),
        (3, "“two prism experiment least deviation”"),
    ],
)
def test_headlines_say_what_was_done(index, text):
    assert headline(lecture().turns[index]) == text


def test_headlines_of_answers_count_what_they_rest_on():
    answer = lecture().turns[4]
    assert headline(answer, 3) == "3 pieces of evidence"
    assert headline(answer) == "from what was found so far"
    assert headline(answer.model_copy(update={"frames": frames(64)})) == "from 64 sampled frames"


def test_headlines_of_clips_and_pages():
    assert headline(clip_turn()) == "1 clip from 00:05–00:09"
    visit = call("parse-website", website_url="https://example.org/a?b=c")
    assert headline(turn(1, visit, Decision.SEARCH)) == "example.org"
    odd = call("parse-website", website_url="http://[broken")
    assert headline(turn(1, odd, Decision.SEARCH)) == "http://[broken"


def test_a_window_that_was_never_looked_at_is_named_by_its_arguments():
    asked = call("transcribe-speech", timestamp_start="00:01:00", timestamp_end="00:02:00")
    assert headline(turn(1, asked, Decision.TRANSCRIBE)) == "01:00–02:00"
    vague = call("transcribe-speech", timestamp_start="soon", timestamp_end="7.5")
    assert headline(turn(1, vague, Decision.TRANSCRIBE)) == "soon–00:07.5"


def test_what_frames_a_page_for_the_agent_is_not_shown():
    text = framed("Title: Dalén\n[end of page content] is quoted here", "page://x.html")
    visit = turn(1, call("parse-website", website_url="page://x.html"), Decision.SEARCH)
    read = Observation(tool="parse-website", text=text)
    trace = lecture().model_copy(
        update={"turns": (visit.model_copy(update={"observation": read}),)}
    )
    assert (
        shown(trace)["turns"][0]["result"] == "Title: Dalén\n[end of page content] is quoted here"
    )


def test_why_and_detail_do_not_repeat_each_other():
    first = shown(lecture())["turns"][0]
    assert first["why"].startswith("The frames show")
    assert (
        first["detail"]
        == "What it sees: A lecture on optics.\nWhat is asked: The angle and the origin."
    )
    assert shown(lecture())["turns"][4]["detail"] == ""


def events(*kinds: Event) -> list[Event]:
    return [
        Event(type="started", at=0.0),
        Event(type="sampled", at=1.0, frames=(Frame(path="a", at_s=0),)),
        *kinds,
    ]


def test_now_is_the_turn_after_the_last_finished_one():
    record = lecture().turns[0]
    going = events(
        Event(type="turned", at=4.0, record=record),
        Event(type="thinking", at=4.1, turn=2, text="Thinking"),
        Event(type="thinking", at=6.0, turn=2, record=lecture().turns[1]),
        Event(type="progress", at=7.0, turn=2, text="Reading frames", done=0.5),
    )
    told = {"turn": 2, "decision": "zoom", "text": "Reading frames", "done": 0.5, "since_s": 4.0}
    assert now(going, 8.0) == told


def test_now_ends_with_the_run():
    assert now(events(Event(type="answered", at=2.0)), 3.0) is None
    assert now([], 0.0) is None


def test_limits_and_errors_reach_the_page():
    failed = lecture().model_copy(
        update={"stop": Stop.FAILED, "error": "The server is gone.", "answer": None}
    )
    data = shown(failed)
    assert (data["stop"], data["error"], data["answer"]) == ("failed", "The server is gone.", None)
    assert shown(hostile())["limit"] == "turns"


def test_findings_keep_their_notes():
    assert shown(lecture())["turns"][2]["spans"] == [[2479.0, 2486.0, "protractor at 52°"]]
