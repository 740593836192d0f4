"""A run as JSON, Markdown or ZIP, and back. What leaves names no path of this machine.

JSON holds the trace and its pictures, ZIP the run's folder. What comes back is a stranger's: it is
bounded in size, every value is validated, a name has to be a picture's or a clip's, pictures are
encoded anew, and the run gets an id of its own.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NoReturn

from PIL import Image, UnidentifiedImageError
from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.media import HEADERS, MEDIA, find_media
from demo.report import to_markdown
from demo.runs import Runs, Ticket
from demo.view import dump, view
from sage.faults import Border, WorldError
from sage.store import EVENTS, RunFolder, fold
from sage.types import Event, Frame, Stop, Trace

FORMAT = "sage-run"
VERSION = 1
MAX_FILE = 400_000_000
MAX_JSON = 128_000_000
MAX_EVENTS = 16_000_000
MAX_LINES = 20_000
MAX_MARKS = 1_000_000
"""Commas and brackets: a value of JSON takes up to a hundred times its length in memory."""
MAX_PICTURE = 8_000_000
MAX_CLIP = 100_000_000
MAX_TOTAL = 400_000_000
MAX_NAMES = 6000
MAX_SIDE = 4096
MAX_PIXELS = 1_500_000_000
"""Of all pictures together, which are all decoded."""
MAX_NUMBER = 1e12
MAX_LENGTH_S = 1e7
LASTS: dict[Stop | None, Literal["answered", "stopped", "failed"]] = {
    Stop.ANSWERED: "answered",
    Stop.FORCED: "answered",
    Stop.STOPPED: "stopped",
    Stop.FAILED: "failed",
    Stop.MALFORMED: "failed",
}
KINDS = {"json": "application/json", "md": "text/markdown; charset=utf-8", "zip": "application/zip"}


def make_export_route(find_run: Callable[[str], Path | None]) -> Route:
    """The download of a run: `/sage/export/<run>.<json|md|zip>`."""

    async def export(request: Request) -> Response:
        run, _, kind = request.path_params["name"].rpartition(".")
        folder = find_run(run) if kind in KINDS else None
        if folder is None:
            return PlainTextResponse("There is no such run.", status_code=404, headers=HEADERS)
        made = await run_in_threadpool(write_export, folder, kind)
        away = BackgroundTask(made.unlink, missing_ok=True)
        name = f"sage-{run}.{kind}"
        return FileResponse(
            made, media_type=KINDS[kind], filename=name, headers=HEADERS, background=away
        )

    return Route("/sage/export/{name}", export, methods=["GET"])


def write_export(folder: Path, kind: str) -> Path:
    """Writes the export into a temporary file, which is the caller's to delete."""
    with tempfile.NamedTemporaryFile(suffix=f".{kind}", delete=False) as file:
        if kind == "zip":
            _write_zip(folder, file)
        else:
            trace = clean_trace(RunFolder.open(folder).trace(), folder)
            text = to_markdown(trace) if kind == "md" else _as_json(trace, folder)
            file.write(text.encode())
    return Path(file.name)


def clean_trace(trace: Trace, folder: Path) -> Trace:
    """The trace without any path of this machine."""
    return Trace.model_validate(_scrub(trace.model_dump(mode="json"), folder))


def bring_run(upload: Path, runs: Runs, *, owner: str, film_of: Callable[[Trace], str]) -> str:
    """Takes a saved run in and returns its new id; raises WorldError(DISK) for what is none."""
    if upload.stat().st_size > MAX_FILE:
        _refuse("it is larger than 400 MB")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "run"
        (folder / "frames").mkdir(parents=True)
        try:
            events = (
                _unzip(upload, folder) if zipfile.is_zipfile(upload) else _unjson(upload, folder)
            )
            trace = _check(events)
            lines = [e.model_dump_json(include=e.model_fields_set) + "\n" for e in events]
        except (ValidationError, ValueError, RecursionError, LookupError, TypeError) as error:
            what = (
                "a value is missing or wrong"
                if isinstance(error, ValidationError)
                else "unreadable"
            )
            _refuse(f"its content is not that of a run ({what})")
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
            _refuse("it is damaged or protected")
        (folder / EVENTS).write_text("".join(lines), encoding="utf-8")
        return runs.adopt(folder, Ticket(owner=owner, film=film_of(trace)))


