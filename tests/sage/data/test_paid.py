from pathlib import Path

import pytest

from sage.data.ledger import BudgetError, Ledger
from sage.data.pace import Pace
from sage.data.paid import PaidModel, Purpose, call_key, guess_tokens, tariff
from sage.faults import Border, StopSignal, WorldError
from sage.models.base import Request
from sage.models.prices import Rate
from sage.models.scripted import ScriptedModel
from sage.types import Clip, ClipPart, Message, TextPart, Usage

OWN = {"openai:big@https://models.example/v1": Rate(input=2.0, output=10.0)}
SPEC = next(iter(OWN))


def ask(text="what?", **fields):
    return Request(
        messages=(Message(role="user", parts=(TextPart(text=text),)),), folder=Path(), **fields
    )


def paid(folder, *replies, scope="film", budget=None):
    ledger = Ledger(folder, budget)
    script = ScriptedModel(list(replies))
    model = PaidModel(
        script,
        ledger,
        Pace(),
        tariff(SPEC, OWN),
        purpose=Purpose("write", scope),
        stop=StopSignal(),
    )
    return model, script, ledger


def said(text, sent=1000, got=100):
    return {"text": text, "input_tokens": sent, "output_tokens": got}


def test_the_same_call_is_paid_once(tmp_path):
    model, script, ledger = paid(tmp_path, said("a"), said("b"))
    assert [r.text for r in model.generate([ask(), ask()])] == ["a", "a"]
    assert len(script.requests) == 1
    assert ledger.spent_usd == pytest.approx((1000 * 2 + 100 * 10) / 1e6)


def test_other_words_seeds_and_films_are_other_calls():
    keys = {call_key(ask(), SPEC, "a"), call_key(ask(), SPEC, "b"), call_key(ask(), "x", "a")}
    keys |= {call_key(ask("who?"), SPEC, "a"), call_key(ask(seed=1), SPEC, "a")}
    assert len(keys) == 5
    assert call_key(ask(), SPEC, "a") == call_key(ask(stop=StopSignal()), SPEC, "a")


def test_text_that_is_no_unicode_is_kept_all_the_same(tmp_path):
    model, _, ledger = paid(tmp_path, "half a \ud800 pair")
    assert model.generate([ask("what \ud800?")])[0].text == "half a ? pair"
    assert ledger.totals()[0].calls == 1


def test_a_failed_call_is_tried_again_and_costs_nothing(tmp_path):
    model, _, ledger = paid(tmp_path, WorldError(Border.MODEL, "busy"), said("a"))
    with pytest.raises(WorldError, match="busy"):
        model.generate([ask()])
    assert (ledger.lost, ledger.spent_usd) == (0, 0.0)
    assert model.generate([ask()])[0].text == "a"


def test_tokens_that_are_not_told_cost_what_was_set_aside(tmp_path):
    model, _, ledger = paid(tmp_path, "no counts")
    model.generate([ask(max_tokens=1000)])
    total = ledger.totals()[0]
    assert total.estimated == 1
    assert total.usd >= 1000 * 10 / 1e6


def test_the_budget_holds_over_restarts(tmp_path):
    model, _, ledger = paid(tmp_path, said("a", 100_000, 1000), budget=0.25)
    model.generate([ask(max_tokens=1000)])
    ledger.close()
    model, script, _ = paid(tmp_path, said("b"), scope="other", budget=0.215)
    with pytest.raises(BudgetError):
        model.generate([ask(max_tokens=1000)])
    assert script.requests == []


@pytest.mark.parametrize(
    ("spec", "is_free", "is_known"),
    [
        ("mini-expert", True, True),
        ("hf:some/model", True, True),
        ("openai:m@http://127.0.0.1:8000/v1", True, True),
        ("openai:m@https://models.example/v1", False, False),
        ("openai:gpt-4o", False, True),
        ("gemini:gemini-2.5-flash", False, True),
        ("gemini:gemini-99", False, False),
    ],
)
def test_who_costs_money(spec, is_free, is_known):
    assert (tariff(spec, {}).is_free, tariff(spec, {}).is_known) == (is_free, is_known)


def test_a_film_is_guessed_by_its_length():
    clip = ClipPart(clip=Clip(path="film.mp4", start_s=0.0, end_s=600.0))
    request = Request(messages=(Message(role="user", parts=(clip,)),), folder=Path(), max_tokens=10)
    usage, audio = guess_tokens(request, "gemini:gemini-2.5-flash")
    assert usage == Usage(input_tokens=round(1.05 * 600 * 300) + 100, output_tokens=10 + 8192)
    assert audio == 600 * 32
