"""What the offline model does next: pure rules from the facts of a run to one action.

Order: frames of moments the question names, then speech, then pages, then the answer. Nothing is kept between
turns; what was done is read from the turns themselves, so the policy can be asked again at any point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sage.models.asking import NAME, Ask, extract, understand
from sage.models.base import Situation
from sage.models.textsearch import (
    Hit,
    Passage,
    Wish,
    content,
    passages,
    search,
    sentences,
    stems,
    tokens,
)
from sage.timecode import find_times, format_clock, format_time
from sage.types import Action, Answer, Call, FaultKind, Mode, Observation, Source, Span, Thought

TRANSCRIBE, EXTRACT = "transcribe-speech", "extract-video-parts"
SEARCH, WEBSITE = "web-search", "parse-website"
WINDOW_S, OVERLAP_S = 600.0, 20.0
AROUND_S = 45.0
"""Read this much before and after the best passage."""
OPENING_S = 90.0
"""Read this much to say what a film is about."""
MAX_EXTRACT_S = 300.0
SURE, WEAK = 0.5, 0.25
"""Cover from which a passage is taken as the answer, and below which it is not shown at all."""
PAGE_COVER = 0.3
FRAMING = re.compile(r"\[(?:end of )?page content|Title: ")
DEFINING = re.compile(r"\b(?:is|was|are|were) (?:an?|the|named)\b")
SUMMARY = re.compile(
    r"\b(?:what|tell)\b.{0,30}\babout\s*\??$|\bsummar|\btopic\b|\bsubject of\b|\boverview\b", re.I
)


@dataclass(frozen=True)
class View:
    """A situation with what can be read from it."""

    facts: Situation
    lines: tuple[Span, ...]
    """All caption lines of the film; empty when it has none."""

    @cached_property
    def ask(self) -> Ask:
        return understand(self.facts.question.text)

    @cached_property
    def is_summary(self) -> bool:
        return bool(SUMMARY.search(self.facts.question.text))

    @cached_property
    def times(self) -> tuple[float, ...]:
        """Moments the question names by clock or distance, not merely "the end"."""
        text = self.facts.question.text
        named = find_times(text, self.facts.film.duration_s)
        return (
            named
            if re.search(
                r"\d\s*(?::\d\d|s\b|sec|min|h\b|hour)|\b(?:first|last)\b.{0,20}\b(?:second|minute)s?\b",
                text,
                re.I,
            )
            else ()
        )

    @cached_property
    def hits(self) -> list[Hit]:
        """Best passages of the captions."""
        return search(passages(self.lines), self.ask.wish)

    @cached_property
    def heard(self) -> tuple[Span, ...]:
        """Lines that were transcribed in this run, in order, each once."""
        found = {(s.start_s, s.note): s for o in self.seen(TRANSCRIBE) for s in o.spans}
        return tuple(sorted(found.values(), key=lambda s: s.start_s))

    @cached_property
    def heard_hits(self) -> list[Hit]:
        """Best passages of what was transcribed; of all captions when no tool may be used."""
        known = self.heard or (self.lines if self.facts.must_answer else ())
        return search(passages(known), self.ask.wish)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names the question and the best passage hold, for the web."""
        texts = [
            self.facts.question.text,
            *(h.passage.text for h in (self.heard_hits or self.hits)[:1]),
        ]
        found = [m[0] for text in texts for m in NAME.finditer(text) if _is_name(m[0], m.start())]
        return tuple(dict.fromkeys(found))[:4]

    def seen(self, tool: str) -> list[Observation]:
        return [
            t.observation for t in self.facts.turns if t.observation and t.observation.tool == tool
        ]

    def faults(self, tool: str) -> list[FaultKind]:
        return [o.fault.kind for o in self.seen(tool) if o.fault]

    def pages(self) -> list[Source]:
        """Pages read in full."""
        return [s for o in self.seen(WEBSITE) if not o.fault for s in o.sources]


def decide(facts: Situation, lines: tuple[Span, ...]) -> tuple[Action, Thought]:
    """The next action and why; always valid for the stage, mode and limits."""
    from sage.models.offline_answer import compose  # noqa: PLC0415  it reads View from here

    view = View(facts, lines)
    call = None if facts.must_answer else next_call(view)
    if call is None and facts.stage == 1 and facts.mode is Mode.AGENT and not facts.must_answer:
        call = _listen(
            view, 0.0, min(OPENING_S, facts.film.duration_s), "A first look is asked for."
        )
    action: Action = call or Answer(text=compose(view))
    return action, _thought(view, action)


def next_call(view: View) -> Call | None:
    """The look that is worth a turn, or `None` when it is time to answer."""
    return _look(view) or _hear(view) or _search_web(view)


