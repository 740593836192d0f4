"""Which cases of a whole are looked at: all on which judges disagree, and a random sample of everything.

The sample is simple and random over the whole, so what is counted on it needs no weights. Cases that it does not
reach are drawn with certainty when judges disagree. An agreeing case is thus in the queue with the sample's
share as probability, and its reports are weighted back by it.
The place in the queue is shuffled by a second hash: whoever stops early has seen a bit of every stratum.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping

from sage.annotate.types import Policy, Stratum
from sage.types import Value


class Drawn(Value):
    """A case that was drawn."""

    key: str
    stratum: Stratum
    is_random: bool
    probability: float


def draw(strata: Mapping[str, Stratum], policy: Policy) -> list[Drawn]:
    """The drawn keys in the order of the queue; the same keys, seed and share give the same draw."""
    n = math.ceil(policy.share * len(strata))
    sampled = set(_shuffled(strata, f"sample {policy.seed}")[:n])
    share = n / len(strata) if strata else 0.0
    drawn = [
        Drawn(
            key=key,
            stratum=strata[key],
            is_random=key in sampled,
            probability=1.0 if strata[key] == Stratum.DISAGREE else share,
        )
        for key in _shuffled(strata, f"place {policy.seed}")
    ]
    return [d for d in drawn if d.is_random or d.stratum == Stratum.DISAGREE]


def stratum(verdicts: Iterable[str]) -> Stratum:
    """Of the verdicts on one case; an unjudged one neither agrees nor disagrees."""
    said = set(verdicts) - {"unjudged"}
    if not said:
        return Stratum.UNDECIDED
    return Stratum.DISAGREE if len(said) > 1 else Stratum.AGREE


def sizes(strata: Mapping[str, Stratum]) -> dict[Stratum, int]:
    """How many cases each stratum has."""
    return dict(Counter(strata.values()))


def _shuffled(keys: Iterable[str], salt: str) -> list[str]:
    """In an order that depends on nothing but keys and salt, today and in ten years."""
    return sorted(keys, key=lambda k: (hashlib.sha256(f"{salt}\n{k}".encode()).digest(), k))
