"""Turns -> training rows -> batches -> log-probabilities of what was said.

One turn is one row, whoever asked: the agent, or a tool that asks its model to ground or to analyze. The prompt is
rendered by the Renderer that inference uses, and tokens are kept as they were sampled, so that trainer and sampler
speak of the same sequence. A batch is laid out as the sampler lays it out: prompts padded on the left, actions on
the right. A row that is too long is dropped and counted, never cut or replaced.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sage.mini.film import render
from sage.mini.world import find_film
from sage.models.base import Model, Request
from sage.models.images import read_picture
from sage.models.qwen import Film, Prompt, Renderer
from sage.types import Frame, Reply

if TYPE_CHECKING:
    import torch

TEXT, IMAGE, VIDEO = 0, 1, 2
"""Kinds of token, as the position codes of Qwen-VL models tell them apart."""


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt and what was said to it."""

    prompt_ids: tuple[int, ...]
    action_ids: tuple[int, ...]
    """What follows the prompt; the end of the turn is the last token when it was reached."""
    mask: tuple[bool, ...]
    """Which of `action_ids` the model said; only these are learned from."""
    films: tuple[Film, ...] = ()
    """Pictures that the placeholders stand for, in order, with their times."""
    weight: float = 1.0
    logprobs: tuple[float, ...] = ()
    """Of `action_ids` when they were sampled; empty when they were written by somebody else."""

    @property
    def length(self) -> int:
        return len(self.prompt_ids) + len(self.action_ids)


class RowBuilder:
    """Builds rows for one model, and counts what it drops. Not thread-safe."""

    def __init__(self, renderer: Renderer, *, end_id: int, max_tokens: int) -> None:
        """`end_id` closes a reply; rows of more than `max_tokens` tokens in all are dropped."""
        self.renderer = renderer
        self.end_id = end_id
        self.max_tokens = max_tokens
        self.counts: Counter[str] = Counter()
        """built, too_long, empty."""

    def build(self, request: Request, reply: Reply, *, weight: float = 1.0) -> Row | None:
        """The row of a reply; `None` when it is too long, or nothing was said. Raises what reading pictures raises."""
        if not (reply.token_ids or reply.text):
            self.counts["empty"] += 1
            return None
        prompt = self.renderer.render(request.messages, request.folder, request.stop)
        prompt_ids = reply.prompt_ids or self.renderer.tokens(prompt)
        action_ids = reply.token_ids or (*self.tokenize(reply.text), self.end_id)
        if len(prompt_ids) + len(action_ids) > self.max_tokens:
            self.counts["too_long"] += 1
            return None
        self.counts["built"] += 1
        mask = (True,) * len(action_ids)
        return Row(prompt_ids, action_ids, mask, prompt.films, weight, reply.logprobs)

    def tokenize(self, text: str) -> tuple[int, ...]:
        """The tokens of a text that no model has sampled here."""
        ids = self.renderer.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        return tuple(ids)


def blank_row(renderer: Renderer) -> Row:
    """A row with a picture that nothing is learned from.

    Processes that train together go through the vision tower together, or wait for each other for ever: whoever has
    rows without pictures only, or none at all, adds this one.
    """
    import numpy as np  # noqa: PLC0415

    side = renderer.factor
    film = Film(np.zeros((1, side, side, 3), dtype=np.uint8), (0.0,))
    ids = renderer.tokens(Prompt(renderer.processor.video_token, (film,)))
    pad = renderer.processor.tokenizer.pad_token_id
    return Row(prompt_ids=ids, action_ids=(pad,), mask=(False,), films=(film,))


class Batch(NamedTuple):
    """Rows as tensors: B rows, W columns of prompt, A columns of action."""

    inputs: dict[str, torch.Tensor]
    """For the model: input_ids, attention_mask, mm_token_type_ids (B, W + A) and pictures."""
    action_ids: torch.Tensor
    """(B, A) int64, padded on the right."""
    mask: torch.Tensor
    """(B, A) bool: the tokens to learn from."""
    weights: torch.Tensor
    """(B,) float32."""

    def to(self, device: Any) -> Batch:
        inputs = {name: tensor.to(device) for name, tensor in self.inputs.items()}
        return Batch(
            inputs, self.action_ids.to(device), self.mask.to(device), self.weights.to(device)
        )