def _look(view: View) -> Call | None:
    """Frames of the moments the question names; for the reader's eyes, not for ours."""
    film = view.facts.film
    wants_eyes = not view.ask.needs_ears and not view.is_summary
    if not view.times or not film.has_picture or not wants_eyes or view.seen(EXTRACT):
        return None
    start = max(0.0, min(view.times) - 1.0)
    end = min(film.duration_s, max(view.times) + 1.0, start + MAX_EXTRACT_S)
    arguments = {**_window(start, end), "extract_type": "frames"}
    rationale = f"The question names {format_time(view.times[0])}; take the pictures from there."
    return Call(tool=EXTRACT, arguments=arguments, rationale=rationale)


def _hear(view: View) -> Call | None:
    if view.lines:
        return _read_captions(view)
    return _listen_on(view)


def _read_captions(view: View) -> Call | None:
    """The stretch around each promising passage that was not read yet."""
    if TRANSCRIBE in {o.tool for o in view.seen(TRANSCRIBE) if o.fault}:
        return None
    duration = view.facts.film.duration_s
    if view.times or view.is_summary:
        if view.seen(TRANSCRIBE):
            return None
        low, high = (min(view.times) - 15, max(view.times) + 15) if view.times else (0.0, OPENING_S)
        high = min(high, max(0.0, low) + WINDOW_S)
        why = "Read what is said around the moment the question names." if view.times else ""
        return _listen(view, max(0.0, low), min(duration, high), why or "Read how the film begins.")
    for hit in targets(view):
        if not _is_read(view, hit.passage):
            low, high = around(hit.passage, view.lines, duration)
            where = format_time(hit.passage.start_s)
            words = ", ".join(_shared(view, hit.passage)) or "the question's words"
            return _listen(
                view, low, high, f"The captions have {words} around {where}; read on there."
            )
    return None


def targets(view: View) -> list[Hit]:
    """Passages worth reading: the best, and others that are about as good."""
    hits = list(view.hits)
    if view.facts.question.choices:
        for choice in view.facts.question.choices:
            wish = view.ask.wish._replace(terms=(*view.ask.wish.terms, *content(choice)))
            hits += search(passages(view.lines), wish, most=1)
        return hits[:1] + sorted(hits[1:], key=lambda h: -h.score)[:2]
    return [h for h in hits[:3] if h.cover >= WEAK and h.score >= 0.88 * hits[0].score][:2]


def around(passage: Passage, lines: Sequence[Span], duration_s: float) -> tuple[float, float]:
    """A window with the passage inside and whole lines at its borders, whole seconds, seconds."""
    low, high = passage.start_s - AROUND_S, passage.end_s + AROUND_S
    inside = [s for s in lines if s.start_s < high and s.end_s > low]
    low = max(min(s.start_s for s in inside), passage.start_s - 2 * AROUND_S)
    high = min(max(s.end_s for s in inside), passage.end_s + 2 * AROUND_S)
    low, high = max(0.0, math.floor(low)), min(duration_s, math.ceil(high))
    return low, min(high, low + WINDOW_S)


def _listen_on(view: View) -> Call | None:
    """Without captions: window after window until the words are found or the film is over."""
    film = view.facts.film
    if not film.has_audio or any(
        kind is not FaultKind.NOT_FOUND for kind in view.faults(TRANSCRIBE)
    ):
        return None
    if view.heard_hits and view.heard_hits[0].cover >= SURE:
        return None
    done = [s.end_s for o in view.seen(TRANSCRIBE) for s in o.looked]
    if view.seen(TRANSCRIBE) and not done:
        return None
    start = max(0.0, max(done) - OVERLAP_S) if done else 0.0
    if done and max(done) >= film.duration_s - 0.5:
        return None
    if view.times and not done:
        start = max(0.0, min(view.times) - 60)
    elif view.times or (view.is_summary and done):
        return None
    end = min(film.duration_s, start + WINDOW_S)
    why = (
        "There are no captions: listen to the film from here."
        if not done
        else "Not said so far: listen on."
    )
    return _listen(view, start, end, why)


def _search_web(view: View) -> Call | None:
    """Pages, when some were offered and the film does not tell."""
    if not wants_pages(view):
        return None
    found = view.seen(SEARCH)
    if not found:
        words = [w for w in tokens(view.facts.question.text) if w in set(_plain_terms(view))]
        named = set(tokens(" ".join(view.names)))
        query = " ".join([*view.names, *dict.fromkeys(w for w in words if w not in named)])[:200]
        why = "The film does not tell this; look it up."
        return Call(tool=SEARCH, arguments={"query": query}, rationale=why)
    if found[-1].fault or view.pages():
        return None
    tried = len(view.seen(WEBSITE))
    ranked = sorted(found[-1].sources, key=lambda s: -_relevance(view, s))
    if tried >= min(2, len(ranked)):
        return None
    page = ranked[tried]
    why = f"Read the page “{page.title or page.url}”."
    return Call(tool=WEBSITE, arguments={"website_url": page.url}, rationale=why)


