"""Sockets for `sage.net`: connected to a checked address, and never waiting longer than a slice.

Python's own timeouts end a wait but cannot be interrupted from another thread. Here every wait is cut
into slices, and the budget (stop signal, deadline) is looked at between them.
"""

from __future__ import annotations

import errno
import functools
import os
import queue
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import certifi
import httpcore

from sage.address import Guard, resolve
from sage.faults import Border, StopSignal, WorldError

SLICE_S = 0.25
CONNECT_S = 8.0

T = TypeVar("T")


@dataclass(frozen=True)
class Budget:
    """How long one fetch may take in all, and the person who may end it sooner."""

    stop: StopSignal
    ends: float
    """On the monotonic clock."""

    def check(self) -> None:
        """StoppedError when a person stopped, TimeoutError when the time is up."""
        self.stop.check()
        if monotonic() > self.ends:
            raise TimeoutError("time is up")

    def wait(self, seconds: float) -> None:
        self.check()
        self.stop.wait(seconds)


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to the very addresses that were checked; a name is resolved once a connection."""

    def __init__(self, budget: Budget, guard: Guard) -> None:
        self._budget = budget
        self._guard = guard

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _in_thread(lambda: resolve(host, port, self._guard), self._budget)
        reason: OSError = OSError("no address")
        for address in addresses:
            try:
                return _Stream(_connect(address, port, self._budget), self._budget)
            except OSError as error:
                self._budget.check()
                reason = error
        raise httpcore.ConnectError(reason.strerror or "no answer") from reason

    def sleep(self, seconds: float) -> None:
        self._budget.wait(seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, sock: socket.socket, budget: Budget) -> None:
        self._sock = sock
        self._budget = budget
        sock.settimeout(SLICE_S)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _named(httpcore.ReadError, httpcore.ReadTimeout):
            return self._patiently(lambda: self._sock.recv(max_bytes), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        with _named(httpcore.WriteError, httpcore.WriteTimeout):
            while left:
                sent = self._patiently(functools.partial(self._sock.send, left), timeout)
                left = left[sent:]

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        with _named(httpcore.ConnectError, httpcore.ConnectTimeout):
            tls = ssl_context.wrap_socket(
                self._sock, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            stream = _Stream(tls, self._budget)
            try:
                stream._patiently(tls.do_handshake, timeout)
            except ssl.SSLCertVerificationError as error:
                tls.close()
                raise WorldError(
                    Border.NETWORK,
                    f"{server_hostname} cannot be trusted: {error.verify_message.rstrip('.')}.",
                ) from error
            return stream

    def get_extra_info(self, info: str) -> Any:
        return None

    def _patiently(self, step: Callable[[], T], quiet_s: float | None) -> T:
        """Repeats a step that may time out after a slice, until it works or `quiet_s` passed."""
        ends = monotonic() + (quiet_s or CONNECT_S)
        while True:
            self._budget.check()
            try:
                return step()
            except TimeoutError:
                if monotonic() > ends:
                    raise


@functools.cache
def trust() -> ssl.SSLContext:
    """Certificates of the system and, for slim machines that have none, the bundled ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _named(broken: type[Exception], slow: type[Exception]) -> Iterator[None]:
    """Gives errors of sockets the names that the HTTP layer knows."""
    try:
        yield
    except TimeoutError as error:
        raise slow("no answer in time") from error
    except OSError as error:
        raise broken(error.strerror or str(error)) from error


def _connect(address: str, port: int, budget: Budget) -> socket.socket:
    """Opens a TCP connection to a literal address; OSError when nobody answers in time."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex((address, port))
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            raise OSError(code, os.strerror(code))
        _await_writable(sock, budget)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:  # a stop must not leak the socket either
        sock.close()
        raise
    return sock


def _await_writable(sock: socket.socket, budget: Budget) -> None:
    ends = monotonic() + CONNECT_S
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_WRITE)
        while not selector.select(SLICE_S):
            budget.check()
            if monotonic() > ends:
                raise TimeoutError("no answer in time")


def _in_thread(work: Callable[[], T], budget: Budget) -> T:
    """Runs what cannot be interrupted (the system's resolver); abandons it when the budget ends."""
    box: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            box.put((work(), None))
        except Exception as error:  # noqa: BLE001 - handed over whole to the thread that waits
            box.put((None, error))

    threading.Thread(target=run, daemon=True, name="resolve").start()
    while True:
        budget.check()
        try:
            result, error = box.get(timeout=SLICE_S)
        except queue.Empty:
            continue
        if error:
            raise error
        return result  # type: ignore[return-value]
