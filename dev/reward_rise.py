"""Does the reward rise? The same unseen questions, sampled as in training, by the model before it and by later ones.

    python dev/reward_rise.py BEFORE AFTER [AFTER …]        folders of models

The curve of a training is of other questions at every step, so that most of what moves it is which ones were drawn.
Here the questions are those of `eval_films`, each played once for every seed; what is told is the mean reward of each
model, and how far it is from the first, paired by question, with a 95 % interval.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SEEDS = (0, 1)
DRAWS = 10_000


def main() -> None:
    before, *after = sys.argv[1:]
    first = rewards(before)
    print(f"{before}: {first.mean():.3f} ({len(first)} questions)")
    for model in after:
        more = rewards(model) - first
        drawn = np.random.default_rng(0).integers(0, len(more), (DRAWS, len(more)))
        low, high = np.percentile(more[drawn].mean(axis=1), [2.5, 97.5])
        mean = (first + more).mean()
        print(f"{model}: {mean:.3f}, {more.mean():+.3f} ({low:+.3f} to {high:+.3f})", flush=True)


def rewards(model: str) -> np.ndarray:
    """Mean reward of each question over the seeds."""
    from sage.config import load_config
    from sage.faults import StopSignal
    from sage.train.bench import open_bench
    from sage.train.grpo import play
    from sage.train.grpo_settings import GrpoSettings

    with tempfile.TemporaryDirectory() as out:
        changes = [f"model={model}", f"out={out}", "kl=0"]
        settings = load_config(GrpoSettings, ROOT / "configs" / "grpo-tiny.yaml", changes)
        bench = open_bench(settings)
        numbers = [n for n in range(len(bench.others)) for _ in SEEDS]
        seeds = list(SEEDS) * len(bench.others)
        setup = {"temperature": settings.temperature, "limits": settings.limits(settings.steps)}
        judged = play(bench, bench.others, numbers, seeds, StopSignal(), setup)
    found = np.array([j.reward for j in judged], dtype=float)
    return found.reshape(-1, len(SEEDS)).mean(axis=1)


if __name__ == "__main__":
    main()
