"""What a run will take, told before it is started: rows, steps, memory, time, and the commands to start it.

Figures are estimates: weights, gradients and Adam's two moments are counted, activations by a rule of thumb, time from
floating-point operations at a share of a card's peak that such runs reach.
"""

from __future__ import annotations

import shlex
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sage.models.local import find_weights
from sage.train.data import DemoFile
from sage.train.demos import demonstrate
from sage.train.rows import RowBuilder, make_renderer
from sage.train.settings import TINY, SftSettings
from sage.train.sft import stages_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sage.train.data import Demo

CARD_FLOPS, CARD_SHARE = 989e12, 0.35
"""An H100 at bfloat16, and how much of that long runs of such models reach."""
CARD_GIB = 80
SAMPLE_FILMS, SAMPLE_ROWS = 12, 48
GIB = 2**30
FSDP = (
    "--use_fsdp --fsdp_version 2 --fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP "
    "--fsdp_transformer_layer_cls_to_wrap Qwen3VLTextDecoderLayer,Qwen3VLVisionBlock "
    "--fsdp_state_dict_type SHARDED_STATE_DICT"
)


class Model(NamedTuple):
    """The shape of a network."""

    parameters: float
    learned: float
    layers: int
    hidden: int
    is_here: bool


class Rows(NamedTuple):
    """What is known of the rows before they are all read."""

    number: int
    tokens: float
    """Mean length of a row."""
    too_long: float
    """Share that will be dropped."""
    how: str
    """Where these figures come from."""


def estimate(settings: SftSettings, command: Sequence[str]) -> list[str]:
    """Lines for a person; `command` are the words after `sage` that start the run. ConfigError as in training."""
    model = _model(settings)
    rows = _rows(settings)
    lines = [
        f"model     {settings.model}: {model.parameters / 1e6:,.1f} M weights, {model.learned / 1e6:,.1f} M learned"
        + ("" if model.is_here else " (not on this machine; figures from the settings)"),
        f"rows      {rows.number:,}, {rows.tokens:,.0f} tokens each, {rows.too_long:.1%} over "
        f"{settings.max_tokens:,} tokens ({rows.how})",
    ]
    work = 0.0
    for name, stage in stages_of(settings):
        count = settings.warmup.rows if name == "warmup" and settings.warmup else rows.number
        length = 60.0 if name == "warmup" else rows.tokens
        steps = steps_of(settings, stage, count)
        work += steps * stage.batch * length
        lines.append(f"{name:9} {steps:,} steps of {stage.batch} rows, rate {stage.rate:g}")
    flops = 6 * model.parameters * work * (4 / 3 if settings.gradient_checkpointing else 1)
    if settings.model == TINY:
        lines.append(
            f"time      {flops / _cpu_flops() / 60:,.0f} minutes on this CPU, as busy as it is now"
        )
        lines.append(f"memory    {_memory(settings, model, 1) / GIB:.1f} GiB")
        return [*lines, f"command   python -m sage {shlex.join(command)}"]
    for cards, nodes in ((1, 1), (8, 1), (16, 2)):
        hours = flops / (cards * CARD_FLOPS * CARD_SHARE) / 3600
        memory = _memory(settings, model, cards) / GIB
        fits = "" if memory < CARD_GIB else f"; more than the {CARD_GIB} of a card"
        lines.append(
            f"{cards:2} GPUs   {memory:,.0f} GiB each{fits}, {hours:,.1f} h (H100, {CARD_SHARE:.0%} of peak)"
        )
        lines.append(f"  {launch(command, cards, nodes)}")
    return lines


def _model(settings: SftSettings) -> Model:
    """Built without memory for its weights; from the settings where it is not here."""
    folder = find_weights(settings.model) if settings.model != TINY else None
    if settings.model != TINY and folder is None:
        count = settings.parameters
        return Model(count, count * 0.93 if settings.freeze_vision else count, 36, 4096, False)
    import torch  # noqa: PLC0415
    from transformers import AutoConfig, AutoModelForImageTextToText  # noqa: PLC0415

    from sage.train.tiny import build_tiny  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as scratch:
        where = folder or build_tiny(Path(scratch), settings.size)
        config = AutoConfig.from_pretrained(where)
        with torch.device("meta"):
            network: Any = AutoModelForImageTextToText.from_config(config)
    total = sum(weight.numel() for weight in network.parameters())
    seen = sum(weight.numel() for weight in network.model.visual.parameters())
    text = config.get_text_config()
    learned = total - seen if settings.freeze_vision else total
    return Model(total, learned, text.num_hidden_layers, text.hidden_size, True)


