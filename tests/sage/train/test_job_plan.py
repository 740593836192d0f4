"""Drafts of jobs: each mistake names its field, and what passes is the command a person could have typed."""

import json
import sys
from pathlib import Path

import pytest

from sage.config import load_config
from sage.train.grpo_settings import GrpoSettings
from sage.train.job_plan import KNOBS, Draft, check, preset_values, presets, shown_command
from sage.train.settings import SftSettings

OUT = Path("/tmp/nowhere/job")


def troubles(**changes):
    plan, found = check(Draft.model_validate({"preset": "sft-tiny", **changes}), OUT)
    assert plan is None
    return {trouble.field: trouble.says for trouble in found}


@pytest.mark.parametrize("recipe", ["sft", "grpo", "direct"])
def test_every_recipe_has_presets_and_ten_settings(recipe):
    values = preset_values(recipe, presets(recipe)[0])
    assert "tiny" in presets(recipe)[0]
    assert len(KNOBS[recipe]) == 10
    assert None not in values.values()


def test_what_passes_is_read_back_by_the_command_it_names(tmp_path):
    draft = Draft(recipe="sft", preset="sft-tiny", values={"main.rate": 0.01}, extra="keep: 5")
    plan, found = check(draft, tmp_path)
    assert found == []
    (tmp_path / "config.yaml").write_text(plan.config)
    settings = load_config(SftSettings, Path(plan.info.command[-1]))
    assert settings == plan.settings
    assert (settings.main.rate, settings.keep, settings.out) == (0.01, 5, str(tmp_path))
    preset = load_config(SftSettings, Path("configs/sft-tiny.yaml"))
    assert settings.warmup == preset.warmup
    assert plan.info.command[0] == sys.executable
    assert shown_command(plan.info.command).startswith("python -m sage train sft --config ")


def test_a_setting_out_of_range_names_its_field():
    assert "greater than 0" in troubles(values={"main.rate": -1})["main.rate"]
    assert troubles(values={"main.rate": -1})["main.rate"].startswith("Learning rate")


def test_yaml_that_is_none_and_settings_that_are_none():
    assert "YAML" in troubles(extra="a: [")["extra"]
    assert "names and values" in troubles(extra="- 3")["extra"]
    assert "Known are" in troubles(extra="colour: red")["colour"]
    assert "main.speed" in troubles(extra="main:\n  speed: 2")


def test_a_base_that_is_not_there():
    assert "neither a folder" in troubles(base="no such thing")["base"]
    assert "format" in troubles(recipe="grpo", preset="grpo-tiny", base="tiny")["base"]
    assert "config.json" in troubles(base="/tmp")["base"]


def test_data_that_is_not_there(tmp_path):
    assert "is not here" in troubles(data="path", where="/no/such/file")["where"]
    (tmp_path / "rows.jsonl").write_text('{"text": 1}\n')
    assert "messages" in troubles(data="path", where=str(tmp_path))["where"]
    assert "owner/name" in troubles(data="hub", where="nobody")["where"]
    grpo = {"recipe": "grpo", "preset": "grpo-tiny", "base": "a/b", "data": "path"}
    assert "examples.jsonl" in troubles(**grpo, where=str(tmp_path))["where"]


def test_data_of_a_folder_and_of_the_hub(tmp_path):
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    (tmp_path / "sft.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "other.jsonl").write_text("x\n")
    plan, _ = check(Draft(preset="sft-tiny", data="path", where=str(tmp_path)), OUT)
    assert plan.settings.data.file == str(tmp_path / "sft.jsonl")
    plan, _ = check(Draft(preset="sft-tiny", data="hub", where="me/set:rows/a.jsonl"), OUT)
    assert plan.settings.data.file == "hf://datasets/me/set/rows/a.jsonl"


def test_the_baseline_answers_in_one_turn():
    plan, _ = check(Draft(recipe="direct", preset="sft-tiny"), OUT)
    assert plan.settings.data.mini.mode == "direct"


def test_grpo_from_a_repository():
    plan, found = check(Draft(recipe="grpo", preset="grpo-tiny", base="me/model"), OUT)
    assert found == []
    assert isinstance(plan.settings, GrpoSettings)
    assert plan.settings.model == "me/model"
