"""The list of past runs as the history table takes it; rows of ended runs are read once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from demo.says import to_json
from demo.site import Site
from sage.faults import WorldError
from sage.store import EVENTS, RunFolder
from sage.types import Stop, Trace

SHOWN = 100
STATES = {
    None: "running",
    Stop.STOPPED: "stopped",
    Stop.INTERRUPTED: "interrupted",
    Stop.FAILED: "failed",
    Stop.MALFORMED: "no usable answer",
}


def history_value(site: Site, me: str) -> str:
    """Runs newest first; on a public site those of this browser alone."""
    runs = site.runs.all()
    if site.is_public:
        runs = [run for run in runs if me and site.runs.ticket(run.id).owner == me]
    rows = [_row(site, run) for run in runs[:SHOWN]]
    return to_json({"rows": rows, "more": max(0, len(runs) - SHOWN)})


def price(usd: float | None) -> str:
    """`$0.0042`; free on this machine; a dash when the price is not known."""
    return "—" if usd is None else f"${usd:.4f}" if usd else "free"


def _row(site: Site, run: RunFolder) -> dict[str, Any]:
    now = site.runs.snapshot(run.id) if site.runs.is_live(run.id) else None
    if now is not None:
        return {**_facts(now.trace), "run": run.id, "deletable": False}
    try:
        stat = (run.folder / EVENTS).stat()
        facts = _read(run.folder, stat.st_size, stat.st_mtime_ns)
    except (OSError, WorldError):
        question = "A run that cannot be read"
        facts = {"created": "", "film": "", "question": question, "answer": "", "state": ""}
        facts |= {"turns": 0, "cost": "—"}
    return {**facts, "run": run.id, "deletable": True}


@lru_cache(maxsize=2048)
def _read(folder: Path, size: int, changed: int) -> dict[str, Any]:
    """Size and time are part of the key, so a run that went on is read again."""
    return _facts(RunFolder.open(folder).trace())


def _given(trace: Trace) -> str:
    """What was given as the film: a link as it is, of a file only the name."""
    video = trace.question.video
    return video if video.startswith(("http://", "https://")) else Path(video).name


def _facts(trace: Trace) -> dict[str, Any]:
    film = trace.film.title or Path(trace.film.path).name if trace.film else _given(trace)
    return {
        "created": trace.created,
        "film": film,
        "question": trace.question.text,
        "answer": trace.answer or "",
        "state": STATES.get(trace.stop, "no answer"),
        "turns": len(trace.turns),
        "cost": price(trace.usd),
    }
