"""Serves what a page may show: pictures and clips of a run, and films, under unguessable names.

Nothing of it is copied into Gradio's cache, and no upload is ever in a path that Gradio serves by
itself, because those answer with whatever type the file's name claims. Here the type is fixed,
`nosniff` is set, links that leave the folder are refused, and byte ranges work, so players seek.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from sage.types import Span

MEDIA = re.compile(r"(?:frames/[^/\\\x00]+\.jpg|clips/[^/\\\x00]+\.mp4)")
FILM_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".ogv": "video/ogg",
}
APART_S = 0.001
"""A line ends so much before the next begins: a player that stands between both shows one."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; media-src 'self'; img-src 'self'",
    "Cache-Control": "private, max-age=3600",
}


def media_url(run: str, path: str) -> str:
    """Address of a picture or clip, relative to the page, so that it works below a root path."""
    return f"sage/media/{quote(run)}/{quote(path)}"


def film_url(token: str) -> str:
    """Address of a film, relative to the page."""
    return f"sage/film/{quote(token)}"


def poster_url(name: str) -> str:
    """Address of the picture on an example's card, relative to the page."""
    return f"sage/poster/{quote(name)}"


def find_media(folder: Path, path: str) -> Path | None:
    """The file a run's media path names, or None when it names anything else."""
    if not MEDIA.fullmatch(path):
        return None
    inside = folder.resolve()
    target = (inside / path).resolve()
    return target if target.is_file() and target.parent == inside / path.split("/")[0] else None


def make_routes(
    find_run: Callable[[str], Path | None], find_film: Callable[[str], Path | None]
) -> list[Route]:
    """Routes for the server, given what turns an id into a run's folder, a token into a file."""

    async def media(request: Request) -> Response:
        folder = find_run(request.path_params["run"])
        path = request.path_params["path"]
        target = find_media(folder, path) if folder else None
        if target is None:
            return _missing()
        kind = "image/jpeg" if target.suffix == ".jpg" else "video/mp4"
        return FileResponse(target, media_type=kind, headers=HEADERS)

    async def film(request: Request) -> Response:
        target = find_film(request.path_params["token"])
        kind = FILM_TYPES.get(target.suffix.lower()) if target else None
        if target is None or kind is None:
            return _missing()
        return FileResponse(target, media_type=kind, headers=HEADERS)

    return [
        Route("/sage/media/{run}/{path:path}", media, methods=["GET", "HEAD"]),
        Route("/sage/film/{token}", film, methods=["GET", "HEAD"]),
    ]


def make_poster_route(make: Callable[[str], bytes | None]) -> Route:
    """Pictures of the bundled films; `make` is asked once a name."""
    made: dict[str, bytes] = {}

    async def poster(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in made:
            picture = await run_in_threadpool(make, name)
            if picture is not None:
                made[name] = picture
        picture = made.get(name)
        if picture is None:
            return Response(status_code=204, headers=HEADERS)
        return Response(picture, media_type="image/jpeg", headers=HEADERS)

    return Route("/sage/poster/{name}", poster, methods=["GET"])


def make_captions_route(lines_of: Callable[[str], Sequence[Span]]) -> Route:
    """What is said in a film, for the player; `lines_of` may take its time, and knows no line of others."""

    async def captions(request: Request) -> Response:
        lines = await run_in_threadpool(lines_of, request.path_params["token"])
        return Response(to_webvtt(lines), media_type="text/vtt", headers=HEADERS)

    return Route("/sage/captions/{token}", captions, methods=["GET"])


def to_webvtt(lines: Iterable[Span]) -> str:
    """Lines as a caption file in which every text is only text."""
    cues = [_cue(line) for line in lines if line.note and line.end_s > line.start_s + APART_S]
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


def _cue(line: Span) -> str:
    text = html.escape(" ".join(line.note.split()), quote=False)
    return f"{_stamp(line.start_s)} --> {_stamp(line.end_s - APART_S)}\n{text}"


def _stamp(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{thousandths:03}"


def make_closed_routes() -> list[Route]:
    """Shuts what Gradio offers and this app does not use.

    A deep link writes a page's fields to disk in clear, the key among them; `file=http…` fetches any
    public address for anybody.
    """

    async def closed(request: Request) -> Response:
        return _missing()

    return [
        Route("/gradio_api/deep_link", closed),
        Route("/gradio_api/file=http{rest:path}", closed),
    ]


def _missing() -> Response:
    return PlainTextResponse("There is no such picture or film.", status_code=404, headers=HEADERS)
