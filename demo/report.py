"""A run as Markdown for people: question, answer, evidence, turns. Pure; foreign text stays text."""

from __future__ import annotations

import re

from demo.history import price
from demo.view import view
from sage.timecode import format_time
from sage.types import Evidence, Trace

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~>-])")


def to_markdown(trace: Trace) -> str:
    """The whole report; times as in the app."""
    shown = view(trace, media=str)
    lines = [f"# {plain(trace.question.text)}", ""]
    lines += [f"- Film: {plain(shown['title'] or trace.question.video)}", _film(trace)]
    lines += [f"- Model: {plain(shown['model'])}, mode {trace.setup.mode}"]
    totals = shown["totals"]
    lines += [f"- {len(trace.turns)} turns, {trace.seconds:.1f} s, {price(totals['usd'])}"]
    lines += [f"- Looked at {100 * trace.coverage:.0f} % beyond the first glance", ""]
    lines += ["## Answer", "", plain(trace.answer or "") or "None.", ""]
    if trace.error:
        lines += [f"> {plain(trace.error)}", ""]
    lines += [f"{n}. {_evidence(item)}" for n, item in enumerate(trace.evidence, start=1)]
    lines += ["", "## Turns", ""]
    for turn in shown["turns"]:
        lines += _turn(turn)
    return "\n".join(line for line in lines if line is not None).strip() + "\n"


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return SPECIAL.sub(r"\\\1", flat)


def _film(trace: Trace) -> str:
    film = trace.film
    return f"- {format_time(film.duration_s)}, {film.width}×{film.height}" if film else "- unread"


def _evidence(item: Evidence) -> str:
    where = ""
    if item.start_s is not None and item.end_s is not None:
        where = f"{format_time(item.start_s)}–{format_time(item.end_s)}"
    parts = [where, plain(item.note), plain(item.url), f"turn {item.turn}"]
    return " · ".join(part for part in parts if part)


def _turn(turn: dict) -> list[str]:
    tokens = "—" if turn["tokens"] is None else f"{turn['tokens']} tokens"
    cost = f"{turn['seconds']:.1f} s · {tokens} · {price(turn['usd'])}"
    lines = [f"### {turn['i']} · {turn['decision']} — {plain(turn['headline'])}", "", cost, ""]
    if turn["why"]:
        lines += [plain(turn["why"]), ""]
    if turn["result"] and turn["result"] != turn["fault"]:
        lines += [*fenced(turn["result"]), ""]
    if turn["fault"]:
        lines += [f"Fault: {plain(turn['fault'])}", ""]
    return lines


def fenced(text: str) -> list[str]:
    """A block of text behind a fence that the text itself cannot end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *text.splitlines(), fence]
