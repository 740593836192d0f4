"""Numbers that others published, to hold ours against; never measured here, and shown as such."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import Field

from sage.types import Value

FILE = Path(__file__).with_name("published.yaml")


class System(Value):
    """One row of the paper's tables; accuracies in per cent."""

    name: str
    accuracy: float
    mcq: float | None = None
    open: float | None = None
    seconds: float | None = None
    """A question."""
    buckets: dict[str, float] = Field(default_factory=dict)
    turns: dict[str, float] = Field(default_factory=dict)
    """Mean, by bucket."""


class Published(Value):
    """published.yaml."""

    note: str
    source: str
    suite: str
    judge: str
    questions: int
    mcq: int
    open: int
    modality: dict[str, int]
    sizes: dict[str, int]
    systems: tuple[System, ...]
    without_one_tool: dict[str, float]
    turns_at_most: dict[int, float]
    spread_of_five_runs: float


@lru_cache
def load_published() -> Published:
    return Published.model_validate(yaml.safe_load(FILE.read_text("utf-8")))
