"""Models that run in this process: the Qwen3-VL and Qwen2.5-VL families through transformers.

Weights are loaded once per process, on first use, and shared by every LocalModel of the same folder. A folder is read
as it is; only a repository name may reach the hub, and only when its files are not here yet.
One generation runs at a time. Sampling is seeded per request: a reply does not depend on what shares its batch.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sage.faults import Border, StopSignal, WorldError
from sage.models.base import Request
from sage.models.qwen import Prompt, Renderer
from sage.types import Reply

FAMILIES = ("qwen3_vl", "qwen3_vl_moe", "qwen2_5_vl")
POLL_S = 0.2


@dataclass(frozen=True)
class Loaded:
    """Weights in memory, with the lock that lets one generation at a time use them."""

    network: Any
    renderer: Renderer
    lock: threading.Lock = field(default_factory=threading.Lock)


_loading: dict[tuple[str, str], Future[Loaded]] = {}
_loading_lock = threading.Lock()


class LocalModel:
    """A Model that runs here. `where` is a folder or a repository name.

    `keep_tokens` puts prompt_ids, token_ids and logprobs on the replies: log-probabilities of each token under the
    distribution it was drawn from (temperature applied; at temperature 0 the model's own).
    Opening it touches neither the weights nor the network.
    """

    can_see = True

    def __init__(
        self, where: str, *, name: str = "", device: str = "auto", keep_tokens: bool = False
    ) -> None:
        self.name = name or f"hf:{where}"
        self.where = where
        self.device = device
        self.keep_tokens = keep_tokens

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Raises WorldError when the model cannot be loaded or run, StoppedError when any request is stopped."""
        if not requests:
            return []
        stops = [request.stop for request in requests]
        if not _is_loaded(self.where, self.device):
            for request in requests:
                request.on_wait(_why_wait(self.where))
        loaded = _wait(_load_once(self.where, self.device), stops)
        prompts = [
            loaded.renderer.render(request.messages, request.folder, request.stop)
            for request in requests
        ]
        while not loaded.lock.acquire(timeout=POLL_S):
            _check(stops)
        try:
            return self._run(loaded, list(requests), prompts)
        finally:
            loaded.lock.release()

    def close(self) -> None:
        """Nothing: the weights stay for others of this process."""

    def _run(self, loaded: Loaded, requests: list[Request], prompts: list[Prompt]) -> list[Reply]:
        """One batch; halved as long as memory does not suffice for it."""
        from sage.models.decode import OutOfMemory, decode  # noqa: PLC0415

        started = time.monotonic()
        try:
            outputs = decode(loaded.network, loaded.renderer, requests, prompts)
        except OutOfMemory as error:
            if len(requests) == 1:
                raise WorldError(
                    Border.MODEL,
                    f"{self.name} ran out of memory on this prompt. The turns so far are kept. "
                    "Ask again with fewer frames (--frames), or with a smaller model.",
                ) from error
            half = len(requests) // 2
            return [
                *self._run(loaded, requests[:half], prompts[:half]),
                *self._run(loaded, requests[half:], prompts[half:]),
            ]
        seconds = time.monotonic() - started
        return [
            output.to_reply(self.name, seconds, keep_tokens=self.keep_tokens) for output in outputs
        ]


def find_weights(where: str) -> Path | None:
    """The folder with a model's complete files, or `None`; never asks the network."""
    folder = Path(where).expanduser()
    if not folder.is_dir():
        if _is_path(where):
            return None
        from huggingface_hub import snapshot_download  # noqa: PLC0415
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

        try:
            folder = Path(snapshot_download(where, local_files_only=True))
        except (LocalEntryNotFoundError, HfHubHTTPError, ValueError, OSError):
            return None
    return folder if _is_complete(folder) else None


def _is_path(where: str) -> bool:
    return where.startswith((".", "/", "~", "\\")) or where.count("/") != 1


def _is_complete(folder: Path) -> bool:
    """Config and every weight file that the index names; a broken download lacks some."""
    if not (folder / "config.json").is_file():
        return False
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return (folder / "model.safetensors").is_file()
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return all((folder / name).is_file() for name in names)


def _load_once(where: str, device: str) -> Future[Loaded]:
    """Starts loading in the background, so that whoever waits for it can stop waiting. A failure is not remembered."""
    with _loading_lock:
        future = _loading.get((where, device))
        if future is None or (future.done() and future.exception() is not None):
            future = Future()
            _loading[where, device] = future
            threading.Thread(
                target=_fulfil, args=(future, where, device), name=f"load {where}", daemon=True
            ).start()
        return future


def _fulfil(future: Future[Loaded], where: str, device: str) -> None:
    try:
        future.set_result(_load(where, device))
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for the future
        future.set_exception(error)


def _is_loaded(where: str, device: str) -> bool:
    future = _loading.get((where, device))
    return future is not None and future.done() and future.exception() is None


def _why_wait(where: str) -> str:
    if _is_path(where) or find_weights(where):
        return f"loading the model {where}"
    return f"fetching the weights of {where} from the hub, several GB the first time"


def _wait(future: Future[Loaded], stops: Sequence[StopSignal]) -> Loaded:
    while True:
        _check(stops)
        try:
            return future.result(timeout=POLL_S)
        except TimeoutError:
            if future.done():
                return future.result()


def _check(stops: Sequence[StopSignal]) -> None:
    for stop in stops:
        stop.check()


def _load(where: str, device: str) -> Loaded:
    import torch  # noqa: PLC0415
    from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    # Bars of theirs would run through the live display of ours.
    logging.disable_progress_bar()
    folder = find_weights(where) or _download(where)
    family = _family(folder, where)
    on_gpu = device != "cpu" and torch.cuda.is_available()
    placement = {"device_map": "auto" if device == "auto" else device} if on_gpu else {}
    try:
        network = AutoModelForImageTextToText.from_pretrained(
            folder,
            dtype=torch.bfloat16 if on_gpu else torch.float32,
            local_files_only=True,
            **placement,
        )
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        # A broken folder or a full memory: each library below raises kinds of its own.
        raise WorldError(
            Border.MODEL,
            f"The model in {where} cannot be loaded: {_first_line(error)}. Nothing was started. "
            "Check that the folder is complete and that the memory suffices, or choose another model.",
        ) from error
    return Loaded(network.eval(), Renderer(processor, family))


def _family(folder: Path, where: str) -> str:
    family = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type", "")
    if family not in FAMILIES:
        raise WorldError(
            Border.MODEL,
            f"{where} is a {family or 'nameless'} model; hf: runs the Qwen3-VL and Qwen2.5-VL families. "
            "Nothing was started. Serve it with vLLM and use openai:NAME@http://HOST:PORT/v1.",
        )
    return str(family)


def _download(where: str) -> Path:
    """Fetches a repository; a folder is never looked for on the hub."""
    if _is_path(where):
        raise WorldError(
            Border.MODEL,
            f"There is no complete model in the folder {where} (config.json and model.safetensors). "
            "Nothing was started. Check the path, or name a repository such as Qwen/Qwen3-VL-4B-Instruct.",
        )
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        folder = Path(snapshot_download(where))
    except Exception as error:
        # Offline, refused, not found, disk full: likewise.
        raise WorldError(
            Border.MODEL,
            f"The weights of {where} are not on this machine and cannot be fetched: {_first_line(error)}. "
            f"Nothing was started. On a machine with network run: hf download {where}",
        ) from error
    if not _is_complete(folder):
        raise WorldError(
            Border.MODEL,
            f"The files of {where} are incomplete. Nothing was started. Run: hf download {where}",
        )
    return folder


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__
