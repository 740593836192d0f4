"""Prices come from the table; unknown is None, never 0."""

import pytest

from sage.models.prices import cost, find_price, load_prices
from sage.types import Usage


def usage(sent: int | None, got: int | None) -> Usage:
    return Usage(input_tokens=sent, output_tokens=got)


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("gpt-4o", 2.50 + 10),
        ("gpt-4o-2024-08-06", 2.50 + 10),
        ("gpt-4o-2024-05-13", 5 + 15),
        ("gpt-4o-mini", 0.15 + 0.60),
        ("gpt-4.1-mini-2025-04-14", 0.40 + 1.60),
        ("gemini-2.5-flash", 0.30 + 2.50),
        ("models/gemini-2.5-flash-lite", 0.10 + 0.40),
    ],
)
def test_known_models(model, usd):
    assert cost(model, usage(1_000_000, 1_000_000)) == pytest.approx(usd)


@pytest.mark.parametrize("model", ["Qwen/Qwen3-VL-8B", "gpt-4o-audio-preview", "gpt-4", ""])
def test_unknown_model_has_no_price(model):
    assert cost(model, usage(10, 10)) is None


@pytest.mark.parametrize("tokens", [(None, 5), (5, None), (None, None)])
def test_unknown_tokens_have_no_price(tokens):
    assert cost("gpt-4o", usage(*tokens)) is None


def test_long_prompts_cost_more():
    assert cost("gemini-2.5-pro", usage(200_000, 0)) == pytest.approx(0.25)
    assert cost("gemini-2.5-pro", usage(300_000, 0)) == pytest.approx(0.75)


def test_every_line_is_reachable():
    for price in load_prices():
        name = price.pattern.replace("20??-??-??", "2031-01-01")
        assert find_price(name) == price


def test_sound_has_a_price_of_its_own():
    assert cost("gemini-2.5-flash", usage(1_000_000, 0), audio_tokens=100_000) == pytest.approx(
        0.9 * 0.30 + 0.1 * 1.00
    )
    assert cost("gpt-4o", usage(1_000_000, 0), audio_tokens=100_000) == pytest.approx(2.50)
