"""From the form to an order: what is missing or not allowed is told in a sentence, nothing starts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo.runs import Order
from demo.site import Site
from sage.agent import tool_key
from sage.faults import Border, WorldError
from sage.models.catalog import check_visitor
from sage.types import Limits, Mode, Question, Setup

LONGEST_QUESTION = 4000
CAPTION_SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
LARGEST_CAPTIONS = 8_000_000


def make_order(site: Site, form: dict[str, Any]) -> Order:
    """The order; raises WorldError when something is missing or a stranger may not choose it."""
    text = (form["question"] or "").strip()
    if not text:
        raise WorldError(Border.FILM, "There is no question yet. Write one and ask again.")
    if len(text) > LONGEST_QUESTION:
        raise WorldError(Border.FILM, f"A question has at most {LONGEST_QUESTION} characters.")
    film, link = _film_or_link(site, form)
    return Order(
        question=Question(text=text),
        setup=_setup(site, form, film),
        film=film,
        link=link,
        owner=str((form["browser"] or {}).get("me", ""))[:64],
        captions=_captions(form["captions"]),
    )


def _film_or_link(site: Site, form: dict[str, Any]) -> tuple[str, str]:
    link = (form["link"] or "").strip()
    film = str(form["film"] or "")
    if link:
        scheme = urlsplit(link).scheme.lower()
        if scheme not in ("http", "https"):
            message = "Only links that begin with http:// or https:// can be fetched."
            raise WorldError(Border.NETWORK, f"{message} Your question is kept; give another link.")
        last = site.runs.ticket(str(form["run"] or ""))
        is_here = last.link == link and site.films.get(last.film) is not None
        return (last.film if is_here else ""), link
    if site.films.get(film) is None:
        message = "There is no film yet. Upload one, paste a link, or pick an example."
        raise WorldError(Border.FILM, f"{message} Your question is kept.")
    return film, ""


def _captions(upload: str | None) -> Path | None:
    """The visitor's caption file, if one was given."""
    if not upload:
        return None
    source = Path(upload)
    if source.suffix.lower() not in CAPTION_SUFFIXES:
        raise WorldError(Border.FILM, "Captions have to be an .srt, .vtt or .ass file.")
    if source.stat().st_size > LARGEST_CAPTIONS:
        raise WorldError(Border.FILM, "The caption file is larger than 8 MB.")
    return source


def _setup(site: Site, form: dict[str, Any], film: str) -> Setup:
    example = site.shelf.of_film(film)
    captions = example.captions if example is not None else None
    pages = example.pages if example is not None else None
    model = (form["model"] or "auto").strip()
    tool_model = (form["tool_model"] or "").strip()
    if site.is_public:
        key = form["key"] or ""
        check_visitor(model, key=key)
        check_visitor(tool_model, key=tool_key(Setup(model=model, tool_model=tool_model), key))
    return Setup(
        model=model,
        tool_model=tool_model,
        mode=Mode(form["mode"] or Mode.AUTO),
        frames=_within(form["frames"], 1, 512),
        captions=str(captions or ""),
        pages=str(pages or ""),
        limits=Limits(
            turns=_within(form["turns"], 1, 30),
            seconds=_limit(form["seconds"]),
            usd=_limit(form["usd"]),
        ),
    )


def _within(value: float | None, low: int, high: int) -> int:
    return min(max(int(value or low), low), high)


def _limit(value: float | None) -> float | None:
    return float(value) if value and math.isfinite(value) and value > 0 else None
