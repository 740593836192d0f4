"""Names, spellings, schema and prompt text of the tools; what is told back of a wrong call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sage.faults import Border, FaultError, StoppedError, WorldError
from sage.tools.base import MAX_TEXT
from sage.tools.registry import (
    TOOLS,
    call_schema,
    check_call,
    describe,
    find_tool,
    run_call,
)
from sage.types import Call, FaultKind, Setup
from tests.sage.tools.conftest import MakeWorkspace

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"
PAPER = {
    "web-search": "unified_web_search",
    "parse-website": "parse_web_data",
    "transcribe-speech": "verbal_transcript",
    "ground-event": "identify_timestamps_visually",
    "extract-video-parts": "extract_parts_from_timestamp",
    "analyze": "perform_reasoning",
}


def fault_of(call: Call, make_workspace: MakeWorkspace) -> Any:
    with pytest.raises(FaultError) as error:
        check_call(call, make_workspace())
    return error.value.fault


def test_the_six_tools_have_both_names() -> None:
    assert {tool.name: tool.alias for tool in TOOLS} == PAPER
    for paper, released in PAPER.items():
        assert find_tool(paper) is find_tool(released) is find_tool(paper.replace("-", "_"))
        assert find_tool(paper) is not None
    assert find_tool("rm") is None


@pytest.mark.parametrize("names", ["paper", "released"])
def test_prompt_text_is_as_reviewed(names: Any) -> None:
    """A wording change is a behaviour change: write the new text to the snapshot on purpose."""
    assert describe(names) + "\n" == (SNAPSHOTS / f"tools_{names}.txt").read_text("utf-8")


def test_released_text_names_no_paper_name() -> None:
    assert not [name for name in PAPER if f"{name}" in describe("released")]


@pytest.mark.parametrize("names", ["paper", "released"])
def test_the_schema_closes_and_names_the_tools(names: Any) -> None:
    schemas = call_schema(names)["anyOf"]
    shown = [s["properties"]["name"]["enum"][0] for s in schemas]
    assert shown == [tool.name if names == "paper" else tool.alias for tool in TOOLS]
    for schema in schemas:
        arguments = schema["properties"]["arguments"]
        for part in (schema, arguments):
            assert part["required"] == list(part["properties"])
            assert part["additionalProperties"] is False
        for field in arguments["properties"].values():
            bounded = {"maxLength", "enum", "pattern", "maxItems", "maximum"}
            assert bounded & set(field), field
    assert json.loads(json.dumps(schemas)) == schemas


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("verbal_transcript", {"start": 5, "end": "20"}, ("00:00:05", "00:00:20")),
        ("transcribe-speech", {"start_time": "0:05", "end_time": 20.0}, ("00:00:05", "00:00:20")),
        ("transcribe_speech", {"timestamp_start": None}, ("00:00:00", "00:00:40")),
    ],
)
def test_calls_become_canonical(
    name: str, arguments: dict, expected: tuple[str, str], make_workspace: MakeWorkspace
) -> None:
    call = check_call(Call(tool=name, arguments=arguments), make_workspace())
    assert call.tool == "transcribe-speech"
    assert (call.arguments["timestamp_start"], call.arguments["timestamp_end"]) == expected
    assert call.arguments["video_path"] == "harbour.mp4"
    assert check_call(call, make_workspace()) == call


@pytest.mark.parametrize(
    ("tool", "given", "name", "value"),
    [
        ("analyze", {"question": "Who?", "media_paths": "video"}, "media_paths", ["video"]),
        (
            "analyze",
            {"query": "Who?", "media_paths": "['video', 'film']"},
            "media_paths",
            ["video", "film"],
        ),
        ("analyze", {"prompt": "Who?", "media": ["video"]}, "query", "Who?"),
        ("analyze", {"text": "Who?", "media_path": "video", "video_path": ""}, "query", "Who?"),
        ("ground-event", {"query": "a red car"}, "event", "a red car"),
        ("extract-video-parts", {"extract_type": "Frame"}, "extract_type", "frames"),
        ("extract-video-parts", {"type": "clips"}, "extract_type", "subclips"),
        ("web-search", {"question": "Who?", "num_results": "5"}, "num_results", 5),
        ("parse-website", {"url": "https://example.org"}, "website_url", "https://example.org"),
    ],
)
def test_spellings(
    tool: str, given: dict, name: str, value: object, make_workspace: MakeWorkspace
) -> None:
    call = check_call(Call(tool=tool, arguments=given), make_workspace())
    assert call.arguments[name] == value


@pytest.mark.parametrize(
    ("tool", "arguments", "kind", "word"),
    [
        ("shell", {}, FaultKind.UNKNOWN_TOOL, "transcribe-speech"),
        ("ground-event", {}, FaultKind.BAD_ARGUMENTS, "'event' is missing"),
        ("ground-event", {"event": "x", "speed": 3}, FaultKind.BAD_ARGUMENTS, "'speed'"),
        ("ground-event", {"event": {"a": 1}}, FaultKind.BAD_ARGUMENTS, "event"),
        ("extract-video-parts", {"extract_type": "gifs"}, FaultKind.BAD_ARGUMENTS, "frames"),
        ("transcribe-speech", {"start": "soon"}, FaultKind.BAD_ARGUMENTS, "HH:MM:SS"),
        ("transcribe-speech", {"start": "01:00"}, FaultKind.BAD_ARGUMENTS, "00:40"),
        ("transcribe-speech", {"video_path": "/etc/passwd"}, FaultKind.FORBIDDEN, "harbour.mp4"),
        ("analyze", {"query": "x", "video_path": "/etc/passwd"}, FaultKind.FORBIDDEN, "video"),
        ("analyze", {"query": "x", "media_paths": ["/etc/passwd"]}, FaultKind.FORBIDDEN, "run"),
        ("analyze", {"query": "x", "media_paths": "[" * 300}, FaultKind.FORBIDDEN, "run"),
        (
            "web-search",
            {"query": "x", "num_results": "many"},
            FaultKind.BAD_ARGUMENTS,
            "num_results",
        ),
    ],
)
def test_wrong_calls_are_told_back(
    tool: str, arguments: dict, kind: FaultKind, word: str, make_workspace: MakeWorkspace
) -> None:
    fault = fault_of(Call(tool=tool, arguments=arguments), make_workspace)
    assert fault.kind is kind
    assert word in fault.message
    assert "/etc" not in fault.message


@pytest.mark.parametrize("tool", ["transcribe-speech", "ground-event", "extract-video-parts"])
def test_too_long_windows_are_told_back(tool: str, make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    workspace.film = workspace.film.model_copy(update={"duration_s": 7200.0})
    arguments = {"start": "00:10:00", "end": "01:10:00"} | (
        {"event": "x"} if "ground" in tool else {}
    )
    with pytest.raises(FaultError, match=r"00:10:00 to 00:(20|15):00") as error:
        check_call(Call(tool=tool, arguments=arguments), workspace)
    assert error.value.fault.kind is FaultKind.BAD_ARGUMENTS


def test_a_run_labels_times_and_notes_a_call(make_workspace: MakeWorkspace) -> None:
    call = Call(tool="verbal_transcript", arguments={"start": "00:00:05", "end": "00:10:00"})
    observation = run_call(call, make_workspace(), 3)
    assert (observation.tool, observation.label) == ("transcribe-speech", "transcribe-speech_#3")
    assert observation.fault is None
    assert observation.seconds > 0
    assert len(observation.notes) == 1


def test_repairs_are_noted_even_when_the_call_was_checked_before(
    make_workspace: MakeWorkspace,
) -> None:
    workspace = make_workspace()
    call = check_call(Call(tool="transcribe-speech", arguments={"end": "00:10:00"}), workspace)
    assert len(run_call(call, workspace, 1).notes) == 1


def test_faults_become_observations(make_workspace: MakeWorkspace) -> None:
    observation = run_call(Call(tool="x" * 500), make_workspace(), 1)
    assert observation.fault
    assert observation.fault.kind is FaultKind.UNKNOWN_TOOL
    assert observation.text == observation.fault.message
    assert len(observation.label) < 80


def test_the_worlds_failures_are_told_and_the_models_pass(make_workspace: MakeWorkspace) -> None:
    broken = Setup(captions="/nowhere/lines.srt")
    told = run_call(Call(tool="transcribe-speech"), make_workspace(setup=broken), 1)
    assert told.fault
    assert told.fault.kind is FaultKind.UNAVAILABLE
    silent = make_workspace(replies=[WorldError(Border.MODEL, "The server is gone.")])
    with pytest.raises(WorldError, match="gone"):
        run_call(Call(tool="ground-event", arguments={"event": "x", "end": "10"}), silent, 1)


def test_stop_passes(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(replies=["{}"] * 9)
    workspace.stop.set()
    with pytest.raises(StoppedError):
        run_call(Call(tool="ground-event", arguments={"event": "x"}), workspace, 1)


def test_long_results_are_cut(make_workspace: MakeWorkspace) -> None:
    call = Call(tool="analyze", arguments={"query": "x", "media_paths": ["video"]})
    observation = run_call(call, make_workspace(replies=["a" * (MAX_TEXT + 50)]), 1)
    assert len(observation.text) < MAX_TEXT + 60
    assert observation.notes[-1].startswith("the result was cut")


def test_released_labels_name_media_too(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    call = Call(tool="extract_parts_from_timestamp", arguments={"start": 1, "end": 3})
    observation = run_call(call, workspace, 1)
    assert len(observation.frames) == 4
    for label in (observation.label, "extract_parts_from_timestamp_#1"):
        assert workspace.media(label).frames == observation.frames
