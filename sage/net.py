"""The only way this project opens a link: public addresses, bounded, stoppable.

Every connection goes to an address that was checked for it, also after each redirect; TLS still
verifies the name of the host. Size is counted after decompression, time from the call, and the stop
signal is looked at four times a second even while a server drips. Proxies and credentials of the
environment (`HTTP_PROXY`, `.netrc`) are ignored on purpose: a proxy would resolve names by itself and
undo the check. The price is that a machine that reaches the web only through a proxy cannot fetch.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic, time
from typing import Any, NamedTuple
from urllib.parse import urljoin

import httpcore

from sage.address import (
    PUBLIC,
    ForbiddenAddressError,
    Guard,
    check_public,
    parse_link,
    shown,
)
from sage.faults import Border, StopSignal, WorldError
from sage.wire import Budget, CheckedBackend, trust

__all__ = [
    "PUBLIC",
    "Bounds",
    "ForbiddenAddressError",
    "Guard",
    "Page",
    "Response",
    "StatusError",
    "TooLargeError",
    "check_public",
    "fetch",
    "opened",
    "post_json",
    "save",
    "stream_to",
]

MAX_REDIRECTS = 5
RETRY_WAITS_S = (0.3, 1.0)
LONGEST_RETRY_AFTER_S = 5.0
QUIET_S = 20.0
_AGENT = "Mozilla/5.0 (compatible; sage-video/0.1)"
_BROKEN = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.RemoteProtocolError,
)
_PIECE = 1 << 16


class StatusError(WorldError):
    """The server answered, but with an error."""

    def __init__(self, host: str, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(Border.NETWORK, _explain(host, status, retry_after_s))
        self.status = status
        self.retry_after_s = retry_after_s


class TooLargeError(WorldError):
    """More bytes than allowed."""

    def __init__(self, host: str, max_bytes: int) -> None:
        size = f"{max_bytes / 1e6:.3g} MB" if max_bytes < 1e9 else f"{max_bytes / 1e9:.3g} GB"
        super().__init__(Border.NETWORK, f"What {host} sends is larger than the limit of {size}.")


class Page(NamedTuple):
    """A whole answer; `url` is the one that answered, after redirects."""

    url: str
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Bounds:
    """Limits of one transfer."""

    max_bytes: int
    timeout_s: float
    """For the whole transfer, redirects and retries included."""


@dataclass(frozen=True)
class Ask:
    """What is sent. Headers of the caller's go to the first origin only: a redirect never sees a key."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    compressed: bool = True


@dataclass(frozen=True)
class Response:
    """An answer whose body is still to be read, once, by `chunks`."""

    url: str
    host: str
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: Iterator[bytes]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """Bytes still to come, as promised; unknown for compressed bodies."""
        told = self.headers.get("content-length", "")
        return int(told) if told.isdigit() and not self.headers.get("content-encoding") else None

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """The decompressed body; TooLargeError as soon as more than `max_bytes` came or are promised."""
        if self.length is not None and self.length > max_bytes:
            raise TooLargeError(self.host, max_bytes)
        seen = 0
        for chunk in _decode(self.raw, self.headers.get("content-encoding", "")):
            seen += len(chunk)
            if seen > max_bytes:
                raise TooLargeError(self.host, max_bytes)
            yield chunk


def fetch(
    url: str,
    *,
    max_bytes: int,
    timeout_s: float,
    stop: StopSignal,
    headers: Mapping[str, str] | None = None,
    guard: Guard = PUBLIC,
) -> Page:
    """Reads a whole page into memory.

    ForbiddenAddressError, StatusError, TooLargeError or another WorldError(NETWORK); StoppedError.
    """
    budget = Budget(stop, monotonic() + timeout_s)
    return _read(Ask(url, headers or {}), max_bytes, budget, guard)


def post_json(
    url: str,
    payload: Mapping[str, Any],
    *,
    timeout_s: float,
    stop: StopSignal,
    headers: Mapping[str, str] | None = None,
    guard: Guard = PUBLIC,
) -> Page:
    """Sends JSON to an interface and reads the answer, at most 4 MB; errors as `fetch`.

    A redirect is an error here: what was sent is not repeated elsewhere.
    """
    budget = Budget(stop, monotonic() + timeout_s)
    sent = {"content-type": "application/json", **(headers or {})}
    return _read(Ask(url, sent, json.dumps(payload).encode()), 4_000_000, budget, guard)


def stream_to(
    url: str,
    path: Path,
    bounds: Bounds,
    *,
    stop: StopSignal,
    on_progress: Callable[[int, int | None], None] | None = None,
    guard: Guard = PUBLIC,
) -> Page:
    """Streams a link to a file; the page returned has an empty body. A failed file is deleted."""
    with opened(url, bounds, stop=stop, guard=guard) as response:
        save(response, response.chunks(bounds.max_bytes), path, on_progress=on_progress)
        return Page(response.url, response.content_type, b"")


@contextmanager
def opened(
    url: str, bounds: Bounds, *, stop: StopSignal, guard: Guard = PUBLIC
) -> Iterator[Response]:
    """An answer to look at before its body is read; transport faults up to here are retried."""
    budget = Budget(stop, monotonic() + bounds.timeout_s)
    ask = Ask(url, compressed=False)
    with _attributed(url), _first_answer(ask, budget, guard) as response:
        yield response


