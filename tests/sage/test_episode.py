from pathlib import Path

import pytest

from sage.episode import HISTORY, Episode
from sage.types import (
    Call,
    Decision,
    Fault,
    FaultKind,
    FilmInfo,
    Frame,
    FramesPart,
    Invalid,
    Limits,
    Mode,
    Observation,
    Question,
    Reply,
    Setup,
    Stop,
    TextPart,
)
from tests.replies import answer, call, listen

FILM = FilmInfo(path="/films/talk.mp4", digest="d", duration_s=1800, has_audio=True, title="A talk")
FRAMES = tuple(Frame(path=f"frames/{t}.jpg", at_s=t) for t in (300.0, 900.0, 1500.0))


def begin(question: str = "What is said?", choices: tuple[str, ...] = (), **setup) -> Episode:
    asked = Question(text=question, choices=choices)
    return Episode(asked, FILM, Setup(**setup), frames=FRAMES, folder=Path("."))


def say(episode: Episode, text: str, /, **reply):
    episode.request()
    return episode.take(Reply(text=text, **reply))


def look(episode: Episode, text: str, /, **seen):
    action = say(episode, text)
    assert isinstance(action, Call)
    return episode.close(action, Observation(tool=action.tool, label=f"{action.tool}_#1", **seen))


def prompt(episode: Episode) -> str:
    return "".join(p.text for p in episode.request().messages[0].parts if isinstance(p, TextPart))


def test_the_glance_shows_pictures_and_the_rest_is_text():
    episode = begin()
    assert isinstance(episode.request().messages[0].parts[0], FramesPart)
    look(episode, listen("0", "600", stage=1), text="[00:10 - 00:12] hello")
    assert not any(isinstance(p, FramesPart) for p in episode.request().messages[0].parts)


def test_a_prompt_tells_the_question_the_film_and_the_tools():
    text = prompt(begin("Which one?", choices=("red", "blue")))
    for part in (
        "Which one?",
        "A. red",
        "B. blue",
        "A talk",
        "30:00",
        "transcribe-speech",
        "analyze",
    ):
        assert part in text


def test_stage_two_sees_what_came_before():
    episode = begin()
    look(episode, listen("0", "600", stage=1), text="[00:10 - 00:12] hello", notes=("cut",))
    text = prompt(episode)
    for part in (
        "a lecture",
        "a word",
        "transcribe-speech_#1",
        "[00:10 - 00:12] hello",
        "Note: cut",
    ):
        assert part in text


def test_only_the_last_results_are_shown():
    episode = begin(limits=Limits(turns=30))
    for n in range(HISTORY + 3):
        look(episode, listen("0", str(n + 1), stage=min(2, n + 1)), text=f"result-{n}.")
    text = prompt(episode)
    assert "result-2." not in text
    assert "result-3." in text


def test_an_answer_right_away_skips_the_rest_and_a_later_one_answers():
    episode = begin()
    say(episode, answer("a cat", stage=1))
    assert (episode.stop, episode.turns[-1].decision) == (Stop.ANSWERED, Decision.SKIP)
    episode = begin()
    look(episode, listen("0", "600", stage=1))
    say(episode, answer("hello"))
    assert [t.decision for t in episode.turns] == [Decision.TRANSCRIBE, Decision.ANSWER]


def test_a_malformed_reply_is_asked_again_warmer_and_with_another_seed():
    episode = begin(seed=5)
    first = episode.request()
    assert isinstance(episode.take(Reply(text="hm")), Invalid)
    again = episode.request()
    assert (first.temperature, again.temperature) == (0.0, 0.7)
    assert (first.seed, again.seed) == (5, 6)
    say(episode, answer("a cat", stage=1))
    assert [len(t.replies) for t in episode.turns] == [2]


def test_after_all_retries_the_run_is_malformed_and_keeps_every_reply():
    episode = begin(retries=2)
    for _ in range(3):
        say(episode, "hm")
    assert episode.stop is Stop.MALFORMED
    assert [r.text for r in episode.turns[0].replies] == ["hm", "hm", "hm"]


def test_the_last_turn_takes_only_an_answer():
    episode = begin(limits=Limits(turns=2))
    look(episode, listen("0", "600", stage=1))
    assert "No call is possible" in prompt(episode)
    assert isinstance(say(episode, listen("600", "900")), Invalid)
    say(episode, answer("so far: hello"))
    assert (episode.stop, episode.limit, episode.turns[-1].forced) == (Stop.FORCED, "turns", True)


def test_direct_is_one_turn_without_tools():
    episode = begin(mode=Mode.DIRECT)
    assert "transcribe-speech" not in prompt(episode)
    assert isinstance(say(episode, listen("0", "9", stage=1)), Invalid)
    say(episode, answer("a cat", stage=1))
    assert episode.stop is Stop.ANSWERED


def test_agent_mode_has_to_look_first():
    episode = begin(mode=Mode.AGENT)
    assert "call a tool first" in prompt(episode)
    assert isinstance(say(episode, answer("a cat", stage=1)), Invalid)
    look(episode, listen("0", "600", stage=1))
    say(episode, answer("a cat"))
    assert episode.stop is Stop.ANSWERED


@pytest.mark.parametrize(
    ("finish", "told"), [("length", "cut off"), ("loop", "in circles"), ("safety", "safety filter")]
)
def test_why_a_reply_broke_off_is_told(finish, told):
    action = say(begin(), '<json>{"video_con', finish=finish)
    assert isinstance(action, Invalid)
    assert told in action.fault.message


def test_the_same_failing_call_is_known_and_another_is_not():
    episode = begin()
    fault = Fault(kind=FaultKind.UNAVAILABLE, message="No captions.")
    look(episode, listen("0", "600", stage=1), fault=fault)
    known = episode.failed_before(say(episode, listen("0", "600")))
    assert known
    assert known.kind is FaultKind.REPEATED
    assert "No captions." in known.message
    assert episode.failed_before(say(episode, listen("600", "900"))) is None


def test_an_unknown_tool_is_drawn_as_no_look():
    episode = begin()
    look(episode, call("teleport", stage=1))
    assert episode.turns[0].decision is Decision.SKIP


def test_released_names_are_what_the_prompt_tells():
    text = prompt(begin(names="released"))
    assert "verbal_transcript" in text
    assert "transcribe-speech: " not in text
