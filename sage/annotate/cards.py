"""Report cards: each judge held against what people decided.

Cases on which judges disagree are drawn more often than others, so each decided case stands for as many of its
stratum as there are in the whole (`weight`). Shares are weighted; counts are what was seen. Intervals of shares are
Wilson's with the effective number of cases (Kish): equal weights give the plain Wilson interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite, sqrt
from statistics import NormalDist, median
from typing import NamedTuple

import numpy as np

from sage.annotate.agreement import DRAWS, LEVEL, SEED, Measure, cohen, measure, percentiles
from sage.annotate.types import Stratum
from sage.bench.score import BUCKET_NAMES
from sage.mini.world import bucket
from sage.types import Value

NOBODY = "No case of this kind was decided yet."
SAME_LENGTH = "All answers are equally long."


class Seen(NamedTuple):
    """A case that people decided, and what one judge says of it."""

    human: bool
    """People say right."""
    judge: bool | None
    """None: unjudged."""
    stratum: Stratum
    is_random: bool
    duration_s: float | None
    words: int
    """Length of the answer."""
    guideline: int


class JudgeCard(Value):
    """One judge against people."""

    judge: str
    n: int
    """Cases that people and the judge decided."""
    unjudged: int
    """Cases that people decided and the judge did not; in no rate."""
    counts: dict[str, dict[str, int]]
    """By what people say (right, wrong), by what the judge says (right, wrong, unjudged)."""
    accuracy: Measure
    precision: Measure
    """Of what the judge calls right: how much is."""
    recall: Measure
    """Of what is right: how much the judge calls so."""
    specificity: Measure
    """Of what is wrong: how much the judge calls so."""
    leniency: float | None
    """Share the judge calls right minus share that is: above 0 it is too kind."""
    kappa: Measure
    """Cohen's, with people, on the random sample."""
    length: Measure
    """Leniency on longer answers minus leniency on shorter ones; split at the median length."""
    median_words: float | None
    by_bucket: tuple[Measure, ...]
    """Accuracy by the length of the film; buckets with no case are left out."""
    by_guideline: tuple[Measure, ...]
    """Accuracy by the version of the guideline, when there are several."""
    warning: str = ""


def judge_card(judge: str, seen: Sequence[Seen], sizes: Mapping[Stratum, int]) -> JudgeCard:
    """`sizes`: how many cases each stratum has in the whole."""
    decided = [s for s in seen if s.judge is not None]
    weights = stratum_weights([s.stratum for s in decided], sizes)

    def share(name: str, hit: Callable[[Seen], bool], among: Callable[[Seen], bool]) -> Measure:
        of = [(hit(s), w) for s, w in zip(decided, weights, strict=True) if among(s)]
        return rate(name, of)

    words = [s.words for s in decided]
    groups = _groups(decided, weights)
    return JudgeCard(
        judge=judge,
        n=len(decided),
        unjudged=len(seen) - len(decided),
        counts=_counts(seen),
        accuracy=share("accuracy", lambda s: s.human == s.judge, lambda s: True),
        precision=share("precision", lambda s: s.human, lambda s: bool(s.judge)),
        recall=share("recall", lambda s: bool(s.judge), lambda s: s.human),
        specificity=share("specificity", lambda s: not s.judge, lambda s: not s.human),
        leniency=_leniency(decided, weights),
        kappa=_kappa([s for s in decided if s.is_random]),
        length=length_bias(decided, sizes),
        median_words=float(median(words)) if words else None,
        by_bucket=groups[0],
        by_guideline=groups[1],
        warning=_unseen(decided, sizes),
    )


def stratum_weights(strata: Sequence[Stratum], sizes: Mapping[Stratum, int]) -> list[float]:
    """How many cases of the whole each decided one stands for."""
    seen = {s: strata.count(s) for s in set(strata)}
    return [sizes.get(s, seen[s]) / seen[s] for s in strata]


