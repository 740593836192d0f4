"""A real Whisper model in the format faster-whisper loads: one layer, random weights, bytes as vocabulary.

What it "hears" is meaningless, but it goes through the same loading, voice detection, decoding and timestamps as
a trained one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, MELS, RATE = 32, 2, 80, 16_000
SPECIALS = [
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>"),
    *("<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
    *(f"<|{i * 0.02:.2f}|>" for i in range(1501)),
]


def make_whisper(folder: Path) -> Path:
    """Writes the model and its tokenizer to `folder`."""
    from ctranslate2.specs import WhisperSpec  # brings torch, so only when a model is made

    folder.mkdir(parents=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    words = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    spec = WhisperSpec(1, HEADS, 1, HEADS)
    _fill(spec, len(words))
    spec.register_vocabulary([word for word, _ in words])
    languages = [tokenizer.token_to_id("<|en|>"), tokenizer.token_to_id("<|de|>")]
    spec.config.add_attribute("suppress_ids", [])
    spec.config.add_attribute("suppress_ids_begin", [])
    spec.config.add_attribute("lang_ids", languages)
    spec.config.add_attribute("alignment_heads", [(0, 0)])
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def make_voice(duration_s: float) -> np.ndarray:
    """A humming voice, float32 at 16 kHz, that voice detection takes for speech."""
    t = np.arange(int(duration_s * RATE)) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.6 * t) + 10 * np.sin(2 * np.pi * 3 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    first = 500 + 250 * np.sin(2 * np.pi * 2.1 * t)
    second = 1500 + 500 * np.sin(2 * np.pi * 1.7 * t)
    formants = ((first, 90, 1.0), (second, 120, 0.6), (np.full_like(t, 2600), 160, 0.3))
    sound = np.zeros_like(t)
    for k in range(1, 33):
        gain = sum(g * np.exp(-(((k * pitch - f) / w) ** 2)) for f, w, g in formants)
        sound += (gain + 0.02 / k) * np.sin(k * phase)
    sound *= np.clip(np.sin(2 * np.pi * 2.0 * t) + 0.6, 0, 1)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def _tokenizer() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
    return tokenizer


def _fill(spec: Any, vocabulary: int) -> None:
    random = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return random.normal(0, 0.05, shape).astype(np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(layer: Any, rows: int, columns: int = WIDTH) -> None:
        layer.weight, layer.bias = weights(rows, columns), np.zeros(rows, np.float32)

    def attention(layer: Any, *rows: int) -> None:
        norm(layer.layer_norm)
        for part, count in zip(layer.linear, rows, strict=True):
            linear(part, count)

    for conv, channels in ((spec.encoder.conv1, MELS), (spec.encoder.conv2, WIDTH)):
        conv.weight, conv.bias = weights(WIDTH, channels, 3), np.zeros(WIDTH, np.float32)
    spec.encoder.position_encodings.encodings = weights(1500, WIDTH)
    spec.decoder.position_encodings.encodings = weights(448, WIDTH)
    spec.decoder.embeddings.weight = weights(vocabulary, WIDTH)
    linear(spec.decoder.projection, vocabulary)
    for side in (spec.encoder, spec.decoder):
        norm(side.layer_norm)
        for layer in side.layer:
            attention(layer.self_attention, 3 * WIDTH, WIDTH)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, WIDTH)
            linear(layer.ffn.linear_1, WIDTH)
    for layer in spec.decoder.layer:
        attention(layer.attention, WIDTH, 2 * WIDTH, WIDTH)
