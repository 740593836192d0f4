"""The offline model: through the real loop on real films, and its policy alone where a film would be slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from sage import dialect
from sage.agent import ask
from sage.faults import StoppedError, StopSignal, WorldError
from sage.models.base import Request, Situation
from sage.models.offline import OfflineModel
from sage.store import RunFolder, fold
from sage.types import (
    Answer,
    Call,
    Decision,
    Fault,
    FaultKind,
    FilmInfo,
    Limits,
    Mode,
    Observation,
    Question,
    Setup,
    Span,
    Trace,
    Turn,
)
from tests.films import make_film, to_srt

HOUR = 3600.0
LONG_S = 2400.0
PASSWORD = "The password I give you is heliotrope, so remember it."
ASKED = "What is the password the speaker gives?"
FILLER = (
    "The next speaker told us how the harbour was dredged.",
    "Give the people in the back a moment to sit down.",
    "We keep the tickets in a drawer and the key is lost.",
    "Then the committee passed the word along to the members.",
    "A train of nine wagons left the station before noon.",
    "Nobody had asked for the secret of the second room.",
    "It rained, and the windows were shut one by one.",
)


def spoken(
    at_s: float, line: str = PASSWORD, duration_s: float = LONG_S
) -> list[tuple[float, float, str]]:
    """Filler every six seconds, and `line` once, at `at_s`, for four seconds."""
    lines = [
        (float(t), t + 4.0, FILLER[t // 6 % len(FILLER)]) for t in range(1, int(duration_s) - 5, 6)
    ]
    rest = [x for x in lines if x[1] <= at_s or x[0] >= at_s + 4]
    return sorted([*rest, (at_s, at_s + 4.0, line)])


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty minutes without captions."""
    path = tmp_path_factory.mktemp("films") / "talk.mp4"
    return make_film(path, duration_s=LONG_S, fps=1, size=(64, 36), keyframe_s=60)


def run(film: Path, question: str | Question, folder: Path, **settings: object) -> Trace:
    """The whole loop, with few frames."""
    asked = question if isinstance(question, Question) else Question(text=question)
    setup = Setup.model_validate({"model": "offline", "frames": 2, "speech": "off", **settings})
    events = list(ask(film, asked, setup, store=RunFolder.create(folder), stop=StopSignal()))
    assert events[-1].type == "answered"
    return fold(events)


def check_password(trace: Trace, at_s: float) -> None:
    assert trace.answer
    assert trace.answer.startswith("Heliotrope.")
    assert PASSWORD in trace.answer
    spans = [(e.start_s, e.end_s) for e in trace.evidence]
    assert len(spans) == 1
    assert abs((spans[0][0] or 0) - at_s) < 0.5
    assert abs((spans[0][1] or 0) - at_s - 4) < 0.5
    assert sum(t.decision is Decision.TRANSCRIBE for t in trace.turns) == 1
    assert trace.coverage < 0.1
    assert trace.usd == 0
    assert trace.usage.total_tokens is None


def test_finds_what_an_embedded_track_says_once(tmp_path: Path) -> None:
    film = make_film(
        tmp_path / "talk.mp4",
        duration_s=LONG_S,
        fps=1,
        size=(64, 36),
        captions=spoken(1237),
        keyframe_s=60,
    )
    check_password(run(film, ASKED, tmp_path), 1237)


@pytest.mark.parametrize("at_s", [2.0, 598.0, 1199.0, 1777.3, 2394.0])
def test_finds_it_at_borders_and_ends_in_a_side_file(
    long_film: Path, tmp_path: Path, at_s: float
) -> None:
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(at_s)))
    check_password(run(long_film, ASKED, tmp_path, captions=str(side)), at_s)


def test_a_file_beside_the_film_is_found_by_itself(long_film: Path, tmp_path: Path) -> None:
    film = tmp_path / "talk.mp4"
    film.write_bytes(long_film.read_bytes())
    (tmp_path / "talk.srt").write_text(to_srt(spoken(601)))
    check_password(run(film, ASKED, tmp_path), 601)


def test_a_sentence_over_two_lines_is_quoted_whole(long_film: Path, tmp_path: Path) -> None:
    lines = spoken(900, "and so, as promised, the password is")
    lines = [x for x in lines if not 904 <= x[0] < 909] + [(904.0, 907.0, "heliotrope seven.")]
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(sorted(lines)))
    trace = run(long_film, ASKED, tmp_path, captions=str(side))
    assert trace.answer
    assert trace.answer.startswith("Heliotrope seven.")
    assert 895 < (trace.evidence[0].start_s or 0) < 909


