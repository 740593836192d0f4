"""What there is to train on: cards, memory and disk, told without loading torch."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import psutil

GIB = 2**30
CPU = "cpu"


class Gpu(NamedTuple):
    """A card of this machine; memory in bytes."""

    number: str
    name: str
    total: int
    free: int


def gpus() -> list[Gpu]:
    """The NVIDIA cards, with what is free on them now; none when the driver says nothing."""
    if shutil.which("nvidia-smi") is None:
        return []
    found = []
    for line in _ask("--query-gpu=index,name,memory.total,memory.free").splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 4 and parts[2].isdigit() and parts[3].isdigit():
            found.append(Gpu(parts[0], parts[1], int(parts[2]) * 2**20, int(parts[3]) * 2**20))
    return found


def on_cards() -> set[int]:
    """Numbers of processes that hold memory of a card."""
    if shutil.which("nvidia-smi") is None:
        return set()
    said = _ask("--query-compute-apps=pid")
    return {int(line) for line in said.splitlines() if line.strip().isdigit()}


def device_sets() -> list[tuple[str, str]]:
    """What a job may be given, as label and value: each card, all of them, the CPU. The first is the default."""
    cards = _cards()
    found = [(f"GPU {gpu.number} · {gpu.name}", gpu.number) for gpu in cards]
    if len(cards) > 1:
        found.insert(0, (f"all {len(cards)} GPUs", ",".join(gpu.number for gpu in cards)))
    return [*found, (f"CPU · {os.cpu_count()} cores", CPU)]


def memory() -> tuple[int, int]:
    """Bytes free and in all."""
    found = psutil.virtual_memory()
    return found.available, found.total


def disk_free(folder: Path) -> int:
    """Bytes on the disk that `folder`, or its nearest ancestor that exists, is on."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


@lru_cache(maxsize=1)
def _cards() -> tuple[Gpu, ...]:
    return tuple(gpus())


def _ask(query: str) -> str:
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
