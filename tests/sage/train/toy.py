"""A toy to learn: a tiny model that speaks the format and, of a right and a wrong answer, gives either as often."""

from __future__ import annotations

from pathlib import Path
from random import Random

import torch
from accelerate import Accelerator

from sage import dialect
from sage.mini.expert import mistake
from sage.mini.world import make_film
from sage.train.bench import load
from sage.train.grpo_settings import Films, GrpoSettings
from sage.train.questions import MiniQuestions
from sage.train.rows import Row, RowBuilder, make_renderer
from sage.train.steps import Trainer, train_step
from sage.train.tiny import TinySize, build_tiny
from sage.types import Answer, Reply, Thought

SETUP = {"mode": "direct", "frames": 1, "max_tokens": 256, "retries": 0}
SIZE = TinySize(hidden=64, layers=2, wide=128, tower=32, tower_layers=1)


def make_toy(folder: Path, *, steps: int = 90) -> Path:
    """Trains the model on both answers to each question of one film, and writes it."""
    build_tiny(folder / "start", SIZE)
    network, processor, family = load(str(folder / "start"))
    network.model.visual.requires_grad_(False)
    renderer = make_renderer(processor, family)
    builder = RowBuilder(renderer, end_id=processor.tokenizer.eos_token_id, max_tokens=2048)
    rows = toy_rows(folder, builder)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.0)
    accelerator = Accelerator(cpu=True)
    trainer = Trainer(accelerator, network, optimizer, renderer, 8192, 1.0)
    for step in range(steps):
        train_step(trainer, rows, rate=4e-3 * (1 - step / steps), stop=False)
    network.save_pretrained(folder / "model")
    processor.save_pretrained(folder / "model")
    return folder / "model"


def toy_rows(folder: Path, builder: RowBuilder) -> list[Row]:
    """Each question with its right answer and with a wrong one."""
    questions = MiniQuestions("train", 1, folder)
    film = make_film("train", 0, 0)
    rows = []
    for number, task in enumerate(film.tasks):
        request = questions.open(number, **SETUP).episode.request()
        for answer in (task.answer, mistake(task, Random(number))):
            rows.append(builder.build(request, reply_of(answer)))
    return rows


def reply_of(answer: str) -> Reply:
    thought = Thought(video_context="nothing", query_intent="nothing")
    return Reply(text=dialect.write(Answer(text=answer), thought, 1, compact=True))


def toy_settings(model: Path, out: Path, **changes: object) -> GrpoSettings:
    """Twenty quick steps on the three questions of that film."""
    values: dict[str, object] = {
        "model": str(model),
        "out": str(out),
        "films": Films(n=1),
        "setup": SETUP,
        "steps": 20,
        "questions": 3,
        "group": 8,
        "rate": 5e-4,
        "kl": 0.005,
        "temperature": 0.7,
        "max_tokens": 2048,
        "micro_tokens": 8192,
        "save_every": 2,
        "threads": 1,
    }
    return GrpoSettings.model_validate(values | changes)
