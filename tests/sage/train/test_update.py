"""One optimiser step: the same however rows are cut up, and nothing from what is not learned."""

from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator

from sage.train.loss import Clip
from sage.train.network import load
from sage.train.rows import RowBuilder, collate, logprobs, make_renderer
from sage.train.tiny import build_tiny
from sage.train.update import Learner, Stepping, update
from tests.sage.train.toy import SIZE, toy_rows


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    torch.set_num_threads(1)
    return build_tiny(tmp_path_factory.mktemp("update") / "start", SIZE)


def prepare(start, kl=True):
    """A learner by plain gradient descent, so that steps can be compared."""
    network, processor, family = load(str(start))
    renderer = make_renderer(processor, family)
    builder = RowBuilder(renderer, end_id=processor.tokenizer.eos_token_id, max_tokens=2048)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    reference = load(str(start))[0].eval() if kl else None
    return Learner(Accelerator(cpu=True), network, optimizer, reference, renderer), builder


def weighted(start, builder, *weights):
    """Rows with advantages, their log-probabilities as sampled made up."""
    rows = toy_rows(start.parent, builder)
    return [
        replace(row, weight=w, logprobs=(-7.0,) * len(row.action_ids))
        for row, w in zip(rows, weights, strict=False)
    ]


def weights_after(start, micro_tokens):
    learner, builder = prepare(start)
    rows = weighted(start, builder, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0)
    numbers = update(learner, rows, Stepping(temperature=1.0, micro_tokens=micro_tokens))
    return numbers, torch.cat([p.detach().flatten() for p in learner.network.parameters()])


def test_micro_batches_change_nothing(start):
    whole, after_whole = weights_after(start, 10**6)
    pieces, after_pieces = weights_after(start, 1)
    assert whole == pytest.approx(pieces, rel=1e-3, abs=1e-5)
    assert torch.allclose(after_whole, after_pieces, atol=1e-5)
    assert whole["rows"] == 6


def test_what_did_better_becomes_likelier(start):
    learner, builder = prepare(start, kl=False)
    good, bad = weighted(start, builder, 1.0, -1.0)
    batch = collate([good, bad], learner.renderer)
    how = Stepping(clip=Clip(low=10.0, high=10.0), temperature=1.0)
    before = (logprobs(learner.network, batch) * batch.mask).sum(dim=1)
    for _ in range(3):
        update(learner, [good, bad], how)
    after = (logprobs(learner.network, batch) * batch.mask).sum(dim=1)
    assert after[0] - before[0] > after[1] - before[1]


def test_the_start_has_no_distance_from_itself(start):
    learner, builder = prepare(start)
    numbers = update(
        learner, weighted(start, builder, 1.0, -1.0), Stepping(temperature=1.0, passes=2)
    )
    assert numbers["kl"] > 0
    learner, builder = prepare(start)
    numbers = update(learner, weighted(start, builder, 1.0, -1.0), Stepping(temperature=1.0))
    assert numbers["kl"] == pytest.approx(0.0, abs=1e-6)
    assert numbers["entropy"] == pytest.approx(6.9, abs=0.5)
