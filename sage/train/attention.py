"""Attention for training on a CPU: the frames of a batch in one product, and in float32 under bfloat16 weights.

The stock vision tower goes through its frames one by one where there is no flash attention, and the stock kernel of a
CPU is slower in bfloat16 than in float32, while its matrix products are three times as fast.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

TEXT = "float32_sdpa"
FRAMES = "flash_frames"
"""Names with "flash" are told where each frame of a batch begins."""


def use_fast_attention(network: Any) -> None:
    """Switches a network of the Qwen3-VL family, on a CPU, to the functions of this file."""
    AttentionInterface.register(TEXT, attend_text)
    AttentionInterface.register(FRAMES, attend_frames)
    AttentionMaskInterface.register(TEXT, sdpa_mask)
    network.model.language_model.config._attn_implementation = TEXT
    network.model.visual.config._attn_implementation = FRAMES


def attend_text(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """The stock attention, in float32."""
    with torch.autocast("cpu", enabled=False):
        return sdpa_attention_forward(
            module, query.float(), key.float(), value.float(), attention_mask, **rest
        )


def attend_frames(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any,
    *,
    scaling: float,
    cu_seq_lens_q: torch.Tensor,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Patches of one frame attend to each other; query, key, value (1, heads, patches, width) of all frames.

    Frames of different sizes are taken size by size.
    """
    lengths = cu_seq_lens_q.diff()
    seen = torch.empty_like(query.transpose(1, 2), dtype=torch.float32)
    place = torch.arange(query.shape[2], device=query.device)
    of_length = lengths.repeat_interleave(lengths)
    for length in lengths.unique().tolist():
        at = place[of_length == length]
        parts = (t[0, :, at].float().unflatten(1, (-1, length)) for t in (query, key, value))
        with torch.autocast("cpu", enabled=False):
            q, k, v = (part.transpose(0, 1) for part in parts)
            weights = torch.softmax(scaling * q @ k.transpose(-1, -2), dim=-1)
            seen[0, at] = (weights @ v).transpose(1, 2).flatten(0, 1)
    return seen, None
