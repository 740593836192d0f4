"""sage-tiny: a real Qwen3-VL of a few million weights, with a tokenizer of the miniature world's words.

One word or sign is a token, and so is each piece of JSON between two free texts, so that an action takes some
dozens of tokens; of a time hours and minutes are one and seconds another, since times are what has to be said again
most. A word has two tokens, alone and behind a space, which start out as twins; any text of known words
comes back from its tokens letter by letter. The folder is a normal one that transformers and vLLM load.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sage import dialect
from sage.mini.words import vocabulary
from sage.tools.registry import TOOLS
from sage.train.wiring import wire
from sage.types import Action, Answer, Call, Thought, Value

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast, Qwen3VLForConditionalGeneration

PAD, UNKNOWN = "<|endoftext|>", "<unk>"
START_TURN, END_TURN = "<|im_start|>", "<|im_end|>"
START_VISION, END_VISION = "<|vision_start|>", "<|vision_end|>"
IMAGE, VIDEO = "<|image_pad|>", "<|video_pad|>"
SPECIAL = (PAD, START_TURN, END_TURN, START_VISION, END_VISION, IMAGE, VIDEO)
PATCH, HEAD, TOWER_HEAD = 16, 64, 32
LONGEST_H = 3
GAP = "\x00"
"""Stands for a free text where pieces of JSON are cut apart."""

TEMPLATE = """
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'text' -%}
{{ part.text }}
{%- elif part.type in ('image', 'image_url') -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type in ('video', 'video_url') -%}
<|vision_start|><|video_pad|><|vision_end|>
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""


class TinySize(Value):
    """How large the network is."""

    hidden: int = Field(default=256, ge=64)
    """Width of the language model, a multiple of 64."""
    layers: int = Field(default=5, ge=1)
    wide: int = Field(default=640, ge=64)
    """Width inside its feed-forward layers."""
    tower: int = Field(default=128, ge=32)
    """Width of the vision tower, a multiple of 32."""
    tower_layers: int = Field(default=3, ge=1)


def build_tiny(folder: Path, size: TinySize | None = None, *, seed: int = 0) -> Path:
    """Writes an untrained model, its tokenizer and processor into `folder`; the same seed gives the same bytes."""
    import torch  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    network = _network(tokenizer, size or TinySize())
    _twin(network, tokenizer)
    wire(network, HEAD)
    network.save_pretrained(folder)
    _processor(tokenizer).save_pretrained(folder)
    return folder


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Words of the miniature world and pieces of its JSON; whatever else comes is `<unk>`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    pieces = json_pieces()
    words = [word for word in vocabulary() if word.isalpha()]
    signs = [word for word in vocabulary() if not word.isalpha()]
    pairs = [f"{n:02}" for n in range(100)]
    clock = [f"{h:02}:{m:02}" for h in range(LONGEST_H) for m in range(60)]
    clock += [f":{n:02}" for n in range(60)]
    tenths = [f".{n}" for n in range(10)]
    listed = [*pieces, *words, *(f" {word}" for word in words), *signs, *pairs, *clock, *tenths]
    listed += [" seconds>", "system", "user", "assistant", " ", "\n", UNKNOWN]
    ids = {token: index for index, token in enumerate(dict.fromkeys(listed))}
    known = "|".join(re.escape(piece) for piece in pieces)
    hours = "|".join(f"{h:02}" for h in range(LONGEST_H))
    time = rf"(?:{hours}):[0-5]\d(?=:\d\d)|:[0-5]\d"
    # From the right, so that "349.5" and "351.0" differ in one token, as frames that stand close do.
    pair = r"\d{1,2}(?=(?:\d\d)*(?!\d))"
    pattern = rf"{known}| seconds>|{time}|\.\d| ?[A-Za-z]+|{pair}|\s|[^\w\s]|_|."
    raw = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    raw.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token=UNKNOWN,
        eos_token=END_TURN,
        pad_token=PAD,
        additional_special_tokens=[token for token in SPECIAL if token not in (END_TURN, PAD)],
        clean_up_tokenization_spaces=False,
        model_max_length=8192,
    )