def rate(name: str, of: Sequence[tuple[bool, float]]) -> Measure:
    """The weighted share of hits; `of`: whether it is one, and its weight."""
    total = sum(w for _, w in of)
    if not total:
        return Measure(name=name, value=None, why=NOBODY)
    value = sum(w for hit, w in of if hit) / total
    effective = total**2 / sum(w * w for _, w in of)
    low, high = wilson(value, effective)
    return Measure(name=name, value=value, low=low, high=high, n=len(of))


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n; n need not be whole."""
    z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def length_bias(decided: Sequence[Seen], sizes: Mapping[Stratum, int]) -> Measure:
    """With the interval of drawing cases again within their strata."""
    if not decided:
        return Measure(name="length bias", value=None, why=NOBODY)
    half = median(s.words for s in decided)
    if not any(s.words > half for s in decided):
        return Measure(name="length bias", value=None, n=len(decided), why=SAME_LENGTH)
    rng = np.random.default_rng(SEED)
    points, sums = np.zeros((2, 2)), np.zeros((DRAWS, 2, 2))
    for stratum in sorted({s.stratum for s in decided}):
        own = [s for s in decided if s.stratum == stratum]
        weight = sizes.get(stratum, len(own)) / len(own)
        rows = [(int(s.words > half), int(bool(s.judge)) - int(s.human)) for s in own]
        kinds, times = np.unique(np.array(rows), axis=0, return_counts=True)
        drawn = rng.multinomial(len(own), times / len(own), size=DRAWS)
        for (is_long, gap), n, again in zip(kinds, times, drawn.T, strict=True):
            points[is_long] += weight * n * np.array([gap, 1])
            sums[:, is_long] += weight * again[:, None] * np.array([gap, 1])
    with np.errstate(invalid="ignore", divide="ignore"):
        value = points[1, 0] / points[1, 1] - points[0, 0] / points[0, 1]
        low, high = percentiles(sums[:, 1, 0] / sums[:, 1, 1] - sums[:, 0, 0] / sums[:, 0, 1])
    known = float(value) if isfinite(value) else None
    return Measure(name="length bias", value=known, low=low, high=high, n=len(decided))


def _counts(seen: Iterable[Seen]) -> dict[str, dict[str, int]]:
    said = {True: "right", False: "wrong", None: "unjudged"}
    counts = {h: dict.fromkeys(("right", "wrong", "unjudged"), 0) for h in ("right", "wrong")}
    for s in seen:
        counts[said[s.human]][said[s.judge]] += 1
    return counts


def _leniency(decided: Sequence[Seen], weights: Sequence[float]) -> float | None:
    if not decided:
        return None
    gaps = [bool(s.judge) - s.human for s in decided]
    return sum(g * w for g, w in zip(gaps, weights, strict=True)) / sum(weights)


def _kappa(decided: Sequence[Seen]) -> Measure:
    if not decided:
        return Measure(name="kappa", value=None, why=NOBODY)
    table = np.zeros((len(decided), 4))
    place = [2 * (not s.human) + (not s.judge) for s in decided]
    table[np.arange(len(decided)), place] = 1
    return measure("kappa", cohen, table)


def _groups(
    decided: Sequence[Seen], weights: Sequence[float]
) -> tuple[tuple[Measure, ...], tuple[Measure, ...]]:
    buckets: dict[int, list[tuple[bool, float]]] = {}
    versions: dict[int, list[tuple[bool, float]]] = {}
    for s, w in zip(decided, weights, strict=True):
        hit = (s.human == s.judge, w)
        versions.setdefault(s.guideline, []).append(hit)
        if s.duration_s is not None:
            buckets.setdefault(bucket(s.duration_s), []).append(hit)
    by_version = tuple(rate(f"guideline {v}", of) for v, of in sorted(versions.items()))
    by_bucket = tuple(rate(BUCKET_NAMES[b], of) for b, of in sorted(buckets.items()))
    return by_bucket, by_version if len(by_version) > 1 else ()


def _unseen(decided: Sequence[Seen], sizes: Mapping[Stratum, int]) -> str:
    seen = {s.stratum for s in decided}
    missing = [s for s, n in sizes.items() if n and s not in seen]
    if not decided or not missing:
        return ""
    names = {
        Stratum.DISAGREE: "on which judges disagree",
        Stratum.AGREE: "on which judges agree",
        Stratum.UNDECIDED: "that no judge decided",
    }
    told = " or ".join(names.get(s, "of the whole") for s in missing)
    return f"No case {told} was decided yet: the numbers stand for the other cases only."
