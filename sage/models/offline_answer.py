"""The offline model's answers: the short answer where it is clear, the quotation with its time, what it cannot do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sage.models.asking import Kind, extract
from sage.models.offline_policy import EXTRACT, SURE, TRANSCRIBE, WEAK, View, page_hit
from sage.models.textsearch import Hit, content, passages, search, stems
from sage.timecode import format_time
from sage.types import FaultKind, Span

BLIND = "I cannot read pictures without a vision model"
CHOOSE = "choose a model that sees (an API key, a server, or a GPU)"
QUOTE_CHARS = 320
BESIDE_S = 20.0
FAR = (1.0, 0.6, 0.45, 0.3)
"""What a passage about the question counts for an option named so many lines away."""


def compose(view: View) -> str:
    """The answer from what was found; always says something true, never guesses."""
    if view.facts.question.choices:
        return _choose(view)
    if view.is_summary:
        return _summary(view)
    if view.times:
        return _moments(view)
    page = _from_page(view)
    best = _pick(view)
    if page:
        return f"{page}{_beside(view, best)}"
    doubtful = view.ask.needs_eyes and best is not None and best.cover < 0.75
    if best and best.cover >= SURE and not doubtful and _fits(view, best):
        return _direct(view, best)
    if best and best.cover >= WEAK:
        return f"{_unsure(view)} The nearest is {cite(view, best)}"
    return nothing(view)


def cite(view: View, hit: Hit, told: str = "") -> str:
    """`[12:41] “…”`: a time inside the line that holds the answer, and the passage's words."""
    line = _line(view, hit, told)
    text = hit.passage.text
    short = text if len(text) <= QUOTE_CHARS else text[: QUOTE_CHARS - 1].rsplit(" ", 1)[0] + " …"
    return f"[{stamp(line, view.heard or view.lines)}] “{short.strip()}”"


def stamp(line: Span, lines: Sequence[Span]) -> str:
    """A time within this line and no other: in whole seconds when one lies inside."""
    whole = float(math.ceil(line.start_s))
    if any(s.start_s <= whole <= s.end_s for s in lines if s != line):
        whole += 1
    return format_time(whole if whole < line.end_s else (line.start_s + line.end_s) / 2)


def nothing(view: View) -> str:
    """Why there is no answer, and what would help."""
    film = view.facts.film
    if view.lines:
        count = f"all {len(view.lines)} caption lines"
        text = f"I searched {count} of this film and found nothing that answers the question."
        return f"{text} {BLIND}; if the answer is in the pictures, {CHOOSE}."
    mend = f"Give a caption file, install a speech model, or {CHOOSE}."
    if FaultKind.UNAVAILABLE in view.faults(TRANSCRIBE):
        return (
            "I cannot answer this: the film has no captions, and no speech model is at hand to listen to it. "
            f"{BLIND}. {mend}"
        )
    if not film.has_audio:
        return f"I cannot answer this: the film has neither captions nor sound. {BLIND}. {mend}"
    if view.seen(TRANSCRIBE):
        end = max((s.end_s for o in view.seen(TRANSCRIBE) for s in o.looked), default=0.0)
        return f"I listened up to {format_time(end)} and found nothing that answers the question. {BLIND}. {mend}"
    return f"I cannot answer this: the film has no captions, and I had no turn to listen to it. {BLIND}. {mend}"


def _pick(view: View) -> Hit | None:
    """The best passage; or one right beside it that is nearly as good and holds a clear short answer."""
    hits = view.heard_hits
    if not hits or extract(view.ask, hits[0].passage.text):
        return hits[0] if hits else None
    best = hits[0]
    for hit in hits[1:]:
        close = abs(hit.passage.start_s - best.passage.end_s) < BESIDE_S
        if close and hit.score >= 0.6 * best.score and extract(view.ask, hit.passage.text):
            return hit._replace(cover=max(hit.cover, min(best.cover, SURE)))
    return best


def _fits(view: View, hit: Hit) -> bool:
    """Whether a passage holds a number, date or name when one is asked for."""
    if view.ask.kind not in (Kind.COUNT, Kind.MEASURE, Kind.DATE, Kind.PERSON, Kind.NAMESAKE):
        return True
    if extract(view.ask, hit.passage.text):
        return True
    return any(pattern.search(hit.passage.text) for pattern, _ in view.ask.wish.bonus)


def _direct(view: View, hit: Hit) -> str:
    told = extract(view.ask, hit.passage.text)
    quote = cite(view, hit, told)
    if view.ask.kind is Kind.MOMENT:
        return f"At {quote}"
    if told and told.lower() != hit.passage.text.strip(" .!?").lower():
        return f"{told[0].upper()}{told[1:]}. Said at {quote}"
    return f"Said at {quote}"