def save(
    response: Response,
    chunks: Iterator[bytes],
    path: Path,
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> int:
    """Writes chunks to a file and returns their number of bytes; deletes the file when that fails.

    `on_progress` is told bytes so far and bytes promised.
    """
    size = 0
    try:
        with path.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
                size += len(chunk)
                if on_progress:
                    on_progress(size, response.length)
    except BaseException:  # stop, limits, a full disk: nothing half is left behind
        path.unlink(missing_ok=True)
        raise
    return size


def _read(ask: Ask, max_bytes: int, budget: Budget, guard: Guard) -> Page:
    with _attributed(ask.url):
        for wait_s in (*RETRY_WAITS_S, None):
            try:
                with _request(ask, budget, guard) as response:
                    body = b"".join(response.chunks(max_bytes))
                    return Page(response.url, response.content_type, body)
            except (*_BROKEN, StatusError) as error:
                _wait_or_raise(error, wait_s, budget)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def _first_answer(ask: Ask, budget: Budget, guard: Guard) -> Iterator[Response]:
    for wait_s in (*RETRY_WAITS_S, None):
        with ExitStack() as stack:
            try:
                response = stack.enter_context(_request(ask, budget, guard))
            except (*_BROKEN, StatusError) as error:
                _wait_or_raise(error, wait_s, budget)
                continue
            yield response
            return


def _wait_or_raise(error: Exception, wait_s: float | None, budget: Budget) -> None:
    """Sleeps before the next attempt, or lets the error go when another would not help."""
    if wait_s is None:
        raise error
    if isinstance(error, StatusError):
        if error.status not in (429, 502, 503, 504):
            raise error
        wait_s = max(wait_s, error.retry_after_s or 0.0)
        if wait_s > LONGEST_RETRY_AFTER_S or monotonic() + wait_s > budget.ends:
            raise error
    budget.wait(wait_s)


@contextmanager
def _request(ask: Ask, budget: Budget, guard: Guard) -> Iterator[Response]:
    """One attempt, redirects followed; StatusError for anything that is not a success."""
    url, first = ask.url, parse_link(ask.url).origin
    for _ in range(MAX_REDIRECTS + 1):
        target = parse_link(url)
        own = ask.headers if target.origin == first else {}
        headers = {"host": target.host_header, "user-agent": _AGENT, "accept": "*/*"}
        headers["accept-encoding"] = "gzip" if ask.compressed else "identity"
        headers |= {name.lower(): value for name, value in own.items()}
        with (
            httpcore.ConnectionPool(
                ssl_context=trust(), network_backend=CheckedBackend(budget, guard)
            ) as pool,
            pool.stream(
                "GET" if ask.body is None else "POST",
                httpcore.URL(
                    scheme=target.scheme.encode(),
                    host=target.host.encode(),
                    port=target.port,
                    target=target.path.encode(),
                ),
                headers=list(headers.items()),
                content=ask.body,
                extensions={"timeout": {"read": QUIET_S, "write": QUIET_S, "connect": QUIET_S}},
            ) as answer,
        ):
            told = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in answer.headers}
            if answer.status in (301, 302, 303, 307, 308) and "location" in told and not ask.body:
                url = urljoin(url, told["location"])
                continue
            if not 200 <= answer.status < 300:
                after_s = _retry_after_s(told.get("retry-after", ""))
                raise StatusError(target.host, answer.status, after_s)
            yield Response(url, target.host, answer.status, told, answer.iter_stream())
            return
    raise WorldError(Border.NETWORK, f"The link leads on more than {MAX_REDIRECTS} times.")


@contextmanager
def _attributed(url: str) -> Iterator[None]:
    """Turns what is left of transport faults, after retries, into a sentence."""
    try:
        yield
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise WorldError(Border.NETWORK, f"{_host(url)} does not answer in time.") from error
    except httpcore.ConnectError as error:
        raise WorldError(Border.NETWORK, f"{_host(url)} cannot be reached: {error}.") from error
    except (*_BROKEN, zlib.error) as error:
        raise WorldError(Border.NETWORK, f"{_host(url)} broke the transfer off.") from error
    except (httpcore.LocalProtocolError, httpcore.ProtocolError) as error:
        raise WorldError(Border.NETWORK, f"{_host(url)} cannot be asked for this.") from error


def _decode(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Undoes content encoding in pieces of at most 64 KiB, so that no bomb unfolds in memory."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise WorldError(
            Border.NETWORK, f"The page is packed in a way not asked for ({shown(encoding)})."
        )
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    for chunk in chunks:
        rest = chunk
        while rest and not unpacker.eof:
            piece = unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
            if piece:
                yield piece
    if not unpacker.eof:
        raise httpcore.RemoteProtocolError("packed body ends early")


def _retry_after_s(told: str) -> float | None:
    """Seconds a server asks to wait: a number or a date."""
    if told.strip().isdigit():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time())
    except ValueError:
        return None


def _host(url: str) -> str:
    return parse_link(url).host


def _explain(host: str, status: int, retry_after_s: float | None) -> str:
    if status == 429:
        when = f" and asks to wait {retry_after_s:.0f} s" if retry_after_s else ""
        return f"{host} gets too many requests{when}."
    reasons = {
        401: "wants a login or a valid key",
        402: "wants to be paid first",
        403: "refuses this request",
        404: "has no such page",
        410: "has no such page any more",
        451: "may not show this page for legal reasons",
    }
    if status in reasons:
        return f"{host} {reasons[status]} (HTTP {status})."
    fails = "fails at the moment" if status >= 500 else "refuses this request"
    return f"{host} {fails} (HTTP {status})."
