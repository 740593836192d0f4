"""A film of 40 s with captions and a tone, and the workspace of a run on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sage.faults import StopSignal
from sage.models.scripted import ScriptedModel
from sage.tools.base import Workspace
from sage.types import FilmInfo, Setup
from sage.video.probe import probe
from tests.films import Line, make_film

LINES = (
    Line(2.0, 4.0, "Welcome to the harbour."),
    Line(9.0, 11.0, "The password is walnut."),
    Line(30.0, 33.0, "Goodbye."),
)

MakeWorkspace = Callable[..., Workspace]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> FilmInfo:
    path = tmp_path_factory.mktemp("film") / "harbour.mp4"
    return probe(make_film(path, duration_s=40, captions=LINES, audio="tone"))


@pytest.fixture
def make_workspace(tmp_path: Path, film: FilmInfo) -> MakeWorkspace:
    """Builds a workspace: `replies` is the tool model's script, `told` collects its progress."""

    def make(
        *, info: FilmInfo | None = None, setup: Setup | None = None, replies: list | None = None
    ) -> Workspace:
        model = ScriptedModel(replies or [])
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        return Workspace(
            folder, info or film, setup or Setup(), lambda: model, StopSignal(), lambda *_: None
        )

    return make
