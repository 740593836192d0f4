"""What the Benchmark tab's script asks for, to look only: numbers, questions, films and frames.

What starts or imports anything is an event of the page, not an address. Runs are looked up by name, questions by their
place in the run; a film is served only while it still is the one that was probed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.annotate_media import playable_film
from demo.bench_runs import BenchRuns
from demo.bench_view import BenchView
from demo.media import FILM_TYPES, HEADERS, find_media
from demo.site import Site
from demo.train_view import versioned
from sage.bench.run import BenchFolder
from sage.faults import WorldError

FRESH = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
LONGEST = 1000
CLOSED = "This site is public: it shows the numbers of its runs and no more."


def make_bench_routes(site: Site) -> list[Route]:
    """Routes below `sage/bench/`."""
    is_public = site.is_public
    runs = BenchRuns(site.data, is_public=is_public)
    shown = BenchView(runs, site.jobs, is_public=is_public)

    def looking(name: str, look: Callable[[Mapping[str, str]], dict[str, Any]]) -> Route:
        async def answer(request: Request) -> Response:
            asked = {k: v[:LONGEST] for k, v in request.query_params.items()}
            try:
                found = await run_in_threadpool(look, asked)
            except WorldError as error:
                text = CLOSED if is_public else str(error)
                return PlainTextResponse(text, status_code=404, headers=FRESH)
            return JSONResponse(
                await run_in_threadpool(versioned, found, asked.get("v", "")), headers=FRESH
            )

        return Route(f"/sage/bench/{name}", answer, methods=["GET"])

    async def film(request: Request) -> Response:
        path = None if is_public else await run_in_threadpool(_film_of, shown, request.path_params)
        if path is None:
            return _missing()
        return FileResponse(path, media_type=FILM_TYPES[path.suffix.lower()], headers=HEADERS)

    async def media(request: Request) -> Response:
        path = None if is_public else await run_in_threadpool(_media_of, shown, request.path_params)
        if path is None:
            return _missing()
        kind = "image/jpeg" if path.suffix == ".jpg" else "video/mp4"
        return FileResponse(path, media_type=kind, headers=HEADERS)

    return [
        looking("runs", lambda asked: shown.leaderboard(asked.get("judge", ""))),
        looking("questions", shown.questions),
        looking("question", shown.question),
        looking(
            "compare",
            lambda asked: shown.compare(
                asked.get("a", ""), asked.get("b", ""), asked.get("judge", "")
            ),
        ),
        Route("/sage/bench/film/{run}/{n:int}", film, methods=["GET", "HEAD"]),
        Route("/sage/bench/media/{run}/{n:int}/{path:path}", media, methods=["GET", "HEAD"]),
    ]


def _found(shown: BenchView, params: Mapping[str, Any]) -> tuple[BenchFolder, str] | None:
    """The run and the question's id that an address means."""
    run = shown.runs.all().get(params["run"])
    ids = list(run.entries()) if run else []
    return (run, ids[params["n"]]) if run and params["n"] < len(ids) else None


def _film_of(shown: BenchView, params: Mapping[str, Any]) -> Path | None:
    found = _found(shown, params)
    prediction = shown.runs.prediction(*found) if found else None
    film = prediction.trace.film if prediction and prediction.trace else None
    return playable_film(film.path, film.digest) if film else None


def _media_of(shown: BenchView, params: Mapping[str, Any]) -> Path | None:
    found = _found(shown, params)
    if found is None:
        return None
    run, id = found
    outline = run.outlines().get(id)
    if outline is None or not outline.media:
        return None
    inside, folder = run.folder.resolve(), (run.folder / outline.media).resolve()
    # What a run's file says is no promise: a folder elsewhere is none of the run's.
    return find_media(folder, params["path"]) if folder.is_relative_to(inside) else None


def _missing() -> Response:
    return PlainTextResponse("There is no such picture or film.", status_code=404, headers=HEADERS)