def json_pieces() -> list[str]:
    """What stands between the free texts of actions and of findings, the longest first."""
    window = {"timestamp_start": GAP, "timestamp_end": GAP}
    arguments: dict[str, list[dict[str, Any]]] = {
        "transcribe-speech": [window],
        "ground-event": [{"event": GAP, **window}],
        "extract-video-parts": [{"extract_type": "frames", **window}],
        "analyze": [{"query": GAP, "media_paths": [GAP]}],
        "web-search": [{"query": GAP}],
        "parse-website": [{"website_url": GAP}],
    }
    actions: list[Action] = [
        Call(tool=tool.name, arguments=given, rationale=GAP)
        for tool in TOOLS
        for given in arguments[tool.name]
    ]
    texts = [
        '{"found":true,"spans":[{"start":"\x00","end":"\x00","why":"\x00"},'
        '{"start":"\x00","end":"\x00","why":"\x00"}]}',
        '{"found":false,"spans":[]}',
    ]
    glance = Thought(video_context=GAP, query_intent=GAP)
    for action in (*actions, Answer(text=GAP)):
        texts.append(dialect.write(action, glance, 1, compact=True))
        for verdict in (True, False):
            thought = Thought(answerable=verdict, reasoning=GAP)
            texts.append(dialect.write(action, thought, 2, compact=True))
    # As JSON writes the gap.
    parts = {part for text in texts for part in re.split(r"\\u0000|\x00", text) if part}
    return sorted(parts, key=lambda part: (-len(part), part))


def _network(tokenizer: Any, size: TinySize) -> Qwen3VLForConditionalGeneration:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration  # noqa: PLC0415

    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": size.hidden,
        "intermediate_size": size.wide,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.hidden // HEAD,
        "num_key_value_heads": max(1, size.hidden // HEAD // 2),
        "head_dim": HEAD,
        "max_position_embeddings": 8192,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 100000.0,
            "mrope_section": [12, 10, 10],
            "mrope_interleaved": True,
        },
    }
    vision = {
        "depth": size.tower_layers,
        "hidden_size": size.tower,
        "num_heads": size.tower // TOWER_HEAD,
        "intermediate_size": 2 * size.tower,
        "out_hidden_size": size.hidden,
        "patch_size": PATCH,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [size.tower_layers // 2],
    }
    ids = {
        f"{name}_token_id": tokenizer.convert_tokens_to_ids(token)
        for name, token in (
            ("image", IMAGE),
            ("video", VIDEO),
            ("vision_start", START_VISION),
            ("vision_end", END_VISION),
        )
    }
    config = Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids)
    network = Qwen3VLForConditionalGeneration(config).float().eval()
    network.generation_config.eos_token_id = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    network.generation_config.pad_token_id = tokenizer.pad_token_id
    return network


def _twin(network: Any, tokenizer: Any) -> None:
    """A word and the same word behind a space start from one vector, so what holds for one is half learned for both."""
    import torch  # noqa: PLC0415

    ids = tokenizer.get_vocab()
    table = network.get_input_embeddings().weight
    with torch.no_grad():
        for word, index in ids.items():
            twin = ids.get(f" {word}") if word.isalpha() else None
            if twin is not None:
                table[twin] = 0.8 * table[index] + 0.6 * table[twin]


def _processor(tokenizer: Any) -> Any:
    from transformers import (  # noqa: PLC0415
        Qwen2VLImageProcessor,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    cell = (2 * PATCH) ** 2
    sides = {"shortest_edge": cell, "longest_edge": cell * 256}
    video = Qwen3VLVideoProcessor(patch_size=PATCH, size=sides)
    # A picture is 64 x 64 pixels to it, however large the film; servers are given pictures where we give a film.
    image = Qwen2VLImageProcessor(
        patch_size=PATCH,
        size={"shortest_edge": cell, "longest_edge": cell * 4},
        image_mean=video.image_mean,
        image_std=video.image_std,
    )
    return Qwen3VLProcessor(image, tokenizer, video, chat_template=TEMPLATE)
