"""A model of this machine stays loaded between runs, and makes room for another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.warm import Warm, is_local
from sage.types import Setup
from tests.tiny_model import build


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("tiny"), "qwen3_vl")


@pytest.mark.slow
def test_the_second_run_finds_the_model_loaded(folder: Path) -> None:
    warm, setup = Warm(), Setup(model=f"hf:{folder}")
    first = warm.models(setup)
    assert first.tool() is first.orchestrator
    assert warm.models(setup).orchestrator is first.orchestrator
    warm.models(Setup(model="offline"))
    assert warm._loaded == {}


@pytest.mark.slow
def test_a_model_of_this_machine_can_serve_the_tools_alone(folder: Path) -> None:
    models = Warm().models(Setup(model="offline", tool_model=f"hf:{folder}"))
    assert models.orchestrator.name == "offline"
    assert models.tool().name == f"hf:{folder}"


@pytest.mark.parametrize(("spec", "local"), [("hf:a/b", True), ("offline", False), ("", False)])
def test_what_computes_here(spec: str, local: bool) -> None:
    assert is_local(spec) is local
