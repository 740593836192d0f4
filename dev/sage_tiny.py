"""Makes sage-tiny from nothing: learning to see, demonstrations, reinforcement; measures it; writes its cards.

    python dev/sage_tiny.py [train] [measure] [keep] [card]      all four unless some are named

Whatever is done already is kept, so a run that was stopped goes on where it was. Training is kept in trained/, the
models go to assets/sage-tiny-sft and assets/sage-tiny in half precision, the measured runs to trained/bench, their
reports and raw lines to dev/bench. Where judge-tiny is there (dev/judge_tiny.py), it judges them, too.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ASSETS, TRAINED, KEPT = ROOT / "assets", ROOT / "trained", ROOT / "dev" / "bench"
SECOND = TRAINED / "judge-tiny" / "model"
RUNS = {
    "sage-tiny-sft": ("sft", "sft-tiny"),
    "sage-tiny": ("grpo", "grpo-tiny"),
    "direct-tiny": ("direct", "direct-tiny"),
}
"""Model: recipe and configuration; the last one is only measured against."""
QUESTIONS = 600
"""Of the test split, on real films through the real tools."""
MEASURED = {
    "sage-tiny": ("sage-tiny", "agent"),
    "sage-tiny-sft": ("hf:assets/sage-tiny-sft", "agent"),
    "direct-tiny": ("hf:trained/direct-tiny/model", "direct"),
    "offline": ("offline", "agent"),
}
"""Run: model and mode."""
TEXT = """---
library_name: transformers
tags: [video, agent, sage, miniature]
license: apache-2.0
---
# {name}

A Qwen3-VL of {millions:.1f} million weights with a vocabulary of {words} words, made by this repository from nothing.
**It understands only films of the miniature world** (`python -m sage mini make`): coloured shapes, cards, numbers,
signs, and the lines spoken about them. It says nothing of use about any other film.

{made}

`sage.yaml` says how it has to be asked; SAGE heeds it by itself:

    python -m sage ask assets/examples/shapes-short.mp4 "which number is named for the wheel?" --model {spec}

Weights are kept in float16 and run in float32.

## Measured

{numbers}

`direct-tiny` is the first stage taught further, to answer at once from the same frames.
`make sage-tiny` makes and measures it again; see dev/LOG.md for what was tried.
"""
MADE = {
    "sage-tiny-sft": "Made by `configs/sft-tiny.yaml`: {warm} exercises in reading and seeing, then {demos} rows, "
    "most of them of an imperfect expert's episodes (processor cores: {cores}, minutes: {minutes:.0f}).",
    "sage-tiny": "Made from `assets/sage-tiny-sft` by `configs/grpo-tiny.yaml`: {steps} steps of multi-turn GRPO, "
    "{episodes} episodes (processor cores: {cores}, minutes: {minutes:.0f}).",
}


def main() -> None:
    wanted = sys.argv[1:] or ["train", "measure", "keep", "card"]
    started = time.monotonic()
    for name in RUNS if "train" in wanted else ():
        train(name)
    if "measure" in wanted:
        for name in MEASURED:
            measure(name)
    if "keep" in wanted:
        keep()
    if "card" in wanted:
        for name in MADE:
            write_card(name)
    print(f"done after {(time.monotonic() - started) / 60:.0f} minutes")


def train(name: str) -> None:
    recipe, config = RUNS[name]
    if not (TRAINED / config / "model" / "sage.yaml").is_file():
        run("train", recipe, "--config", f"configs/{config}.yaml", f"out={TRAINED / config}")
    if name in MADE:
        ship(TRAINED / config / "model", ASSETS / name)


def ship(trained: Path, folder: Path) -> None:
    """The model in half precision, without what a reader does not need."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from sage.models.profile import read_profile, write_profile

    network = AutoModelForImageTextToText.from_pretrained(trained, dtype=torch.float16)
    network.save_pretrained(folder)
    AutoProcessor.from_pretrained(trained).save_pretrained(folder)
    profile = read_profile(trained)
    assert profile
    write_profile(profile, folder)


