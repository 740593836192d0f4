"""Tiny vision-language models with random weights, built in code: real architectures, processors and tokenizers.

`build(folder, "qwen3_vl" | "qwen2_5_vl")` writes a normal Hugging Face folder that transformers and vLLM load.
Weights are random but for one thing: tokens that start with `"`, the digit 0 and the end of the turn can be made more
likely. Under a JSON schema an entirely random model would hardly ever leave its first string, nor name a time that
its film has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from sage.train.tiny import TEMPLATE

Family = Literal["qwen3_vl", "qwen2_5_vl"]

HIDDEN = 128
HEAD = 32
END, START_TURN, END_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
START_VISION, END_VISION = "<|vision_start|>", "<|vision_end|>"
IMAGE, VIDEO = "<|image_pad|>", "<|video_pad|>"
SPECIAL = [END, START_TURN, END_TURN, START_VISION, END_VISION, IMAGE, VIDEO]

WORDS = """
The film shows a lake at dawn, a small boat and two people who talk about the weather. The question asks when the
boat leaves. Transcribe the speech from 00:10:00 to 00:20:00, then ground the event and extract the frames.
<0.5 seconds><12.0 seconds><100.5 seconds> frames seconds video context query intent answer
"""


def build(
    folder: Path,
    family: Family = "qwen3_vl",
    *,
    seed: int = 0,
    close: float = 1.6,
    end: float = 0.0,
) -> Path:
    """Writes the model into `folder` and returns it.

    `close` is how strongly closing quotes and zeros are preferred, `end` how strongly the end of the turn.
    """
    torch.manual_seed(seed)
    tokenizer = _tokenizer()
    processor = _processor(family, tokenizer)
    model = _model(family, tokenizer)
    _prefer(model, tokenizer, close, end)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    """A byte-level BPE trained on a few lines; it can print every text."""
    from transformers import Qwen2Tokenizer

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=640,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    raw.train_from_iterator([WORDS] * 4, trainer)
    trained = json.loads(raw.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=trained["vocab"],
        merges=[tuple(pair) for pair in trained["merges"]],
        unk_token=END,
        eos_token=END_TURN,
        pad_token=END,
    )
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL})
    return tokenizer


def _processor(family: Family, tokenizer: Any) -> Any:
    from transformers import (
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    if family == "qwen3_vl":
        # One token is 32 x 32 pixels: a 64 x 64 picture costs four.
        size = {"shortest_edge": 32 * 32, "longest_edge": 32 * 32 * 64}
        image = Qwen2VLImageProcessor(patch_size=16, size=size)
        video = Qwen3VLVideoProcessor(patch_size=16, size=size)
        return Qwen3VLProcessor(image, tokenizer, video, chat_template=TEMPLATE)
    size = {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 64}
    image = Qwen2VLImageProcessor(patch_size=14, size=size)
    video = Qwen2VLVideoProcessor(patch_size=14, size=size)
    return Qwen2_5_VLProcessor(image, tokenizer, video, chat_template=TEMPLATE)


def _model(family: Family, tokenizer: Any) -> Any:
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
    )

    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in _tokens().items()}
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": HIDDEN // HEAD,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32768,
        "bos_token_id": None,
        "eos_token_id": ids["eos"],
        "pad_token_id": tokenizer.pad_token_id,
    }
    sections = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [6, 5, 5]}
    vision = {
        "depth": 2,
        "hidden_size": 64,
        "num_heads": 2,
        "intermediate_size": 128,
        "out_hidden_size": HIDDEN,
    }
    special = {
        f"{name}_token_id": ids[name] for name in ("image", "video", "vision_start", "vision_end")
    }
    if family == "qwen3_vl":
        text |= {"head_dim": HEAD, "rope_parameters": {**sections, "mrope_interleaved": True}}
        vision |= {"num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
        config = Qwen3VLConfig(text_config=text, vision_config=vision, **special)
        model = Qwen3VLForConditionalGeneration(config)
    else:
        text |= {"rope_parameters": sections}
        vision |= {"fullatt_block_indexes": [1], "window_size": 56}
        config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, **special)
        model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = [ids["eos"], tokenizer.pad_token_id]
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model.float().eval()


def _tokens() -> dict[str, str]:
    return {
        "eos": END_TURN,
        "image": IMAGE,
        "video": VIDEO,
        "vision_start": START_VISION,
        "vision_end": END_VISION,
    }


@torch.no_grad()
def _prefer(model: Any, tokenizer: Any, close: float, end: float) -> None:
    """Random logits of standard deviation 2, and a constant bonus through a feature that every token carries."""
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    embedding.normal_()
    embedding[:, 0] = 4.0
    head.normal_(std=2.0 / HIDDEN**0.5)
    head[:, 0] = 0.0
    for token, index in tokenizer.get_vocab().items():
        if token.startswith('"'):
            head[index, 0] = close
        elif token == "0":
            # Less than a quote, or texts would be zeros to their very end.
            head[index, 0] = 0.7 * close
        elif token == END_TURN:
            head[index, 0] = end
        elif token in SPECIAL:
            head[index, 0] = -2.0
