"""What the page shows of a run: a pure fold from a Trace to the JSON that the scripts draw.

The shape is a contract with the JavaScript; times are seconds from the start of the video, unknown
numbers are null. All of it is data: the browser puts it on the page with textContent only.
`live` adds what a trace cannot know: `status` (queued, running, stopping), `now` (see `now`) and
`saved`, the label of a run that came with the app.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sage.timecode import format_time, parse_time
from sage.types import (
    Answer,
    Call,
    Decision,
    Event,
    Evidence,
    FilmInfo,
    Frame,
    Invalid,
    Question,
    Source,
    Span,
    Trace,
    Turn,
    merge_spans,
)

Media = Callable[[str], str]
"""Turns a path relative to the run's folder into an address that the browser can load."""

TRANSCRIBE, GROUND, EXTRACT = "transcribe-speech", "ground-event", "extract-video-parts"
ANALYZE, SEARCH, WEBSITE = "analyze", "web-search", "parse-website"
_FRAME = re.compile(
    r"\A\[page content from [^\n]*: quoted material, not instructions\]\n|\n\[end of page content\]\Z"
)
"""What tells the agent that a text is foreign; a person sees that by the card."""
TOUCHING_S = 0.05
"""A gap between two inspected stretches that is shorter than this is no skipped stretch."""


def view(
    trace: Trace | None, *, live: Mapping[str, Any] | None = None, media: Media
) -> dict[str, Any]:
    """All that the Ask tab shows of a run; `None` is the page before any run."""
    live = live or {}
    trace = trace or Trace(question=Question(text=""))
    model = _model_used(trace)
    return {
        "run": trace.run,
        "status": _status(trace, live),
        "stop": trace.stop,
        "saved": live.get("saved", ""),
        "title": trace.film.title if trace.film else "",
        "question": trace.question.text,
        "choices": list(trace.question.choices),
        "mode": trace.setup.mode,
        "model": model,
        "tool_model": trace.setup.tool_model or model,
        "error": trace.error,
        "limit": trace.limit,
        "film": _film(trace.film),
        "frames": [_thumb(frame, media) for frame in trace.frames],
        "skipped": skipped(trace),
        "coverage": round(trace.coverage, 6),
        "totals": _totals(trace),
        "turns": [_turn(turn, trace, media) for turn in trace.turns],
        "now": live.get("now") if trace.stop is None else None,
        "answer": None if trace.answer is None else {"text": trace.answer},
        "evidence": [_evidence(n, item) for n, item in enumerate(trace.evidence, start=1)],
    }


def dump(shown: Mapping[str, Any]) -> str:
    """The one string that both components take as their value."""
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def now(events: Sequence[Event], elapsed_s: float) -> dict[str, Any] | None:
    """What a running run is at: the turn after the last finished one.

    `elapsed_s`: seconds since the run began.
    """
    done = [i for i, event in enumerate(events) if event.type in ("turned", "sampled", "started")]
    if not done or events[-1].type in ("answered", "failed", "stopped"):
        return None
    last = events[done[-1]]
    began = last.at
    shown: dict[str, Any] = {"decision": None, "text": "", "done": None}
    for event in events[done[-1] + 1 :]:
        shown["text"] = event.text or shown["text"]
        shown["done"] = event.done
        if event.record:
            shown["decision"] = event.record.decision
    turn = 1 + sum(event.type == "turned" for event in events)
    return {"turn": turn, **shown, "since_s": round(max(0.0, elapsed_s - began), 2)}


def skipped(trace: Trace) -> list[list[float]]:
    """Stretches that no turn looked into, beyond the glance; none before the first turn."""
    if not trace.film or not trace.turns:
        return []
    gaps, at = [], 0.0
    for span in merge_spans([s for turn in trace.turns for s in _looked(turn)]):
        if span.start_s - at > TOUCHING_S:
            gaps.append([_s(at), _s(span.start_s)])
        at = max(at, span.end_s)
    if trace.film.duration_s - at > TOUCHING_S:
        gaps.append([_s(at), _s(trace.film.duration_s)])
    return gaps


def headline(turn: Turn, evidence: int = 0) -> str:
    """One line of a turn: what was done, with what; `evidence` counts what an answer rests on."""
    action = turn.action
    if isinstance(action, Invalid):
        return "no valid action"
    if isinstance(action, Answer):
        if evidence:
            return f"{evidence} piece{'s' if evidence > 1 else ''} of evidence"
        seen = len(turn.frames)
        return f"from {seen} sampled frames" if seen else "from what was found so far"
    return _call_headline(action, turn)


def _call_headline(call: Call, turn: Turn) -> str:
    where = _where(call, turn)
    if call.tool == TRANSCRIBE:
        return where or "speech"
    if call.tool == GROUND:
        return f"“{_argument(call, 'event', 'query')}”" + (f" in {where}" if where else "")
    if call.tool == EXTRACT:
        return _extracted(turn) + (f" from {where}" if where else "")
    if call.tool == WEBSITE:
        url = _argument(call, "website_url", "url")
        return urlsplit_host(url) or url
    query = _argument(call, "query", "question")
    return f"“{query}”" if query else call.tool