def test_a_word_within_a_word_ends_no_question(long_film: Path, tmp_path: Path) -> None:
    line = "The password for the exercise sheet is blue heron."
    (tmp_path / "talk.srt").write_text(to_srt(spoken(700, line)))
    asked = "What is the password for the exercise sheet?"
    trace = run(long_film, asked, tmp_path, captions=str(tmp_path / "talk.srt"))
    assert trace.answer
    assert trace.answer.startswith("Blue heron.")


def test_captions_without_punctuation(long_film: Path, tmp_path: Path) -> None:
    lines = [(a, b, t.rstrip(".").lower()) for a, b, t in spoken(700, "the password is heliotrope")]
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(lines))
    trace = run(long_film, ASKED, tmp_path, captions=str(side))
    assert trace.answer
    assert "the password is heliotrope" in trace.answer
    assert abs((trace.evidence[0].start_s or 0) - 700) < 5


def test_says_that_there_are_no_captions_and_no_speech_model(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mp4", duration_s=8, audio="tone", size=(64, 36))
    trace = run(film, ASKED, tmp_path)
    assert trace.answer
    assert "no captions" in trace.answer
    assert "no speech model" in trace.answer
    assert trace.evidence == ()
    assert len(trace.turns) == 2


def test_says_that_there_is_neither_caption_nor_sound(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mp4", duration_s=4, size=(64, 36))
    trace = run(film, ASKED, tmp_path)
    assert trace.answer
    assert "neither captions nor sound" in trace.answer
    assert len(trace.turns) == 1


def test_does_not_invent_what_is_not_said(long_film: Path, tmp_path: Path) -> None:
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(900)))
    trace = run(
        long_film, "Which planet has the thickest atmosphere?", tmp_path, captions=str(side)
    )
    assert trace.answer
    assert "found nothing" in trace.answer
    assert trace.evidence == ()


@pytest.mark.parametrize("mode", [Mode.DIRECT, Mode.AGENT, Mode.AUTO])
def test_answers_in_every_mode(long_film: Path, tmp_path: Path, mode: Mode) -> None:
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(900)))
    trace = run(long_film, ASKED, tmp_path, captions=str(side), mode=mode)
    assert trace.answer
    assert "heliotrope" in trace.answer
    assert all(len(t.replies) == 1 for t in trace.turns)


def test_agent_mode_looks_even_when_nothing_fits(long_film: Path, tmp_path: Path) -> None:
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(900)))
    trace = run(long_film, "Which planet is it?", tmp_path, captions=str(side), mode=Mode.AGENT)
    assert isinstance(trace.turns[0].action, Call)
    assert trace.answer


def test_a_single_turn_is_answered_from_the_captions(long_film: Path, tmp_path: Path) -> None:
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(900)))
    trace = run(long_film, ASKED, tmp_path, captions=str(side), limits=Limits(turns=1))
    assert trace.answer
    assert "[15:00]" in trace.answer


@pytest.mark.parametrize(
    ("choices", "letter"),
    [(("nightshade", "heliotrope", "iris"), "B."), (("Heliotrope", "rose", "The key"), "A.")],
)
def test_picks_the_option_that_is_said(
    long_film: Path, tmp_path: Path, choices: tuple[str, ...], letter: str
) -> None:
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(900)))
    trace = run(long_film, Question(text=ASKED, choices=choices), tmp_path, captions=str(side))
    assert trace.answer
    assert trace.answer.startswith(letter)
    assert trace.evidence[0].start_s == pytest.approx(900, abs=5)


def test_no_option_is_said(long_film: Path, tmp_path: Path) -> None:
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(900)))
    question = Question(text=ASKED, choices=("nightshade", "iris"))
    trace = run(long_film, question, tmp_path, captions=str(side))
    assert trace.answer
    assert "cannot tell which option" in trace.answer


def test_shows_the_frames_of_a_named_moment_and_says_it_is_blind(tmp_path: Path) -> None:
    film = make_film(
        tmp_path / "a.mp4",
        duration_s=150,
        fps=2,
        size=(64, 36),
        captions=spoken(100, duration_s=150),
    )
    trace = run(film, "What is on screen at 1:42?", tmp_path)
    assert [t.action.tool for t in trace.turns if isinstance(t.action, Call)] == [
        "extract-video-parts",
        "transcribe-speech",
    ]
    seen = trace.turns[0].observation
    assert seen
    assert all(abs(f.at_s - 102) <= 1.5 for f in seen.frames)
    assert trace.answer
    assert "cannot read pictures without a vision model" in trace.answer
    assert PASSWORD in trace.answer


