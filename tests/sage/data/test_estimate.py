import pytest

from sage.config import ConfigError
from sage.data.crew import check_prices
from sage.data.estimate import estimate
from sage.data.films import Found
from tests.sage.data.made import keep_sheet, settings, told_film, written

ALL = ("write", "solve", "sift", "pack")
FLASH = "gemini:gemini-2.5-flash"
GEMINI = {"write": {"model": FLASH}, "solve": {"model": FLASH}, "sift": {"judge": FLASH}}
HOUR = [told_film(f"{n}", 3600.0) for n in range(2)]


def told(tmp_path, films, steps=ALL, links=(), **changes):
    plan = settings(tmp_path, **GEMINI | changes)
    return estimate(plan, Found(films, list(links), []), steps)


def test_the_price_of_an_hour_is_that_of_the_paper_or_less(tmp_path):
    """The paper speaks of about a hundredth of $30 an hour for people's work on the questions."""
    found = told(tmp_path, HOUR, ("write",))
    assert 0.1 < found.usd / 2 < 0.6
    assert found.lines[0] == "films     2, 2:00:00 in all"
    assert "2.6 calls" in "".join(found.lines) or "3 calls" in "".join(found.lines)


def test_what_is_done_is_not_counted_again(tmp_path):
    before = told(tmp_path, HOUR).usd
    keep_sheet(tmp_path, HOUR[0], written(1))
    after = told(tmp_path, HOUR)
    assert after.usd < 0.6 * before
    assert told(tmp_path, HOUR[:1], ("write",)).usd == 0


def test_links_count_before_they_are_here(tmp_path):
    found = told(tmp_path, [], links=["https://films.example/1", "https://films.example/2"])
    assert found.films == 2
    assert "2 behind links are taken as 12 minutes each" in found.lines[0]


def test_an_unknown_price_is_said_and_no_budget_can_be_kept(tmp_path):
    write = {"model": "openai:big@https://models.example/v1"}
    found = told(tmp_path, HOUR, write=write)
    assert found.usd is None
    assert "not known" in found.lines[-1]
    with pytest.raises(ConfigError, match="prices"):
        check_prices(settings(tmp_path, **GEMINI | {"write": write}, budget_usd=5))
    prices = {write["model"]: {"input": 1.0, "output": 2.0}}
    check_prices(settings(tmp_path, **GEMINI | {"write": write}, budget_usd=5, prices=prices))
    assert told(tmp_path, HOUR, write=write, prices=prices).usd > 0


def test_the_time_is_that_of_the_slowest(tmp_path):
    slow = told(tmp_path, HOUR, rates={"at_once": 8, "tokens_per_minute": 10_000})
    assert "tokens a minute" in slow.lines[-2]


def test_miniature_films_are_free(tmp_path):
    plan = {"write": {"model": "mini-expert"}, "solve": {"model": "mini-expert"}}
    found = told(tmp_path, [], mini={"n": 3, "seed": 6}, **plan, sift={"judge": "exact"})
    assert (found.films, found.usd) == (3, 0)
