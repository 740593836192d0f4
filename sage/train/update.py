"""Optimiser steps over the rows of a rollout, cut into micro-batches by size and spread over processes.

Every process takes the same number of micro-batches, whatever its rows, because each pass through a wrapped network
talks to the other processes; one that has fewer adds some with nothing to learn from. The loss is divided by the
tokens of all processes, so it is the same however the rows are spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from sage.models.qwen import Renderer
from sage.train.loss import Clip, grpo_loss
from sage.train.rows import Batch, Row, collate, score
from sage.train.steps import add_over, level, micro_batches, most_over


@dataclass(frozen=True)
class Learner:
    """What learns: the network as `accelerate` wrapped it, its optimiser, and the frozen start."""

    accelerator: Any
    network: Any
    optimizer: Any
    reference: Any
    """`None`: no penalty for leaving it."""
    renderer: Renderer


class Stepping(NamedTuple):
    """How a rollout is learned from."""

    clip: Clip = Clip()
    temperature: float = 0.7
    """The one that was sampled at: ratios are of the distributions tokens were drawn from."""
    passes: int = 1
    """Optimiser steps over the same rows."""
    micro_tokens: int = 8192
    """Padded size of a micro-batch."""
    max_norm: float = 1.0
    """Longer gradients are shortened to this."""


class Part(NamedTuple):
    """A micro-batch; the weights of `batch` are advantages, the log-probabilities (B, A)."""

    batch: Batch
    sampled: torch.Tensor
    reference: torch.Tensor | None


def update(learner: Learner, rows: Sequence[Row], how: Stepping) -> dict[str, float]:
    """Learns from rows, whose weights are advantages; returns numbers for the log.

    `rows` are this process' own; over all processes there is at least one. `drift` is the mean distance of the
    trainer's log-probabilities from the sampler's before the first step: nothing but rounding.
    """
    chunks = micro_batches(rows, how.micro_tokens)
    accelerator = learner.accelerator
    total, n_rows = add_over(
        accelerator, [float(sum(sum(row.mask) for row in rows)), float(len(rows))]
    )
    n = most_over(accelerator, len(chunks))
    chunks = level(chunks, n, learner.renderer) if accelerator.num_processes > 1 else chunks
    references: list[torch.Tensor] = []
    found: dict[str, float] = {}
    for number in range(how.passes):
        tally = [0.0] * 5
        for place, chunk in enumerate(chunks):
            batch = collate(chunk, learner.renderer).to(accelerator.device)
            if learner.reference is not None and number == 0:
                references.append(_score_reference(learner, batch, how))
            part = Part(batch, _sampled(chunk, batch), references[place] if references else None)
            with _quiet(learner, place < n - 1):
                sums = _learn(learner, part, total, how)
            tally = [have + more for have, more in zip(tally, sums, strict=True)]
        norm = accelerator.clip_grad_norm_(learner.network.parameters(), how.max_norm)
        learner.optimizer.step()
        learner.optimizer.zero_grad(set_to_none=True)
        loss, kl, clipped, drift, entropy = (
            value / total for value in add_over(accelerator, tally)
        )
        found |= {"loss": loss, "kl": kl, "clip_share": clipped, "grad_norm": float(norm)}
        if number == 0:
            found |= {"drift": drift, "entropy": entropy}
    return found | {"rows": n_rows, "tokens": total}


def _learn(learner: Learner, part: Part, total: float, how: Stepping) -> list[float]:
    """Adds the gradient of a micro-batch; returns sums of loss, kl, clipped, drift and entropy."""
    now = score(learner.network, part.batch, temperature=how.temperature)
    loss = grpo_loss(
        now.logprobs,
        part.sampled,
        part.reference,
        advantages=part.batch.weights,
        mask=part.batch.mask,
        settings=how.clip,
    )
    # Gradients are averaged over processes, and the sum is wanted.
    learner.accelerator.backward(loss.total * learner.accelerator.num_processes / total)
    entropy = now.entropies[part.batch.mask].sum()
    return [v.item() for v in (loss.total, loss.kl, loss.clipped, loss.drift, entropy)]


def _score_reference(learner: Learner, batch: Batch, how: Stepping) -> torch.Tensor:
    with torch.no_grad():
        return score(learner.reference, batch, temperature=how.temperature).logprobs


def _sampled(rows: Sequence[Row], batch: Batch) -> torch.Tensor:
    """Log-probabilities as sampled, laid out as the batch."""
    sampled = torch.zeros(batch.mask.shape)
    for index, row in enumerate(rows):
        sampled[index, : len(row.logprobs)] = torch.tensor(row.logprobs)
    return sampled.to(batch.mask.device)


def _quiet(learner: Learner, is_quiet: bool) -> AbstractContextManager[Any]:
    """Gradients go over to other processes with the last micro-batch only."""
    # Split weights look at this, wrapped ones at `no_sync`.
    learner.accelerator.gradient_state._set_sync_gradients(not is_quiet)
    if not is_quiet:
        return nullcontext()
    context: AbstractContextManager[Any] = learner.accelerator.no_sync(learner.network)
    return context
