"""Threads that ask together, and models that refuse a part of a batch."""

import time

import pytest

from sage.faults import Border, WorldError
from sage.models.gather import Gathered, ask_all
from sage.train.questions import MiniQuestions
from tests.sage.train.experts import Experts


@pytest.fixture
def request_(tmp_path):
    return MiniQuestions("val", 1, tmp_path).open(0).episode.request()


def test_a_dead_server_is_not_asked_forever(request_):
    class Dead(Experts):
        def generate(self, requests):
            self.batches.append(len(requests))
            raise WorldError(Border.MODEL, "Not today.")

    dead = Dead()
    found = ask_all(dead, [request_] * 128)
    assert all(isinstance(reply, WorldError) for reply in found)
    assert len(dead.batches) <= 9


def test_threads_that_ask_together_get_one_batch(request_):
    model, told = Experts(), []
    gathered = Gathered(model)

    def job(n):
        time.sleep(0.01 * n)
        told.extend(gathered.generate([request_] * n))
        told.extend(gathered.generate([request_]))

    gathered.run([lambda n=n: job(n) for n in (1, 2, 3)] + [lambda: None])
    assert model.batches == [6, 3]
    assert len(told) == 9


def test_two_models_of_the_same_threads_do_not_wait_for_each_other(request_):
    first, second = Experts(), Experts()
    gathered = Gathered(first)
    beside = gathered.beside(second)

    def job(model):
        for _ in range(3):
            assert len(model.generate([request_, request_])) == 2

    gathered.run([lambda m=m: job(m) for m in (gathered, gathered, beside)])
    assert (first.batches, second.batches) == ([4, 4, 4], [2, 2, 2])
    assert gathered.beside(first) is gathered


def test_with_patience_nobody_waits_for_who_is_busy_long(request_):
    model, seconds = Experts(), []
    gathered = Gathered(model, patience_s=0.02)

    def quick():
        began = time.monotonic()
        gathered.generate([request_])
        seconds.append(time.monotonic() - began)

    def slow():
        time.sleep(1.0)
        gathered.generate([request_])

    gathered.run([quick, quick, slow])
    assert max(seconds) < 0.8
    assert sum(model.batches) == 3


def test_a_job_that_fails_is_told_when_all_are_done(request_):
    gathered, done = Gathered(Experts()), []

    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gathered.run([broken, lambda: done.extend(gathered.generate([request_]))])
    assert len(done) == 1
