"""Attention of training says what the stock one says."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from sage.mini.workspace import mini_setup
from sage.mini.world import make_film
from sage.models.base import Request
from sage.prompts import fill
from sage.train.attention import use_fast_attention
from sage.train.rows import RowBuilder, collate, logprobs, make_renderer
from sage.train.tiny import TinySize, build_tiny
from sage.types import Frame, FramesPart, Message, Reply, TextPart


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = build_tiny(
        tmp_path_factory.mktemp("tiny"),
        TinySize(hidden=64, layers=2, wide=64, tower=32, tower_layers=2),
    )
    network = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    return network, make_renderer(AutoProcessor.from_pretrained(folder), "qwen3_vl")


def _rows(renderer, sizes=(3, 1)):
    film = make_film("train", 0, 0)
    builder = RowBuilder(renderer, end_id=0, max_tokens=4000)
    text = fill(
        "analyze", mini_setup(film, Path()).prompts, media="frames", query="what can be seen?"
    )
    for count in sizes:
        frames = tuple(Frame(path=f"frames/{i}.jpg", at_s=float(i)) for i in range(count))
        message = Message(role="user", parts=(FramesPart(frames=frames), TextPart(text=text)))
        yield builder.build(
            Request(messages=(message,), folder=Path(film.id)), Reply(text="red star")
        )


def test_the_same_numbers_in_float32_and_gradients_too(model):
    network, renderer = model
    batch = collate(list(_rows(renderer)), renderer)
    network.train()

    def told():
        network.zero_grad()
        found = logprobs(network, batch)[batch.mask]
        found.sum().backward()
        weight = network.model.visual.blocks[0].attn.qkv.weight
        return found.detach(), weight.grad.clone()

    stock, fast = told(), (use_fast_attention(network), told())[1]
    for a, b in zip(stock, fast, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_bfloat16_is_near(model):
    network, renderer = model
    batch = collate(list(_rows(renderer)), renderer)
    exact = logprobs(network, batch)[batch.mask]
    use_fast_attention(network)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        near = logprobs(network, batch)[batch.mask]
    torch.testing.assert_close(exact, near.float(), rtol=0.02, atol=0.05)
