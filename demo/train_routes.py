"""What the Training tab's script asks for, to look only: jobs, curves, logs, samples, reports. A public site has none.

What starts, stops or deletes anything is an event of the page, not an address, so no other site can bring a browser
to do it. Names of jobs are looked up, never taken for paths.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.site import Site
from demo.train_report import report
from demo.train_samples import list_samples
from demo.train_view import TrainView, versioned
from sage.train.job_files import LOG
from sage.train.jobs import Job

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
SEALED = {**HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'"}
LONGEST_SEARCH = 200
Look = Callable[[Job, Request], Any]


def make_train_routes(site: Site) -> list[Route]:
    """Routes below `sage/train/`."""
    view = TrainView(site.jobs)

    async def script(_: Request) -> Response:
        """Plotly's own file, which the library brings along; the page asks for it when it draws curves."""
        path = await run_in_threadpool(plotly_path)
        return FileResponse(
            path, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"}
        )

    async def listing(request: Request) -> Response:
        if site.is_public:
            return _closed()
        found = await run_in_threadpool(view.listing)
        return JSONResponse(versioned(found, request.query_params.get("v", "")), headers=HEADERS)

    def of_job(name: str, look: Look) -> Route:
        async def answer(request: Request) -> Response:
            if site.is_public:
                return _closed()
            job = await run_in_threadpool(view.jobs.find, request.path_params["job"])
            if job is None:
                return PlainTextResponse("There is no such job.", status_code=404, headers=HEADERS)
            found = await run_in_threadpool(look, job, request)
            if isinstance(found, Response):
                return found
            seen = request.query_params.get("v", "")
            return JSONResponse(await run_in_threadpool(versioned, found, seen), headers=HEADERS)

        return Route(f"/sage/train/{name}/{{job}}", answer, methods=["GET"])

    return [
        Route("/sage/train/plotly.js", script, methods=["GET"]),
        Route("/sage/train/jobs", listing, methods=["GET"]),
        of_job("job", lambda job, _: view.detail(job)),
        of_job("curves", lambda job, _: view.curves(job)),
        of_job("log", lambda job, request: view.log(job, _text(request, "q"))),
        of_job("samples", _samples),
        of_job("logfile", _whole_log),
        of_job("report", lambda job, _: _report(view, job)),
    ]


@cache
def plotly_path() -> Path:
    """Where plotly keeps its script."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("plotly is not installed; pip install -r requirements.txt")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


def _samples(job: Job, request: Request) -> dict[str, Any]:
    step = _text(request, "step")
    return {"episodes": list_samples(job, int(step)) if step.isdigit() and len(step) < 10 else []}


def _whole_log(job: Job, _: Request) -> Response:
    path = job.folder / LOG
    if not path.is_file():
        return PlainTextResponse("", headers=SEALED)
    name = f"{job.id}.log.txt"
    return FileResponse(path, media_type="text/plain", filename=name, headers=SEALED)


def _report(view: TrainView, job: Job) -> Response:
    page = report(view.detail(job), view.curves(job), view.log(job, ""), plotly_path())
    named = {"Content-Disposition": f'attachment; filename="{job.id}.html"'}
    return Response(page, media_type="text/html; charset=utf-8", headers={**SEALED, **named})


def _text(request: Request, name: str) -> str:
    return request.query_params.get(name, "")[:LONGEST_SEARCH]


def _closed() -> Response:
    said = "Training is the owner's alone; this site is public."
    return PlainTextResponse(said, status_code=403, headers=HEADERS)