def unfold(trace: Trace) -> list[Event]:
    """Events that fold into this trace again."""
    bare = trace.model_copy(
        update={
            "turns": (),
            "frames": (),
            "stop": None,
            "answer": None,
            "evidence": (),
            "error": "",
        }
    )
    events = [Event(type="started", trace=bare)]
    if trace.film is not None:
        events.append(Event(type="sampled", film=trace.film, frames=trace.frames))
    events += [Event(type="turned", turn=turn.index, record=turn) for turn in trace.turns]
    if trace.stop in LASTS:
        end = Event(type=LASTS[trace.stop], stop=trace.stop, answer=trace.answer, text=trace.error)
        events.append(end.model_copy(update={"limit": trace.limit, "references": trace.evidence}))
    events[-1] = events[-1].model_copy(update={"at": trace.seconds})
    return events


# ---- out


def _as_json(trace: Trace, folder: Path) -> str:
    pictures = {}
    for frame in _frames(trace):
        path = find_media(folder, frame.path)
        if path is not None:
            pictures[frame.path] = base64.b64encode(path.read_bytes()).decode()
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "trace": trace.model_dump(mode="json"),
        "pictures": pictures,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def _write_zip(folder: Path, file: Any) -> None:
    store = RunFolder.open(folder)
    lines = [
        json.dumps(_scrub(e.model_dump(mode="json", include=e.model_fields_set), folder)) + "\n"
        for e in store.events()
    ]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(EVENTS, "".join(lines))
        out.writestr("run.md", to_markdown(clean_trace(store.trace(), folder)))
        for path in sorted([*folder.glob("frames/*.jpg"), *folder.glob("clips/*.mp4")]):
            name = path.relative_to(folder).as_posix()
            if find_media(folder, name) is not None:
                out.write(path, name, zipfile.ZIP_STORED)


