"""From the form to an order: what is missing or not allowed is told in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo.order import make_order
from demo.site import Site
from sage.faults import WorldError
from sage.types import Mode


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "data", is_public=False)


@pytest.fixture
def form(site: Site, tmp_path: Path) -> dict[str, Any]:
    upload = tmp_path / "a.mp4"
    upload.write_bytes(b"film")
    return {
        "browser": {"me": "m" * 32},
        "run": "",
        "film": site.films.adopt(upload),
        "link": "",
        "captions": None,
        "question": " What? ",
        "model": "offline",
        "tool_model": "",
        "mode": "direct",
        "key": "",
        "frames": 64,
        "turns": 5,
        "seconds": 0,
        "usd": 0.5,
    }


def test_the_form_becomes_an_order(site: Site, form: dict[str, Any]) -> None:
    order = make_order(site, form)
    assert order.question.text == "What?"
    assert (order.setup.mode, order.setup.frames, order.setup.limits.turns) == (Mode.DIRECT, 64, 5)
    assert (order.setup.limits.seconds, order.setup.limits.usd) == (None, 0.5)
    assert order.owner == "m" * 32


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": "  "}, "no question"),
        ({"question": "x" * 5000}, "at most 4000"),
        ({"film": ""}, "no film"),
        ({"film": "../../etc"}, "no film"),
        ({"link": "file:///etc/passwd"}, "http"),
        ({"link": "ftp://host/a.mp4"}, "http"),
        ({"captions": "/etc/passwd"}, ".srt"),
    ],
)
def test_what_is_wrong_is_told(
    site: Site, form: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(WorldError, match=said):
        make_order(site, {**form, **change})


@pytest.mark.parametrize("value", [None, -3, 0, 10**9])
def test_numbers_stay_within_their_bounds(site: Site, form: dict[str, Any], value: Any) -> None:
    setup = make_order(site, {**form, "frames": value, "turns": value}).setup
    assert 1 <= setup.frames <= 512
    assert 1 <= setup.limits.turns <= 30


@pytest.mark.parametrize(
    "spec", ["scripted:/etc/passwd", "hf:some/repo", "openai:m@http://127.0.0.1:8000/v1"]
)
def test_a_stranger_may_not_choose_what_reaches_into_the_machine(
    form: dict[str, Any], site: Site, spec: str
) -> None:
    public = Site(site.data, is_public=True)
    with pytest.raises(WorldError):
        make_order(public, {**form, "model": spec})
    with pytest.raises(WorldError):
        make_order(public, {**form, "tool_model": spec})


def test_a_link_that_was_fetched_is_not_fetched_again(site: Site, form: dict[str, Any]) -> None:
    order = make_order(site, {**form, "link": "https://example.org/a.mp4"})
    assert (order.film, order.link) == ("", "https://example.org/a.mp4")


def test_a_made_up_key_does_not_open_the_servers_own_account(
    form: dict[str, Any], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-servers-own")
    monkeypatch.setenv("GEMINI_API_KEY", "the-servers-own")
    public = Site(site.data, is_public=True)
    form |= {"model": "openai:gpt-4o", "key": "made up"}
    with pytest.raises(WorldError, match="does not offer"):
        make_order(public, {**form, "tool_model": "gemini:the-dearest-one"})
    make_order(public, {**form, "model": "offline", "tool_model": "gemini:my-own"})
