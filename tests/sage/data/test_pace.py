import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage.data.pace import Pace
from sage.faults import StoppedError, StopSignal


def test_requests_are_spread_evenly():
    pace = Pace(requests_per_minute=60)
    assert [pace.book(0, 0.0) for _ in range(4)] == [0.0, 1.0, 2.0, 3.0]
    assert pace.book(0, 10.0) == 0.0


def test_tokens_are_earned_before_more_are_spent():
    pace = Pace(tokens_per_minute=600)
    assert [pace.book(100, 0.0), pace.book(100, 0.0)] == [0.0, 10.0]
    pace.correct(100, 50)
    assert pace.book(0, 0.0) == pytest.approx(15.0)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 30)), min_size=2, max_size=40))
def test_no_minute_holds_more_than_is_allowed(calls):
    pace, now, starts = Pace(120, 6000), 0.0, []
    for tokens, later in calls:
        now += later
        starts.append((now + pace.book(tokens, now), tokens))
    for first, _ in starts:
        inside = [tokens for at, tokens in starts if first <= at < first + 60]
        assert len(inside) <= 121
        assert sum(inside[:-1]) <= 6000 + 1


def test_threads_share_it():
    pace = Pace(requests_per_minute=6000)
    started = time.monotonic()
    threads = [
        threading.Thread(target=lambda: [pace.wait(0, StopSignal()) for _ in range(10)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= 0.29


def test_a_stop_ends_the_wait():
    pace, stop = Pace(requests_per_minute=1), StopSignal()
    pace.wait(0, stop)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(StoppedError):
        pace.wait(0, stop)
