"""What a GRPO run will take, told before it is started: episodes, memory, time, and the commands to start it.

Estimates: sampling is bound by reading the weights from memory once a token, learning by floating-point operations;
how long prompts and replies are and how many turns there will be is taken from the settings.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sage.mini.world import PER_FILM
from sage.models.local import find_weights
from sage.train.bench import check
from sage.train.estimate import launch
from sage.train.grpo_settings import GrpoSettings

GIB, CARD_GIB = 2**30, 80
CARD_FLOPS, CARD_BYTES_S = 989e12, 3.35e12
LEARNING_SHARE, SAMPLING_SHARE = 0.35, 0.3
"""Of an H100's peak, what learning and sampling of such models reach."""
SMALL = 1e8
"""Weights up to which a CPU will do."""


class Size(NamedTuple):
    """Weights of a network."""

    parameters: float
    learned: float
    is_here: bool


def estimate(settings: GrpoSettings, command: Sequence[str]) -> list[str]:
    """Lines for a person; `command` are the words after `sage` that start the run. ConfigError as in training."""
    check(settings)
    size = measure_model(settings)
    episodes = settings.questions * settings.group
    rows = episodes * settings.expected_turns
    here = "" if size.is_here else " (not here; figures from the settings)"
    lines = [
        f"model     {settings.model}: {size.parameters / 1e6:,.1f} M weights, "
        f"{size.learned / 1e6:,.1f} M learned{here}",
        f"questions {_count(settings)}",
        f"steps     {settings.last_step:,} of {settings.questions} questions x {settings.group} episodes, about "
        f"{rows:,.0f} rows of {settings.expected_tokens:,.0f} tokens; at most {settings.turns_at_first} turns in the "
        f"first {settings.first_steps}, then {settings.turns}",
    ]
    if size.parameters <= SMALL:
        memory = memory_of(settings, size, 1) / GIB
        return [
            *lines,
            f"memory    {memory:.1f} GiB",
            f"command   python -m sage {shlex.join(command)}",
        ]
    for cards, nodes in ((1, 1), (8, 1), (16, 2)):
        if settings.questions % cards:
            continue
        memory = memory_of(settings, size, cards) / GIB
        fits = "" if memory < CARD_GIB else f"; more than the {CARD_GIB} of a card"
        hours = settings.last_step * seconds_of(settings, size, cards) / 3600
        lines.append(f"{cards:2} GPUs   {memory:,.0f} GiB each{fits}, {hours:,.1f} h (H100)")
        lines.append(f"  {launch(command, cards, nodes)}")
    return lines


def memory_of(settings: GrpoSettings, size: Size, cards: int) -> float:
    """Bytes on each card: what learns is split, the reference and, beside split weights, the sampler are whole."""
    held = (4 * size.parameters + 12 * size.learned) / cards
    copies = (settings.kl > 0) + (cards > 1)
    return held + 2 * size.parameters * copies + 0.15 * 2 * size.parameters


def seconds_of(settings: GrpoSettings, size: Size, cards: int) -> float:
    """Of a step: reading prompts, sampling, learning."""
    rows = settings.questions * settings.group * settings.expected_turns
    tokens_s = settings.sample_batch * SAMPLING_SHARE * CARD_BYTES_S / (2 * size.parameters)
    sampling = rows * settings.expected_action / (tokens_s * cards)
    again = 2 if settings.gradient_checkpointing else 0
    each = 2 + 6 * settings.passes + again * settings.passes + 2 * (settings.kl > 0)
    work = rows * settings.expected_tokens * size.parameters * each
    return sampling + work / (cards * CARD_FLOPS * LEARNING_SHARE)


def measure_model(settings: GrpoSettings) -> Size:
    """Counted without loading where the model is here, else from the settings."""
    folder = find_weights(settings.model)
    if folder is None:
        count = settings.parameters
        return Size(count, count * 0.93 if settings.freeze_vision else count, False)
    import torch  # noqa: PLC0415
    from transformers import AutoConfig, AutoModelForImageTextToText  # noqa: PLC0415

    with torch.device("meta"):
        network: Any = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(folder))
    total = sum(weight.numel() for weight in network.parameters())
    seen = sum(weight.numel() for weight in network.model.visual.parameters())
    return Size(total, total - seen if settings.freeze_vision else total, True)


def _count(settings: GrpoSettings) -> str:
    films = settings.films
    if not films.folder:
        return f"{films.n * PER_FILM:,} on {films.n:,} films of the miniature world"
    path = Path(films.folder) / "examples.jsonl"
    if not path.is_file():
        return f"unknown: {path} is not here"
    number = sum(bool(line.strip()) for line in path.read_text("utf-8").splitlines())
    return f"{number:,} in {path}"
