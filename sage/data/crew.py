"""The models of a run: each opened once, each call of theirs through ledger, budget and pace."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sage.config import ConfigError
from sage.data.expert import ExpertModel
from sage.data.films import Film
from sage.data.ledger import Ledger
from sage.data.pace import Pace
from sage.data.paid import PaidModel, Purpose, tariff
from sage.data.settings import MINI_EXPERT, DataSettings
from sage.faults import StopSignal
from sage.mini.workspace import mini_setup
from sage.mini.world import find_film
from sage.models.base import Model
from sage.models.catalog import open_model, resolve
from sage.models.gemini import GeminiModel
from sage.models.transport import Patience
from sage.types import Setup

UPLOADS = "uploads.json"


class Crew:
    """Use as a context manager; thread-safe."""

    def __init__(
        self,
        settings: DataSettings,
        stop: StopSignal,
        opener: Callable[[str, DataSettings], Model] | None = None,
    ) -> None:
        """ConfigError when money is limited and a model has no known price; WorldError(DISK) from the ledger.

        `opener` opens the model of a spec; by default as everywhere, with uploads that outlive the program.
        """
        self.settings = settings
        self.stop = stop
        self.specs = {step: resolve(spec)[0] for step, spec in settings.specs.items()}
        check_prices(settings)
        self.ledger = Ledger(settings.folder, settings.budget_usd)
        self._models: dict[str, Model] = {}
        self._paces: dict[str, Pace] = {}
        self._opener = opener or open_for
        self._lock = threading.Lock()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for model in self._models.values():
            model.close()
        self.ledger.close()

    def model(self, step: str, film: Film, scope: str = "") -> PaidModel:
        """The model of a step (write, solve, tools, judge, blind) for one film; `scope` names what it is asked for."""
        spec = self.specs[step]
        if spec == MINI_EXPERT:
            mini = find_film(film.path.stem)
            opened: Model = ExpertModel(mini, prompts=mini_setup(mini, Path()).prompts)
        else:
            opened = self._open(spec)
        with self._lock:
            pace = self._paces.setdefault(_service(spec), self._new_pace(spec))
        return PaidModel(
            opened,
            self.ledger,
            pace,
            tariff(spec, self.settings.prices),
            purpose=Purpose(step, f"{step} {film.digest} {scope}"),
            stop=self.stop,
        )

    def setup(self, film: Film, **changes: Any) -> Setup:
        """The settings of the agent's runs on a film; those of its world when it is a miniature."""
        own = {**self.settings.solve.setup, **changes, "model": self.specs["solve"]}
        own["tool_model"] = self.specs["tools"]
        if MINI_EXPERT in (self.specs["solve"], self.specs["tools"]):
            return mini_setup(find_film(film.path.stem), self.settings.folder, **own)
        names = "released" if "SAGE-MM" in self.specs["solve"] else "paper"
        return Setup.model_validate({"names": names, **own})

    def delete_uploads(self) -> None:
        """Deletes all films that were uploaded, in earlier runs too."""
        if self.specs["write"].startswith("gemini:"):
            self._open(self.specs["write"])
        for model in self._models.values():
            if isinstance(model, GeminiModel):
                model.delete_uploads()

    def _open(self, spec: str) -> Model:
        with self._lock:
            if spec not in self._models:
                self._models[spec] = self._opener(spec, self.settings)
            return self._models[spec]

    def _new_pace(self, spec: str) -> Pace:
        if tariff(spec, {}).is_free:
            return Pace()
        rates = self.settings.rates
        return Pace(rates.requests_per_minute, rates.tokens_per_minute)


def check_prices(settings: DataSettings) -> None:
    """ConfigError when there is a budget and a model whose calls could not be counted against it."""
    unknown = [
        spec
        for spec in dict.fromkeys(resolve(spec)[0] for spec in settings.specs.values())
        if not tariff(spec, settings.prices).is_known
    ]
    if settings.budget_usd is not None and unknown:
        raise ConfigError(
            f"The price of {unknown[0]} is not known, so a budget could not be kept. Give it as "
            f'prices: {{"{unknown[0]}": {{input: …, output: …}}}} (USD per million tokens), or set budget_usd: null.'
        )


def open_for(spec: str, settings: DataSettings) -> Model:
    """Opens the model of a spec for a run; WorldError(MODEL)."""
    kind, _, rest = spec.partition(":")
    if kind != "gemini":
        return open_model(spec)
    key = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY", "")
    return GeminiModel(
        rest,
        key=key,
        base_url=os.environ.get("GOOGLE_GEMINI_BASE_URL", ""),
        patience=Patience(tries=settings.patience),
        shelf=settings.folder / UPLOADS,
    )


def _service(spec: str) -> str:
    """Who counts the requests: the backend and its address."""
    return f"{spec.partition(':')[0]} {spec.partition('@')[2]}"
