"""What kind of answer a question wants, and the words of a sentence that are that answer.

Rules over English question words; a question they do not know is still searched for by its content words.
A short answer is only drawn out when the sentence leaves one choice; else the whole sentence is the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from sage.models.textsearch import Wish, content, number_pattern, stem, tokens

NUMBER = number_pattern()
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DAY = r"(?:the )?(?:\d{1,2}(?:st|nd|rd|th)?|[a-z]+(?:-[a-z]+)?(?:st|nd|rd|th))"
DATE = re.compile(
    rf"\b(?:{DAY} (?:of )?)?(?:{MONTHS})\b(?: \d{{1,2}}\b,?)?(?: (?:of )?\d{{4}})?"
    r"|\b\d{1,4} (?:BCE?|AD|CE)\b|\b(?:1\d{3}|20\d{2})s?\b"
)
UNITS = {
    "tall": "metres?|meters?|feet|foot|ft|cm|centimetres?|kilometres?|m",
    "far": "(?:nautical |sea )?miles?|kilometres?|km|metres?|meters?|feet|yards?",
    "long": "seconds?|minutes?|hours?|days?|weeks?|months?|years?|centur(?:y|ies)|metres?|meters?|feet",
    "old": "years?(?: old| of age)?",
    "hot": "degrees?(?: celsius| fahrenheit| centigrade)?|°\\s?[CF]?",
    "heavy": "grams?|g|kilo(?:gram)?s?|kg|tonnes?|tons?|pounds?|lb",
    "fast": "(?:miles?|kilometres?|km|knots?)(?: an? hour| per hour)?|knots?",
    "much": "grams?|g|kilos?|kg|litres?|millilitres?|ml|cups?|spoons?|dollars?|euros?|pounds?|percent|per cent|%",
}
ADJECTIVES = {
    "tall": "tall", "high": "tall", "big": "tall", "wide": "tall", "deep": "tall", "large": "tall",
    "far": "far", "distant": "far", "long": "long", "old": "old", "young": "old", "hot": "hot",
    "warm": "hot", "cold": "hot", "cool": "hot", "heavy": "heavy", "fast": "fast", "much": "much",
}  # fmt: skip
COLOURS = "red|orange|yellow|green|blue|purple|violet|pink|brown|black|white|gr[ae]y|gold|silver"
NAME = re.compile(
    r"(?:[A-ZÀ-Þ][\w'’-]+)(?: (?:(?:de|da|von|van|der|la|le|of the|of) )?[A-ZÀ-Þ][\w'’-]+)*"
)
NOT_PLACE = r"(?<!from )(?<!\bin )(?<!\bat )(?<!\bof )(?<!near )(?<!\bon )(?<!\bto )(?<!the )"
AGE = re.compile(rf"\b(?:aged?|was|is|at) ({NUMBER})(?=[.,;]| (?:and|when|years)\b)", re.IGNORECASE)
SEEING = re.compile(
    r"\b(colou?rs?|wear(?:ing|s)?|on (?:the )?screen|(?:do|can|could) (?:you|we|i|one) see|visible|shown?|shows|"
    r"look(?:s|ing)? like|written|signs?|logo|pictures?|drawn|drawing|hold(?:s|ing)?|appear(?:s|ing)?|slides?)\b",
    re.IGNORECASE,
)
HEARING = re.compile(
    r"\b(sa(?:y|ys|id)|sp(?:eak|eaks|oken|oke)|tells?|told|mention(?:s|ed)?|talk(?:s|ed)?|explain(?:s|ed)?|"
    r"hear|heard|narrator|announc\w+|spoken|password|sounds?)\b",
    re.IGNORECASE,
)
OUTSIDE = re.compile(
    r"\b(born|nobel|prize|wikipedia|web|internet|look up|search|biography|nationality|named after)\b"
    r"|^\s*who (?:is|was|are|were)\b",
    re.IGNORECASE,
)
FOCUS = re.compile(
    r"\b(?:what|which)(?:'s| is| was| are| were) (?:the|his|her|their|its|this|that) "
    r"(?P<noun>[\w' -]+?)(?= (?:of|for|to|that|which|who|the|in|on|at|does|did|given?s?|used|called|is|was|"
    r"he|she|they|said|mentioned|a|by|with|from|we|you|i)\b|[?.,!]|$)",
    re.IGNORECASE,
)


WHICH = re.compile(
    r"^\W*(?:(?:in|at|on|to|from|of|with) )?which (?P<noun>[a-z]{3,})\b", re.IGNORECASE
)


class Kind(StrEnum):
    COUNT = "count"
    MEASURE = "measure"
    DATE = "date"
    MOMENT = "moment"
    """When something happens in the film."""
    PERSON = "person"
    NAMESAKE = "namesake"
    """Whom something is named after."""
    PLACE = "place"
    REASON = "reason"
    COLOUR = "colour"
    THING = "thing"


MOMENTS = (
    r"\bwhen (?:do(?:es)?|is|are|will)\b|\b(?:at )?(?:what|which) (?:time|point|moment|minute)\b"
)
ASKING = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (
            r"^\W*which (?!place|town|city|country|island|year|date|day|month|century|colou?r)",
            Kind.THING,
        ),
        (r"\bhow (?:many|often)\b|\bnumber of\b", Kind.COUNT),
        (rf"\bhow ({'|'.join(ADJECTIVES)})\b|\btemperature\b|\bdegrees\b", Kind.MEASURE),
        (MOMENTS, Kind.MOMENT),
        (
            r"^\W*(?:and |so |since )?when\b|[,;:] when\b|\b(?:what|which) (?:year|date|day|month|century)\b",
            Kind.DATE,
        ),
        (r"\bwh(?:o|om|at)\b.*\bnamed after\b", Kind.NAMESAKE),
        (r"\bwh(?:o|om|ose)\b|\bnames? of\b", Kind.PERSON),
        (r"\bwhere\b|\b(?:what|which) (?:place|town|city|country|island)\b", Kind.PLACE),
        (r"\bwhy\b|\breason\b", Kind.REASON),
        (r"\bcolou?r\b", Kind.COLOUR),
    )
)


@dataclass(frozen=True)
class Ask:
    """A question, understood as far as rules can."""

    text: str
    kind: Kind
    wish: Wish
    unit: str = ""
    """Pattern of the unit a measure is told in."""
    focus: str = ""
    """The noun of "what is the <noun>"."""
    needs_eyes: bool = False
    needs_ears: bool = False
    is_outside: bool = False
    """Asks for what a page would tell rather than the film."""


def understand(text: str) -> Ask:
    """Reads a question; never fails."""
    text = text[:2000]
    kind, unit = _kind(text)
    match = FOCUS.search(text) or WHICH.search(text)
    focus = match["noun"].strip().lower() if match else ""
    return Ask(
        text=text,
        kind=kind,
        wish=Wish(content(_without_frame(text)), _bonus(kind, unit, focus)),
        unit=unit,
        focus=focus,
        needs_eyes=bool(SEEING.search(text)) and not HEARING.search(text),
        needs_ears=bool(HEARING.search(text)),
        is_outside=bool(OUTSIDE.search(text)),
    )


def extract(ask: Ask, sentence: str) -> str:
    """The words of a sentence that answer by themselves, or nothing when that is not clear."""
    told = _told(ask.focus, sentence) or _namesake(ask, sentence) or _titled(ask, sentence)
    if told:
        return told
    found: list[str] = []
    if ask.kind is Kind.MEASURE:
        found = _measures(ask, sentence)
    elif ask.kind is Kind.COUNT:
        found = _counts(ask, sentence)
    elif ask.kind is Kind.DATE:
        found = [m[0] for m in DATE.finditer(sentence)]
    elif ask.kind in (Kind.PERSON, Kind.NAMESAKE):
        found = _people(ask, sentence)
    elif ask.kind is Kind.PLACE:
        found = _places(ask, sentence)
    elif ask.kind is Kind.COLOUR:
        found = re.findall(rf"\b({COLOURS})\b", sentence, re.IGNORECASE)
    unique = list(dict.fromkeys(w.strip() for w in found))
    return unique[0] if len(unique) == 1 else ""


def _kind(text: str) -> tuple[Kind, str]:
    """By the first question word: in "why … when …" it is the reason that is wanted."""
    low = text.lower()
    found = [
        (m.start(), -len(m[0]), kind, m) for pattern, kind in ASKING if (m := pattern.search(low))
    ]
    if not found:
        return Kind.THING, ""
    _, _, kind, match = min(found, key=lambda f: f[:2])
    if kind is not Kind.MEASURE:
        return kind, ""
    return kind, UNITS[ADJECTIVES.get(match[1] or "", "hot")]


def _bonus(kind: Kind, unit: str, focus: str) -> tuple[tuple[re.Pattern[str], float], ...]:
    """What an answering passage looks like beyond the question's own words."""
    patterns: list[tuple[str, float, int]] = []
    if focus:
        noun = re.escape(focus.split()[-1])
        patterns.append((rf"\b{noun}s?\b[^.,;!?]{{0,30}}?(?:\b(?:is|was|are|were)\b|:)", 0.3, re.I))
        patterns.append((rf"\b(?:called|named|means?)\b[^.,;!?]{{0,12}}\b{noun}\b", 0.35, re.I))
    if kind is Kind.NAMESAKE:
        patterns.append((r"\bnamed (?:after|for)\b", 0.6, re.I))
    if kind is Kind.MEASURE:
        patterns.append((rf"{NUMBER}[ -]*(?:{unit})\b", 0.25, re.I))
    if kind is Kind.COUNT:
        patterns.append((rf"{NUMBER}|\b(?:once|twice)\b", 0.15, re.I))
    if kind is Kind.DATE:
        patterns.append((DATE.pattern, 0.2, 0))
    if kind is Kind.MEASURE and "old" in unit:
        patterns.append((AGE.pattern, 0.3, re.I))
    if kind in (Kind.PERSON, Kind.NAMESAKE):
        patterns.append((rf"(?<=[\w,] ){NOT_PLACE}{NAME.pattern}", 0.08, 0))
        patterns.append((rf"{NOT_PLACE}\b[A-ZÀ-Þ][\w’-]+ [A-ZÀ-Þ][\w’-]+", 0.1, 0))
    if kind is Kind.PLACE:
        patterns.append((r"\b(?:in|at|on|near|of) (?:the )?[A-ZÀ-Þ]\w+", 0.2, 0))
    if kind is Kind.REASON:
        patterns.append(
            (r"\b(?:because|so that|in order|therefore|since|reason|makes?|price)\b", 0.1, re.I)
        )
    if kind is Kind.COLOUR:
        patterns.append((rf"\b(?:{COLOURS})\b", 0.2, re.I))
    return tuple((re.compile(p, flags), share) for p, share, flags in patterns)


