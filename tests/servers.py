"""Small real HTTP servers on this machine, well and ill behaved, for tests of everything that fetches."""

from __future__ import annotations

import json
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sage.net import Guard

Answer = Callable[["Visit"], None]


@dataclass
class Server:
    """A running server: where it is, what may be opened, and what it was asked."""

    port: int
    visits: list[Visit] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def guard(self) -> Guard:
        """Allows exactly this server."""
        return Guard(frozenset({f"127.0.0.1:{self.port}"}))


class Visit(BaseHTTPRequestHandler):
    """One request; routes write their answer through it."""

    routes: dict[str, Answer]
    record: list[Visit]
    sent: bytes = b""

    def do_GET(self) -> None:
        self.sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.record.append(self)
        route = self.routes.get(self.path.split("?")[0])
        try:
            if route:
                route(self)
            else:
                self.send_error(404)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client had enough

    do_POST = do_GET
    do_HEAD = do_GET

    def head(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def json(self) -> Any:
        return json.loads(self.sent)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serve(routes: dict[str, Answer], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serves routes (path without query to answer) on a free port until the block ends."""
    seen: list[Visit] = []
    visit = type("Visit_", (Visit,), {"routes": routes, "record": seen})
    http = ThreadingHTTPServer(("127.0.0.1", 0), visit)
    http.daemon_threads = True
    if tls:
        http.socket = tls.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(
        target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield Server(http.server_address[1], seen)
    finally:
        http.shutdown()
        http.server_close()


def body(content: bytes | str, kind: str = "text/html; charset=utf-8", status: int = 200) -> Answer:
    """A whole, honest answer."""
    data = content.encode() if isinstance(content, str) else content

    def answer(visit: Visit) -> None:
        visit.head(status, Content_Type=kind, Content_Length=str(len(data)))
        if visit.command != "HEAD":
            visit.wfile.write(data)

    return answer


def as_json(value: Any, status: int = 200) -> Answer:
    return body(json.dumps(value), "application/json", status)


def redirect(to: str, status: int = 302) -> Answer:
    return lambda visit: visit.head(status, Location=to, Content_Length="0")


def drip(seconds: float = 30.0, kind: str = "text/plain") -> Answer:
    """A byte every 50 ms, without an end in sight."""

    def answer(visit: Visit) -> None:
        visit.head(Content_Type=kind)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            visit.wfile.write(b".")
            time.sleep(0.05)

    return answer


def silent(seconds: float = 30.0) -> Answer:
    """Accepts the request and says nothing."""
    return lambda visit: time.sleep(seconds)


def endless(kind: str = "text/plain") -> Answer:
    """As many bytes as the client takes."""

    def answer(visit: Visit) -> None:
        visit.head(Content_Type=kind)
        while True:
            visit.wfile.write(b"x" * 65536)

    return answer


def gzip_bomb(megabytes: int = 200) -> Answer:
    """A small body that unfolds to a large one."""
    packed = b"".join(_packed_zeros(megabytes))

    def answer(visit: Visit) -> None:
        visit.head(
            Content_Type="text/html", Content_Encoding="gzip", Content_Length=str(len(packed))
        )
        visit.wfile.write(packed)

    return answer


def short(content: bytes, promised: int, times: int = 10**6, kind: str = "text/plain") -> Answer:
    """Promises more bytes than it sends, the first `times` times; honest afterwards."""
    served = iter(range(10**9))

    def answer(visit: Visit) -> None:
        honest = next(served) >= times
        length = len(content) if honest else promised
        visit.head(Content_Type=kind, Content_Length=str(length))
        visit.wfile.write(content)
        visit.close_connection = True

    return answer


def busy(retry_after: str, times: int = 10**6, status: int = 429) -> Answer:
    """Refuses the first `times` requests with Retry-After, then answers."""
    served = iter(range(10**9))

    def answer(visit: Visit) -> None:
        if next(served) < times:
            visit.head(status, Retry_After=retry_after, Content_Length="0")
        else:
            body("now it works", "text/plain")(visit)

    return answer


def _packed_zeros(megabytes: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for _ in range(megabytes):
        yield packer.compress(b"\0" * 1_000_000)
    yield packer.flush()
