import pytest

from sage.evidence import cited_times, gather_evidence
from sage.types import (
    Answer,
    Call,
    Decision,
    Fault,
    FaultKind,
    Frame,
    Observation,
    Source,
    Span,
    Turn,
)

HOUR = 3600.0


def turn(index: int, tool: str, decision: Decision, **seen) -> Turn:
    observation = Observation(tool=tool, **seen)
    return Turn(
        index=index, stage=2, action=Call(tool=tool), decision=decision, observation=observation
    )


def span(start: float, end: float, note: str = "") -> Span:
    return Span(start_s=start, end_s=end, note=note)


HEARD = turn(
    1,
    "transcribe-speech",
    Decision.TRANSCRIBE,
    looked=(span(600, 1200),),
    spans=(
        span(700, 704, "the prism stands at least deviation"),
        span(704, 709, "and so it goes on for long"),
    ),
)
ZOOMED = turn(
    2, "ground-event", Decision.ZOOM, looked=(span(600, 660),), spans=(span(610, 615, "a boat"),)
)


def places(answer: str, *turns: Turn, frames: tuple[Frame, ...] = ()) -> list[tuple]:
    found = gather_evidence(answer, turns, frames, HOUR)
    return [(e.turn, e.start_s, e.end_s) for e in found]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("At [00:11:42] and 12:00.5", [702.0, 720.5]),
        ("ratio 3:2, score 10:5, verse 1:75", []),
        ("[59:59], [1:00:00]; [2:00:00] can only mean two minutes", [3599.0, 3600.0, 120.0]),
        ("at 07:05.", [425.0]),
        ("", []),
    ],
)
def test_clock_times_in_an_answer(text, times):
    assert cited_times(text, HOUR) == times


def test_a_cited_moment_becomes_the_line_that_was_heard_there():
    assert places("Least deviation [11:42].", HEARD) == [(1, 700, 704)]


def test_a_moment_nobody_looked_at_is_no_evidence():
    assert places("It is blue [50:00].", HEARD, ZOOMED) == [(2, 610, 615)]


def test_a_moment_inside_a_window_without_a_finding_is_that_moment():
    assert places("See [10:50].", ZOOMED) == [(2, 650, 651)]


def test_a_frame_of_the_glance_counts_for_its_neighbourhood():
    frames = tuple(Frame(path="f.jpg", at_s=t) for t in (600.0, 1800.0, 3000.0))
    assert places("At [20:00] a boat.", frames=frames) == [(1, 1200, 1201)]


def test_a_quotation_leads_to_the_line():
    assert places("She says “the prism stands at least deviation”.", HEARD) == [(1, 700, 704)]


def test_without_a_citation_the_last_look_is_what_the_answer_rests_on():
    assert places("A boat.", ZOOMED, HEARD) == [(2, 610, 615)]


def test_listening_through_a_window_is_no_evidence():
    assert places("Nothing was said of it.", HEARD) == []


def test_the_same_place_counts_once():
    assert places("[11:41] and again [11:42]", HEARD) == [(1, 700, 704)]


def test_a_failed_call_is_no_evidence():
    fault = Fault(kind=FaultKind.NOT_FOUND, message="nothing")
    failed = turn(1, "ground-event", Decision.ZOOM, looked=(span(0, 60),), fault=fault)
    assert places("A boat at [00:30].", failed) == []


def test_pages_that_were_read_count_and_search_results_only_when_named():
    hits = (Source(url="https://a.org/1", title="One"), Source(url="https://b.org/2"))
    found = turn(1, "web-search", Decision.SEARCH, sources=hits)
    read = turn(
        2, "parse-website", Decision.SEARCH, sources=(Source(url="https://c.org", title="Three"),)
    )
    pages = gather_evidence("As https://b.org/2 says.", (found, read), (), HOUR)
    assert [(e.url, e.turn, e.start_s) for e in pages] == [
        ("https://b.org/2", 1, None),
        ("https://c.org", 2, None),
    ]


def test_an_answer_right_after_the_glance_needs_no_evidence():
    only = Turn(index=1, stage=1, action=Answer(text="a cat"), decision=Decision.SKIP)
    assert places("a cat", only) == []