def _unsure(view: View) -> str:
    if view.ask.needs_eyes:
        return (
            f"This seems to be in the pictures. {BLIND}, and what is said does not tell; {CHOOSE}."
        )
    return f"What is said does not answer this clearly, and {BLIND}."


def _from_page(view: View) -> str:
    found = page_hit(view)
    if found is None:
        return ""
    hit, source = found
    told = extract(view.ask, hit.passage.text)
    lead = f"{told[0].upper()}{told[1:]}. " if told else ""
    name = source.title or source.url
    return f"{lead}“{hit.passage.text.strip()}” (page “{name}”, {source.url})"


def _beside(view: View, hit: Hit | None) -> str:
    """What the film itself says of it."""
    if hit is None or hit.cover < WEAK:
        return "."
    return f". In the film: {cite(view, hit)}"


def _moments(view: View) -> str:
    """Of moments the question names: what is said there, and that the pictures were not read."""
    low, high = min(view.times), max(view.times)
    parts = []
    frames = [f for o in view.seen(EXTRACT) for f in o.frames]
    if frames:
        parts.append(
            f"{BLIND}; the frames from [{format_time(frames[0].at_s)}] on are shown for you to see."
        )
    known = view.heard or (view.lines if view.facts.must_answer else ())
    near = [s for s in known if s.start_s <= high + 1.5 and s.end_s >= low - 1.5]
    if not near and known:
        near = [min(known, key=lambda s: max(s.start_s - low, low - s.end_s))]
    if near:
        words = " ".join(" ".join(s.note.split()) for s in near[:4])
        parts.append(f"Said around then: [{stamp(near[0], known)}] “{words}”.")
    elif view.lines or view.heard:
        parts.append("Nothing is said around then.")
    return " ".join(parts) if parts else nothing(view)


def _summary(view: View) -> str:
    known = view.heard or (view.lines if view.facts.must_answer else ())
    if not known:
        return nothing(view)
    opening = passages(known)[:4]
    quotes = " ".join(f"[{stamp(known[p.first], known)}] “{p.text}”" for p in opening)
    title = view.facts.film.title
    lead = f"The file is called “{title}”. " if title else ""
    return f"{lead}I cannot retell a film, only quote it. It begins: {quotes}"


def _choose(view: View) -> str:
    """The option the found lines support best, if one stands out."""
    known = view.heard or (view.lines if view.facts.must_answer else ())
    best, score, margin = _rank(view, known)
    if best < 0 or margin < 0.05:
        if not known:
            return nothing(view)
        hit = view.heard_hits[0] if view.heard_hits else None
        tail = f" The nearest is {cite(view, hit)}" if hit and hit.cover >= WEAK else ""
        return f"I cannot tell which option is right: what is said supports none of them above the others.{tail}"
    letter, choice = chr(65 + best), view.facts.question.choices[best]
    assert score is not None
    return f"{letter}. {choice}. Said at {cite(view, score, choice)}"


def _rank(view: View, known: tuple[Span, ...]) -> tuple[int, Hit | None, float]:
    """Index of the best option, its passage, and how far ahead of the next it is."""
    found = passages(known)
    asked = view.ask.wish.terms
    ranked: list[tuple[float, int, Hit]] = []
    for i, choice in enumerate(view.facts.question.choices):
        own = tuple(t for t in content(choice) if t not in asked) or content(choice)
        about = {h.passage.first: h.score for h in search(found, view.ask.wish, most=12)}
        for hit in search(found, view.ask.wish._replace(terms=own, bonus=()), most=12):
            held = len(set(own) & set(stems(hit.passage.text))) / len(own)
            near = [
                s * FAR[abs(k - hit.passage.first)]
                for k, s in about.items()
                if abs(k - hit.passage.first) < len(FAR)
            ]
            if held > 0:
                ranked.append((held * 0.6 + max(near, default=0.0), i, hit))
    if not ranked:
        return -1, None, 0.0
    ranked.sort(key=lambda r: (-r[0], r[1]))
    first = ranked[0]
    rest = next((r[0] for r in ranked if r[1] != first[1]), 0.0)
    return first[1], first[2], first[0] - rest


def _line(view: View, hit: Hit, told: str) -> Span:
    """The line of a passage that holds the short answer, else the one with most of the question's words."""
    known = view.heard or view.lines
    inside = [s for s in known if s.start_s >= hit.passage.start_s and s.end_s <= hit.passage.end_s]
    if not inside:
        return Span(start_s=hit.passage.start_s, end_s=hit.passage.end_s)
    wanted = set(stems(told)) if told else set(view.ask.wish.terms)
    return max(inside, key=lambda s: len(wanted & set(stems(s.note))))
