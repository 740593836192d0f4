"""Makes films playable in a browser, in threads of its own, once a film, while the agent already works.

The page asks how far it is; a film that browsers play as it is is ready at once.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass

from demo.films import Films
from sage.faults import StopSignal, WorldError
from sage.video.probe import probe
from sage.video.proxy import playable

log = logging.getLogger(__name__)
AT_ONCE = 2
"""Films that are made playable at a time: each keeps all cores busy."""


@dataclass
class Preparation:
    """How far one film is."""

    text: str = ""
    share: float | None = None
    error: str = ""
    done: bool = False


class Preparations:
    """One preparation a film; asking twice is free."""

    def __init__(self, films: Films) -> None:
        self._films = films
        self._known: dict[str, Preparation] = {}
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(AT_ONCE)

    def start(self, token: str) -> Preparation:
        """Begins unless the film is ready or being made ready already."""
        with self._lock:
            known = self._known.get(token)
            if known is not None and not known.error:
                return known
            state = self._known[token] = Preparation()
            if self._films.playable(token) is not None:
                state.done = True
                return state
        name = f"film-{token[:8]}"
        threading.Thread(target=self._work, args=(token, state), name=name, daemon=True).start()
        return state

    def get(self, token: str) -> Preparation | None:
        return self._known.get(token)

    def _work(self, token: str, state: Preparation) -> None:
        film, path = self._films.get(token), self._films.path(token)
        try:
            if film is None or path is None:
                return
            with ExitStack() as held:

                def tell(text: str, share: float | None) -> None:
                    if not state.text:  # told for the first time just before the work begins
                        state.text = "Waiting for other films to be made ready"
                        held.enter_context(self._slots)
                    state.text, state.share = text, share

                known = probe(path, film.title)
                shown = playable(known, path.parent, on_progress=tell, stop=StopSignal())
                # Told before the next film gets the place.
                state.text, state.share = "Ready to be shown", 1.0
            self._films.set_playable(token, shown)
        except WorldError as error:
            state.error = str(error)
        except Exception:  # a thread of its own: nobody else would hear of it
            log.exception("film %s cannot be prepared", token)
            state.error = "The film cannot be shown here. The agent can still look at it."
        finally:
            state.done = True