def measure(name: str) -> None:
    """Asks the questions of the test split, once, and has the answers judged."""
    model, mode = MEASURED[name]
    out = TRAINED / "bench" / name
    asked = ("--limit", str(QUESTIONS), "--workers", "32", "--judge", "exact")
    run("bench", "run", "mini", "--model", model, "--mode", mode, *asked, "--out", str(out))
    if SECOND.is_dir():
        judge = f"llm:hf:{SECOND.relative_to(ROOT)}"
        run("bench", "judge", str(out), "--judge", judge, "--name", "judge-tiny", "--workers", "64")


def keep() -> None:
    """Reports by each judge, and the raw lines they are made from; of what was measured."""
    folders = [TRAINED / "bench" / name for name in measured()]
    for judge in ("exact", "judge-tiny") if SECOND.is_dir() else ("exact",):
        runs = map(str, folders)
        run("bench", "report", *runs, "--judge", judge, "--out", str(KEPT / judge))
    for folder in folders:
        with tarfile.open(KEPT / f"{folder.name}.tar.xz", "w:xz") as packed:
            for path in sorted(p for p in folder.rglob("*.json*") if "media" not in p.parts):
                # Where things lay on the machine that measured is nobody's concern.
                text = (
                    path.read_text("utf-8").replace(f"{ROOT}/", "").replace(str(Path.home()), "~")
                )
                told = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder)}")
                told.size = len(text.encode())
                packed.addfile(told, io.BytesIO(text.encode()))


def measured() -> list[str]:
    return [name for name in MEASURED if (TRAINED / "bench" / name).is_dir()]


def write_card(name: str) -> None:
    from transformers import AutoConfig, AutoTokenizer

    folder = ASSETS / name
    words = len(AutoTokenizer.from_pretrained(folder))
    weights = (folder / "model.safetensors").stat().st_size / 2
    assert AutoConfig.from_pretrained(folder).model_type == "qwen3_vl"
    text = TEXT.format(
        name=name,
        millions=weights / 1e6,
        words=words,
        made=MADE[name].format(**facts(name)),
        spec=name if name == "sage-tiny" else f"hf:assets/{name}",
        numbers=table(),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def facts(name: str) -> dict[str, Any]:
    """How a model was made, from the files of its run."""
    import os

    import yaml

    from sage.train.job_curves import seconds_of

    run_folder = TRAINED / RUNS[name][1]
    lines = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    settings = yaml.safe_load((run_folder / "settings.yaml").read_text())
    return {
        "warm": sum(line.get("rows", 0) for line in lines if line.get("name") == "warmup"),
        "demos": sum(line.get("rows", 0) for line in lines if line.get("name") == "main"),
        "steps": lines[-1]["step"],
        "episodes": round(sum(line.get("episodes", 0) for line in lines)),
        "minutes": sum(map(seconds_of, lines)) / 60,
        "cores": settings["threads"] or os.cpu_count(),
    }


def table() -> str:
    """Accuracy by duration of all that was measured, as the report of the benchmark tells it."""
    told = {name: report(name) for name in measured() if name != "offline"}
    first = next(iter(told.values()))
    names = " | ".join(told)
    lines = [
        f"{first['n']} questions about films unseen in training; greedy, real tools, judge `exact`; 95 % intervals.",
        "",
        f"| film (s) | {names} |",
        "|---|" + "---|" * len(told),
        f"| all | {' | '.join(cell(one) for one in told.values())} |",
    ]
    for bucket in first["buckets"]:
        cells = " | ".join(cell(one["buckets"][bucket]) for one in told.values())
        lines.append(f"| {bucket} | {cells} |")
    return "\n".join(lines)


def cell(found: dict[str, Any]) -> str:
    low, high = 100 * found["low"], 100 * found["high"]
    return f"{100 * found['accuracy']:.1f} % ({low:.0f} to {high:.0f})"


def report(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "sage", "bench", "report", str(TRAINED / "bench" / name)]
    told = subprocess.run([*command, "--json"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "sage", *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
