"""Finds the passage of a text that answers a question, by its words alone.

Lines (captions, recognised speech, sentences of a page) are joined to passages of about a sentence. A word of the
question counts by how rare it is in this text; it counts less when only a neighbour, a synonym or a longer form
holds it. `Hit.cover` is the weighted share of the question's words that were found: how far to trust the hit.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from sage.types import Span

_WORDS = re.compile(r"[a-z]+")
STOP = frozenset(
    _WORDS.findall(
        """
        a an and are as at be been being but by can could did do does doing for from had has have having he her hers
        him his how i if in into is it its just let like may me might mine more most must my no not of off on onto or
        our ours out over own please shall she should so some such than that the their theirs them then there these
        they this those through to too under until up upon us very was we were what when where which while who whom
        whose why will with within without would you your yours one also any all about after again against before
        during each few other same only both here once now ever still yet today give gives given gave get gets got say
        says said saying tell tells told talk talks mention mentions mentioned according speaker speakers speak narrator
        presenter lecturer lecture film video movie clip scene explain explains explained describe describes described
        called call name named names exactly many much kind sort type happen happens happened come comes came make
        makes made use used using work works worked mean means meaning need needs away s t d ll m re ve
        """
    )
)
SYNONYMS = (
    "build built construct erect finish",
    "invent invention inventor patent discover design develop",
    "die death dead kill drown perish lost",
    "begin start first",
    "win won winner award",
    "end finish last final",
    "big large tall high height",
    "size large tall",
    "hot warm heat temperature degree",
    "cold cool chill",
    "password passphrase passcode code secret",
    "teach teacher professor",
    "rescue save survive survivor alive",
    "float afloat swim",
    "wreck shipwreck sink sank break broke",
    "poison toxic",
    "far distance mile kilometre",
    "expensive cost price pay money dollar euro",
    "boat ship vessel steamer",
    "noise sound ring",
    "colour color",
    "dad father mum mother parent",
    "destroy destruction took burn collapse ruin",
    "stir mix",
    "old age aged",
    "danger dangerous rock risk",
    "important main key essential",
    "side left right",
    "car automobile vehicle",
)
ONES = _WORDS.findall(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen
    """
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
VALUES = {w: i for i, w in enumerate(ONES)} | {w: 20 + 10 * i for i, w in enumerate(TENS)}
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
ENDS = re.compile(r"[.!?…。！？♪\])][\"”’»)\]]*$")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
BROKEN = re.compile(r"(?<=\w)(-) (?=\w)(?!and |or |to )")
"""A word that a line's end cut at its hyphen."""
PASSAGE_CHARS = 260
PASSAGE_S = 25.0
PAUSE_S = 2.5
NEAR = {0: 1.0, 1: 0.55, 2: 0.25}
"""What a word counts in the passage itself, its neighbours, and theirs."""
ABSENT = 0.4
"""A word the text never uses weighs less: it may just be worded otherwise."""


class Passage(NamedTuple):
    """About a sentence; `first` and `last` index the lines it was joined from."""

    start_s: float
    end_s: float
    text: str
    first: int
    last: int


class Hit(NamedTuple):
    passage: Passage
    score: float
    cover: float
    """Share of the question's words found in or right beside the passage, 0 to 1."""


class Wish(NamedTuple):
    """What to look for: stems of the question, and patterns an answering passage has."""

    terms: tuple[str, ...]
    bonus: tuple[tuple[re.Pattern[str], float], ...] = ()
    """Patterns over the passage's text, each with the share of a full score it adds."""


