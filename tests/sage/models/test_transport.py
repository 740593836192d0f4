"""Waiting: pauses, stop, batches, what statuses mean, what is kept out of sentences."""

import asyncio
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.faults import StoppedError, StopSignal, WorldError
from sage.models.transport import (
    Patience,
    TransientError,
    Watch,
    is_this_machine,
    persist,
    read_retry_after,
    read_status,
    run_all,
    scrub,
)
from sage.types import Reply
from tests.sage.models.asking import KEY, QUICK, ask


def test_persist_returns_the_first_success():
    tries: list[int] = []

    async def attempt() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise TransientError("not yet")
        return "there"

    told: list[str] = []
    assert persist(attempt, ask(on_retry=told.append), QUICK) == "there"
    assert [line.split(";")[0] for line in told] == ["not yet"] * 2


def test_pauses_grow():
    async def attempt() -> str:
        raise TransientError("never", "Do something.")

    started = time.monotonic()
    with pytest.raises(WorldError, match=r"never \(tried 3 times\)\. .*kept\. Do something\."):
        persist(attempt, ask(), Patience(tries=3, base_s=0.1))
    assert time.monotonic() - started >= 0.24


def test_a_final_error_is_not_tried_again():
    tries: list[int] = []

    async def attempt() -> str:
        tries.append(1)
        raise read_status(401, "", who="m")

    with pytest.raises(WorldError):
        persist(attempt, ask(), QUICK)
    assert len(tries) == 1


def test_a_stopped_wait_cancels_the_coroutine():
    cancelled, stop = threading.Event(), StopSignal()

    async def attempt() -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return "late"

    threading.Timer(0.1, stop.set).start()
    with pytest.raises(StoppedError):
        Watch(stop, threading.Event()).wait(attempt(), 60)
    assert cancelled.wait(2)


def test_a_batch_runs_only_so_many_at_once():
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def one(request, gave_up):
        with lock:
            running.append(1)
            most.append(len(running))
        time.sleep(0.02)
        with lock:
            running.pop()
        return Reply(text=request.messages[1].parts[0].text)

    replies = run_all([ask(str(n)) for n in range(9)], one, 3)
    assert [reply.text for reply in replies] == [str(n) for n in range(9)]
    assert max(most) <= 3


@pytest.mark.parametrize(("value", "after_s"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("", None)])
def test_retry_after_in_seconds(value, after_s):
    assert read_retry_after({"retry-after": value}) == after_s


def test_retry_after_as_a_date():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    after_s = read_retry_after({"retry-after": date})
    assert after_s is not None
    assert 20 < after_s <= 30


@given(st.text(max_size=40))
def test_retry_after_never_fails(value):
    after_s = read_retry_after({"retry-after": value})
    assert after_s is None or after_s >= 0


@given(st.text(max_size=80), st.text(max_size=80))
def test_scrub_leaves_no_key(before, after):
    clean = scrub(f"{before}{KEY}{after}", KEY)
    assert KEY not in clean
    assert len(clean) <= 300


def test_scrub_knows_the_quoted_key():
    assert scrub("?key=sk-Zq7-very%2Fsecret%2Bkey-0042", KEY) == "?key=[key]"
    assert scrub("no key is used", "") == "no key is used"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass(status):
    assert isinstance(read_status(status, "", who="m"), TransientError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 413, 418, 451])
def test_what_stays(status):
    error = read_status(status, "", who="m")
    assert isinstance(error, WorldError)
    assert "is kept" in str(error)


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        *[("http://127.0.0.1:1/v1", True), ("http://localhost/v1", True), ("http://[::1]/", True)],
        *[("http://10.0.0.5/v1", False), ("https://api.openai.com/v1", False), ("nonsense", False)],
    ],
)
def test_this_machine(url, is_here):
    assert is_this_machine(url) is is_here


def test_threads_that_call_for_the_first_time_together_share_one_loop():
    code = (
        "import sys, threading; from concurrent.futures import ThreadPoolExecutor\n"
        "from sage.models.transport import background_loop\n"
        "sys.setswitchinterval(1e-6); start = threading.Barrier(16)\n"
        "def ask(_): start.wait(); return id(background_loop())\n"
        "with ThreadPoolExecutor(16) as pool: print(len(set(pool.map(ask, range(16)))))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"
