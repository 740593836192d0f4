"""An episode on a film that was never encoded: the agent's own steps and tools, without a run's folder."""

from __future__ import annotations

from pathlib import Path

from sage.agent import canonical, observe
from sage.episode import Episode
from sage.mini.film import MiniFilm, Task
from sage.mini.workspace import MiniWorkspace, open_workspace
from sage.models.base import Model
from sage.types import Call, Setup


def open_episode(
    film: MiniFilm, task: Task, root: Path, *, setup: Setup | None = None
) -> tuple[Episode, MiniWorkspace]:
    """A fresh episode and its workspace; set the workspace's `tool_model` before a tool looks."""
    workspace = open_workspace(film, root, setup=setup)
    question = task.example.question
    frames = workspace.glance(question.text)
    episode = Episode(
        question, workspace.film, workspace.setup, frames=frames, folder=workspace.folder
    )
    return episode, workspace


def play(episode: Episode, workspace: MiniWorkspace, model: Model) -> Episode:
    """Plays an episode to its end with one model for everything; returns it."""
    workspace.tool_model = lambda: model
    while episode.stop is None:
        action = episode.take(model.generate([episode.request(workspace.stop)])[0])
        if isinstance(action, Call):
            call = canonical(action, workspace)
            episode.close(call, observe(episode, call, workspace))
    return episode
