"""Dry runs of the shipped settings, and what the command does with mistakes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sage.__main__ import app
from sage.config import load_config
from sage.train.grpo_estimate import Size, memory_of, seconds_of
from sage.train.grpo_settings import GrpoSettings

CONFIGS = Path(__file__).parents[3] / "configs"
BIG = Size(8e9, 7.5e9, False)


def run(*words):
    return CliRunner().invoke(app, ["train", "grpo", *words])


@pytest.mark.parametrize(("name", "processes"), [("grpo-tiny", 2), ("grpo-8b", 8)])
def test_shipped_settings_share_their_questions_evenly(name, processes):
    settings = load_config(GrpoSettings, CONFIGS / f"{name}.yaml")
    assert settings.questions % processes == 0
    result = run("--config", str(CONFIGS / f"{name}.yaml"), "--dry-run", "max_steps=2")
    assert result.exit_code == 0, result.output
    assert "2 of" in result.output
    assert f"-m sage train grpo --config {CONFIGS}" in result.output


def test_the_values_of_the_paper_are_in_the_big_one():
    s = load_config(GrpoSettings, CONFIGS / "grpo-8b.yaml")
    assert (s.steps, s.questions, s.group, s.rate, s.rise, s.kl) == (480, 16, 8, 1e-6, 0.1, 0.005)
    assert (s.temperature, s.turns_at_first, s.first_steps, s.turns) == (0.7, 6, 100, 11)
    assert s.freeze_vision


def test_more_cards_need_less_each_and_are_faster():
    settings = load_config(GrpoSettings, CONFIGS / "grpo-8b.yaml")
    memory = [memory_of(settings, BIG, cards) for cards in (1, 8, 16)]
    assert memory == sorted(memory, reverse=True)
    assert memory[1] < 80 * 2**30 < memory[0]
    assert seconds_of(settings, BIG, 8) == pytest.approx(seconds_of(settings, BIG, 1) / 8)


def test_mistakes_are_sentences(tmp_path):
    tiny = str(CONFIGS / "grpo-tiny.yaml")
    unknown = run("--config", tiny, "stpes=3")
    assert unknown.exit_code == 1
    assert "'stpes' is not a setting" in unknown.output
    missing = run("--config", tiny, f"model={tmp_path}/none", f"out={tmp_path}/run", "threads=1")
    assert missing.exit_code == 1
    assert "cannot be loaded" in missing.output
    rule = run("--config", tiny, "films.folder=films", "--dry-run")
    assert rule.exit_code == 1
    assert "tool_judge=rule" in rule.output
