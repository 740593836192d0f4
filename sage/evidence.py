"""What an answer rests on: the moments and pages it cites, traced back to the turns that found them.

A citation counts only where the run really looked. An answer that cites nothing rests on what the last finding
call found; a whole window that was merely listened through is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sage.timecode import parse_time
from sage.types import Decision, Evidence, Frame, Observation, Span, Turn

CITATION = re.compile(r"(?<![\d:.])((?:\d{1,2}:)?\d{1,3}:[0-5]\d(?:\.\d+)?)(?![\d:])")
NEAR_S = 2.0
FRAME_S = 1.0
"""Evidence that is a single picture is drawn this long."""
QUOTE = re.compile(r"[“\"«„]([^”\"»“]{8,})[”\"»“]")


def gather_evidence(
    answer: str, turns: Sequence[Turn], glance: Sequence[Frame], duration_s: float
) -> tuple[Evidence, ...]:
    """Evidence in the order it is cited, without doubles; spans lie inside the film."""
    found = [e for t in cited_times(answer, duration_s) if (e := _at(t, turns, glance, duration_s))]
    found = found or _quoted(answer, turns) or _last_finding(turns)
    unique: dict[tuple[float | None, float | None], Evidence] = {}
    for item in found:
        unique.setdefault((item.start_s, item.end_s), item)
    return (*unique.values(), *_pages(answer, turns))


def cited_times(answer: str, duration_s: float) -> list[float]:
    """Moments a text names as clock times, seconds, in its order; those beyond the film are left out."""
    times = []
    for match in CITATION.finditer(answer):
        try:
            times.append(parse_time(match.group(1), duration_s).seconds)
        except ValueError:
            continue
    return [t for t in times if 0 <= t <= duration_s]


def _at(
    time_s: float, turns: Sequence[Turn], glance: Sequence[Frame], duration_s: float
) -> Evidence | None:
    """The finding nearest to a cited time, newest turn first; else a picture seen there."""
    for turn, seen in _observations(turns):
        hits = [s for s in seen.spans if s.start_s - NEAR_S <= time_s <= s.end_s + NEAR_S]
        if hits:
            best = min(hits, key=lambda s: (_distance(time_s, s), s.end_s - s.start_s))
            return _span_evidence(turn, best)
    for turn, seen in _observations(turns):
        if any(abs(f.at_s - time_s) <= NEAR_S for f in seen.frames) or any(
            s.start_s <= time_s <= s.end_s for s in seen.looked
        ):
            return _moment(turn.index, time_s, duration_s)
    spacing = duration_s / max(1, len(glance))
    if any(abs(f.at_s - time_s) <= max(NEAR_S, spacing / 2) for f in glance):
        return _moment(1, time_s, duration_s)
    return None


def _quoted(answer: str, turns: Sequence[Turn]) -> list[Evidence]:
    """Findings whose words the answer quotes."""
    quotes = [_words(q) for q in QUOTE.findall(answer)]
    return [
        _span_evidence(turn, span)
        for turn, seen in reversed(list(_observations(turns)))
        for span in seen.spans
        if (words := _words(span.note)) and any(words in q or q in words for q in quotes)
    ]


def _last_finding(turns: Sequence[Turn]) -> list[Evidence]:
    """Events found by the newest call that looked with eyes."""
    for turn, seen in _observations(turns):
        if turn.decision is Decision.ZOOM and (seen.spans or seen.looked):
            return [_span_evidence(turn, s) for s in seen.spans or seen.looked]
    return []


def _pages(answer: str, turns: Sequence[Turn]) -> list[Evidence]:
    """Pages that were read, and search results the answer names by address."""
    pages: dict[str, Evidence] = {}
    for turn, seen in reversed(list(_observations(turns))):
        for source in seen.sources:
            if seen.tool == "parse-website" or source.url in answer:
                note = source.title or source.url
                pages.setdefault(source.url, Evidence(turn=turn.index, note=note, url=source.url))
    return list(pages.values())


def _observations(turns: Sequence[Turn]) -> list[tuple[Turn, Observation]]:
    """Turns that brought something, newest first."""
    return [
        (t, t.observation) for t in reversed(turns) if t.observation and not t.observation.fault
    ]


def _span_evidence(turn: Turn, span: Span) -> Evidence:
    return Evidence(turn=turn.index, start_s=span.start_s, end_s=span.end_s, note=span.note)


def _moment(turn: int, time_s: float, duration_s: float) -> Evidence:
    return Evidence(turn=turn, start_s=time_s, end_s=min(duration_s, time_s + FRAME_S))


def _distance(time_s: float, span: Span) -> float:
    return max(span.start_s - time_s, time_s - span.end_s, 0.0)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