def _scrub(value: Any, folder: Path, key: str = "") -> Any:
    """The JSON value with paths reduced to names, wherever they stand."""
    if isinstance(value, dict):
        return {name: _scrub(inner, folder, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_scrub(inner, folder, key) for inner in value]
    if not isinstance(value, str):
        return value
    if value.startswith("/") and key in ("path", "video", "source", "captions", "pages", "prompts"):
        return Path(value).name
    kind, colon, rest = value.partition(":")
    if colon and rest.startswith("/") and kind in ("scripted", "hf"):
        return f"{kind}:{Path(rest).name}"
    for place in (str(folder.resolve()), str(folder.resolve().parents[1]), str(Path.home())):
        if len(place) > 1:
            value = value.replace(place, "…")
    return value


# ---- in


def _unjson(upload: Path, folder: Path) -> list[Event]:
    if upload.stat().st_size > MAX_JSON:
        _refuse("it is larger than 128 MB; a ZIP takes less")
    whole = json.loads(_bounded(upload.read_bytes()))
    if (
        not isinstance(whole, dict)
        or whole.get("format") != FORMAT
        or whole.get("version") != VERSION
    ):
        _refuse("it is not a run that this app saved")
    trace = Trace.model_validate(whole["trace"])
    pictures = dict(whole["pictures"])
    if len(pictures) > MAX_NAMES:
        _refuse(f"it holds more than {MAX_NAMES} pictures")
    left = MAX_PIXELS
    for name, text in pictures.items():
        if MEDIA.fullmatch(name) and name.startswith("frames/"):
            try:
                left -= _keep_picture(base64.b64decode(text, validate=True), folder / name, left)
            except binascii.Error:
                _refuse("a picture in it is damaged")
    return unfold(trace)


def _unzip(upload: Path, folder: Path) -> list[Event]:
    left, pixels = MAX_TOTAL, MAX_PIXELS
    with zipfile.ZipFile(upload) as packed:
        names = packed.infolist()
        if len(names) > MAX_NAMES:
            _refuse(f"it holds more than {MAX_NAMES} files")
        lines = _bounded(_member(packed, EVENTS, MAX_EVENTS)).splitlines()
        if len(lines) > MAX_LINES:
            _refuse(f"it holds more than {MAX_LINES} events")
        events = [Event.model_validate_json(line) for line in lines if line.strip()]
        for info in names:
            if not MEDIA.fullmatch(info.filename) or ".." in info.filename:
                continue
            is_picture = info.filename.startswith("frames/")
            data = _member(packed, info.filename, MAX_PICTURE if is_picture else MAX_CLIP)
            left -= len(data)
            if left < 0:
                _refuse("unpacked it is larger than 400 MB")
            if is_picture:
                pixels -= _keep_picture(data, folder / info.filename, pixels)
            elif data[4:8] == b"ftyp":
                (folder / "clips").mkdir(exist_ok=True)
                (folder / info.filename).write_bytes(data)
    return events


def _member(packed: zipfile.ZipFile, name: str, most: int) -> bytes:
    """One file, never more than `most` bytes of it, whatever its header claims."""
    with packed.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        _refuse("a file in it is too large")
    return data


def _bounded(data: bytes) -> bytes:
    """JSON that may be read: it unfolds to no more than MAX_MARKS values."""
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > MAX_MARKS:
        _refuse("it holds more values than any run does")
    return data


def _keep_picture(data: bytes, target: Path, most_pixels: int) -> int:
    """Decodes and encodes the picture anew, so that nothing but pixels is kept; returns their number."""
    if len(data) > MAX_PICTURE:
        _refuse("a picture in it is too large")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            pixels = picture.width * picture.height
            if max(picture.size) > MAX_SIDE or pixels > most_pixels:
                _refuse("a picture in it is too large, or all of them together are")
            picture.convert("RGB").save(target, "JPEG", quality=92)
            return pixels
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        _refuse("something in it is no picture")


def _check(events: list[Event]) -> Trace:
    """The trace, after making sure that it can be shown and names only files of its own."""
    trace = fold(events)
    if trace.film is not None and not 0 < trace.film.duration_s <= MAX_LENGTH_S:
        raise ValueError("a film without a length")
    if not events or events[0].type != "started":
        raise ValueError("no beginning")
    for event in events:
        for frame in _named(event):
            if not MEDIA.fullmatch(frame.path):
                raise ValueError("a frame outside the run")
    _check_numbers([event.model_dump() for event in events])
    dump(view(trace, media=str))
    return trace


def _check_numbers(value: Any) -> None:
    """ValueError for a number that no run holds: a page would draw a timeline of it without end."""
    if isinstance(value, dict):
        value = [inner for key, inner in value.items() if key != "arguments"]  # shown as text
    if isinstance(value, list | tuple):
        for inner in value:
            _check_numbers(inner)
    elif isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        raise ValueError("a number out of bounds")


def _named(event: Event) -> Iterator[Frame]:
    yield from event.frames
    for turn in (event.record,) if event.record else ():
        yield from turn.frames
        if turn.observation:
            yield from turn.observation.frames
    if event.trace:
        yield from _frames(event.trace)


def _frames(trace: Trace) -> Iterator[Frame]:
    seen = set()
    groups = [trace.frames]
    for turn in trace.turns:
        groups.append(turn.frames)
        if turn.observation:
            groups.append(turn.observation.frames)
    for frame in (frame for group in groups for frame in group):
        if frame.path not in seen:
            seen.add(frame.path)
            yield frame


def _refuse(why: str) -> NoReturn:
    message = f"This file cannot be opened: {why}. Nothing was changed."
    raise WorldError(Border.DISK, f"{message} Give a JSON or ZIP file that was saved here.")
