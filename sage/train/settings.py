"""What an SFT run needs to know; `configs/sft-*.yaml` and `configs/direct-*.yaml` fill it in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sage.train.tiny import TinySize
from sage.types import Mode, Value

TINY = "tiny"


class MiniData(Value):
    """Demonstrations by the expert of the miniature world."""

    films: int = Field(default=1000, ge=1)
    """Films of the train split; each has three questions."""
    first: int = Field(default=0, ge=0)
    """Number of the first film."""
    seed: int = Field(default=0, ge=0)
    """Seed of the world."""
    mode: Mode = Mode.AUTO
    """auto: the agent; direct: one turn over the same frames."""
    needless: float = Field(default=0.5, ge=0, le=1)
    early: float = Field(default=0.15, ge=0, le=1)
    hasty: float = Field(default=0.5, ge=0, le=1)
    wrong_window: float = Field(default=0.15, ge=0, le=1)
    slip: float = Field(default=0.02, ge=0, le=1)
    """How often the expert errs; see `sage.mini.expert.Rates`."""
    empty: float = Field(default=0.5, ge=0, le=1)
    """Share of looks for an event that found nothing which are kept; they are the most common row by far."""


class Data(Value):
    """Where rows come from: a file of chat messages, or the miniature world when `file` is empty."""

    file: str = ""
    """JSON lines with `messages`, and `images` or `videos` by path."""
    media: str = ""
    """Folder that those paths start from; empty: the file's own."""
    mini: MiniData = MiniData()
    expected_rows: int = Field(default=0, ge=0)
    expected_tokens: float = Field(default=0.0, ge=0)
    """For the estimate of a dry run while the file, or the model, is not here; tokens of a row."""


class Stage(Value):
    """One pass of training with its own data order and learning rate."""

    rate: float = Field(gt=0)
    """Highest learning rate."""
    batch: int = Field(default=64, ge=1)
    """Rows a step, over all processes."""
    epochs: int = Field(default=1, ge=1)
    steps: int = Field(default=0, ge=0)
    """Instead of epochs; 0: by epochs."""
    rise: float = Field(default=0.03, ge=0, le=1)
    """Share of the steps in which the rate rises; then it falls linearly to 0."""


class Warmup(Stage):
    """Learning to read, to act and to see, before anything else; rows are taken in the order they are written."""

    rate: float = Field(default=1e-3, gt=0)
    rows: int = Field(default=8000, ge=1)
    reading: float = Field(default=0.5, ge=0, le=1)
    """Share of rows that are texts with a question; the others are a few pictures with one."""
    films: int = Field(default=300, ge=1)
    """Of the train split, from which pictures are taken."""


class SftSettings(Value):
    """Settings of `python -m sage train sft` and `direct`."""

    out: str
    """Folder of the run: data, metrics.jsonl, checkpoints, model."""
    model: str = TINY
    """tiny: built here, untrained; else a folder or a repository of the Qwen-VL families."""
    size: TinySize = TinySize()
    """Of a tiny model."""
    parameters: float = Field(default=0.0, ge=0)
    """For the estimate of a dry run while the model is not here."""
    data: Data = Data()
    warmup: Warmup | None = None
    main: Stage = Stage(rate=1e-5)
    rehearsal: int = Field(default=0, ge=0)
    """Exercises in reading that are added to every step of the main stage, over all processes. Without any, a tiny
    network forgets how to copy while it learns the format, and then says any time and any name."""
    max_steps: int = Field(default=0, ge=0)
    """Ends every stage after so many steps; for trials. 0: no such limit."""
    max_tokens: int = Field(default=16384, ge=16)
    """Longer rows are dropped and counted."""
    micro_tokens: int = Field(default=16384, ge=16)
    """Padded tokens of one forward pass; a longer row goes alone."""
    freeze_vision: bool = True
    gradient_checkpointing: bool = True
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of activations; auto: bfloat16 on a GPU, and on a processor that multiplies in it."""
    weights: Literal["float32", "bfloat16"] = "float32"
    """In what the weights and their optimiser are kept."""
    decay: float = Field(default=0.0, ge=0)
    max_norm: float = Field(default=5.0, gt=0)
    """Of the gradient."""
    log_every: int = Field(default=1, ge=1)
    save_every: int = Field(default=200, ge=1)
    keep: int = Field(default=2, ge=1)
    """Checkpoints kept."""
    threads: int = Field(default=0, ge=0)
    """Of a CPU; 0: as many as there are."""
    seed: int = 0
