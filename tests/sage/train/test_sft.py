import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from typer.testing import CliRunner

from sage.__main__ import app
from sage.config import save_config
from sage.train import checkpoints
from sage.train.checkpoints import Progress
from sage.train.data import DemoFile
from sage.train.metrics import Metrics
from sage.train.network import load
from sage.train.rows import RowBuilder, make_renderer
from sage.train.settings import SftSettings
from sage.train.sft import train
from sage.train.steps import Trainer, linear, micro_batches, train_step
from tests.sage.train.test_tiny import SMALL

PLAN = {
    "size": SMALL.model_dump(),
    "data": {"mini": {"films": 3}},
    "warmup": {"rows": 40, "films": 4, "batch": 8, "steps": 4},
    "main": {"rate": 0.003, "batch": 4, "steps": 4},
    "rehearsal": 2,
    "max_tokens": 700,
    "precision": "float32",
    "freeze_vision": False,
    "gradient_checkpointing": False,
    "save_every": 3,
}


def settings(out, **changes):
    return SftSettings.model_validate({**PLAN, "out": str(out), **changes})


def quiet(_):
    pass


def weights(out):
    return load_file(out / "model" / "model.safetensors")


def curve(out):
    lines = Metrics(out / "metrics.jsonl").lines()
    return [(line["name"], line["step"], line["loss"], line["rate"]) for line in lines]


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run that nothing disturbed."""
    out = tmp_path_factory.mktemp("straight")
    assert train(settings(out), quiet) == out / "model"
    return out


def test_stages_come_in_order_and_every_step_is_logged(straight):
    steps = [("warmup", n) for n in (1, 2, 3, 4)] + [("main", n) for n in (1, 2, 3, 4)]
    assert [line[:2] for line in curve(straight)] == steps


def test_exercises_in_reading_go_on_in_the_main_stage(straight):
    lines = Metrics(straight / "metrics.jsonl").lines()
    assert [line["rows"] for line in lines] == [8, 8, 8, 8, 6, 6, 6, 6]


def test_the_loss_falls(tmp_path):
    changes = {"warmup": {"rows": 40, "films": 4, "batch": 8, "steps": 18, "rate": 0.01}}
    train(settings(tmp_path, main={"rate": 1e-3, "steps": 1, "batch": 2}, **changes), quiet)
    losses = [line[2] for line in curve(tmp_path) if line[0] == "warmup"]
    assert losses[-1] < 0.7 * losses[0]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(straight, tmp_path):
    """Killed one step after its checkpoint: the curve joins, and the weights are the same in the end."""

    class Killed(BaseException):
        pass

    def die(text):
        if text.startswith("main 4/4"):
            raise Killed

    with pytest.raises(Killed):
        train(settings(tmp_path), die)
    assert not (tmp_path / "model").exists()
    train(settings(tmp_path), quiet)
    assert curve(tmp_path) == curve(straight)
    for name, weight in weights(straight).items():
        assert torch.equal(weight, weights(tmp_path)[name])


def test_sigterm_ends_the_step_and_leaves_a_checkpoint(straight, tmp_path):
    def terminate(text):
        if text.startswith("warmup 1/4"):
            os.kill(os.getpid(), signal.SIGTERM)

    assert train(settings(tmp_path), terminate) is None
    assert checkpoints.newest(tmp_path / "checkpoints")[1] == Progress(step=2, seen=16, total=2)
    train(settings(tmp_path), quiet)
    assert curve(tmp_path) == curve(straight)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_learn_what_one_does(tmp_path):
    """Text-only rows beside rows with pictures included: both have to go through the tower, or one waits for ever."""
    one, two = (settings(tmp_path / n, warmup=None, max_steps=3) for n in ("one", "two"))
    train(one, quiet)
    save_config(two, tmp_path / "plan.yaml")
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    words = ["-m", "sage", "train", "sft", "--config", str(tmp_path / "plan.yaml")]
    on_cpu = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, *launch, *words], env=on_cpu, start_new_session=True
    ) as launched:
        try:
            assert launched.wait(timeout=280) == 0
        finally:
            if launched.poll() is None:
                os.killpg(launched.pid, signal.SIGKILL)
    alone, both = [[line[2] for line in curve(tmp_path / n)] for n in ("one", "two")]
    assert both == pytest.approx(alone, rel=1e-3)


def test_long_rows_are_dropped_and_counted(tmp_path):
    train(settings(tmp_path, max_tokens=200, warmup=None, max_steps=2), quiet)
    lines = Metrics(tmp_path / "metrics.jsonl").lines()
    assert lines[-1]["dropped"] > 0
    assert lines[-1]["rows"] < 4


@pytest.fixture(scope="module")
def rows(straight):
    _, processor, family = load(straight / "model")
    renderer = make_renderer(processor, family)
    builder = RowBuilder(renderer, end_id=processor.tokenizer.eos_token_id, max_tokens=2000)
    return [builder.build(*demo.pair()) for demo in list(DemoFile(straight / "demos.jsonl"))[:6]]


def test_cutting_a_step_into_micro_batches_changes_nothing(straight, rows):
    after = []
    for budget in (100_000, 10):
        network, processor, family = load(straight / "model")
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        renderer = make_renderer(processor, family)
        trainer = Trainer(Accelerator(cpu=True), network, optimizer, renderer, budget, 1.0)
        outcome = train_step(trainer, rows, rate=0.1, stop=False)
        after.append((outcome.loss, outcome.norm, network.lm_head.weight.detach()))
    assert after[0][:2] == pytest.approx(after[1][:2], rel=1e-3)
    assert torch.allclose(after[0][2], after[1][2], atol=1e-5)


def test_micro_batches_hold_every_row_within_the_budget(rows):
    parts = micro_batches(rows, 1000)
    assert sorted(map(id, rows)) == sorted(id(row) for part in parts for row in part)
    for part in parts:
        width = max(len(r.prompt_ids) for r in part) + max(len(r.action_ids) for r in part)
        assert len(part) == 1 or width * len(part) <= 1000


def test_the_rate_rises_and_falls():
    rates = [linear(step, 100, rate=1.0, rise=0.1) for step in range(1, 101)]
    assert max(rates) == rates[9] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0 < rates[-1] < 0.02


def test_only_the_newest_complete_checkpoints_stay(tmp_path):
    accelerator = Accelerator(cpu=True)
    for total in (1, 2, 3):
        checkpoints.save(tmp_path, Progress(total=total), accelerator, keep=2)
    (tmp_path / ".new-00000004").mkdir()
    (tmp_path / "00000005").mkdir()
    path, progress = checkpoints.newest(tmp_path)
    assert (path.name, progress.total) == ("00000003", 3)
    assert not (tmp_path / "00000001").exists()


def test_a_line_cut_short_is_no_line(tmp_path):
    metrics = Metrics(tmp_path / "metrics.jsonl")
    for step in (1, 2, 3):
        metrics.add(stage=0, step=step)
    metrics.path.write_text(metrics.path.read_text() + '{"stage": 0, "st')
    metrics.cut(0, 2)
    assert metrics.lines() == [{"stage": 0, "step": 1}, {"stage": 0, "step": 2}]


def run(*words):
    return CliRunner().invoke(app, ["train", *map(str, words)])


def test_a_dry_run_tells_what_it_takes_and_trains_nothing(tmp_path):
    out = tmp_path / "out"
    result = run("sft", "--config", "configs/sft-tiny.yaml", f"out={out}", "--dry-run")
    assert result.exit_code == 0, result.output
    for word in ("5.2 M weights", "rows", "warmup", "main", "minutes", "GiB"):
        assert word in result.output
    assert f"python -m sage train sft --config configs/sft-tiny.yaml out={out}" in result.output
    assert not out.exists()


def test_a_dry_run_of_the_large_model_needs_neither_model_nor_rows():
    result = run("sft", "--config", "configs/sft-8b.yaml", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "6,516 steps of 64 rows" in result.output
    assert result.output.count("accelerate launch") == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sft", "--config", "configs/sft-tiny.yaml", "colour=red"], "'colour' is not a setting"),
        (["direct", "--config", "configs/sft-tiny.yaml"], "data.mini.mode=direct"),
        (["sft", "--config", "configs/sft-tiny.yaml", "data.file=nowhere.jsonl"], "nowhere.jsonl"),
        (["sft", "--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(tmp_path, words, told):
    result = run(*words, *([f"out={tmp_path}"] if "nowhere.yaml" not in words else []))
    assert result.exit_code == 1
    assert told in result.output


def test_the_direct_config_trains(tmp_path):
    small = [f"size.{k}={v}" for k, v in SMALL.model_dump().items()]
    words = ["max_steps=1", "data.mini.films=2", "main.batch=4", "model=tiny"]
    result = run(
        "direct", "--config", "configs/direct-tiny.yaml", f"out={tmp_path}", *words, *small
    )
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "model" / "config.json").read_text())["model_type"] == "qwen3_vl"
