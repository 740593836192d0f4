"""The whole loop on a toy: it learns, it survives being killed, and it says what it does."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from sage.config import ConfigError, save_config
from sage.faults import StopSignal
from sage.judge import Verdict
from sage.mini.expert import Rates
from sage.train import checkpoints
from sage.train.bench import check
from sage.train.grpo import learning_rate, make_rows, train
from sage.train.grpo_settings import Films, GrpoSettings
from sage.train.measure import judge_played
from sage.train.metrics import Metrics
from sage.train.network import load
from sage.train.questions import MiniQuestions
from sage.train.rollout import rollout
from sage.train.rows import RowBuilder, make_renderer
from sage.types import Reply
from tests.sage.train.experts import Experts
from tests.sage.train.toy import make_toy, toy_settings

pytestmark = pytest.mark.slow

RUN = """
import sys
from pathlib import Path
from sage.config import load_config
from sage.train.grpo import train
from sage.train.grpo_settings import GrpoSettings

train(load_config(GrpoSettings, Path(sys.argv[1])), print)
"""


def quiet(_):
    """Told, and tells nobody."""


def lines(out):
    """The log without what is never the same twice."""
    found = Metrics(out / "metrics.jsonl").lines()
    return [{k: v for k, v in line.items() if not k.endswith("_s")} for line in found]


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    torch.set_num_threads(1)
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def straight(model, tmp_path_factory):
    """A run of twenty steps that nobody disturbed."""
    out = tmp_path_factory.mktemp("straight")
    assert train(toy_settings(model, out), quiet) == out / "model"
    return out


def test_the_reward_rises(straight):
    rewards = [line["reward"] for line in lines(straight)]
    assert len(rewards) == 20
    assert sum(rewards[-5:]) / 5 > sum(rewards[:3]) / 3 + 0.1


def test_sampler_and_trainer_agree(straight):
    assert max(line["drift"] for line in lines(straight) if "drift" in line) < 1e-4


def test_the_log_says_what_matters(straight):
    last = lines(straight)[-1]
    wanted = {"accuracy", "reward", "reward/format", "reward/accuracy", "turns", "tool_rate"}
    wanted |= {"format_rate", "repaired", "frames", "rate", "groups/trained", "groups/no_spread"}
    assert wanted <= set(last)
    raw = Metrics(straight / "metrics.jsonl").lines()[-1]
    assert {"rollout_s", "rows_s", "update_s", "tokens_per_s"} <= set(raw)
    assert last["groups/trained"] + last["groups/no_spread"] == 3
    assert (straight / "traces" / "000020.jsonl").read_text().count("\n") == 8


def test_the_model_it_leaves_is_the_trained_one(straight, model):
    trained, start = load(str(straight / "model"))[0], load(str(model))[0]
    same = [
        torch.equal(a, b) for a, b in zip(trained.parameters(), start.parameters(), strict=True)
    ]
    tower = sum(1 for _ in start.model.visual.parameters())
    assert sum(same) == tower


def test_sigterm_keeps_a_checkpoint_and_the_run_goes_on(model, straight, tmp_path):
    told = []

    def tell(line):
        told.append(line)
        if len(told) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    settings = toy_settings(model, tmp_path, steps=20, max_steps=6, save_every=50)
    assert train(settings, tell) is None
    assert checkpoints.newest(tmp_path / "checkpoints")[1].step == 3
    assert train(settings, told.append) == tmp_path / "model"
    assert "going on from step 3" in told
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4, 5, 6]
    for line, other in zip(lines(tmp_path), lines(straight), strict=False):
        assert line == pytest.approx(other, rel=1e-3, abs=1e-4)


def test_other_questions_are_evaluated_greedily(model, tmp_path):
    settings = toy_settings(model, tmp_path, max_steps=2, eval_every=2, eval_films=Films(n=1))
    told = []
    train(settings, told.append)
    before, first, second = lines(tmp_path)
    assert before["step"] == 0
    assert before["val/episodes"] == 3
    assert not {"reward", "alarms"} & set(before)
    assert told[0].startswith("grpo 0/2  val/accuracy ")
    assert "val/accuracy" not in first
    assert second["val/episodes"] == 3
    # The film it learned, and at temperature 0: more regular than when sampled.
    assert second["val/format_rate"] == 1.0


def test_a_stop_during_sampling_gives_up_the_step(model, tmp_path):
    stop = StopSignal()
    stop.set()
    assert train(toy_settings(model, tmp_path), quiet, stop=stop) is None
    assert checkpoints.newest(tmp_path / "checkpoints")[1].step == 0
    assert lines(tmp_path) == []


def test_what_was_evaluated_before_any_step_is_there_once(model, tmp_path):
    settings = toy_settings(model, tmp_path, max_steps=1, eval_every=2, eval_films=Films(n=1))
    train(settings, quiet)
    shutil.rmtree(tmp_path / "checkpoints")
    train(settings, quiet)
    assert [line["step"] for line in lines(tmp_path)] == [0, 1]
    train(settings.model_copy(update={"max_steps": 2}), quiet)
    assert [line["step"] for line in lines(tmp_path)] == [0, 1, 2]


def test_a_killed_run_is_resumed_as_if_nothing_had_happened(model, straight, tmp_path):
    settings = toy_settings(model, tmp_path, max_steps=8)
    save_config(settings, tmp_path / "run.yaml")
    code = [sys.executable, "-c", RUN, str(tmp_path / "run.yaml")]
    with subprocess.Popen(code, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        until = time.monotonic() + 90
        while len(lines(tmp_path)) < 3 and run.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        run.kill()
    assert checkpoints.newest(tmp_path / "checkpoints") is not None
    told = []
    train(settings, told.append)
    assert told[0].startswith("going on from step") or len(lines(tmp_path)) == 8
    assert [line["step"] for line in lines(tmp_path)] == list(range(1, 9))
    for line, other in zip(lines(tmp_path), lines(straight), strict=False):
        assert line == pytest.approx(other, rel=1e-3, abs=1e-4)


@pytest.fixture(scope="module")
def builder(model):
    _, processor, family = load(str(model))
    end_id = processor.tokenizer.eos_token_id
    return RowBuilder(make_renderer(processor, family), end_id=end_id, max_tokens=8192)


def play_experts(tmp_path, group):
    """Groups of expert episodes, some of them wrong."""
    questions = MiniQuestions("train", 4, tmp_path)
    starts = [questions.open(n, seed=g) for n in range(len(questions)) for g in range(group)]
    played = rollout(starts, Experts(Rates(slip=0.5, needless=0.5)))
    return [
        judge_played(
            p, lambda a, e: Verdict.RIGHT if a == e.answer else Verdict.WRONG, s.tool_judge
        )
        for p, s in zip(played, starts, strict=True)
    ]


def test_every_turn_is_a_row_and_shares_the_advantage_of_its_episode(builder, tmp_path):
    settings = GrpoSettings(model="m", out="o", group=4)
    judged = play_experts(tmp_path, 4)
    rows, counts = make_rows(judged, builder, settings)
    assert counts["groups/trained"] > 1
    assert counts["groups/trained"] + counts["groups/no_spread"] == len(judged) / 4
    expected = []
    for first in range(0, len(judged), 4):
        rewards = [j.reward for j in judged[first : first + 4]]
        mean = sum(rewards) / 4
        spread = (sum((r - mean) ** 2 for r in rewards) / 4) ** 0.5
        if spread > 1e-4:
            expected += [
                (j.reward - mean) / spread
                for j in judged[first : first + 4]
                for _ in j.played.asked
            ]
    assert [row.weight for row in rows] == pytest.approx(expected)
    assert any(len(j.played.asked) > 2 for j in judged)


def test_replies_with_tokens_for_pictures_are_dropped_and_counted(builder, tmp_path):
    settings = GrpoSettings(model="m", out="o", group=2)
    good, bad = play_experts(tmp_path, 1)[:2]
    video = builder.renderer.processor.video_token_id
    (asked, *_) = bad.played.asked
    odd = asked._replace(reply=Reply(text="x", token_ids=(video, 5), logprobs=(-1.0, -1.0)))
    bad = bad._replace(played=bad.played._replace(asked=(odd,)), reward=-5.0)
    rows, counts = make_rows([good, bad], builder, settings)
    assert counts["dropped/pictures"] == 1
    assert len(rows) == len(good.played.asked)


def test_what_was_not_judged_is_not_trained_on(builder, tmp_path):
    settings = GrpoSettings(model="m", out="o", group=4)
    judged = [j._replace(reward=None) for j in play_experts(tmp_path, 1)[:4]]
    rows, counts = make_rows(judged, builder, settings)
    assert (rows, counts["groups/too_few"]) == ([], 1)


def test_the_rate_rises_and_falls():
    settings = GrpoSettings(model="m", out="o", steps=100, rate=1.0, rise=0.1)
    rates = [learning_rate(step, settings) for step in range(100)]
    assert rates[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert rates[9] == max(rates) == 1.0
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0 < rates[-1] < 0.001


def test_turns_grow_after_the_first_steps():
    settings = GrpoSettings(model="m", out="o")
    assert [settings.limits(step).turns for step in (0, 99, 100, 479)] == [6, 6, 11, 11]


def test_the_rule_for_tools_is_refused_where_there_is_none():
    films = Films(folder="films")
    with pytest.raises(ConfigError, match="tool_judge"):
        check(GrpoSettings(model="m", out="o", films=films))
    check(GrpoSettings(model="m", out="o", films=films, tool_judge="gemini:x"))
