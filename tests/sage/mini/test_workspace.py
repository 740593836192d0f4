"""The same call gets the same answer over a real file and in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage.faults import StopSignal
from sage.mini.expert import PERFECT, Expert
from sage.mini.words import split, vocabulary
from sage.mini.workspace import (
    mini_setup,
    open_workspace,
    read_pictures,
    setup_for,
    write_pages,
)
from sage.models.images import read_picture
from sage.tools.base import Workspace
from sage.tools.registry import run_call
from sage.types import Call, FaultKind
from sage.video.frames import read_frames
from sage.video.probe import probe
from sage.video.sampling import plan
from tests.sage.mini.conftest import shortest

FILM = shortest(4)
EVENT = FILM.events[0]
PERSON = FILM.people[0].name


def call(tool, **arguments):
    return Call(tool=tool, arguments=arguments)


def between(tool, start, end, **arguments):
    return call(tool, timestamp_start=start, timestamp_end=end, **arguments)


CALLS = {
    "listen": [between("transcribe-speech", "00:00:00", "00:05:00")],
    "silence": [between("transcribe-speech", "00:00:00", "00:00:00")],
    "too long": [call("transcribe-speech")],
    "swapped": [between("transcribe-speech", "00:05:00", "00:02:00")],
    "beyond": [between("transcribe-speech", "05:05:00", "05:07:00")],
    "ground": [between("ground-event", "00:00:00", "00:04:00", event=EVENT.look.words)],
    "nothing": [between("ground-event", "00:00:00", "00:01:00", event="blue nothing")],
    "extract": [
        between("extract-video-parts", "00:01:00", "00:01:10"),
        call("analyze", query="what is seen?", media_paths=["extract-video-parts_#1"]),
    ],
    "second": [between("extract-video-parts", "00:01:05", "00:01:05", extract_type="frames")],
    "few": [between("extract-video-parts", "00:02:00", "00:06:00")],
    "whole": [call("analyze", query="which name is on the sign?", media_paths=["video"])],
    "forbidden": [call("analyze", query="x", media_paths=["/etc/passwd"])],
    "search": [call("web-search", query=PERSON)],
    "search many": [call("web-search", query="the film", num_results=5)],
    "search pictures": [call("web-search", query=PERSON, search_type="image")],
    "search in vain": [call("web-search", query="zebra")],
    "read": [call("parse-website", website_url=f"page://{PERSON}.html")],
    "no page": [call("parse-website", website_url="page://zebra.html")],
    "no tool": [call("dance")],
    "clip": [between("extract-video-parts", "00:01:00", "00:01:04", extract_type="subclips")],
}


@pytest.fixture(scope="module")
def info(encoded):
    return probe(encoded(FILM))


@pytest.fixture
def real(info, root):
    setup = mini_setup(FILM, root)
    expert = Expert(FILM, PERFECT, prompts=setup.prompts)
    folder = root / "real"
    return Workspace(folder, info, setup, lambda: expert, StopSignal(), lambda *_: None)


@pytest.fixture
def memory(encoded, root):
    encoded(FILM)
    workspace = open_workspace(FILM, root)
    expert = Expert(FILM, PERFECT, prompts=workspace.setup.prompts)
    workspace.tool_model = lambda: expert
    return workspace


@pytest.mark.parametrize("name", CALLS)
def test_tools_say_the_same(name, real, memory, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for n, one in enumerate(CALLS[name], 1):
        read, known = run_call(one, real, n), run_call(one, memory, n)
        assert known.text == read.text
        assert known.fault == read.fault
        assert known.notes == read.notes
        assert (known.spans, known.looked) == (read.spans, read.looked)
        assert (known.frames, known.clips, known.sources) == (
            read.frames,
            read.clips,
            read.sources,
        )
        for frame in known.frames:
            pixels = np.asarray(read_picture(real.folder, frame)).astype(int)
            assert np.abs(pixels - memory.pixels(frame)).mean() < 8


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_pictures_are_found_at_the_same_times(info, data):
    start_s = data.draw(st.floats(0, FILM.duration_s))
    length_s = data.draw(st.floats(0.5, FILM.duration_s))
    n = data.draw(st.sampled_from([1, 2, 10, 16, 32]))
    times = [start_s + (i + 0.5) * length_s / n for i in range(n)]
    read = [picture.at_s for picture in read_frames(info, times)]
    assert [picture.at_s for picture in read_pictures(FILM, times)] == read


@pytest.mark.parametrize("number", [0, 1, 4])
def test_the_glance_is_the_same(number, encoded, root):
    film = shortest(number)
    info = probe(encoded(film))
    times = plan(info.duration_s, budget=16, focus=False)
    glance = open_workspace(film, root).glance()
    assert [f.at_s for f in glance] == [p.at_s for p in read_frames(info, times)]
    assert {f.path for f in glance} <= {f"frames/{f.at_s:08.3f}-64x64.jpg" for f in glance}


def test_nothing_but_pages_is_written(tmp_path):
    workspace = open_workspace(FILM, tmp_path)
    for name in ("listen", "extract", "search", "read"):
        assert run_call(CALLS[name][0], workspace, 1).fault is None
    assert {p.suffix for p in tmp_path.rglob("*") if p.is_file()} == {".html"}


def test_a_picture_of_another_run_is_not_known(tmp_path):
    wanted = call("analyze", query="x", media_paths=["frames/0001.000-64x64.jpg"])
    fault = run_call(wanted, open_workspace(FILM, tmp_path), 1).fault
    assert fault.kind is FaultKind.NOT_FOUND


def test_settings_and_pages_are_found_by_a_films_name(tmp_path):
    example = FILM.tasks[0].example
    setup = setup_for(example, tmp_path, frames=8)
    assert (setup.frames, setup.focus) == (8, False)
    folder = write_pages(FILM, tmp_path)
    assert setup.pages == str(folder)
    before = sorted(p.name for p in folder.iterdir())
    assert write_pages(FILM, tmp_path) == folder
    assert sorted(p.name for p in folder.iterdir()) == before
    assert [p.name for p in folder.parent.iterdir()] == [FILM.id]


MISTAKES = [
    call("listen"),
    call("transcribe-speech", timestamp_start="red"),
    call("transcribe-speech", video_path="red"),
    call("ground-event"),
    call("ground-event", event=""),
    call("ground-event", event="red", query="red"),
    call("extract-video-parts", extract_type="card"),
    call("analyze", query="", media_paths=["video"]),
    call("analyze", query="red", media_paths=["extract-video-parts_#7"]),
    call("analyze", query="red", media_paths=["red"]),
    call("web-search", query="red", num_results=0),
    call("web-search", query="red", num_results=100),
    call("web-search", query="red", search_type="image"),
    call("parse-website", website_url="red"),
    call("parse-website", website_url="page://red.html"),
    call("parse-website", website_url="page://red.html", max_content_length="red"),
]


@pytest.mark.parametrize("extracted", [False, True])
def test_what_tools_say_of_mistakes_is_in_the_vocabulary(extracted, memory):
    if extracted:
        run_call(CALLS["extract"][0], memory, 1)
    for mistake in MISTAKES:
        seen = run_call(mistake, memory, 1)
        assert seen.fault
        assert {*split(seen.fault.message)} <= set(vocabulary()), seen.fault.message
