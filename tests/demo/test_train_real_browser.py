"""A real reinforcement of a toy, from the page: started, watched, zoomed, stopped, resumed, looked into, used."""

from __future__ import annotations

import json

import pytest
import torch

from tests.demo.train_app import Served, Training, served, steps_of, training
from tests.sage.train.toy import make_toy

__all__ = ["served", "training"]
pytest_plugins = ["tests.browser"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]
EXTRA = {
    "films": {"n": 1},
    "setup": {"mode": "direct", "frames": 1, "max_tokens": 256, "retries": 0},
    "eval_every": 0,
    "threads": 1,
    "micro_tokens": 8192,
}
KNOBS = {"Learning rate": "0.0005", "Steps": "60", "Questions a step": "3", "Save every": "2"}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A tiny model that speaks the format and answers right half the time."""
    torch.set_num_threads(1)
    return make_toy(tmp_path_factory.mktemp("toy"))


def test_the_whole_way_of_a_job(training: Training, served: Served, toy) -> None:
    page = training.page
    page.locator("#train-recipe").get_by_text("GRPO").click()
    page.get_by_label("KL penalty").wait_for()
    base = page.locator("#train-base input")
    base.fill(str(toy))
    base.press("Enter")
    for label, value in KNOBS.items():
        page.get_by_label(label, exact=False).first.fill(value)
    page.get_by_text("All other settings, as YAML").click()
    page.locator("#train-extra textarea").fill(json.dumps(EXTRA))
    page.locator(".tr-facts >> text=60 of 3 questions").wait_for()
    page.locator("#train-start").click()

    training.state("running")
    training.wait_points(3, timeout_s=600)
    kept = training.zoom()
    training.wait_points(5, timeout_s=300)
    assert training.stretch() == kept

    training.act("stop")
    training.state("stopped", timeout_s=300)
    job = served.jobs.all()[0]
    at = steps_of(job)[-1]
    training.act("resume")
    training.state("running")
    training.wait_points(at + 2, timeout_s=600)
    steps = steps_of(job)
    assert steps == list(range(1, len(steps) + 1))
    assert job.attempts[1].start.first_step == at
    training.act("stop")
    training.state("stopped", timeout_s=300)

    training.view("Checkpoints")
    page.locator('[data-do="use"]').first.click()
    page.wait_for_function(
        "document.querySelector('#model input').value.startsWith('hf:')", timeout=120_000
    )
    assert page.locator("button#ask").is_visible()

    page.get_by_role("tab", name="Training").click()
    training.view("Episodes")
    page.locator(".tr-episode").first.click()
    page.wait_for_function("(window.sage.state.view || {run: ''}).run.startsWith('sample-')")
    assert page.evaluate("window.sage.state.view.frames.length") > 0
