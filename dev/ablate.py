"""What each part of the reward does: GRPO from the same start, for the same steps, with one part switched off.

    python dev/ablate.py [NAME …]        all unless some are named; then a table of what is there

Shorter than the recipe of sage-tiny, and as many at a time as there are processor cores. What is done already is kept,
and a run that was stopped goes on. Numbers are greedy ones on questions of the val split, after the last step.
`without SFT` starts from a model that has learned to read and to see and was never shown what an agent does.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sage_tiny import TRAINED, run

OUT, WARM = TRAINED / "ablations", TRAINED / "warm-tiny"
STEPS = 16
SHORT = (
    *(f"steps={STEPS}", "questions=6", "first_steps=5", "threads=1"),
    *(f"eval_every={STEPS}", "eval_films.n=40"),
)
RUNS: dict[str, tuple[str, ...]] = {
    "the recipe": (),
    "no accuracy": ("reward.accuracy=0",),
    "no format": ("reward.format=0",),
    "no reasonable tool": ("reward.reasonable=0",),
    "no repeated": ("reward.repeated=0",),
    "no invalid": ("reward.invalid=0",),
    "no repaired": ("reward.repaired=0",),
    "neither accuracy nor tool": ("reward.accuracy=0", "reward.reasonable=0"),
    "with looked": ("reward.looked=1",),
    "without SFT": (f"model={WARM / 'model'}",),
}
SHOWN = {
    "val/accuracy": "right",
    "val/turns": "turns",
    "val/tool_rate": "tool rate",
    "val/format_rate": "format",
    "val/faults": "faulty calls",
    "val/repaired": "repaired",
}
"""Names in metrics.jsonl, and at the head of the table."""


def main() -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(ablate, sys.argv[1:] or RUNS))
    print(table())


def ablate(name: str) -> None:
    if name == "without SFT" and not (WARM / "model" / "sage.yaml").is_file():
        only = ("main.steps=1", "main.rate=1e-9", "threads=1")
        run("train", "sft", "--config", "configs/sft-tiny.yaml", f"out={WARM}", *only)
    settings = (f"out={folder(name)}", *SHORT, *RUNS[name])
    run("train", "grpo", "--config", "configs/grpo-tiny.yaml", *settings)


def folder(name: str) -> Path:
    return OUT / name.replace(" ", "-").lower()


def table() -> str:
    """Of the runs that reached their last step."""
    lines = [f"| | {' | '.join(SHOWN.values())} |", "|---" * (len(SHOWN) + 1) + "|"]
    for name in RUNS:
        path = folder(name) / "metrics.jsonl"
        last = json.loads(path.read_text().splitlines()[-1]) if path.is_file() else {}
        if last.get("step") == STEPS:
            cells = " | ".join(f"{last[key]:.3f}" for key in SHOWN)
            lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
