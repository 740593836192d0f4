"""The loss of GRPO over action tokens: a clipped ratio to the sampler, and a penalty for leaving the reference.

Sums are returned, not means: the caller divides by the number of tokens of the whole step, so that the loss does not
depend on how the step was cut into micro-batches or spread over processes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch


class Loss(NamedTuple):
    """Sums over the tokens of a mask; all but the first without gradient."""

    total: torch.Tensor
    """Scalar, to be divided by the step's tokens and minimised."""
    kl: torch.Tensor
    """Of the low-variance estimator against the reference; 0 without one."""
    clipped: torch.Tensor
    """How many tokens get no gradient because their ratio left the interval."""
    drift: torch.Tensor
    """Of |log ratio| to the sampler."""
    tokens: torch.Tensor


def grpo_loss(
    now: torch.Tensor,
    sampled: torch.Tensor,
    reference: torch.Tensor | None,
    *,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    settings: Clip,
) -> Loss:
    """Log-probabilities are (B, A) of the same tokens: `now` with gradient, `sampled` by the sampler, `reference` by
    the frozen start (`None`: no penalty). `advantages` (B,), `mask` (B, A) bool. What lies outside the mask may be
    anything, even infinite.
    """
    now = torch.where(mask, now, 0.0)
    log_ratio = now - torch.where(mask, sampled, 0.0)
    ratio, gain = log_ratio.exp(), advantages[:, None]
    bounded = ratio.clamp(1 - settings.low, 1 + settings.high)
    per_token = -torch.minimum(ratio * gain, bounded * gain)
    kl = torch.zeros_like(now)
    if reference is not None:
        kl = low_variance_kl(now, torch.where(mask, reference, 0.0))
    total = torch.where(mask, per_token + settings.kl * kl, 0.0).sum()
    is_clipped = ((ratio > 1 + settings.high) & (gain > 0)) | (
        (ratio < 1 - settings.low) & (gain < 0)
    )
    return Loss(
        total,
        torch.where(mask, kl, 0.0).sum().detach(),
        (is_clipped & mask).sum(),
        torch.where(mask, log_ratio.abs(), 0.0).sum().detach(),
        mask.sum(),
    )


class Clip(NamedTuple):
    """How far a step may go."""

    low: float = 0.2
    """Ratios below 1 - low get no further gradient where the advantage is negative."""
    high: float = 0.2
    kl: float = 0.005
    """Weight of the penalty."""


def low_variance_kl(now: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Per token: r - 1 - log r with r = reference / now. Never negative; its mean over samples of `now` is the KL."""
    gap = reference - now
    return gap.exp() - 1 - gap
