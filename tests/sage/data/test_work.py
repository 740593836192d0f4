import threading
import time

import pytest

from sage.data.work import work
from sage.faults import Border, StoppedError, StopSignal, WorldError


def double(n):
    if n == 3:
        raise WorldError(Border.FILM, "three cannot be done")
    return 2 * n


def test_a_failure_ends_no_other_job():
    found = dict(work(range(6), double, at_once=2, stop=StopSignal()))
    assert {n: r for n, r in found.items() if n != 3} == {0: 0, 1: 2, 2: 4, 4: 8, 5: 10}
    assert isinstance(found[3], WorldError)


def test_jobs_are_not_queued_up():
    taken = []
    results = work(
        (taken.append(n) or n for n in range(1000)), double, at_once=3, stop=StopSignal()
    )
    next(results)
    assert len(taken) <= 6
    results.close()


def test_no_more_than_allowed_at_once():
    running, most, lock = [0], [0], threading.Lock()

    def job(_):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1

    list(work(range(12), job, at_once=4, stop=StopSignal()))
    assert most[0] == 4


def test_a_stop_begins_nothing_more():
    stop, done = StopSignal(), []

    def job(n):
        done.append(n)
        stop.set()

    with pytest.raises(StoppedError):
        list(work(range(100), job, at_once=1, stop=stop))
    assert done == [0]


def test_a_mistake_of_ours_is_raised_and_stops_the_others():
    stop = StopSignal()
    with pytest.raises(ZeroDivisionError):
        list(work([1, 0, 2], lambda n: 1 / n, at_once=1, stop=stop))
    assert stop.is_set
