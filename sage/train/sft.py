"""Supervised training: learning to see (where wanted), then what the demonstrations say, on accelerate.

The same loop runs on a CPU, one GPU, or many by an accelerate config. It stops on SIGTERM with a checkpoint, and
goes on from the newest complete one with the same rows in the same order: what decides is how many rows were taken.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import torch

from sage.config import save_config
from sage.train import checkpoints
from sage.train.checkpoints import Progress
from sage.train.data import Demo, DemoFile, take
from sage.train.demos import write_demos, write_warmup
from sage.train.metrics import Metrics, write_plan
from sage.train.network import load
from sage.train.profiles import keep_profile
from sage.train.readings import write_reading
from sage.train.rows import Row, RowBuilder, make_renderer
from sage.train.settings import TINY, SftSettings, Stage, Warmup
from sage.train.steps import Trainer, linear, train_step
from sage.train.tiny import build_tiny

if TYPE_CHECKING:
    from accelerate import Accelerator

Tell = Callable[[str], None]


@dataclass
class Run:
    """A training run in progress."""

    settings: SftSettings
    accelerator: Accelerator
    tell: Tell
    stop: bool = False
    progress: Progress = field(default_factory=Progress)

    @property
    def out(self) -> Path:
        return Path(self.settings.out)

    @property
    def checkpoints(self) -> Path:
        return self.out / "checkpoints"


def train(settings: SftSettings, tell: Tell) -> Path | None:
    """Trains and returns the folder of the model, `out/model`; `None` when it was stopped, to be resumed.

    Raises ConfigError for rows that cannot be read and WorldError for a model that cannot be loaded.
    """
    from accelerate import Accelerator  # noqa: PLC0415
    from accelerate.utils import set_seed  # noqa: PLC0415

    if settings.threads:
        torch.set_num_threads(settings.threads)
    set_seed(settings.seed)
    # It warns at each checkpoint that weights which are one on purpose are saved once.
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    accelerator = Accelerator(mixed_precision=_precision(settings))
    run = Run(settings, accelerator, tell if accelerator.is_main_process else _keep_quiet)
    previous = signal.signal(signal.SIGTERM, lambda *_: _ask_to_stop(run))
    try:
        return _train(run)
    finally:
        signal.signal(signal.SIGTERM, previous)


def stages_of(settings: SftSettings) -> list[tuple[str, Stage]]:
    """Names and settings of the stages, in order."""
    stages: list[tuple[str, Stage]] = [("warmup", settings.warmup)] if settings.warmup else []
    return [*stages, ("main", settings.main)]


def steps_of(settings: SftSettings, stage: Stage, rows: int) -> int:
    """How many steps a stage has; the last one of an epoch runs into the next."""
    steps = stage.steps or -(-rows * stage.epochs // stage.batch)
    return min(steps, settings.max_steps) if settings.max_steps else steps


def prepare_rows(settings: SftSettings, name: str, tell: Tell) -> DemoFile:
    """The rows of a stage; those of the miniature world are written first, unless they are there."""
    if name == "warmup" and settings.warmup:
        path = Path(settings.out) / "warmup.jsonl"
        if not path.exists():
            tell(f"drawing up {settings.warmup.rows} exercises in reading and seeing")
            write_warmup(path, settings.warmup, settings.data.mini.seed)
        return DemoFile(path)
    if settings.data.file:
        media = Path(settings.data.media) if settings.data.media else None
        return DemoFile(Path(settings.data.file), media)
    path = Path(settings.out) / "demos.jsonl"
    if not path.exists():
        mini = settings.data.mini
        tell(f"the expert answers the questions of {mini.films} films")
        write_demos(path, mini, on_film=lambda _: None)
    return DemoFile(path)


def prepare_model(settings: SftSettings) -> Path | str:
    """Where the model to start from is; a tiny one is built first."""
    if settings.model != TINY:
        return settings.model
    folder = Path(settings.out) / "start"
    if not (folder / "config.json").is_file():
        build_tiny(folder, settings.size, seed=settings.seed)
    return folder


def _train(run: Run) -> Path | None:
    settings, accelerator = run.settings, run.accelerator
    if accelerator.is_main_process:
        run.out.mkdir(parents=True, exist_ok=True)
        save_config(settings, run.out / "settings.yaml")
        prepare_model(settings)
        rows = {
            name: len(prepare_rows(settings, name, run.tell)) for name, _ in stages_of(settings)
        }
        steps = {name: steps_of(settings, plan, rows[name]) for name, plan in stages_of(settings)}
        write_plan(run.out, steps)
    accelerator.wait_for_everyone()
    dtype = torch.bfloat16 if settings.weights == "bfloat16" else torch.float32
    network, processor, family = load(
        prepare_model(settings), dtype, device=accelerator.device.type
    )
    trainer = _trainer(run, network, processor, family)
    found = checkpoints.newest(run.checkpoints)
    if found:
        folder, run.progress = found
        accelerator.load_state(str(folder))
        run.tell(f"going on from step {run.progress.total}")
    metrics = Metrics(run.out / "metrics.jsonl")
    if accelerator.is_main_process:
        metrics.cut(run.progress.stage, run.progress.step)
    for number, (name, stage) in enumerate(stages_of(settings)):
        if number < run.progress.stage:
            continue
        if number > run.progress.stage:
            run.progress = Progress(stage=number, total=run.progress.total)
            _forget(trainer.optimizer)
        if not _run_stage(run, trainer, (name, stage), metrics):
            return None
    return _export(run, trainer, processor)


def _run_stage(run: Run, trainer: Trainer, stage: tuple[str, Stage], metrics: Metrics) -> bool:
    """Runs a stage to its end; False when it was stopped before."""
    name, plan = stage
    demos = prepare_rows(run.settings, name, run.tell)
    steps = steps_of(run.settings, plan, len(demos))
    tokenizer = trainer.renderer.processor.tokenizer
    builder = RowBuilder(
        trainer.renderer, end_id=tokenizer.eos_token_id, max_tokens=run.settings.max_tokens
    )
    run.tell(f"{name}: {len(demos)} rows, {steps} steps")
    while run.progress.step < steps:
        step = run.progress.step + 1
        rows = _rows(run, demos, plan, builder)
        rate = linear(step, steps, rate=plan.rate, rise=plan.rise)
        outcome = train_step(trainer, rows, rate=rate, stop=run.stop)
        run.progress = run.progress.model_copy(
            update={
                "step": step,
                "seen": run.progress.seen + plan.batch,
                "total": run.progress.total + 1,
            }
        )
        if run.accelerator.is_main_process:
            metrics.add(
                stage=run.progress.stage,
                name=name,
                step=step,
                loss=round(outcome.loss, 6),
                accuracy=round(outcome.accuracy, 5),
                rate=rate,
                norm=round(outcome.norm, 5),
                rows=outcome.rows,
                tokens_per_s=round(outcome.tokens / outcome.seconds, 1),
                seconds=round(outcome.seconds, 3),
                dropped=builder.counts["too_long"] + builder.counts["empty"],
            )
        if step % run.settings.log_every == 0:
            run.tell(
                f"{name} {step}/{steps}  loss {outcome.loss:.4f}  accuracy {outcome.accuracy:.3f}  "
                f"{outcome.tokens / outcome.seconds:.0f} tokens/s"
            )
        if outcome.stopped or step == steps or step % run.settings.save_every == 0:
            checkpoints.save(run.checkpoints, run.progress, run.accelerator, keep=run.settings.keep)
        if outcome.stopped:
            run.tell(f"stopped after step {run.progress.total}; the same command goes on from here")
            return False
    return True


def _rows(run: Run, demos: DemoFile, plan: Stage, builder: RowBuilder) -> list[Row]:
    """This process's share of the next rows."""
    seed = None if isinstance(plan, Warmup) else run.settings.seed
    numbers = take(plan.batch, len(demos), run.progress.seen, seed)
    wanted = [demos[number] for number in _share(run, numbers)]
    if not isinstance(plan, Warmup):
        wanted += _rehearsal(run)
    rows = (builder.build(*demo.pair(), weight=demo.weight) for demo in wanted)
    return [row for row in rows if row]


