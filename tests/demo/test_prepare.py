"""Making films playable: few at a time, all in the end."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from demo.films import Films
from demo.prepare import Preparations
from tests.films import make_film


def test_few_films_are_made_ready_at_once_and_all_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = Films(tmp_path / "films")
    film = make_film(tmp_path / "a.avi", duration_s=2, fps=5, size=(64, 36))
    monkeypatch.setattr("demo.prepare.AT_ONCE", 1)
    preparations = Preparations(films)
    told: set[int] = set()
    states = [preparations.start(films.adopt(film)) for _ in range(4)]
    end = time.monotonic() + 60
    while not all(state.done for state in states) and time.monotonic() < end:
        told.add(sum(s.text.startswith("Preparing") and not s.done for s in states))
        time.sleep(0.005)
    assert [state.error for state in states] == [""] * 4
    assert all(state.done for state in states)
    assert max(told) == 1
    assert threading.active_count() < 20
