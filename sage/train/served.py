"""vLLM servers that sample for a run, and are given its weights before each rollout.

They are started with the model the run starts from, `VLLM_SERVER_DEV_MODE=1`, and `--logprobs-mode
processed_logprobs`, since ratios are taken to what was sampled from. Weights go through the run's folder, which the
servers have to see under the same path. Pictures are sent as the trainer sees them, unharmed. On a CPU, vLLM 0.32
keeps the output weights of its start where a model shares them with its embeddings; the log's `drift` shows it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sage.config import ConfigError
from sage.faults import Border, WorldError, crossing
from sage.models import images
from sage.models.base import Request
from sage.models.openai import OpenAIModel
from sage.models.qwen import Film, Renderer
from sage.models.transport import Patience
from sage.train.rollout import Spread
from sage.types import Reply, TextPart

PATIENCE = Patience(timeout_s=1200, at_once=64)
CACHES = ("reset_prefix_cache", "reset_encoder_cache", "reset_mm_cache")
"""What was computed with the old weights goes; the scheduler still counts on pictures that a worker has dropped."""
SYNC_S = 600.0
"""Longest that a server may take to read new weights."""


class Served:
    """The model in training as a Model that samples elsewhere. Replies carry token_ids and logprobs."""

    can_see = True

    def __init__(
        self, network: Any, renderer: Renderer, servers: Sequence[str], *, model: str, folder: Path
    ) -> None:
        """`model` is what the servers call it; `folder` is where weights are left for them."""
        if not renderer.writes_times:
            raise ConfigError("servers= works for Qwen3-VL, which reads frames one by one")
        self.network, self.renderer, self.folder = network, renderer, folder
        self.servers = [address.rstrip("/") for address in servers]
        self._spread = Spread(
            [
                OpenAIModel(model, address, patience=PATIENCE, write=self._write, keep_tokens=True)
                for address in self.servers
            ]
        )
        self.name = "policy"

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        # A grammar would bend what is sampled from, and ratios with it.
        return self._spread.generate([replace(request, schema=None) for request in requests])

    def close(self) -> None:
        self._spread.close()

    def sync(self) -> None:
        """Gives all servers the weights as they are now. WorldError(MODEL) when one does not take them."""
        import httpx  # noqa: PLC0415  heavy

        self.network.save_pretrained(self.folder)
        call = {"method": "reload_weights", "kwargs": {"weights_path": str(self.folder.resolve())}}
        for server in self.servers:
            root = server.removesuffix("/v1")
            what = (
                f"The server at {root} did not take the new weights (it needs VLLM_SERVER_DEV_MODE=1, and to see "
                f"{self.folder}); checkpoints are kept, and the same command goes on from the newest"
            )
            with crossing(Border.MODEL, what, httpx.HTTPError):
                for path, body in (("collective_rpc", call), *((cache, {}) for cache in CACHES)):
                    httpx.post(f"{root}/{path}", json=body, timeout=SYNC_S).raise_for_status()

    def _write(self, request: Request) -> list[dict[str, Any]]:
        """Messages on the wire, with the very pictures that a row will have."""
        films = self.renderer.render(request.messages, request.folder, request.stop).films
        media = [p for m in request.messages for p in m.parts if not isinstance(p, TextPart)]
        if len(films) != len(media):
            raise WorldError(Border.FILM, "A clip without pictures cannot be sent to a server.")
        shown = iter(films)
        messages = []
        for message in request.messages:
            content: list[dict[str, Any]] = []
            for part in message.parts:
                if isinstance(part, TextPart):
                    content.append({"type": "text", "text": self.renderer.plain(part.text)})
                else:
                    content += _pictures(next(shown))
            messages.append({"role": message.role, "content": content})
        return messages


def model_name(server: str) -> str:
    """What a server calls the one model it has. WorldError(MODEL)."""
    import httpx  # noqa: PLC0415  heavy

    what = f"The server at {server} cannot be asked for its model; nothing was trained"
    with crossing(Border.MODEL, what, httpx.HTTPError, ValueError):
        reply = httpx.get(f"{server.rstrip('/')}/models", timeout=30)
        reply.raise_for_status()
        told = reply.json()
    try:
        return str(told["data"][0]["id"])
    except (KeyError, IndexError, TypeError) as error:
        raise WorldError(Border.MODEL, f"{what}.") from error


def _pictures(film: Film) -> Iterator[dict[str, Any]]:
    from PIL import Image  # noqa: PLC0415

    for picture, at_s in zip(film.pictures, film.times, strict=True):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG", compress_level=1)
        url = images.data_url("image/png", file.getvalue())
        yield {"type": "text", "text": f"<{at_s:.1f} seconds>"}
        yield {"type": "image_url", "image_url": {"url": url}}
