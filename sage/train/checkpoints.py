"""Checkpoints of a run: `checkpoints/<n>` holds the state of all processes and, written last, how far it was.

A folder is made under another name and then renamed, so whatever bears a number is complete; a kill at any moment
leaves the one before.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from sage.types import Value

PROGRESS = "progress.json"


class Progress(Value):
    """How far a run is."""

    stage: int = 0
    """Number of the stage, from 0."""
    step: int = 0
    """Steps done in that stage."""
    seen: int = 0
    """Rows taken in that stage, dropped ones included."""
    total: int = 0
    """Steps done in all stages; names the checkpoint."""


def newest(folder: Path) -> tuple[Path, Progress] | None:
    """The newest complete checkpoint of a run, if there is one."""
    found = [path for path in _all(folder) if (path / PROGRESS).is_file()]
    if not found:
        return None
    path = found[-1]
    return path, Progress.model_validate_json((path / PROGRESS).read_text("utf-8"))


def save(folder: Path, progress: Progress, accelerator: Any, *, keep: int) -> Path:
    """Saves the state of all processes (every one has to call this) and drops all but the newest `keep`."""
    final = folder / f"{progress.total:08d}"
    scratch = folder / f".new-{progress.total:08d}"
    if accelerator.is_main_process:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(scratch))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (scratch / PROGRESS).write_text(json.dumps(progress.model_dump()), "utf-8")
        shutil.rmtree(final, ignore_errors=True)
        scratch.rename(final)
        for old in _all(folder)[:-keep]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()
    return final


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("[0-9]*") if path.is_dir())
