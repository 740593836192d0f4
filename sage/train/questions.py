"""Where episodes come from: films of the miniature world that are never encoded, or real files.

A step's questions are a pure function of the step, so a run that is resumed goes on in the same order: all questions
once, in an order drawn for each epoch, then all again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol

from sage.episode import Episode
from sage.faults import StopSignal
from sage.mini.make import read_examples
from sage.mini.play import open_episode
from sage.mini.rule import rule_for
from sage.mini.workspace import mini_setup
from sage.mini.world import PER_FILM, Split, make_film
from sage.models.base import Model
from sage.rewards.reasonable import ToolJudge
from sage.tools.base import Workspace
from sage.types import Example, FilmInfo, Setup
from sage.video.probe import probe
from sage.video.sampling import plan


class Start(NamedTuple):
    """A question that is about to be played."""

    example: Example
    episode: Episode
    workspace: Workspace
    tool_judge: ToolJudge | None = None
    """The rule for reasonable calls, where the world has one."""


class Questions(Protocol):
    """Questions by number; a film that cannot be opened is a WorldError(FILM)."""

    def __len__(self) -> int: ...

    def open(self, index: int, **changes: Any) -> Start:
        """A fresh episode; `changes` are laid over its Setup."""
        ...


@dataclass(frozen=True)
class MiniQuestions:
    """The first films of a split, three questions each."""

    split: Split
    films: int
    root: Path
    """Keeps the films' pages."""
    seed: int = 0

    def __len__(self) -> int:
        return self.films * PER_FILM

    def open(self, index: int, **changes: Any) -> Start:
        film = make_film(self.split, self.seed, index // PER_FILM)
        task = film.tasks[index % PER_FILM]
        setup = mini_setup(film, self.root, **changes)
        episode, workspace = open_episode(film, task, self.root, setup=setup)
        return Start(task.example, episode, workspace, rule_for(film, task))


@dataclass(frozen=True)
class FileQuestions:
    """`folder/examples.jsonl` about films in `folder`, as the agent sees them: read, sampled, JPEGs kept in `media`."""

    folder: Path
    media: Path
    setup: Setup

    def __len__(self) -> int:
        return len(_examples(self.folder))

    def open(self, index: int, **changes: Any) -> Start:
        example = _examples(self.folder)[index]
        film = _probe(self.folder / example.question.video)
        setup = Setup.model_validate(self.setup.model_dump() | changes)
        workspace = Workspace(
            folder=self.media / film.digest[:24],
            film=film,
            setup=setup,
            tool_model=_no_model,
            stop=StopSignal(),
            on_progress=_tell_nobody,
        )
        question = example.question
        times = plan(film.duration_s, question.text, budget=setup.frames, focus=setup.focus)
        frames = workspace.save_frames(workspace.pictures(times)) if film.has_picture else ()
        episode = Episode(question, film, setup, frames=frames, folder=workspace.folder)
        return Start(example, episode, workspace)


def choose(step: int, count: int, *, total: int, seed: int) -> list[int]:
    """The numbers of the `count` questions of a step (0-based), each once an epoch."""
    first = step * count
    order: dict[int, list[int]] = {}
    chosen = []
    for place in range(first, first + count):
        epoch = place // total
        if epoch not in order:
            order[epoch] = list(range(total))
            Random(f"{seed} epoch {epoch}").shuffle(order[epoch])
        chosen.append(order[epoch][place % total])
    return chosen


@lru_cache(maxsize=8)
def _examples(folder: Path) -> list[Example]:
    return read_examples(folder)


@lru_cache(maxsize=4096)
def _probe(path: Path) -> FilmInfo:
    return probe(path)


def _no_model() -> Model:
    raise AssertionError("a rollout sets the tool model before a tool looks at pictures")


def _tell_nobody(_: str, __: float | None) -> None:
    """Progress of rollouts is shown nowhere."""