def test_reads_a_local_page_for_what_the_film_does_not_tell(
    long_film: Path, tmp_path: Path
) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "curie.html").write_text(
        "<html><head><title>Marie Curie</title></head><body><article><h1>Marie Curie</h1><p>Marie Curie was a "
        "physicist and chemist.</p><p>She was born in Warsaw in 1867, and studied in Paris.</p></article></body></html>"
    )
    (pages / "bread.html").write_text(
        "<html><head><title>Bread</title></head><body><p>Bread is born of flour and water.</p></body></html>"
    )
    side = tmp_path / "talk.srt"
    side.write_text(to_srt(spoken(900, "This hall is named after Marie Curie.")))
    trace = run(
        long_film,
        "In which city was the person born whom the hall is named after?",
        tmp_path,
        captions=str(side),
        pages=str(pages),
    )
    assert trace.answer
    assert "Warsaw" in trace.answer
    assert any("curie" in e.url for e in trace.evidence)


def film_info(**fields: object) -> FilmInfo:
    known = {"path": "/nowhere/a.mp4", "digest": "d", "duration_s": 1500.0, "has_audio": True}
    return FilmInfo.model_validate(known | fields)


def heard(turn: int, low: float, high: float, *spans: Span, fault: FaultKind | None = None) -> Turn:
    told = Fault(kind=fault, message="nothing") if fault else None
    looked = (Span(start_s=low, end_s=high),)
    seen = Observation(tool="transcribe-speech", looked=looked, spans=spans, fault=told)
    call = Call(tool="transcribe-speech")
    return Turn(
        index=turn,
        stage=1 if turn == 1 else 2,
        action=call,
        decision=Decision.TRANSCRIBE,
        observation=seen,
    )


def decide(
    turns: tuple[Turn, ...] = (), film: FilmInfo | None = None, **facts: object
) -> Call | Answer:
    situation = Situation(
        question=Question(text=ASKED),
        film=film or film_info(),
        setup=Setup(),
        mode=Mode.AUTO,
        stage=2 if turns else 1,
        turns=turns,
        must_answer=bool(facts.get("must_answer")),
    )
    request = Request(messages=(), folder=Path(), situation=situation)
    reply = OfflineModel().generate([request])[0]
    parsed = dialect.parse(reply.text, situation.stage)
    assert not parsed.repaired
    assert isinstance(parsed.action, Call | Answer)
    return parsed.action


def test_without_captions_it_listens_window_after_window_with_overlap() -> None:
    first = decide()
    assert isinstance(first, Call)
    assert first.arguments["timestamp_start"] == "00:00:00"
    assert first.arguments["timestamp_end"] == "00:10:00"
    second = decide((heard(1, 0, 600, fault=FaultKind.NOT_FOUND),))
    assert isinstance(second, Call)
    assert second.arguments["timestamp_start"] == "00:09:40"
    assert second.arguments["timestamp_end"] == "00:19:40"


def test_listening_ends_when_the_words_are_found_or_the_film_is_over() -> None:
    line = Span(start_s=610, end_s=613, note=PASSWORD)
    found = decide((heard(1, 0, 600, fault=FaultKind.NOT_FOUND), heard(2, 580, 1180, line)))
    assert isinstance(found, Answer)
    assert "[10:10]" in found.text
    over = decide(
        tuple(heard(i, 500.0 * i - 500, 500.0 * i, fault=FaultKind.NOT_FOUND) for i in (1, 2, 3))
    )
    assert isinstance(over, Answer)
    assert "listened up to 25:00" in over.text


def test_an_answer_is_given_when_no_call_is_allowed() -> None:
    assert isinstance(decide(must_answer=True), Answer)


def test_obeys_stop_and_refuses_what_it_cannot_do() -> None:
    stop = StopSignal()
    stop.set()
    with pytest.raises(StoppedError):
        OfflineModel().generate([Request(messages=(), folder=Path(), stop=stop)])
    with pytest.raises(WorldError, match="only decides"):
        OfflineModel().generate([Request(messages=(), folder=Path())])