def _rehearsal(run: Run) -> list[Demo]:
    """This process's share of a step's exercises; they are drawn from seed and step alone."""
    drawn = f"rehearsal {run.settings.seed} {run.progress.step}"
    numbers = _share(run, range(run.settings.rehearsal))
    return [write_reading(Random(f"{drawn} {number}")) for number in numbers]


def _share(run: Run, numbers: Sequence[int]) -> Sequence[int]:
    return numbers[run.accelerator.process_index :: run.accelerator.num_processes]


def _trainer(run: Run, network: Any, processor: Any, family: str) -> Trainer:
    settings = run.settings
    network.train()
    if settings.freeze_vision:
        network.model.visual.requires_grad_(False)
    if settings.gradient_checkpointing:
        network.gradient_checkpointing_enable({"use_reentrant": False})
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        learned, lr=settings.main.rate, betas=(0.9, 0.98), weight_decay=settings.decay
    )
    model, optimizer = run.accelerator.prepare(network, optimizer)
    return Trainer(
        run.accelerator,
        model,
        optimizer,
        make_renderer(processor, family),
        settings.micro_tokens,
        settings.max_norm,
    )


def _forget(optimizer: Any) -> None:
    """A new stage begins with a fresh optimiser."""
    optimizer.state.clear()


def _export(run: Run, trainer: Trainer, processor: Any) -> Path:
    """Writes the trained model as a normal folder."""
    accelerator, folder = run.accelerator, run.out / "model"
    weights = accelerator.get_state_dict(trainer.model)
    if accelerator.is_main_process:
        accelerator.unwrap_model(trainer.model).save_pretrained(folder, state_dict=weights)
        processor.save_pretrained(folder)
        keep_profile(folder, run.settings.model, is_mini=not run.settings.data.file)
        run.tell(f"the model is in {folder}")
    accelerator.wait_for_everyone()
    return folder


def _precision(settings: SftSettings) -> str:
    if settings.precision == "auto":
        is_fast = torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()
        return "bf16" if is_fast else "no"
    return "bf16" if settings.precision == "bfloat16" else "no"


def _keep_quiet(_: str) -> None:
    """What every process but the first says."""


def _ask_to_stop(run: Run) -> None:
    run.stop = True
