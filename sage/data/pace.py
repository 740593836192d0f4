"""How fast a service may be asked: requests and tokens a minute, evenly spread, shared by all threads."""

from __future__ import annotations

import threading
import time

from sage.faults import StopSignal


class Pace:
    """Gives out the moments at which calls may start. 0 means no limit."""

    def __init__(self, requests_per_minute: float = 0.0, tokens_per_minute: float = 0.0) -> None:
        self._request_s = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._token_s = 60.0 / tokens_per_minute if tokens_per_minute else 0.0
        self._free_at = 0.0
        """When the next request may start."""
        self._paid_at = 0.0
        """When the tokens given out so far are earned."""
        self._lock = threading.Lock()

    def wait(self, tokens: int, stop: StopSignal) -> None:
        """Returns when a call of about so many tokens may start; StoppedError."""
        delay_s = self.book(tokens, time.monotonic())
        stop.check()
        if delay_s > 0:
            stop.wait(delay_s)

    def book(self, tokens: int, now_s: float) -> float:
        """Takes the next free moment and returns how far off it is, seconds."""
        with self._lock:
            at_s = max(now_s, self._free_at, self._paid_at)
            self._free_at = at_s + self._request_s
            self._paid_at = at_s + tokens * self._token_s
            return at_s - now_s

    def correct(self, guessed: int, used: int) -> None:
        """A call took other than the tokens booked for it."""
        with self._lock:
            self._paid_at += (used - guessed) * self._token_s