def tokens(text: str) -> list[str]:
    """Words in lower case without accents; numbers in words become digits; CJK text as pairs of signs."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    found: list[str] = []
    for word in re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?", plain):
        if CJK.search(word):
            found += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        else:
            found.append(word.removesuffix("'s"))
    return _join_numbers(found)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A rough English stem: endings off, so that `melted`, `melting` and `melts` are one."""
    if word.isdigit() or len(word) < 4:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "i"
    for ending in ("ingly", "edly", "ing", "ed", "ly", "es", "s"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and not word.endswith("ss"):
            word = rest
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def stems(text: str) -> list[str]:
    return [stem(word) for word in tokens(text)]


def content(text: str) -> tuple[str, ...]:
    """Stems of the words that say something, each once, in order; all words if none does."""
    words = tokens(text)
    chosen = [stem(w) for w in words if w not in STOP] or [stem(w) for w in words]
    return tuple(dict.fromkeys(chosen))


def passages(lines: Sequence[Span]) -> list[Passage]:
    """Lines joined to sentences; text without punctuation as overlapping pairs of lines."""
    if not lines:
        return []
    ended = sum(bool(ENDS.search(line.note)) for line in lines)
    if ended < 0.15 * len(lines):
        return _pairs(lines)
    joined: list[Passage] = []
    first = 0
    for i, line in enumerate(lines):
        is_last = i + 1 == len(lines)
        if is_last or ENDS.search(line.note) or _breaks(lines, first, i + 1):
            joined.append(_join(lines, first, i))
            first = i + 1
    return joined


def sentences(text: str) -> list[Span]:
    """A page's text as lines without times."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9“\"])|\n+", text)
    return [Span(start_s=0, end_s=0, note=p.strip()) for p in parts if p.strip()]


def search(found: Sequence[Passage], wish: Wish, *, most: int = 5) -> list[Hit]:
    """The best passages, best first; none that shares no word with the question."""
    bags = [_bag(p.text) for p in found]
    words = frozenset().union(*bags)
    weights = {t: _weights(t, bags, words) for t in wish.terms}
    rarity = {t: _idf(sum(w >= 0.5 for w in ws), len(bags)) for t, ws in weights.items()}
    for term in (t for t, ws in weights.items() if not any(ws)):
        rarity[term] *= ABSENT
    total = sum(rarity.values()) or 1.0
    hits = []
    for i, passage in enumerate(found):
        got = {t: _best_near(weights[t], i) for t in wish.terms}
        own = sum(rarity[t] * weights[t][i] for t in wish.terms)
        covered = sum(rarity[t] * got[t] for t in wish.terms)
        if covered <= 0 or own + covered <= 0.2:
            continue
        bonus = sum(share for pattern, share in wish.bonus if pattern.search(passage.text))
        bonus += 0.08 * _in_order(wish.terms, stems(passage.text))
        score = covered / total + bonus * min(1.0, 0.25 + covered / total)
        hits.append(Hit(passage, score - len(passage.text) / 8000, covered / total))
    return sorted(hits, key=lambda h: (-h.score, h.passage.start_s))[:most]


def number_pattern() -> str:
    """A number in digits or words, as a regular expression without groups."""
    words = "|".join(sorted([*VALUES, *SCALES], key=len, reverse=True))
    ordinary = rf"(?:{words})(?:[ -](?:and )?(?:{words}))*"
    return rf"(?:\d+(?:[.,]\d+)*|\b{ordinary}\b(?: and a half)?(?! (?:of|more)\b))"


def _join_numbers(words: Iterable[str]) -> list[str]:
    out: list[str] = []
    value: int | None = None
    for word in words:
        if word in VALUES and (value is None or (value % 100 == 0 or value % 10 == 0)):
            value = (value or 0) + VALUES[word]
        elif word in SCALES and value is not None:
            value *= SCALES[word]
        else:
            out += [str(value)] if value is not None else []
            value = VALUES.get(word)
            out += [word] if value is None else []
    return [*out, str(value)] if value is not None else out


def _pairs(lines: Sequence[Span]) -> list[Passage]:
    last = len(lines) - 1
    ends = [i + 1 if i < last and not _breaks(lines, i, i + 1) else i for i in range(len(lines))]
    return [_join(lines, i, end) for i, end in enumerate(ends)]


def _breaks(lines: Sequence[Span], first: int, i: int) -> bool:
    """Whether line `i` cannot belong to the passage that began at `first`."""
    pause = lines[i].start_s - lines[i - 1].end_s
    long = lines[i].end_s - lines[first].start_s
    chars = sum(len(line.note) for line in lines[first : i + 1])
    return pause > PAUSE_S or long > PASSAGE_S or chars > PASSAGE_CHARS


def _join(lines: Sequence[Span], first: int, last: int) -> Passage:
    part = lines[first : last + 1]
    text = " ".join(" ".join(line.note.split()) for line in part)
    text = BROKEN.sub(r"\1", text) if len(part) > 1 or "\n" in part[0].note else text
    end = max(line.end_s for line in part)
    return Passage(part[0].start_s, end, text, first, last)


def _bag(text: str) -> frozenset[str]:
    return frozenset(stems(text))


def _weights(term: str, bags: Sequence[frozenset[str]], words: frozenset[str]) -> list[float]:
    """How well each passage holds a term: 1 itself, less a synonym or another form."""
    others = _synonyms().get(term, frozenset())
    worth = {w: v for w in words if (v := _worth(term, others, w)) > 0}
    return [max((worth[w] for w in bag & worth.keys()), default=0.0) for bag in bags]


def _worth(term: str, others: frozenset[str], word: str) -> float:
    if term == word:
        return 1.0
    if _akin(term, word):
        return 0.75
    return 0.6 if word in others else 0.0


def _akin(a: str, b: str) -> bool:
    """`engine` and `engineer`, `poison` and `poisonous`."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    return len(short) >= 4 and len(long) - len(short) <= 4 and long.startswith(short)


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for group in SYNONYMS:
        words = frozenset(stem(w) for w in group.split())
        for word in words:
            table[word] = table.get(word, frozenset()) | words - {word}
    return table


def _best_near(weights: Sequence[float], i: int) -> float:
    return max(
        (NEAR[abs(k - i)] * weights[k] for k in range(max(0, i - 2), min(len(weights), i + 3))),
        default=0.0,
    )


def _idf(found: int, count: int) -> float:
    return math.log(1 + (count - found + 0.5) / (found + 0.5))


def _in_order(terms: Sequence[str], words: Sequence[str]) -> int:
    """How many neighbouring words of the question are neighbours here too; at most 3."""
    here = set(pairwise(words))
    return min(3, sum(pair in here for pair in pairwise(terms)))