def _without_frame(text: str) -> str:
    """Without the times and phrases that place a question in the film but are not said in it."""
    text = re.sub(r"\b(?:at|around|after|before|by)? ?\d{1,2}:\d{2}(?::\d{2})?\b", " ", text)
    text = re.sub(r"\bat the (?:very )?(?:end|beginning|start)\b", " ", text, flags=re.IGNORECASE)
    return re.sub(r"\bon (?:the )?screen\b", " ", text, flags=re.IGNORECASE)


def _told(focus: str, sentence: str) -> str:
    """ "The password is kittiwake, like …" tells `kittiwake` of the focus "password"."""
    if not focus:
        return ""
    noun = re.escape(focus.split()[-1])
    match = re.search(
        rf"\b{noun}\b(?: (?:of|for|to|in|at|i|we|you)\b[^.,;:!?]{{1,30}}?)?"
        r"\s?(?:\b(?:is|was|are|were|will be|reads?)\b|:)\s*:?\s*(?:called |named )?(?P<told>[^.,;:!?]{1,60})",
        sentence,
        re.IGNORECASE,
    )
    told = match["told"].strip(" \"“”'") if match else ""
    return "" if stem(told.split()[0].lower() if told else "the") in _VAGUE else told


_VAGUE = {
    stem(w)
    for w in ("the", "a", "an", "not", "no", "so", "very", "too", "this", "that", "it", "he", "she")
}


