"""What an annotator's browser loads beside the page: film, frames, the evidence frame; and leases it renews or ends.

Addresses of a case hold a signature, so nobody gets at films by counting. A film is served only while its file
still has the digest that was probed when the question was asked: a queue that was made from somebody's file of
results cannot make the app show another file of this machine.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo import assets
from demo.media import FILM_TYPES, HEADERS, find_media
from sage.annotate.desk import Desk
from sage.annotate.types import Case
from sage.video import probe

FOLDER = Path(__file__).parent
LONGEST_TOKEN = 100
FRAME_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self'; "
        "media-src 'self'; connect-src 'self'; base-uri 'self'; frame-ancestors *"
    ),
}
"""A Space shows the page inside a page of its own, hence any ancestor; the frame itself holds no data."""


class CaseMedia:
    """Addresses of a case's film and frames, and the files behind them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._secret = secrets.token_bytes(32)

    def sign(self, case: int) -> str:
        """The case's name in addresses."""
        mac = hmac.new(self._secret, str(case).encode(), hashlib.sha256).hexdigest()[:32]
        return f"{case}-{mac}"

    def film_url(self, case: Case) -> str:
        """Address of the film relative to the page; empty when it cannot be shown."""
        return f"sage/annotate/film/{self.sign(case.id)}" if film_file(case) else ""

    def frame_url(self, case: Case, path: str) -> str:
        """Address of a picture or clip of the trace."""
        return f"sage/annotate/media/{self.sign(case.id)}/{path}"

    def case(self, signed: str) -> Case | None:
        """The case of a signed name; None for any other."""
        number, _, _ = signed.partition("-")
        if not number.isdecimal() or len(number) > 18:
            return None
        good = hmac.compare_digest(signed.encode(), self.sign(int(number)).encode())
        return self._desk.store.case(int(number)) if good else None


def film_file(case: Case) -> Path | None:
    """The film's file if browsers play its kind and it is still the film that was probed."""
    return playable_film(case.film, case.digest)


def playable_film(film: str, digest: str) -> Path | None:
    """The same of a file's path and the digest it had; None for any other file, and for none."""
    path = Path(film)
    if not film or not digest or path.suffix.lower() not in FILM_TYPES:
        return None
    try:
        stat = path.stat()
        known = _digest(path, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return None
    return path if known == digest else None


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, changed: int) -> str:
    """Size and time are part of the key, so a file that changed is read again."""
    return probe.digest(path)


def evidence_page() -> str:
    """Player, timeline and turns in a document of their own, with the Ask tab's scripts; it holds no data."""
    glue = (FOLDER / "annotate_frame.js").read_text(encoding="utf-8").replace("</", r"<\/")
    css = assets.css() + (FOLDER / "annotate_frame.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Film and evidence</title>'
        f'<base href="../../"><style>{css}</style>{assets.head()}</head><body><main>'
        '<div id="player"></div><div id="timeline"><div><div class="sg sg-timeline"></div></div></div>'
        '<div id="cards"><div><div class="sg sg-cards"></div></div></div></main>'
        f"<script>{glue}</script></body></html>"
    )


def make_annotate_routes(desk: Desk, media: CaseMedia) -> list[Route]:
    """Routes below `sage/annotate/`. Whoever has a lease's token may renew and end it."""

    async def film(request: Request) -> Response:
        case = await run_in_threadpool(media.case, request.path_params["case"])
        path = await run_in_threadpool(film_file, case) if case else None
        if path is None:
            return _missing()
        return FileResponse(path, media_type=FILM_TYPES[path.suffix.lower()], headers=HEADERS)

    async def frame(request: Request) -> Response:
        case = await run_in_threadpool(media.case, request.path_params["case"])
        folder = Path(case.folder) if case and case.folder else None
        path = find_media(folder, request.path_params["path"]) if folder else None
        if path is None:
            return _missing()
        kind = "image/jpeg" if path.suffix == ".jpg" else "video/mp4"
        return FileResponse(path, media_type=kind, headers=HEADERS)

    async def evidence(request: Request) -> Response:
        return Response(evidence_page(), media_type="text/html", headers=FRAME_HEADERS)

    async def lease(request: Request) -> Response:
        token = (await request.body())[:LONGEST_TOKEN].decode("ascii", "replace")
        act = desk.renew if request.path_params["act"] == "renew" else desk.give_back
        kept = await run_in_threadpool(act, token)
        return PlainTextResponse("yes" if kept else "no", headers={"Cache-Control": "no-store"})

    return [
        Route("/sage/annotate/film/{case}", film, methods=["GET", "HEAD"]),
        Route("/sage/annotate/media/{case}/{path:path}", frame, methods=["GET", "HEAD"]),
        Route("/sage/annotate/evidence", evidence, methods=["GET"]),
        Route("/sage/annotate/lease/{act:str}", lease, methods=["POST"]),
    ]


def _missing() -> Response:
    return PlainTextResponse("There is no such picture or film.", status_code=404, headers=HEADERS)