def _rows(settings: SftSettings) -> Rows:
    data = settings.data
    demos: list[Demo]
    if data.file and not Path(data.file).exists():
        how = f"as the settings say: {data.file} is not here"
        return Rows(data.expected_rows, data.expected_tokens, 0.0, how)
    if data.file:
        file = DemoFile(Path(data.file), Path(data.media) if data.media else None)
        step = max(1, len(file) // SAMPLE_ROWS)
        demos = [file[index] for index in range(0, len(file), step)]
        count, how = len(file), f"counted; lengths of {len(demos)}"
    else:
        some = data.mini.model_copy(update={"films": min(SAMPLE_FILMS, data.mini.films)})
        with tempfile.TemporaryDirectory() as pages:
            demos = list(demonstrate(some, Path(pages), lambda _: None))
        count = len(demos) * data.mini.films // some.films
        how = f"from the first {some.films} of {data.mini.films} films"
        demos = demos[:SAMPLE_ROWS]
    builder = _builder(settings)
    if builder is None:
        return Rows(count, data.expected_tokens, 0.0, f"{how}; lengths as the settings say")
    lengths = [row.length for demo in demos if (row := builder.build(*demo.pair()))]
    mean = sum(lengths) / max(1, len(lengths))
    return Rows(count, mean, builder.counts["too_long"] / max(1, len(demos)), how)


def _builder(settings: SftSettings) -> RowBuilder | None:
    """Builds rows for the model's processor; `None` when that is not here."""
    from transformers import AutoConfig, AutoProcessor  # noqa: PLC0415

    from sage.train.tiny import build_tiny  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as scratch:
        where = find_weights(settings.model) if settings.model != TINY else None
        if settings.model == TINY:
            where = build_tiny(Path(scratch), settings.size)
        if where is None:
            return None
        processor = AutoProcessor.from_pretrained(where)
        family = str(AutoConfig.from_pretrained(where).model_type)
    renderer = make_renderer(processor, family)
    end_id = processor.tokenizer.eos_token_id
    return RowBuilder(renderer, end_id=end_id, max_tokens=settings.max_tokens)


def _memory(settings: SftSettings, model: Model, cards: int) -> float:
    """Bytes on each card."""
    size = 2 if settings.weights == "bfloat16" else 4
    held = size * (model.parameters + 3 * model.learned) / cards
    layers = 1 if settings.gradient_checkpointing else model.layers
    # Inputs of each layer, and what a layer needs inside while it is computed.
    inside = 2 * model.hidden * settings.micro_tokens * (model.layers + 34 * layers)
    gathered = 2 * model.parameters / max(1, model.layers) * 2 if cards > 1 else 0
    return held + inside + gathered


def _cpu_flops() -> float:
    """What this machine does in a product of matrices of the size that tiny models have, by trial."""
    import torch  # noqa: PLC0415

    a, b = torch.randn(2048, 256), torch.randn(256, 640)
    started = time.perf_counter()
    rounds = 0
    while time.perf_counter() - started < 0.3:
        a @ b
        rounds += 1
    return 0.5 * rounds * 2 * a.numel() * b.shape[1] / (time.perf_counter() - started)


def launch(command: Sequence[str], cards: int, nodes: int) -> str:
    """The command for `cards` GPUs on `nodes` machines, weights split as soon as there is more than one."""
    options = f"--num_processes {cards} --mixed_precision bf16"
    if cards > 1:
        options += f" {FSDP}"
    if nodes > 1:
        options += (
            f" --num_machines {nodes} --machine_rank $RANK --main_process_ip $HOST "
            "--main_process_port 29500"
        )
    return f"accelerate launch {options} -m sage {shlex.join(command)}"
