"""What a data run needs to know; `configs/data*.yaml` fill it in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from sage.mini.world import Split
from sage.models.prices import Rate
from sage.types import Value

MINI_EXPERT = "mini-expert"
"""In place of a model: the expert of the miniature world, who knows the films."""


class MiniFilms(Value):
    """Films of the miniature world, made first."""

    n: int = Field(default=30, ge=1)
    split: Split = "train"
    seed: int = Field(default=0, ge=0)
    size: int = Field(default=64, ge=64)
    """Pixels."""


class Quotas(Value):
    """What the questions of one film have to be like."""

    least: int = Field(default=10, ge=1)
    most: int = Field(default=20, ge=1)
    visual: int = Field(default=4, ge=0)
    """At least so many need nothing but the picture."""
    mcq: int = Field(default=3, ge=0)
    open_ended: int = Field(default=3, ge=0)
    each_difficulty: int = Field(default=1, ge=0)
    """At least so many easy, medium and hard ones."""
    coverage: float = Field(default=0.9, ge=0, le=1)
    """Share of a film that lies near the moments asked for."""
    coverage_from_s: float = Field(default=300.0, ge=0)
    """Shorter films need no coverage."""


class Windows(Value):
    """How a model sees a film that cannot take it whole."""

    seconds: float = Field(default=600.0, gt=0, le=600.0)
    overlap_s: float = Field(default=30.0, ge=0)
    frames: int = Field(default=64, ge=1, le=512)
    """Of each window."""


class Write(Value):
    """Films -> questions."""

    model: str = "gemini:gemini-2.5-flash"
    how: Literal["auto", "whole", "windows"] = "auto"
    """whole: the film is given as a file; windows: as frames and speech. auto: whole for gemini."""
    quotas: Quotas = Quotas()
    windows: Windows = Windows()
    rounds: int = Field(default=3, ge=1)
    """The model is asked at most so often for a film, or a window of it."""
    temperature: float = Field(default=0.7, ge=0)
    max_tokens: int = Field(default=16384, ge=256)


class Solve(Value):
    """Questions -> trajectories."""

    model: str = "gemini:gemini-2.5-flash"
    tool_model: str = ""
    """Behind ground and analyze; empty: the same."""
    tries: int = Field(default=4, ge=1)
    """Trajectories a question."""
    temperature: float = Field(default=0.7, ge=0)
    setup: dict[str, Any] = Field(default_factory=dict)
    """Laid over the settings of the agent's runs."""


class Sift(Value):
    """Trajectories -> those worth learning from."""

    judge: str = "gemini:gemini-2.5-flash"
    """exact, or the spec of a model that is asked where the exact comparison does not say right."""
    blind: str = ""
    """Who answers without the film; empty: the model that solves. off: nobody."""
    blind_tries: int = Field(default=2, ge=1)
    """A question counts as answerable without the film when it is answered right so often in a row."""
    drop_blind: bool = False
    """Such questions are left out, not only marked."""
    single: float = Field(default=0.5, ge=0, le=1)
    """Largest share of trajectories that answer at once; those over it are left out."""
    held_out: str = ""
    """A file with a film's digest a line, or a folder with films, of which none may get into the sets."""


class Shares(Value):
    """How films are shared out; a film and all its questions are in one set only."""

    sft: float = Field(default=0.7, ge=0)
    val: float = Field(default=0.1, ge=0)
    rl: float = Field(default=0.2, ge=0)


class Pack(Value):
    """What is kept -> files to train with."""

    shares: Shares = Shares()
    films: bool = True
    """The set for reinforcement gets its films, linked where the disk allows it."""
    title: str = "Questions, demonstrations and a reinforcement set from films"
    licence: str = ""
    """Of the rows, as the card says it; empty: not stated."""


class Check(Value):
    """A sample of questions that people look at in the app."""

    questions: int = Field(default=100, ge=0)
    """0: none."""
    store: str = ""
    """The annotation store; empty: the one that the app uses."""


class Rates(Value):
    """How much at a time; 0: no limit."""

    at_once: int = Field(default=4, ge=1)
    """Films worked on together."""
    requests_per_minute: float = Field(default=0.0, ge=0)
    tokens_per_minute: float = Field(default=0.0, ge=0)
    """Both hold for each service by itself."""


class DataSettings(Value):
    """Settings of `python -m sage data`."""

    out: str
    """Folder of the run; the same folder goes on where it was."""
    films: str | list[str] = ""
    """Films, folders of films, links, or text files with one of these a line."""
    licence: str = ""
    """Of the films, as the card says it; empty: not stated."""
    mini: MiniFilms | None = None
    """Films of the miniature world instead."""
    write: Write = Write()
    solve: Solve = Solve()
    sift: Sift = Sift()
    pack: Pack = Pack()
    check: Check = Check()
    rates: Rates = Rates()
    budget_usd: float | None = Field(default=None, ge=0)
    """The run never spends more than this in all; `None`: no limit."""
    prices: dict[str, Rate] = Field(default_factory=dict)
    """USD per million tokens of models that the table does not know, by spec."""
    delete_uploads: bool = False
    """Uploaded films are deleted at the service when questions are written; else they expire in two days."""
    link_minutes: float = Field(default=12.0, gt=0)
    """For the estimate: length of a film behind a link that is not here yet."""
    patience: int = Field(default=4, ge=1)
    """A call that fails for a reason that may pass is tried so often."""
    seed: int = 0

    @property
    def folder(self) -> Path:
        return Path(self.out)

    @property
    def sources(self) -> list[str]:
        return [self.films] if isinstance(self.films, str) and self.films else list(self.films)

    @property
    def specs(self) -> dict[str, str]:
        """Which model does what; without those that cost nothing because nobody is asked."""
        blind = self.sift.blind or self.solve.model
        named = {
            "write": self.write.model,
            "solve": self.solve.model,
            "tools": self.solve.tool_model or self.solve.model,
            "judge": self.sift.judge,
            "blind": blind,
        }
        return {step: spec for step, spec in named.items() if spec not in ("exact", "off")}
