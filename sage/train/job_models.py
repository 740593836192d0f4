"""Models that a job has: the finished one, and its checkpoints, each made a normal folder when somebody wants it.

A checkpoint holds weights in the form accelerate saves; with config, tokenizer and processor of what the run started
from they are a model that transformers loads. Weights that were split over cards are none before the run is done.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sage.faults import Border, WorldError, crossing
from sage.models.local import find_weights
from sage.train.job_files import MODEL, SETTINGS
from sage.train.profiles import keep_profile
from sage.train.settings import TINY

WEIGHTS = "model.safetensors"
EXPORTS = "exports"


class Checkpoint(NamedTuple):
    """A model, or what can become one."""

    step: int
    """Over all stages; 0 for the finished model."""
    folder: Path
    is_final: bool
    is_whole: bool
    """Its weights are in one file, so it can be used."""


def checkpoints(folder: Path) -> list[Checkpoint]:
    """Newest first; the finished model before all."""
    found = []
    if (folder / MODEL / "config.json").is_file():
        found.append(Checkpoint(0, folder / MODEL, True, True))
    saved = sorted((folder / "checkpoints").glob("[0-9]*/progress.json"), reverse=True)
    for path in saved:
        if path.parent.name.isdigit():
            whole = (path.parent / WEIGHTS).is_file()
            found.append(Checkpoint(int(path.parent.name), path.parent, False, whole))
    return found


def export(folder: Path, step: int) -> Path:
    """The folder of a model that can be opened as `hf:FOLDER`; WorldError(MODEL) when there is none.

    It stays when the run drops the checkpoint.
    """
    wanted = [c for c in checkpoints(folder) if c.step == step]
    if not wanted:
        message = f"There is no checkpoint of step {step} any more: a run keeps its newest ones only. Choose another."
        raise WorldError(Border.MODEL, message)
    if wanted[0].is_final:
        return wanted[0].folder
    if not wanted[0].is_whole:
        message = "The weights of this checkpoint are split over cards. Use the model when the run is done."
        raise WorldError(Border.MODEL, message)
    target = folder / EXPORTS / f"{step:08d}"
    if (target / "config.json").is_file():
        return target
    start, is_mini = _start_of(folder)
    scratch = target.with_name(f".{target.name}")
    with crossing(Border.DISK, "The checkpoint could not be copied", OSError):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        for path in start.iterdir():
            if path.is_file() and path.suffix in (".json", ".jinja", ".txt", ".model"):
                shutil.copy(path, scratch / path.name)
        (scratch / f"{WEIGHTS}.index.json").unlink(missing_ok=True)
        _link(wanted[0].folder / WEIGHTS, scratch / WEIGHTS)
        keep_profile(scratch, str(start), is_mini=is_mini)
        scratch.replace(target)
    return target


def _start_of(folder: Path) -> tuple[Path, bool]:
    """The folder of the model that the run started from; and whether it learns in the miniature world."""
    settings: dict[str, Any] = {}
    with suppress(OSError, ValueError, yaml.YAMLError):
        settings = yaml.safe_load((folder / SETTINGS).read_text("utf-8")) or {}
    name = str(settings.get("model") or "")
    found = folder / "start" if name == TINY else find_weights(name) if name else None
    if found is None or not (found / "config.json").is_file():
        message = f"{name or 'The model it started from'} is not on this machine, so the checkpoint lacks its config."
        raise WorldError(
            Border.MODEL, f"{message} Put it back, or use the model when the run is done."
        )
    data = settings.get("films") or settings.get("data") or {}
    return found, not (data.get("folder") or data.get("file"))


def _link(source: Path, target: Path) -> None:
    """The same bytes without another copy, where the disk can do that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
