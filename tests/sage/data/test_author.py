import json

import pytest

from sage.data.author import read_sheet, window_spans, write_sheet
from sage.data.films import find_films
from sage.faults import WorldError
from sage.types import FramesPart, TextPart
from tests.sage.data.made import (
    LENGTH_S,
    NO_QUOTAS,
    crew_of,
    line,
    make_films,
    reply,
    settings,
)
from tests.wire import WireServer

WINDOWS = {"seconds": 30, "overlap_s": 4, "frames": 3}


def plan(tmp_path, replies, **write):
    script = tmp_path / "script.json"
    script.write_text(json.dumps(replies))
    values = {"model": f"scripted:{script}", "windows": WINDOWS, "quotas": NO_QUOTAS, **write}
    return settings(tmp_path / "run", films=str(tmp_path / "films"), write=values)


def written_by(crew):
    film = find_films(crew.settings).films[0]
    return write_sheet(film, crew), crew.model("write", film).model.requests


@pytest.fixture(autouse=True)
def film(tmp_path):
    return make_films(tmp_path / "films", 1)[0]


def test_windows_overlap_and_reach_the_end(tmp_path):
    spans = window_spans(LENGTH_S, plan(tmp_path, []))
    assert [(s.start_s, s.end_s) for s in spans] == [(0.0, 20.0), (16.0, 40.0)]
    assert [(s.start_s, s.end_s) for s in window_spans(20.0, plan(tmp_path, []))] == [(0.0, 20.0)]


def test_each_window_is_asked_with_its_pictures(tmp_path):
    replies = [reply(line(0), line(1)), reply(line(8))]
    with crew_of(plan(tmp_path, replies)) as crew:
        sheet, asked = written_by(crew)
    assert len(sheet.questions) == 3
    assert [w.id[-2:] for w in sheet.questions] == ["01", "02", "03"]
    for request, low, high in zip(asked, (0, 16), (20, 40), strict=True):
        frames, text = request.messages[0].parts
        assert isinstance(frames, FramesPart)
        assert [low <= frame.at_s <= high for frame in frames.frames] == [True] * 3
        assert isinstance(text, TextPart)
        assert f"from 00:00:{low:02d} to 00:00:{high:02d}" in text.text
        assert "neither captions nor a sound track" in text.text


def test_a_window_does_not_tell_of_others(tmp_path):
    replies = [reply(line(0), line(10)), reply(line(8))]
    with crew_of(plan(tmp_path, replies)) as crew:
        sheet, _ = written_by(crew)
    assert [drop.reason for drop in sheet.drops] == ["times"]


def test_what_is_missing_is_asked_for_again(tmp_path):
    quotas = {**NO_QUOTAS, "least": 3}
    one = {"seconds": 60, "overlap_s": 0, "frames": 2}
    replies = [reply(line(0), line(0)), reply(line(0), line(1), line(2))]
    with crew_of(plan(tmp_path, replies, quotas=quotas, windows=one)) as crew:
        sheet, asked = written_by(crew)
    again = asked[1].messages[0].parts[-1].text
    assert "Still missing: 2 more questions" in again
    assert line(0)["question"] in again
    assert "duplicate" in again
    assert (len(sheet.questions), sheet.missing, sheet.rounds) == (3, (), 2)


def test_asking_again_ends(tmp_path):
    one = {"seconds": 60, "overlap_s": 0, "frames": 2}
    replies = ["no film here", reply(line(0)), "{}"]
    quotas = {**NO_QUOTAS, "visual": 2}
    with crew_of(plan(tmp_path, replies, quotas=quotas, windows=one)) as crew:
        sheet, _ = written_by(crew)
    assert (len(sheet.questions), sheet.rounds) == (1, 3)
    assert sheet.missing == ("1 more visual question",)
    assert [drop.reason for drop in sheet.drops] == ["no JSON", "no JSON"]


def test_a_sheet_is_written_once(tmp_path):
    one = {"seconds": 60, "overlap_s": 0, "frames": 2}
    with crew_of(plan(tmp_path, [reply()], windows=one)) as crew:
        first, _ = written_by(crew)
        film = find_films(crew.settings).films[0]
        assert write_sheet(film, crew) == first == read_sheet(crew.settings.folder, film.digest)


def test_a_lost_sheet_is_made_again_from_what_was_paid(tmp_path):
    one = {"seconds": 60, "overlap_s": 0, "frames": 2}
    with crew_of(plan(tmp_path, [reply()], windows=one)) as crew:
        first, _ = written_by(crew)
    for sheet in (tmp_path / "run" / "questions").iterdir():
        sheet.unlink()
    with crew_of(plan(tmp_path, [], windows=one)) as crew:
        second, asked = written_by(crew)
    assert (second, asked) == (first, [])


def test_a_model_that_fails_leaves_no_sheet(tmp_path):
    with crew_of(plan(tmp_path, [])) as crew:
        with pytest.raises(WorldError, match="one more was asked for"):
            written_by(crew)
        assert not (crew.settings.folder / "questions").exists()


def test_a_server_of_ones_own_sees_windows_and_costs_nothing(tmp_path):
    with WireServer(reply(line(0), line(1)), reply(line(8))) as wire:
        values = plan(tmp_path, [], model=f"openai:wire-1@{wire.openai_url}")
        with crew_of(values) as crew:
            film = find_films(values).films[0]
            sheet = write_sheet(film, crew)
            total = crew.ledger.totals()[0]
        bodies = [seen.json for seen in wire.generations]
    assert (len(sheet.questions), sheet.model) == (3, "wire-1")
    assert (total.calls, total.usd, total.input_tokens, total.unpriced) == (2, 0.0, 22, 0)
    for body in bodies:
        kinds = [part["type"] for part in body["messages"][-1]["content"]]
        assert kinds.count("image_url") == 3
        assert body["response_format"]["json_schema"]["strict"] is True
