"""The model in training as a Model: it samples in process, in batches, and keeps its tokens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sage.models.base import Request
from sage.models.qwen import Renderer
from sage.types import Reply


class Policy:
    """Wraps a network that stays where it is; what it learns between two calls is heeded. Not thread-safe."""

    can_see = True

    def __init__(
        self, network: Any, renderer: Renderer, *, name: str = "policy", batch: int = 32
    ) -> None:
        """`batch` is how many prompts are sampled together; those of like length share a batch."""
        self.network, self.renderer, self.name, self.batch = network, renderer, name, batch

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Replies with prompt_ids, token_ids and logprobs, in the order of the requests."""
        prompts = [self.renderer.render(r.messages, r.folder, r.stop) for r in requests]
        order = sorted(range(len(requests)), key=lambda i: _size(prompts[i]))
        was_training = self.network.training
        self.network.eval()
        replies: dict[int, Reply] = {}
        try:
            for start in range(0, len(order), self.batch):
                part = order[start : start + self.batch]
                found = self._sample([requests[i] for i in part], [prompts[i] for i in part])
                replies.update(zip(part, found, strict=True))
        finally:
            self.network.train(was_training)
        return [replies[i] for i in range(len(requests))]

    def close(self) -> None:
        """The network is not ours."""

    def _sample(self, requests: list[Request], prompts: list[Any]) -> list[Reply]:
        from sage.models.decode import decode  # noqa: PLC0415

        started = time.monotonic()
        outputs = decode(self.network, self.renderer, requests, prompts)
        seconds = time.monotonic() - started
        return [output.to_reply(self.name, seconds) for output in outputs]


def _size(prompt: Any) -> int:
    """A stand-in for the number of tokens: letters, and some for each picture."""
    return len(prompt.text) + 60 * sum(len(film.times) for film in prompt.films)
