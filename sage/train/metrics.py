"""One JSON object a step in `metrics.jsonl`; on resume, what a killed run wrote beyond its checkpoint is cut off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Metrics:
    """Appends lines; each is on disk when `add` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, **values: Any) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """All whole lines, in order."""
        if not self.path.exists():
            return []
        read = []
        for line in self.path.read_text("utf-8").splitlines():
            try:
                read.append(json.loads(line))
            except ValueError:
                # A line that a killed process did not finish.
                break
        return read

    def cut(self, stage: int, step: int) -> None:
        """Drops lines of later steps than `step` of stage number `stage`, and of later stages."""
        kept = [line for line in self.lines() if (line["stage"], line["step"]) <= (stage, step)]
        scratch = self.path.with_name(f".{self.path.name}.new")
        scratch.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
        scratch.replace(self.path)


def write_plan(out: Path, stages: Mapping[str, int]) -> None:
    """Says how many steps each stage has, in order; whoever shows progress reads `plan.json`."""
    (out / "plan.json").write_text(json.dumps({"stages": dict(stages)}) + "\n", "utf-8")
