"""How the HTTP backends wait: retried, in time, and given up at once when a person stops.

SDK calls run as coroutines on one background loop, because only a cancelled coroutine drops its
connection (so the server stops generating); closing a client under a blocked thread does not.
A backend writes one attempt that returns a value, or raises TransientError (tried again) or
WorldError (final). Callers' threads wait, and `on_retry` is called in the thread that waits.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import email.utils
import random
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from sage.faults import Border, StoppedError, StopSignal, WorldError
from sage.models.base import Request
from sage.types import Reply

T = TypeVar("T")
POLL_S = 0.1
_beginning = threading.Lock()
"""`cache` alone lets threads that come at once begin several loops."""


@dataclass(frozen=True)
class Patience:
    """How long a backend tries."""

    tries: int = 4
    base_s: float = 1.0
    """Pause before the second try; doubled from try to try."""
    cap_s: float = 60.0
    """Longest pause, also when the server asks for more."""
    timeout_s: float = 300.0
    """For one attempt."""
    connect_s: float = 10.0
    at_once: int = 8
    """Requests of one batch under way together."""


class TransientError(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, reason: str, advice: str = "", *, after_s: float | None = None) -> None:
        """`reason` and `advice` are clauses; `after_s` is the pause the server asks for."""
        super().__init__(reason)
        self.reason = reason
        self.advice = advice or "Try again later, or choose another model."
        self.after_s = after_s


def final(reason: str, advice: str) -> WorldError:
    """The error a run ends with: what failed, what is kept, what to do."""
    return WorldError(Border.MODEL, f"{reason.rstrip('. ')}. The run so far is kept. {advice}")


def run_all(
    requests: Sequence[Request], one: Callable[[Request, threading.Event], Reply], at_once: int
) -> list[Reply]:
    """`one(request, gave_up)` for each, a few at a time; the first failure ends the others."""
    gave_up = threading.Event()
    if len(requests) < 2:
        return [one(request, gave_up) for request in requests]
    with concurrent.futures.ThreadPoolExecutor(min(at_once, len(requests))) as pool:
        futures = [pool.submit(one, request, gave_up) for request in requests]
        done, pending = concurrent.futures.wait(
            futures, return_when=concurrent.futures.FIRST_EXCEPTION
        )
        failed = next((f for f in futures if f in done and f.exception()), None)
        if failed:
            gave_up.set()
            for future in pending:
                future.cancel()
    if failed:
        failed.result()
    return [future.result() for future in futures]


def persist(
    attempt: Callable[[], Coroutine[Any, Any, T]],
    request: Request,
    patience: Patience,
    *,
    gave_up: threading.Event | None = None,
) -> T:
    """Tries until it works, it is final, patience ends, or a person stops."""
    watch = Watch(request.stop, gave_up or threading.Event())
    trouble = TransientError("It was not tried")
    for n in range(1, patience.tries + 1):
        watch.check()
        try:
            return watch.wait(attempt(), patience.timeout_s)
        except TransientError as error:
            trouble = error
        if n < patience.tries:
            pause_s = _pause(trouble, n, patience)
            request.on_retry(
                f"{trouble.reason}; trying again in {pause_s:.2g} s ({n} of {patience.tries - 1})"
            )
            watch.sleep(pause_s)
    tried = f" (tried {patience.tries} times)" if patience.tries > 1 else ""
    raise final(f"{trouble.reason}{tried}", trouble.advice)


def _pause(trouble: TransientError, n: int, patience: Patience) -> float:
    if trouble.after_s is not None:
        return min(trouble.after_s, patience.cap_s)
    spread = random.uniform(0.8, 1.2)  # so that parallel runs do not return together
    return min(patience.base_s * 2 ** (n - 1) * spread, patience.cap_s)


@dataclass(frozen=True)
class Watch:
    """Waits while looking at a person's stop and at the failure of a neighbour in the batch."""

    stop: StopSignal
    gave_up: threading.Event

    def wait(self, coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """The coroutine's result, run on the loop; it is cancelled when waiting ends early."""
        future = asyncio.run_coroutine_threadsafe(coroutine, background_loop())
        deadline = time.monotonic() + timeout_s
        try:
            while not concurrent.futures.wait([future], timeout=POLL_S).done:
                self.check()
                if time.monotonic() > deadline:
                    raise TransientError(f"No reply came within {timeout_s:g} s")
            return future.result()
        finally:
            future.cancel()

    def sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left_s := deadline - time.monotonic()) > 0:
            self.check()
            time.sleep(min(POLL_S, left_s))
        self.check()

    def check(self) -> None:
        self.stop.check()
        if self.gave_up.is_set():
            raise StoppedError("another request of the batch failed")


def background_loop() -> asyncio.AbstractEventLoop:
    """The loop all SDK calls run on, in a daemon thread of its own: the SDKs do not stand two."""
    with _beginning:
        return _begin_loop()


@cache
def _begin_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="model-calls", daemon=True).start()
    return loop


def run_briefly(coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T | None:
    """For clean-up: the result, or `None` when it takes longer."""
    future = asyncio.run_coroutine_threadsafe(coroutine, background_loop())
    if concurrent.futures.wait([future], timeout=timeout_s).done:
        return future.result()
    future.cancel()
    return None


def read_status(
    status: int, detail: str, *, who: str, after_s: float | None = None, is_api: bool = True
) -> TransientError | WorldError:
    """What an HTTP status means. `who` is model and host; `is_api`: the body was an API's JSON."""
    tail = f": {detail}" if detail else ""
    if status == 401 or (status == 403 and is_api):
        # The server's own words are left out: some echo the key.
        reason = "refused the key" if status == 401 else "does not allow this key to use the model"
        return final(
            f"{who} {reason} (HTTP {status}), so it is a wrong key or one without access",
            "Put a valid key in the environment, or type another one.",
        )
    if status in (403, 407, 451):
        return final(
            f"Something on the way to {who} refused the connection (HTTP {status})",
            "Check the proxy, firewall or region; the key was not looked at.",
        )
    if status == 404:
        is_model = "model" in detail.lower()
        what = "does not have that model" if is_model else "has nothing at that address"
        fix = "Check the model's name." if is_model else "Check the address; most end in /v1."
        return final(f"{who} {what} (HTTP 404){tail}", fix)
    if status == 413:
        return final(f"The prompt is too large for {who} (HTTP 413)", FEWER_FRAMES)
    if status == 429:
        return TransientError(f"{who} is busy or the rate limit is reached (429)", after_s=after_s)
    if status in (408, 409, 425) or status >= 500:
        return TransientError(f"{who} failed (HTTP {status}){tail}", after_s=after_s)
    return final(
        f"{who} refused the request (HTTP {status}){tail}", "Choose another model or setting."
    )


FEWER_FRAMES = "Lower --frames, or choose a model with a longer context."


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass  # not a number: a date, or nothing
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def scrub(text: str, key: str) -> str:
    """One short line without `key`."""
    clean = " ".join(text.split())
    for secret in {key, quote(key, safe="")} - {""}:
        clean = clean.replace(secret, "[key]")
    return clean if len(clean) <= 300 else clean[:299] + "…"


def is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
