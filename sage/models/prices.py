"""What a call costs, from a table in a data file. An unknown price is `None`, never 0."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from sage.types import Usage, Value

TABLE = Path(__file__).with_name("prices.yaml")


class Rate(Value):
    """USD per million tokens."""

    input: float
    output: float


class Step(Rate):
    """The rate of calls with long prompts."""

    tokens: int
    """Counts when the prompt has more than this."""


class Price(Rate):
    """One line of the table."""

    pattern: str
    above: Step | None = None
    audio: float | None = None
    """Of a prompt's tokens that are sound; `None`: as all others."""


def cost(model: str, usage: Usage, *, audio_tokens: int = 0) -> float | None:
    """USD of one call of `model` (bare name, no prefix); `None` if price or tokens are unknown.

    `audio_tokens` of the prompt's were sound.
    """
    price = find_price(model)
    if price is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    is_long = price.above is not None and usage.input_tokens > price.above.tokens
    rate: Rate = price.above if is_long and price.above else price
    dearer = (price.audio - rate.input) * audio_tokens if price.audio is not None else 0.0
    return (usage.input_tokens * rate.input + usage.output_tokens * rate.output + dearer) / 1e6


def find_price(model: str) -> Price | None:
    """The first line whose pattern fits the whole name."""
    name = model.removeprefix("models/")
    return next((price for price in load_prices() if fnmatchcase(name, price.pattern)), None)


@cache
def load_prices() -> tuple[Price, ...]:
    import yaml  # noqa: PLC0415  kept out of the light import path

    return tuple(Price(**line) for line in yaml.safe_load(TABLE.read_text(encoding="utf-8")))
