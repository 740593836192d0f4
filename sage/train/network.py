"""The network that is trained, from a folder or a repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sage.faults import Border, crossing
from sage.train.attention import use_fast_attention


def load(
    where: Path | str, dtype: torch.dtype = torch.float32, *, device: str = "cpu"
) -> tuple[Any, Any, str]:
    """Network, processor and family of a model of the Qwen-VL families, for work on a kind of device.

    The network is on the CPU still. WorldError(MODEL).
    """
    from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    what = f"The model to start from cannot be loaded from {where}; nothing was trained"
    with crossing(Border.MODEL, what, OSError, ValueError):
        network = AutoModelForImageTextToText.from_pretrained(where, dtype=dtype)
        processor = AutoProcessor.from_pretrained(where)
    family = str(network.config.model_type)
    if device == "cpu" and family == "qwen3_vl":
        use_fast_attention(network)
    return network, processor, family