def _titled(ask: Ask, sentence: str) -> str:
    """For "which prize": "Nobel Prize in Physics"; for "which tower": "tower of Cordouan"."""
    if ask.kind is not Kind.THING or not WHICH.search(ask.text):
        return ""
    noun = re.escape(ask.focus.split()[-1])
    before = rf"(?:[A-ZÀ-Þ][\w'’-]+ )+(?i:{noun})\b(?: in [A-ZÀ-Þ]\w+)?"
    match = re.search(rf"\b(?:{before}|(?i:{noun}) of (?:the )?{NAME.pattern})", sentence)
    return match[0] if match else ""


def _namesake(ask: Ask, sentence: str) -> str:
    """Whom something is named after; "Mary the Jewess" is one name here."""
    if ask.kind is not Kind.NAMESAKE:
        return ""
    match = re.search(
        rf"\bnamed (?:after|for) (?P<told>{NAME.pattern}(?: the [A-ZÀ-Þ]\w+)?)", sentence
    )
    return match["told"] if match else ""


def _counts(ask: Ask, sentence: str) -> list[str]:
    """Numbers that stand before a noun of the question; "twice" stands alone."""
    nouns = set(ask.wish.terms)
    found = []
    for match in re.finditer(rf"({NUMBER})((?: [\w'-]+){{1,3}})", sentence, re.IGNORECASE):
        words = match[2].split()
        at = next((i for i, w in enumerate(words) if {stem(t) for t in tokens(w)} & nouns), None)
        if at is not None:
            found.append(f"{match[1]} {' '.join(words[: at + 1])}")
    return found or re.findall(r"\b(once|twice|three times|\w+ times)\b", sentence, re.IGNORECASE)


