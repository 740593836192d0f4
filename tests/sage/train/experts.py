"""The expert of every film of the miniature world, as one model."""

from __future__ import annotations

from collections.abc import Sequence

from sage.mini.expert import PERFECT, Expert, Rates
from sage.mini.world import find_film
from sage.models.base import Request
from sage.prompts import MINI
from sage.types import Reply


class Experts:
    """Each request goes to the expert of the film whose folder it names; `batches` are the sizes seen."""

    name = "experts"
    can_see = True

    def __init__(self, rates: Rates = PERFECT) -> None:
        self.rates = rates
        self.batches: list[int] = []

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        self.batches.append(len(requests))
        return [self._expert(request).generate([request])[0] for request in requests]

    def close(self) -> None:
        """Nothing is held."""

    def _expert(self, request: Request) -> Expert:
        film = find_film(request.folder.name)
        return Expert(film, self.rates, seed=request.seed, prompts=MINI)
