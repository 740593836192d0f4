"""The loss against ten lines of numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sage.train.loss import Clip, grpo_loss, low_variance_kl


def by_hand(now, sampled, reference, gain, mask, low, high, kl):
    """The sum over tokens, one token at a time."""
    total = 0.0
    for b, t in zip(*np.nonzero(mask), strict=True):
        ratio = np.exp(now[b, t] - sampled[b, t])
        total -= min(ratio * gain[b], np.clip(ratio, 1 - low, 1 + high) * gain[b])
        r = np.exp(reference[b, t] - now[b, t])
        total += kl * (r - 1 - np.log(r))
    return total


@given(st.integers(0, 10**6), st.floats(0.01, 0.5), st.floats(0.01, 0.5), st.floats(0, 1))
def test_the_loss_is_the_sum_over_tokens(seed, low, high, kl):
    source = np.random.default_rng(seed)
    now, sampled, reference = -source.exponential(1.0, (3, 4, 5))
    gain, mask = source.normal(size=4), source.random((4, 5)) < 0.6
    expected = by_hand(now, sampled, reference, gain, mask, low, high, kl)
    loss = grpo_loss(
        *(torch.tensor(x) for x in (now, sampled, reference)),
        advantages=torch.tensor(gain),
        mask=torch.tensor(mask),
        settings=Clip(low, high, kl),
    )
    assert float(loss.total) == pytest.approx(expected, abs=1e-9)
    assert int(loss.tokens) == mask.sum()


def run(ratio, gain, clip=None, reference=None):
    """One token, its loss and its gradient."""
    now = torch.tensor([[float(np.log(ratio)) - 1.0]], requires_grad=True)
    loss = grpo_loss(
        now,
        torch.tensor([[-1.0]]),
        reference,
        advantages=torch.tensor([gain]),
        mask=torch.tensor([[True]]),
        settings=clip or Clip(),
    )
    loss.total.backward()
    return loss, float(now.grad)


@pytest.mark.parametrize(
    ("ratio", "gain", "clipped"),
    [(1.0, 1.0, 0), (1.5, 1.0, 1), (1.5, -1.0, 0), (0.5, -1.0, 1), (0.5, 1.0, 0)],
)
def test_only_steps_too_far_in_the_good_direction_are_clipped(ratio, gain, clipped):
    loss, gradient = run(ratio, gain)
    assert int(loss.clipped) == clipped
    assert (gradient == 0) == bool(clipped)


def test_outside_the_mask_nothing_counts():
    now = torch.tensor([[-1.0, -np.inf, np.nan]], requires_grad=True)
    mask = torch.tensor([[True, False, False]])
    loss = grpo_loss(
        now, now.detach(), now.detach(), advantages=torch.ones(1), mask=mask, settings=Clip()
    )
    loss.total.backward()
    assert loss.total.item() == -1.0
    assert now.grad.tolist() == [[-1.0, 0.0, 0.0]]


def test_without_a_reference_there_is_no_penalty():
    loss, _ = run(1.0, 2.0, Clip(kl=10.0))
    assert float(loss.kl) == 0.0
    assert float(loss.total) == pytest.approx(-2.0)


def test_the_penalty_estimates_the_divergence():
    torch.manual_seed(0)
    p, q = (torch.randn(6).log_softmax(0) for _ in range(2))
    samples = torch.multinomial(p.exp(), 200_000, replacement=True)
    estimate = low_variance_kl(p[samples], q[samples])
    assert float(estimate.min()) >= 0
    assert float(estimate.mean()) == pytest.approx(float((p.exp() * (p - q)).sum()), rel=0.02)
