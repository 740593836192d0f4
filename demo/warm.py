"""Models of this machine stay loaded between runs: loading takes longer than most answers.

Runs that use them come one at a time (see demo.runs.Turnstile), so nothing here is shared at once.
A model that the next run does not need is closed first, because memory holds one.
"""

from __future__ import annotations

from sage import agent
from sage.models import catalog
from sage.models.base import Model
from sage.types import Setup

LOCAL = ("hf:", "sage-")


def is_local(spec: str) -> bool:
    """Whether the model computes on this machine, so that only one run can use it at a time."""
    return catalog.resolve(spec)[0].startswith(LOCAL) if spec else False


class Warm:
    """The models that are loaded now."""

    def __init__(self) -> None:
        self._loaded: dict[str, Model] = {}

    def models(self, setup: Setup, *, key: str = "") -> agent.Models:
        """The models of a run whose setup is settled; raises WorldError(MODEL)."""
        tool_spec = catalog.resolve(setup.tool_model)[0] if setup.tool_model else setup.model
        for spec in set(self._loaded) - {setup.model, tool_spec}:
            self._loaded.pop(spec).close()
        orchestrator = self._open(setup.model, key)
        return agent.Models(
            orchestrator,
            lambda: (
                orchestrator
                if tool_spec == setup.model
                else self._open(tool_spec, agent.tool_key(setup, key))
            ),
        )

    def _open(self, spec: str, key: str) -> Model:
        if not is_local(spec):
            return catalog.open_model(spec, key=key)
        if spec not in self._loaded:
            self._loaded[spec] = catalog.open_model(spec)
        return self._loaded[spec]
