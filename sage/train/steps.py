"""One optimiser step on a list of rows: micro-batches within a budget of tokens, on any number of processes.

The loss is the mean over all tokens of the whole step, however rows are cut into micro-batches and spread over
processes; every process runs equally many forward passes, since sharded weights are gathered by all at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from sage.train.rows import Row, blank_row, collate, score

if TYPE_CHECKING:
    from sage.models.qwen import Renderer


class Outcome(NamedTuple):
    """What a step brought, over all processes."""

    loss: float
    """Mean over the tokens learned from."""
    accuracy: float
    """Share of those tokens that were the likeliest."""
    norm: float
    """Of the gradient, before it was clipped."""
    tokens: int
    """All tokens, padding left out."""
    rows: int
    seconds: float
    stopped: bool
    """Some process was told to stop."""


class Trainer(NamedTuple):
    """What a step works on."""

    accelerator: Any
    model: Any
    optimizer: Any
    renderer: Renderer
    micro_tokens: int
    max_norm: float


def micro_batches(rows: Sequence[Row], budget: int) -> list[list[Row]]:
    """Rows of like length together, each batch at most `budget` padded tokens; a longer row goes alone."""
    batches: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (len(row.prompt_ids), len(row.action_ids))):
        last = batches[-1] if batches else []
        grown = [*last, row]
        width = max(len(r.prompt_ids) for r in grown) + max(len(r.action_ids) for r in grown)
        if last and width * len(grown) <= budget:
            last.append(row)
        else:
            batches.append([row])
    return batches


def level(batches: list[list[Row]], passes: int, renderer: Renderer) -> list[list[Row]]:
    """As many batches as every process runs, each with a picture, so that all go through the vision tower together."""
    padded = [*batches, *([] for _ in range(passes - len(batches)))]
    return [
        part if any(row.films for row in part) else [*part, blank_row(renderer)] for part in padded
    ]


def train_step(trainer: Trainer, rows: Sequence[Row], *, rate: float, stop: bool) -> Outcome:
    """Learns from this process's share of a step's rows. A step without any token leaves the weights alone."""
    started = time.monotonic()
    accelerator, model = trainer.accelerator, trainer.model
    batches = micro_batches(rows, trainer.micro_tokens)
    own = [
        sum(row.weight * sum(row.mask) for row in rows),
        sum(row.length for row in rows),
        len(rows),
        float(stop),
    ]
    tokens, seen, count, told = add_over(accelerator, own)
    passes = most_over(accelerator, len(batches))
    batches = level(batches, passes, trainer.renderer) if accelerator.num_processes > 1 else batches
    loss_sum, hits = 0.0, 0.0
    for index in range(passes if tokens else 0):
        part = batches[index]
        is_last = index == passes - 1
        accelerator.gradient_state._set_sync_gradients(is_last)
        if is_last:
            loss, right = _learn(trainer, part, tokens=tokens)
        else:
            with accelerator.no_sync(model):
                loss, right = _learn(trainer, part, tokens=tokens)
        loss_sum, hits = loss_sum + loss, hits + right
    norm = 0.0
    if tokens:
        norm = float(accelerator.clip_grad_norm_(model.parameters(), trainer.max_norm))
        for group in trainer.optimizer.param_groups:
            group["lr"] = rate
        trainer.optimizer.step()
        trainer.optimizer.zero_grad()
    loss_sum, hits = add_over(accelerator, [loss_sum, hits])
    return Outcome(
        loss=loss_sum / max(tokens, 1e-9),
        accuracy=hits / max(tokens, 1e-9),
        norm=norm,
        tokens=int(seen),
        rows=int(count),
        seconds=time.monotonic() - started,
        stopped=told > 0,
    )


def _learn(trainer: Trainer, rows: Sequence[Row], *, tokens: float) -> tuple[float, float]:
    """One forward and backward pass; returns sums of loss and of hits."""
    accelerator = trainer.accelerator
    batch = collate(rows, trainer.renderer).to(accelerator.device)
    scores = score(trainer.model, batch)
    weights = batch.mask * batch.weights[:, None]
    loss = -(scores.logprobs * weights).sum()
    # Processes' gradients are averaged; their sum over the step's tokens is wanted.
    accelerator.backward(loss * accelerator.num_processes / tokens)
    return float(loss.detach()), float((scores.hits * weights).sum())


def add_over(accelerator: Any, values: list[float]) -> list[float]:
    """Sums over processes; all have to call this."""
    tensor = torch.tensor(values, dtype=torch.float64, device="cpu")
    if accelerator.num_processes == 1:
        return [float(v) for v in tensor]
    summed = accelerator.reduce(tensor.float().to(accelerator.device), reduction="sum")
    return [float(v) for v in summed]


def most_over(accelerator: Any, value: int) -> int:
    """The largest of all processes' values; all have to call this."""
    if accelerator.num_processes == 1:
        return value
    told = accelerator.gather(torch.tensor([value], device=accelerator.device))
    return int(told.max())


def linear(step: int, steps: int, *, rate: float, rise: float) -> float:
    """The learning rate of a step, from 1: up over the first share `rise`, then straight down to nearly 0."""
    up = max(1, round(steps * rise))
    if step <= up:
        return rate * step / up
    return rate * (steps - step + 1) / max(1, steps - up + 1)
