"""A program for one or more processes: two updates of a small model, whose weights are then saved whole.

`MODEL OUT HOW ...`: with whole weights, as accelerate wraps them, or split by torch as FSDP 2 does.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from accelerate import Accelerator

from sage.train.bench import copy_weights
from sage.train.network import load
from sage.train.rows import RowBuilder, make_renderer
from sage.train.update import Learner, Stepping, update
from tests.sage.train.toy import toy_rows

ADVANTAGES = (1.0, -1.0, 0.5, -0.5, 2.0, -2.0)


def learn(model: Path, out: Path, how: str) -> Path:
    """Writes the weights after two updates into `out` and returns the file."""
    torch.set_num_threads(1)
    accelerator = Accelerator(cpu=True)
    network, processor, family = load(str(model))
    network.model.visual.requires_grad_(False)
    if how == "split":
        split(network, accelerator.num_processes)
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.5)
    wrapped = network if how == "split" else accelerator.prepare(network)
    renderer = make_renderer(processor, family)
    builder = RowBuilder(renderer, end_id=processor.tokenizer.eos_token_id, max_tokens=2048)
    rows = [
        replace(row, weight=weight, logprobs=(-7.0,) * len(row.action_ids))
        for row, weight in zip(toy_rows(out, builder), ADVANTAGES, strict=True)
    ]
    if accelerator.num_processes > 1:  # unequal on purpose
        rows = rows[:5] if accelerator.is_main_process else rows[5:]
    learner = Learner(accelerator, wrapped, optimizer, load(str(model))[0].eval(), renderer)
    for _ in range(2):
        update(learner, rows, Stepping(temperature=1.0, micro_tokens=400))
    whole = load(str(model))[0]
    path = out / f"{how}-{accelerator.num_processes}.pt"
    copy_weights(network, whole)
    if accelerator.is_main_process:
        torch.save(whole.state_dict(), path)
    return path


def split(network: torch.nn.Module, processes: int) -> None:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", (processes,))
    for layer in network.model.language_model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)


if __name__ == "__main__":
    for way in sys.argv[3:]:
        learn(Path(sys.argv[1]), Path(sys.argv[2]), way)