def _measures(ask: Ask, sentence: str) -> list[str]:
    """Numbers with the wanted unit, without those the question itself holds."""
    number = rf"(?:{NUMBER}|\ban?)" if ask.unit == UNITS["long"] else NUMBER
    found = re.findall(rf"({number}(?:[ -]*(?:{ask.unit}))(?!\w))", sentence, re.IGNORECASE)
    found = found or (AGE.findall(sentence) if ask.unit == UNITS["old"] else [])
    asked = set(ask.wish.terms)
    return [f for f in found if not {t for t in tokens(f) if t[0].isdigit()} & asked]


def _people(ask: Ask, sentence: str) -> list[str]:
    """Names of the sentence that the question does not hold; a single first word is no name."""
    found = []
    for match in NAME.finditer(sentence):
        words = match[0].split()
        if words[0].lower() in _OPENERS:
            words = words[1:]
        is_first = match.start() == 0 and len(match[0].split()) == 1
        is_place = PLACE_BEFORE.search(sentence[: match.start()])
        known = {stem(t) for t in tokens(" ".join(words))} <= set(ask.wish.terms)
        if words and not (is_first or is_place or known or re.match(MONTHS, words[0])):
            found.append(" ".join(words))
    many = [name for name in found if " " in name]
    return many or found


def _places(ask: Ask, sentence: str) -> list[str]:
    """ "on Plymouth Hoe": a name after a word of place, unless the question holds it."""
    words = rf"\b((?:[Ii]n|[Aa]t|[Oo]n|[Nn]ear) (?:the )?({NAME.pattern}))"
    found = [m for m in re.findall(words, sentence) if not re.match(MONTHS, m[1])]
    return [
        whole for whole, name in found if not {stem(t) for t in tokens(name)} <= set(ask.wish.terms)
    ]


PLACE_BEFORE = re.compile(r"\b(?:from|in|at|of|near|on|to)(?: the)? $", re.IGNORECASE)
_OPENERS = {
    "the",
    "in",
    "on",
    "at",
    "and",
    "but",
    "so",
    "then",
    "his",
    "her",
    "from",
    "now",
    "only",
}
