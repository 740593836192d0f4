"""A batch of prompts -> sampled tokens, with transformers' `generate`.

Every row has its own temperature, seed, length and stop: noise is added to the logits before the greedy choice
(Gumbel's trick: argmax(logits / T + noise) is a sample of softmax(logits / T)), from a generator of its own.
A stop is looked at before every layer, because the prompt of a long film is one long step. A row that goes round in
circles is ended there, for the whole batch would wait for it to fill its length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from sage.faults import Border, WorldError
from sage.models.base import Request
from sage.models.qwen import Prompt, Renderer
from sage.types import Reply, Usage

LOOP, PERIOD = 64, 16
"""A reply goes round in circles when its last tokens, so many, repeat the same few, at most so many."""


class OutOfMemory(Exception):
    """The device's memory did not suffice."""


class Output(NamedTuple):
    """What one request got."""

    text: str
    finish: str
    """stop, length or loop."""
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    """As sampled; the end token is the last one when it was reached."""
    logprobs: tuple[float, ...]

    def to_reply(self, model: str, seconds: float, *, keep_tokens: bool = True) -> Reply:
        """The same as a reply of `model`, free because it runs here; tokens and their odds only if kept."""
        return Reply(
            text=self.text,
            finish=self.finish,
            usage=Usage(input_tokens=len(self.prompt_ids), output_tokens=len(self.token_ids)),
            seconds=seconds,
            model=model,
            usd=0.0,
            prompt_ids=self.prompt_ids if keep_tokens else (),
            token_ids=self.token_ids if keep_tokens else (),
            logprobs=self.logprobs if keep_tokens else (),
        )


def decode(
    network: Any, renderer: Renderer, requests: Sequence[Request], prompts: Sequence[Prompt]
) -> list[Output]:
    """Raises OutOfMemory, StoppedError, and WorldError for a prompt longer than the model reads."""
    with _memory():
        batch = renderer.encode(prompts).to(network.device)
        width = batch["input_ids"].shape[1]
        lengths = _lengths(network, requests, width)
        sampler = Sampler(requests, network.device)
        ends = _end_tokens(network)
        limits = Limits(width, lengths)
        with torch.inference_mode(), _stoppable(network, requests):
            sequences = network.generate(
                **batch,
                generation_config=_greedy(ends, max(lengths)),
                logits_processor=LogitsProcessorList([sampler]),
                stopping_criteria=StoppingCriteriaList([limits]),
            )
    return [
        _output(renderer, row, ends, sampler, (batch, sequences, limits))
        for row in range(len(requests))
    ]


class Sampler(LogitsProcessor):
    """Turns the greedy choice into each row's own sample and notes its log-probability."""

    def __init__(self, requests: Sequence[Request], device: Any) -> None:
        heat = [request.temperature for request in requests]
        self.heat = torch.tensor(heat, device=device, dtype=torch.float32)[:, None]
        # On the CPU, so that a seed means the same on every device.
        self.sources = [torch.Generator().manual_seed(request.seed) for request in requests]
        self.logprobs: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float()
        warm = self.heat > 0
        scaled = torch.where(warm, scores / self.heat.clamp(min=1e-4), scores)
        noisy = scaled.clone()
        for row in warm[:, 0].nonzero()[:, 0].tolist():
            noise = torch.empty(scores.shape[1]).exponential_(generator=self.sources[row])
            noisy[row] -= noise.log().to(scores.device)
        chosen = noisy.argmax(dim=1, keepdim=True)
        self.logprobs.append(scaled.log_softmax(dim=1).gather(1, chosen)[:, 0].cpu())
        return noisy


class Limits(StoppingCriteria):
    """Ends each row at its own length, or where it has gone round in circles."""

    def __init__(self, width: int, lengths: Sequence[int]) -> None:
        self.width = width
        self.lengths = list(lengths)
        """Of each row, once all are done: how long it may be."""
        self.loops: set[int] = set()

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        printed = input_ids.shape[1] - self.width
        if printed >= LOOP:
            for row in find_loops(input_ids[:, -LOOP:]):
                if self.lengths[row] > printed:
                    self.lengths[row] = printed
                    self.loops.add(row)
        return torch.tensor([printed >= most for most in self.lengths], device=input_ids.device)


def find_loops(tokens: torch.Tensor) -> list[int]:
    """Which rows of (B, N) consist of the same few tokens over and over."""
    repeats = [(tokens[:, p:] == tokens[:, :-p]).all(dim=1) for p in range(1, PERIOD + 1)]
    return torch.stack(repeats).any(dim=0).nonzero()[:, 0].tolist()


@contextmanager
def _stoppable(network: Any, requests: Sequence[Request]) -> Iterator[None]:
    """Looks at the stops before every layer of the tower and of the language model."""

    def check(*_: Any) -> None:
        for request in requests:
            request.stop.check()

    layers = [
        layer
        for stack in network.modules()
        if isinstance(stack, torch.nn.ModuleList)
        for layer in stack
    ]
    hooks = [layer.register_forward_pre_hook(check) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _memory() -> Iterator[None]:
    """CUDA has an error of its own; the CPU allocator raises a RuntimeError that only its words tell apart."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        torch.cuda.empty_cache()
        raise OutOfMemory(str(error)) from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error) or "out of memory" in str(error).lower():
            raise OutOfMemory(str(error)) from error
        raise


def _lengths(network: Any, requests: Sequence[Request], width: int) -> list[int]:
    """How many tokens each row may print."""
    most = network.config.get_text_config().max_position_embeddings
    if width >= most:
        raise WorldError(
            Border.MODEL,
            f"The prompt has {width} tokens and the model reads {most}. The turns so far are kept. "
            "Ask again with fewer frames (--frames).",
        )
    return [max(1, min(request.max_tokens, most - width)) for request in requests]


def _end_tokens(network: Any) -> list[int]:
    ends = network.generation_config.eos_token_id
    if ends is None:
        ends = network.config.get_text_config().eos_token_id
    return [ends] if isinstance(ends, int) else list(ends or [])


def _greedy(ends: list[int], length: int) -> GenerationConfig:
    """Neutral values spelt out: what is missing is taken from the checkpoint, penalties included."""
    return GenerationConfig(
        do_sample=False,
        temperature=1.0,
        top_p=1.0,
        top_k=50,
        repetition_penalty=1.0,
        eos_token_id=ends,
        pad_token_id=ends[0] if ends else 0,
        max_new_tokens=length,
        use_cache=True,
    )


def _output(
    renderer: Renderer,
    row: int,
    ends: list[int],
    sampler: Sampler,
    tensors: tuple[Any, torch.Tensor, Limits],
) -> Output:
    batch, sequences, limits = tensors
    inputs, mask = batch["input_ids"][row], batch["attention_mask"][row].bool()
    printed = sequences[row, inputs.shape[0] :].tolist()[: limits.lengths[row]]
    end = next((n for n, token in enumerate(printed) if token in ends), None)
    tokens = printed if end is None else printed[: end + 1]
    said = tokens if end is None else tokens[:-1]
    return Output(
        text=renderer.processor.tokenizer.decode(said, skip_special_tokens=True),
        finish="stop" if end is not None else "loop" if row in limits.loops else "length",
        prompt_ids=tuple(inputs[mask].tolist()),
        token_ids=tuple(tokens),
        logprobs=tuple(float(step[row]) for step in sampler.logprobs[: len(tokens)]),
    )