def wants_pages(view: View) -> bool:
    offered = bool(view.facts.setup.pages) or view.facts.setup.search not in ("auto", "", "off")
    if (
        not offered
        or view.is_summary
        or view.times
        or (view.ask.needs_eyes and not view.ask.is_outside)
    ):
        return False
    hits = view.heard_hits or view.hits
    return view.ask.is_outside or not hits or hits[0].cover < SURE


def page_terms(view: View) -> tuple[str, ...]:
    """What to look for on a page: the question's words and the names around it."""
    return tuple(dict.fromkeys([*view.ask.wish.terms, *(s for n in view.names for s in stems(n))]))


def _relevance(view: View, source: Source) -> float:
    """Names in a title count most."""
    title, text = set(stems(source.title)), set(stems(source.text))
    named = [s for n in view.names for s in stems(n)]
    return 3 * sum(s in title for s in named) + sum(t in title | text for t in page_terms(view))


def page_hit(view: View) -> tuple[Hit, Source] | None:
    """The best sentence of the pages read, and its page."""
    best: tuple[Hit, Source] | None = None
    for observation in view.seen(WEBSITE):
        if observation.fault or not observation.sources:
            continue
        source = observation.sources[0]
        hit = _in_page(view, source, observation.text)
        if hit and (best is None or hit.score > best[0].score):
            best = (hit, source)
    return best


def _in_page(view: View, source: Source, text: str) -> Hit | None:
    """The question's words, without the page's name and what the film told; else what the name is."""
    lines = [s for s in sentences(text) if not FRAMING.match(s.note) and s.note != source.title]
    found = passages(lines)
    title = set(stems(source.title))
    told = {s for h in view.heard_hits[:1] for s in stems(h.passage.text)}
    asked = tuple(t for t in view.ask.wish.terms if t not in title)
    terms = tuple(t for t in asked if t not in told) or asked
    hits = search(found, view.ask.wish._replace(terms=terms), most=3) if terms else []
    if hits and hits[0].cover >= PAGE_COVER:
        close = [h for h in hits if h.score >= 0.7 * hits[0].score]
        return next((h for h in close if extract(view.ask, h.passage.text)), hits[0])
    about = Wish(
        tuple(t for t in page_terms(view) if t in title), ((DEFINING, 0.2), *view.ask.wish.bonus)
    )
    hits = search(found, about, most=1) if view.ask.is_outside and about.terms else []
    return hits[0] if hits else None


def _listen(view: View, low: float, high: float, why: str) -> Call:
    del view
    return Call(tool=TRANSCRIBE, arguments=_window(low, high), rationale=why)


def _window(low: float, high: float) -> dict[str, str]:
    return {"timestamp_start": format_clock(low), "timestamp_end": format_clock(high)}


def _is_read(view: View, passage: Passage) -> bool:
    stretches = [s for o in view.seen(TRANSCRIBE) for s in o.looked]
    return any(
        s.start_s <= passage.start_s + 0.5 and s.end_s >= passage.end_s - 0.5 for s in stretches
    )


def _shared(view: View, passage: Passage) -> list[str]:
    """Words of the question that the passage holds, as the question has them."""
    here = set(stems(passage.text))
    words = [
        w
        for w in tokens(view.facts.question.text)
        if set(stems(w)) & here & set(view.ask.wish.terms)
    ]
    return [f"“{w}”" for w in dict.fromkeys(words)][:4]


def _plain_terms(view: View) -> list[str]:
    terms = set(view.ask.wish.terms)
    return [w for w in tokens(view.facts.question.text) if set(stems(w)) & terms]


def _is_name(text: str, at: int) -> bool:
    return at > 0 and (" " in text or len(text) > 3)


def _thought(view: View, action: Action) -> Thought:
    film, ask = view.facts.film, view.ask
    said = f"{len(view.lines)} caption lines" if view.lines else "no captions"
    is_answer = isinstance(action, Answer)
    if view.facts.stage == 1:
        context = f"A film of {format_time(film.duration_s)} with {said}. I search words; I do not look at pictures."
        wanted = ", ".join(_plain_terms(view)[:8])
        return Thought(
            video_context=context, query_intent=f"Looking for a {ask.kind.value}: {wanted}."
        )
    hits = view.heard_hits
    share = (
        f"The lines found speak of {hits[0].cover:.0%} of what the question names."
        if hits
        else "Nothing fits so far."
    )
    return Thought(answerable=is_answer, reasoning=share)
