"""Export and import: what comes back is what went out, and nothing else gets in."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.export import bring_run, make_export_route, unfold, write_export
from demo.films import Films
from demo.prepare import Preparations
from demo.report import fenced, plain, to_markdown
from demo.runs import Runs
from demo.view import view
from sage.faults import WorldError
from sage.store import RunFolder, fold
from sage.types import Evidence, Stop, Trace
from tests.demo.traces import lecture

HOSTILE = "${alert(1)} <img src=x onerror=alert(1)> \\unit `code` [a](javascript:alert(1)) # x"


def picture(color: str = "red", kind: str = "JPEG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (64, 36), color).save(made, kind)
    return made.getvalue()


def placed(trace: Trace) -> Trace:
    """The trace with its frames under frames/, as runs keep them."""

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(inner) for inner in value]
        if isinstance(value, dict):
            inner = {key: moved(v) for key, v in value.items()}
            if "at_s" in inner and "path" in inner:
                inner["path"] = "frames/" + Path(inner["path"]).name
            return inner
        return value

    return Trace.model_validate(moved(trace.model_dump(mode="json")))


@pytest.fixture
def trace() -> Trace:
    return placed(lecture())


@pytest.fixture
def run(tmp_path: Path, trace: Trace) -> Path:
    """A run on disk whose film lies at a path of this machine."""
    store = RunFolder.create(tmp_path / "data" / "runs")
    film = trace.film.model_copy(update={"path": str(tmp_path / "data" / "films" / "f.mp4")})
    setup = trace.setup.model_copy(update={"captions": "/home/me/c.srt", "model": "hf:/models/m"})
    trace = trace.model_copy(update={"film": film, "setup": setup})
    for event in unfold(trace):
        store.append(event)
    store.close()
    (store.folder / "frames").mkdir()
    for frame in trace.frames:
        (store.folder / frame.path).write_bytes(picture())
    (store.folder / "clips").mkdir()
    (store.folder / "clips" / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (store.folder / "app.json").write_text('{"owner": "me-and-only-me"}')
    return store.folder


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    films = Films(tmp_path / "other" / "films")
    return Runs(tmp_path / "other" / "runs", films, Preparations(films))


def bring(path: Path, runs: Runs) -> Path:
    run = bring_run(path, runs, owner="o", film_of=lambda _: "")
    folder = runs.folder(run)
    assert folder is not None
    return folder


def shown(folder: Path) -> dict[str, Any]:
    seen = view(RunFolder.open(folder).trace(), media=str)
    return {key: seen[key] for key in ("turns", "totals", "frames", "evidence", "answer", "film")}


def refused(path: Path, runs: Runs) -> str:
    with pytest.raises(WorldError) as caught:
        bring_run(path, runs, owner="", film_of=lambda _: "")
    assert runs.all() == []
    return str(caught.value)


@pytest.mark.parametrize("stop", list(Stop))
def test_unfolding_is_the_inverse_of_folding(trace: Trace, stop: Stop) -> None:
    ends = {Stop.FAILED: "x", Stop.MALFORMED: "x"}
    trace = trace.model_copy(update={"stop": stop, "error": ends.get(stop, "")})
    if stop == Stop.INTERRUPTED:
        trace = trace.model_copy(update={"stop": None, "answer": None, "evidence": ()})
    assert fold(unfold(trace)) == trace


@pytest.mark.parametrize("kind", ["json", "zip"])
def test_a_run_comes_back_the_same(run: Path, runs: Runs, kind: str) -> None:
    folder = bring(write_export(run, kind), runs)
    assert folder.name != run.name
    assert shown(folder) == shown(run)
    names = sorted(path.name for path in (folder / "frames").iterdir())
    assert names == sorted(path.name for path in (run / "frames").iterdir())


def test_a_zip_brings_its_clips_back(run: Path, runs: Runs) -> None:
    assert (bring(write_export(run, "zip"), runs) / "clips" / "a.mp4").is_file()


@pytest.mark.parametrize("kind", ["json", "md", "zip"])
def test_no_path_of_this_machine_and_no_owner_leaves(run: Path, kind: str, tmp_path: Path) -> None:
    made = write_export(run, kind)
    told = made.read_bytes()
    if kind == "zip":
        with zipfile.ZipFile(made) as packed:
            told = b"\n".join(packed.read(name) for name in packed.namelist())
            assert "app.json" not in packed.namelist()
    for secret in (str(tmp_path), "/home/me", "/models", "me-and-only-me"):
        assert secret.encode() not in told


def test_the_download_is_named_and_unknown_ones_are_refused(run: Path) -> None:
    routes = [make_export_route(lambda name: run if name == run.name else None)]
    client = TestClient(Starlette(routes=routes))
    answer = client.get(f"/sage/export/{run.name}.md")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.startswith("# ")
    for name in (f"{run.name}.exe", "other.zip", f"..%2F{run.name}.zip", run.name):
        assert client.get(f"/sage/export/{name}").status_code == 404


def test_markdown_tells_question_answer_and_every_turn(trace: Trace) -> None:
    told = to_markdown(trace)
    assert told.startswith(f"# {plain(trace.question.text)}")
    assert told.count("\n### ") == len(trace.turns)
    assert "41:02" in told


def test_hostile_text_stays_text_in_markdown(trace: Trace) -> None:
    hostile = trace.model_copy(
        update={
            "answer": HOSTILE,
            "evidence": (Evidence(turn=1, note=HOSTILE, url="javascript:alert(1)"),),
        }
    )
    told = to_markdown(hostile)
    assert "<img" not in told.split("## Turns")[0]
    assert "](javascript" not in told.split("## Turns")[0]


def test_a_fence_cannot_be_closed_from_inside() -> None:
    lines = fenced("a\n````\n<b>")
    assert lines[0] == "`````text"
    assert lines[-1] == "`````"


def packed(tmp_path: Path, **files: bytes) -> Path:
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name.replace("__", "/").replace("_UP_", ".."), data)
    return path


def lines(trace: Trace) -> bytes:
    return b"\n".join(event.model_dump_json().encode() for event in unfold(trace))


def test_names_that_lead_out_are_not_unpacked(trace: Trace, runs: Runs, tmp_path: Path) -> None:
    files = {"events.jsonl": lines(trace), "_UP___evil.jpg": picture()}
    files |= {"frames___UP___evil2.jpg": picture(), "app.json": b"{}", "__etc__x.jpg": picture()}
    folder = bring(packed(tmp_path, **files), runs)
    assert not list(tmp_path.rglob("evil*"))
    assert "owner" in (folder / "app.json").read_text()


def test_pictures_are_encoded_anew(trace: Trace, runs: Runs, tmp_path: Path) -> None:
    smuggled = picture() + b"<script>alert(1)</script>"
    files = {"events.jsonl": lines(trace), "frames__a.jpg": smuggled}
    folder = bring(packed(tmp_path, **files), runs)
    kept = (folder / "frames" / "a.jpg").read_bytes()
    assert b"script" not in kept
    assert Image.open(io.BytesIO(kept)).size == (64, 36)


@pytest.mark.parametrize("data", [b"GIF89a", b"", b"\xff\xd8broken", picture(kind="PNG")])
def test_what_is_no_jpeg_is_refused(trace: Trace, runs: Runs, tmp_path: Path, data: bytes) -> None:
    path = packed(tmp_path, **{"events.jsonl": lines(trace), "frames__a.jpg": data})
    assert "no picture" in refused(path, runs)


def test_a_bomb_is_refused(trace: Trace, runs: Runs, tmp_path: Path) -> None:
    path = packed(tmp_path, **{"events.jsonl": lines(trace), "frames__a.jpg": b"\0" * 9_000_000})
    assert path.stat().st_size < 100_000
    assert "too large" in refused(path, runs)


def test_frames_outside_of_the_run_are_refused(trace: Trace, runs: Runs, tmp_path: Path) -> None:
    frames = tuple(f.model_copy(update={"path": "../../etc/passwd"}) for f in trace.frames)
    bad = trace.model_copy(update={"frames": frames})
    assert "content" in refused(packed(tmp_path, **{"events.jsonl": lines(bad)}), runs)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"format": "sage-run", "version": 1}',
        b'{"format": "sage-run", "version": 1, "trace": {}, "pictures": {}}',
        b'{"format": "sage-run", "version": 99}',
        b"[" * 200_000,
        b"PK\x03\x04garbage",
    ],
)
def test_what_is_no_run_is_refused_with_a_sentence(runs: Runs, tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text)
    assert "cannot be opened" in refused(path, runs)


def test_numbers_that_are_none_are_refused(trace: Trace, runs: Runs, tmp_path: Path) -> None:
    whole = {"format": "sage-run", "version": 1, "trace": trace.model_dump(mode="json")}
    whole["pictures"] = {"frames/a.jpg": base64.b64encode(picture()).decode()}
    whole["trace"]["film"]["duration_s"] = float("nan")
    path = tmp_path / "x.json"
    path.write_text(json.dumps(whole))
    assert "content" in refused(path, runs)


@pytest.mark.parametrize(
    "odd",
    [
        {"seconds": float("nan")},
        {"film": {"path": "f", "digest": "d", "duration_s": -5}},
        {"film": {"path": "f", "digest": "d", "duration_s": 1e300}},
        {"film": {"path": "f", "digest": "d", "duration_s": 9, "width": 10**300}},
        {"question": {"text": "\ud800"}},
    ],
)
def test_values_that_no_run_has_are_refused(odd: dict, runs: Runs, tmp_path: Path) -> None:
    whole = {"format": "sage-run", "version": 1, "pictures": {}}
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({**whole, "trace": {"question": {"text": "q"}} | odd}))
    assert "not that of a run" in refused(path, runs)


def test_a_small_file_that_unfolds_to_gigabytes_is_refused(runs: Runs, tmp_path: Path) -> None:
    path = tmp_path / "bomb.json"
    path.write_text('{"format": "sage-run", "version": 1, "x": [' + "[]," * 2_000_000 + "0]}")
    assert "more values" in refused(path, runs)
    packed = tmp_path / "bomb.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("events.jsonl", '{"type":"progress"}\n' * 30_000)
    assert "more than 20000 events" in refused(packed, runs)
