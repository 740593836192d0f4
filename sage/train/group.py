"""Advantages: how much better each episode did than others of the same question.

All turns of an episode share its advantage. An episode without a reward (the world failed, or a judge gave no verdict)
takes no part: it neither moves the mean nor is it trained on. A group without spread teaches nothing and is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from statistics import fmean, pstdev
from typing import NamedTuple

LEAST_SPREAD = 1e-4
"""Standard deviation of rewards below which a group says nothing but rounding."""


class Use(StrEnum):
    """What becomes of a group."""

    TRAINED = "trained"
    NO_SPREAD = "no_spread"
    """All episodes were worth the same."""
    TOO_FEW = "too_few"
    """Fewer than two episodes have a reward."""


class Group(NamedTuple):
    """The episodes of one question."""

    use: Use
    advantages: tuple[float | None, ...]
    """In the order of the rewards; `None`: not trained on."""


def weigh(rewards: Sequence[float | None], *, divide: bool = True) -> Group:
    """Rewards of a group's episodes -> advantages of mean 0, and of standard deviation 1 with `divide`."""
    known = [reward for reward in rewards if reward is not None]
    nothing: tuple[None, ...] = (None,) * len(rewards)
    if len(known) < 2:
        return Group(Use.TOO_FEW, nothing)
    mean, spread = fmean(known), pstdev(known)
    if spread < LEAST_SPREAD:
        return Group(Use.NO_SPREAD, nothing)
    scale = spread if divide else 1.0
    return Group(Use.TRAINED, tuple(None if r is None else (r - mean) / scale for r in rewards))