def collate(rows: Sequence[Row], renderer: Renderer) -> Batch:
    """A padded batch of at least one row."""
    import torch  # noqa: PLC0415

    width = max(len(row.prompt_ids) for row in rows)
    tail = max(len(row.action_ids) for row in rows)
    pad = renderer.processor.tokenizer.pad_token_id
    ids = torch.full((len(rows), width + tail), pad)
    seen = torch.zeros_like(ids)
    mask = torch.zeros((len(rows), tail), dtype=torch.bool)
    for index, row in enumerate(rows):
        start, end = width - len(row.prompt_ids), width + len(row.action_ids)
        ids[index, start:end] = torch.tensor([*row.prompt_ids, *row.action_ids])
        seen[index, start:end] = 1
        mask[index, : len(row.mask)] = torch.tensor(row.mask)
    inputs = {"input_ids": ids, "attention_mask": seen}
    inputs["mm_token_type_ids"] = _kinds(ids, renderer) * seen
    inputs |= renderer.encode_films([film for row in rows for film in row.films])
    weights = torch.tensor([row.weight for row in rows], dtype=torch.float32)
    return Batch(inputs, ids[:, width:].contiguous(), mask, weights)


class Scores(NamedTuple):
    """What the model thinks of each action token; all (B, A) and meaningless outside the mask."""

    logprobs: torch.Tensor
    """float32, with gradient."""
    entropies: torch.Tensor
    """float32, without gradient, in nats."""
    hits: torch.Tensor
    """bool: the token is the likeliest one."""


def score(model: Any, batch: Batch, *, temperature: float = 1.0) -> Scores:
    """Scores action tokens under the distribution they are sampled from at `temperature`; 0 means 1."""
    import torch  # noqa: PLC0415

    tail = batch.action_ids.shape[1]
    logits = model(**batch.inputs, logits_to_keep=tail + 1, use_cache=False).logits[:, :-1].float()
    scaled = logits / temperature if temperature > 0 else logits
    total = scaled.logsumexp(dim=-1)
    chosen = scaled.gather(-1, batch.action_ids[..., None])[..., 0]
    with torch.no_grad():
        mean = ((scaled - total[..., None]).exp() * scaled).sum(dim=-1)
        hits = scaled.argmax(dim=-1) == batch.action_ids
    return Scores(chosen - total, (total - mean).detach(), hits)


def logprobs(model: Any, batch: Batch, *, temperature: float = 1.0) -> torch.Tensor:
    """Log-probabilities of the action tokens, (B, A) float32; see `score`."""
    return score(model, batch, temperature=temperature).logprobs


class Recorder:
    """A Model that keeps every request with its reply: what a tool asks of its model becomes a row too."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.name, self.can_see = model.name, model.can_see
        self.taken: list[tuple[Request, Reply]] = []
        self._lock = threading.Lock()

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        replies = self.model.generate(requests)
        with self._lock:
            self.taken += zip(requests, replies, strict=True)
        return replies

    def close(self) -> None:
        self.model.close()


def drawn_or_read(folder: Path, frame: Frame) -> Any:
    """The picture of a frame: drawn when the folder is named after a film of the miniature world, else read."""
    from PIL import Image  # noqa: PLC0415

    try:
        film = find_film(folder.name)
    except ValueError:
        return read_picture(folder, frame)
    return Image.fromarray(render(film, frame.at_s))


def make_renderer(processor: Any, family: str) -> Renderer:
    """The renderer of training: as of inference, but films of the miniature world need not exist as files."""
    read: Callable[[Path, Frame], Any] = drawn_or_read
    return Renderer(processor, family, read=read)


def _kinds(ids: torch.Tensor, renderer: Renderer) -> torch.Tensor:
    """What each token is: text, part of an image, part of a video."""
    import torch  # noqa: PLC0415

    processor = renderer.processor
    kinds = torch.full_like(ids, TEXT)
    kinds[ids == processor.image_token_id] = IMAGE
    kinds[ids == processor.video_token_id] = VIDEO
    return kinds