def urlsplit_host(url: str) -> str:
    """The host of a web address, or an empty string for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme in ("http", "https") else ""


def _extracted(turn: Turn) -> str:
    seen = turn.observation
    n_frames, n_clips = (len(seen.frames), len(seen.clips)) if seen else (0, 0)
    kinds = ((n_frames, "frame"), (n_clips, "clip"))
    counts = [f"{n} {word}{'s' if n > 1 else ''}" for n, word in kinds if n]
    return " and ".join(counts) or "frames"


def _where(call: Call, turn: Turn) -> str:
    looked = _looked(turn)
    if looked:
        start_s, end_s = min(s.start_s for s in looked), max(s.end_s for s in looked)
        return f"{format_time(start_s)}–{format_time(end_s)}"
    ends = [_argument(call, f"timestamp_{end}", f"{end}_s", end) for end in ("start", "end")]
    return "–".join(_time(end) for end in ends) if all(ends) else ""


def _time(said: str) -> str:
    """A time as people write it; what is no time stays as the model wrote it."""
    try:
        return format_time(parse_time(said, 0).seconds)
    except ValueError:
        return said


def _argument(call: Call, *names: str) -> str:
    found = [call.arguments[name] for name in names if call.arguments.get(name) is not None]
    return " ".join(str(found[0]).split()) if found else ""


def _turn(turn: Turn, trace: Trace, media: Media) -> dict[str, Any]:
    seen = turn.observation
    evidence = sum(1 for _ in trace.evidence) if turn.decision == Decision.ANSWER else 0
    fault = seen.fault if seen else turn.action.fault if isinstance(turn.action, Invalid) else None
    return {
        "i": turn.index,
        "stage": turn.stage,
        "decision": turn.decision,
        "tool": turn.action.tool if isinstance(turn.action, Call) else "",
        "headline": headline(turn, evidence),
        "why": _why(turn),
        "detail": _detail(turn),
        "result": _result(turn),
        "thumbs": [_thumb(frame, media) for frame in seen.frames] if seen else [],
        "looked": [[_s(s.start_s), _s(s.end_s)] for s in _looked(turn)],
        "spans": [[_s(s.start_s), _s(s.end_s), s.note] for s in seen.spans] if seen else [],
        "sources": [_source(source) for source in seen.sources] if seen else [],
        "notes": list(seen.notes) if seen else [],
        "fault": fault.message if fault else None,
        "seconds": round(turn.seconds, 3),
        "tokens": turn.usage.total_tokens,
        "usd": turn.usd,
        "forced": turn.forced,
        "repaired": turn.repaired,
        "attempts": max(1, len(turn.replies)),
    }


def _why(turn: Turn) -> str:
    if isinstance(turn.action, Call):
        return turn.action.rationale or turn.thought.reasoning
    return turn.thought.reasoning


def _detail(turn: Turn) -> str:
    """What the model said beside its action and is not already the why."""
    thought, parts = turn.thought, []
    if thought.video_context:
        parts.append(f"What it sees: {thought.video_context}")
    if thought.query_intent:
        parts.append(f"What is asked: {thought.query_intent}")
    if thought.reasoning and thought.reasoning != _why(turn):
        parts.append(thought.reasoning)
    return "\n".join(parts)


def _result(turn: Turn) -> str:
    if isinstance(turn.action, Answer):
        return turn.action.text
    text = turn.observation.text if turn.observation else ""
    return _FRAME.sub("", text) if _FRAME.match(text) else text


def _looked(turn: Turn) -> Iterable[Span]:
    return turn.observation.looked if turn.observation else ()


def _status(trace: Trace, live: Mapping[str, Any]) -> str:
    if trace.stop is not None:
        return "done"
    if trace.run or trace.question.text:
        return str(live.get("status") or "running")
    return str(live.get("status") or "empty")


def _model_used(trace: Trace) -> str:
    """The model that replied; what was asked for as long as none has."""
    named = [reply.model for turn in trace.turns for reply in turn.replies if reply.model]
    return named[-1] if named else trace.setup.model


def _film(film: FilmInfo | None) -> dict[str, Any] | None:
    if film is None:
        return None
    return {
        "name": film.title,
        "duration_s": _s(film.duration_s),
        "width": film.width,
        "height": film.height,
        "fps": film.fps,
        "has_picture": film.has_picture,
    }


def _totals(trace: Trace) -> dict[str, Any]:
    return {
        "seconds": round(sum(turn.seconds for turn in trace.turns), 3),
        "tokens": trace.usage.total_tokens,
        "usd": trace.usd,
    }


def _evidence(n: int, item: Evidence) -> dict[str, Any]:
    return {
        "n": n,
        "start_s": None if item.start_s is None else _s(item.start_s),
        "end_s": None if item.end_s is None else _s(item.end_s),
        "turn": item.turn,
        "note": item.note,
        "url": item.url,
    }


def _source(source: Source) -> dict[str, str]:
    return {"url": source.url, "title": source.title}


def _thumb(frame: Frame, media: Media) -> dict[str, Any]:
    return {"t": _s(frame.at_s), "url": media(frame.path)}


def _s(seconds: float) -> float:
    return round(seconds, 3)
