"""The model without weights: decides each turn by searching what is said, and says plainly what it cannot do.

It reads the facts of a request (`Request.situation`), not its prompt. With captions it searches them all at once
and has the lines around the best passage transcribed; without, it listens window after window. Names it cannot
explain go to local pages when a folder of them was given. It cannot see: of moments named in a question it shows
the frames, and says so. Every answer quotes what it rests on, with times.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from sage import dialect
from sage.faults import Border, StopSignal, WorldError
from sage.models.base import Request, Situation
from sage.models.offline_policy import decide
from sage.types import FilmInfo, Reply, Span
from sage.video.captions import read_captions

KEPT = 8
"""Films whose captions stay in memory."""


class OfflineModel:
    """Text search as a policy; free, instant, blind."""

    name = "offline"
    can_see = False

    def __init__(self) -> None:
        self._captions: OrderedDict[tuple[str, ...], tuple[Span, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._reply(request) for request in requests]

    def close(self) -> None:
        """Nothing is held."""

    def _reply(self, request: Request) -> Reply:
        began = time.monotonic()
        request.stop.check()
        facts = request.situation
        if facts is None:
            raise WorldError(
                Border.MODEL,
                "The offline model only decides the turns of a run; it cannot read free text or pictures. "
                "Nothing was lost. Choose another model for this.",
            )
        lines = self._lines(facts, request.stop)
        action, thought = decide(facts, lines)
        text = dialect.write(action, thought, facts.stage)
        seconds = time.monotonic() - began
        return Reply(text=text, model=self.name, usd=0.0, seconds=seconds)

    def _lines(self, facts: Situation, stop: StopSignal) -> tuple[Span, ...]:
        key = _key(facts.film, facts.setup.captions)
        with self._lock:
            known = self._captions.get(key)
        if known is not None:
            return known
        lines = read_captions(facts.film, facts.setup.captions, stop=stop)
        with self._lock:
            self._captions[key] = lines
            while len(self._captions) > KEPT:
                self._captions.popitem(last=False)
        return lines


def _key(film: FilmInfo, side_file: str) -> tuple[str, ...]:
    """Changes when the film or one of the caption files does."""
    files = [side_file, *(track.source for track in film.captions)]
    return (film.digest, film.path, *(f"{name}:{_changed(name)}" for name in files if name))


def _changed(name: str) -> int:
    try:
        return Path(name).stat().st_mtime_ns
    except (OSError, ValueError):  # the number of a track inside the film, or gone
        return 0
