"""An answer of a benchmark run as the evidence frame takes it: film, timeline and turns."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from demo.annotate_media import playable_film
from demo.view import dump, view
from sage.bench.run import Prediction
from sage.bench.score import Scored
from sage.types import Evidence, FilmInfo, Question, Trace

GONE = "The film is not on this machine any more, or has changed."
NO_FILM = "No film came with this run."


def evidence(run: str, position: int, row: Scored, prediction: Prediction | None) -> dict[str, Any]:
    """Film and trace of an answer as the evidence frame takes them; `position` is the question's in the run."""
    trace = prediction.trace if prediction else None
    film = trace.film if trace else None
    is_here = film is not None and playable_film(film.path, film.digest) is not None
    base = f"sage/bench/media/{quote(run, safe='')}/{position}"
    drawn = view(
        trace or _bare(row), live={"status": "done"}, media=lambda path: f"{base}/{quote(path)}"
    )
    # A benchmark's trace may have no run of its own; the frame tells cases apart by it.
    drawn["run"] = f"bench-{run}-{position}"
    about = (GONE if film else NO_FILM) + (" What was looked at is below." if trace else "")
    address = f"sage/bench/film/{quote(run, safe='')}/{position}" if is_here else ""
    return {"film": address, "view": dump(drawn), "about": about}


def _bare(row: Scored) -> Trace:
    """A trace that holds no more than where the truth is said to be."""
    film = FilmInfo(path="", digest="", duration_s=row.duration_s) if row.duration_s else None
    spans = tuple(
        Evidence(turn=1, start_s=s.start_s, end_s=s.end_s, note=s.note or "the annotated span")
        for s in row.entry.example.evidence
    )
    return Trace(question=Question(text=""), film=film, evidence=spans)
