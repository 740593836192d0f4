"""Grounding: pieces cover the window; no reply, however hostile, puts a span outside of it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage.faults import FaultError
from sage.models.scripted import ScriptedModel
from sage.timecode import Window
from sage.tools.ground import PIECE_S, ground_event, join, read_finding, split
from sage.types import FaultKind, FramesPart, Span, TextPart
from sage.video.probe import probe
from tests.films import make_film
from tests.sage.tools.conftest import MakeWorkspace

WINDOW = Window(60.0, 120.0)
FILM_S = 600.0


def found(*spans: tuple[object, object]) -> str:
    listed = [{"start": a, "end": b, "why": "a boat"} for a, b in spans]
    return json.dumps({"found": True, "spans": listed})


def model_of(workspace: object) -> ScriptedModel:
    return workspace.tool_model()  # type: ignore[attr-defined]


def test_spans_are_told_in_film_time(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=[{"text": found(("00:12", "00:15")), "input_tokens": 7}])
    seen = ground_event(workspace, event="a boat", timestamp_start="10", timestamp_end="20")
    assert seen.spans == (Span(start_s=12, end_s=15, note="a boat"),)
    assert seen.text == "[00:12 - 00:15] a boat"
    assert seen.looked == (Span(start_s=10, end_s=20),)
    assert seen.usage.input_tokens == 7
    assert seen.frames
    assert all(12 <= frame.at_s <= 15 for frame in seen.frames)


def test_the_model_sees_labelled_frames_of_the_window(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=[found()])
    ground_event(workspace, event="a {boat}", timestamp_start="10", timestamp_end="20")
    (request,) = model_of(workspace).requests
    pictures, text = request.messages[0].parts
    assert isinstance(pictures, FramesPart)
    assert isinstance(text, TextPart)
    assert len(pictures.frames) == 20
    assert all(10 <= frame.at_s <= 20 for frame in pictures.frames)
    assert all((request.folder / frame.path).is_file() for frame in pictures.frames)
    assert "a {boat}" in text.text
    assert "00:10 to 00:20" in text.text
    assert request.schema


def test_an_event_across_pieces_is_one_span(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    """A film of 90 s is seen in two pieces that overlap from 42 to 48 s."""
    film = probe(make_film(tmp_path / "long.mp4", duration_s=90, fps=4, size=(96, 54)))
    workspace = make_workspace(
        info=film, replies=[found(("00:40", "00:47")), found(("00:43", "00:55"))]
    )
    told: list[float | None] = []
    workspace.on_progress = lambda _, done: told.append(done)
    seen = ground_event(workspace, event="a boat")
    assert [(span.start_s, span.end_s) for span in seen.spans] == [(40, 55)]
    assert model_of(workspace).left == 0
    assert told == [0.0]


def test_nothing_found_is_told_with_what_was_looked_at(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=['{"found": false, "spans": []}'])
    seen = ground_event(workspace, event="a whale", timestamp_start="0", timestamp_end="30")
    assert seen.fault
    assert seen.fault.kind is FaultKind.NOT_FOUND
    assert "00:00 - 00:30" in seen.text
    assert seen.looked
    assert seen.spans == ()


def test_an_unreadable_reply_is_not_called_not_found(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=["I see a lovely boat."])
    seen = ground_event(workspace, event="a boat")
    assert seen.fault
    assert seen.fault.kind is FaultKind.UNAVAILABLE


HOSTILE = [
    found(("00:00", "00:30")),
    found(("03:00", "04:00")),
    found(("99:99:99", "99:99:99")),
    found((-5, 1e308)),
    found((None, [1]), ({}, True)),
    found(("NaN", "Infinity")),
    '{"found": true, "spans": [{"start": NaN, "end": Infinity, "why": "x"}]}',
    '{"found": true, "spans": "everywhere"}',
    '{"found": true, "spans": [1, null, "01:10"]}',
    '{"found": true}',
    '{"found": false, "spans": [{"start": "01:10", "end": "01:20"}]}',
    "[" * 5000,
    "{" * 5000,
    '{"spans":' * 3000,
    "<script>alert(1)</script>",
    "",
    "null",
    "a" * 1_000_000,
]


@pytest.mark.parametrize("reply", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_replies_give_no_span(reply: str) -> None:
    assert read_finding(reply, WINDOW, FILM_S).spans == ()


@pytest.mark.parametrize("reply", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_replied_spans_lie_in_the_window(
    reply: str, make_workspace: MakeWorkspace
) -> None:
    workspace = make_workspace(replies=[reply])
    seen = ground_event(workspace, event="a boat", timestamp_start="10", timestamp_end="12")
    assert all(10 <= span.start_s < span.end_s <= 12 for span in seen.spans)
    assert bool(seen.spans) != bool(seen.fault)
    assert len(seen.text) < 500


@pytest.mark.parametrize(
    ("reply", "span"),
    [
        (found(("00:00:00", "00:10:00")), (60, 120)),
        (found(("01:50", "02:30")), (110, 120)),
        (found(("01:30", "01:20")), (80, 90)),
        (found(("01:30", "01:30")), (89.5, 90.5)),
        (found((70, 80.5)), (70, 80.5)),
        ("Sure!\n```json\n" + found(("01:10", "01:20")) + "\n```", (70, 80)),
        ("{'found': true, 'spans': [{'start': '01:10', 'end': '01:20'}]", (70, 80)),
        ('{"found": true, "spans": [{"start": "01:10"}]}', (69.5, 70.5)),
    ],
)
def test_readable_spans_are_cut_to_the_piece(reply: str, span: tuple[float, float]) -> None:
    (read,) = read_finding(reply, WINDOW, FILM_S).spans
    assert (read.start_s, read.end_s) == span


values = st.one_of(st.text(max_size=12), st.floats(), st.integers(), st.none(), st.booleans())


@settings(deadline=None)
@given(st.lists(st.tuples(values, values), max_size=8), st.floats(0, 500), st.floats(0.1, 60))
def test_every_span_lies_in_the_window(
    spans: list[tuple[object, object]], start_s: float, length_s: float
) -> None:
    window = Window(start_s, start_s + length_s)
    for span in join(list(read_finding(found(*spans), window, FILM_S).spans)):
        assert window.start_s <= span.start_s < span.end_s <= window.end_s


@settings(deadline=None)
@given(st.floats(0, 5000), st.floats(0.05, 600))
def test_pieces_cover_the_window_and_overlap(start_s: float, length_s: float) -> None:
    window = Window(start_s, start_s + length_s)
    pieces = split(window)
    assert pieces[0].start_s == window.start_s
    assert pieces[-1].end_s == pytest.approx(window.end_s)
    assert all(0 < piece.length_s <= PIECE_S + 1e-6 for piece in pieces)
    assert all(b.start_s < a.end_s for a, b in pairwise(pieces))
    assert len(pieces) <= 11


def test_a_model_that_cannot_see_is_not_asked(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    blind = ScriptedModel([], name="offline", can_see=False)
    workspace.tool_model = lambda: blind
    with pytest.raises(FaultError, match="cannot see") as error:
        ground_event(workspace, event="a boat")
    assert error.value.fault.kind is FaultKind.UNAVAILABLE


def test_an_event_must_be_described(make_workspace: MakeWorkspace) -> None:
    with pytest.raises(FaultError, match="Describe"):
        ground_event(make_workspace(), event="  ")
