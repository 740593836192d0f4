"""The sentences of the status line and of the pickers, in one place."""

from __future__ import annotations

import json

from demo.prepare import Preparation
from demo.runs import Snapshot
from sage.models.catalog import Status
from sage.timecode import format_time
from sage.types import Decision, FilmInfo, Stop, Trace

DOING = {
    Decision.ZOOM: "looking closer",
    Decision.TRANSCRIBE: "listening",
    Decision.SEARCH: "searching the web",
    Decision.SKIP: "moving on",
    Decision.ANSWER: "answering",
}
UNFINISHED = (Stop.STOPPED, Stop.FAILED, Stop.INTERRUPTED, Stop.MALFORMED)
"""Ends after which the button says "Ask again"."""
LIMITS = {"turns": "turns", "seconds": "time", "usd": "money"}


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def status(kind: str, text: str) -> str:
    """Value of the status line; kind colours it: idle, running, stopping, done, error."""
    return to_json({"kind": kind, "text": text})


def is_error(said: str | None) -> bool:
    """Whether a value of the status line, as a page sends it back, tells an error."""
    try:
        read = json.loads(said or "")
    except ValueError:
        return False
    return isinstance(read, dict) and read.get("kind") == "error"


def model(known: Status) -> str:
    """A line of the model picker."""
    return f"{known.spec} · ready" if known.ready else f"{known.spec} · not ready: {known.why}"


def percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def of_run(now: Snapshot, ready: Preparation | None) -> str:
    """The status of what a page shows. It changes once a turn, not with every second."""
    if now.live.get("saved"):
        return status(
            "done", "A saved run. Pick a question above, or give a film and ask your own."
        )
    if not now.trace.run:
        return _film(now, ready)
    if now.trace.stop is not None:
        kind = "error" if now.trace.stop in UNFINISHED[1:] else "done"
        return status(kind, _ended(now.trace))
    if now.live.get("status") == "stopping":
        return status("stopping", "Stopping…")
    return status("running", _doing(now))


def _film(now: Snapshot, ready: Preparation | None) -> str:
    if not now.film:
        return status("idle", "Pick an example, or give a film and ask.")
    if ready is not None and ready.error:
        return status("error", ready.error)
    if ready is not None and not ready.done:
        share = percent(ready.share)
        tail = "" if share is None else f" · {share} %"
        return status("running", f"Making a copy that browsers play{tail}. You can ask meanwhile.")
    return status("idle", f"The film is here: {_about(now.trace.film)}. Ask away.")


def _about(film: FilmInfo | None) -> str:
    if film is None:
        return "not read yet"
    captions = "" if film.captions else ", without captions"
    return (
        f"{film.title}, {format_time(float(round(film.duration_s)) or film.duration_s)}{captions}"
    )


def _doing(now: Snapshot) -> str:
    at = now.live.get("now")
    if now.live.get("place"):
        return f"Waiting: place {now.live['place']} in the queue for the model on this machine."
    if not isinstance(at, dict):
        return "Starting…"
    if not at.get("turn"):
        share = percent(at.get("done"))
        rounded = "" if share is None else f" · {share // 10 * 10} %"
        return f"{at.get('text') or 'Starting'}{rounded}"
    decision = at.get("decision")
    doing = DOING[Decision(decision)] if decision else "deciding"
    return f"Turn {at['turn']} · {doing}"


def _ended(trace: Trace) -> str:
    n = len(trace.turns)
    turns = f"{n} turn{'' if n == 1 else 's'}"
    if trace.stop == Stop.ANSWERED:
        return f"Answered in {turns}, {trace.seconds:.1f} s."
    if trace.stop == Stop.FORCED:
        limit = LIMITS.get(trace.limit, "run")
        return f"Answered from what there was: the limit of {limit} was reached after {turns}."
    if trace.stop == Stop.STOPPED:
        return f"Stopped. {turns.capitalize()} kept." if n else "Stopped."
    return trace.error or "The run ended without an answer. Ask again."
