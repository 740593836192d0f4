"""Real trainings as jobs: the same log as in a terminal, and clear ends where the world fails."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sage.train import job_log
from sage.train.job_files import Info, JobState, read_attempts, read_info
from sage.train.job_plan import Draft, check
from sage.train.jobs import Jobs
from tests.sage.train import job_scripts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
ROOT = Path(__file__).parents[3]
EXTRA = """
warmup: null
threads: 1
main: {batch: 2, steps: 3}
size: {hidden: 64, layers: 1, wide: 64, tower: 32, tower_layers: 1}
data: {mini: {films: 1}}
save_every: 2
"""
TIMES = re.compile(r'"(seconds|tokens_per_s)": [0-9.e-]+')


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(job_scripts, "PATIENCE_S", 1500.0)
    found = Jobs(tmp_path / "jobs")
    yield found
    for job in found.all():
        if job.state in (JobState.RUNNING, JobState.STOPPING):
            found.kill(job)


def make(jobs, **changes):
    folder = jobs.new_folder("sft")
    plan, troubles = check(Draft(preset="sft-tiny", extra=EXTRA, **changes), folder)
    assert troubles == []
    return jobs.create(folder, plan.info, {"config.yaml": plan.config})


def test_a_job_writes_what_the_same_command_writes_in_a_terminal(jobs, tmp_path):
    job = make(jobs)
    jobs.tick()
    job_scripts.wait_for(job, JobState.DONE)
    out = tmp_path / "terminal"
    config = str(job.folder / "config.yaml")
    command = [sys.executable, "-m", "sage", "train", "sft", "--config", config, f"out={out}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    logs = [(folder / "metrics.jsonl").read_text("utf-8") for folder in (job.folder, out)]
    assert len(logs[0].splitlines()) == 3
    assert TIMES.sub("", logs[0]) == TIMES.sub("", logs[1])
    assert read_info(out) == Info(
        recipe="sft",
        created=read_info(out).created,
        command=tuple(command),
        cwd=str(ROOT),
        devices=read_info(out).devices,
        by="terminal",
    )
    assert [attempt.state for attempt in read_attempts(out)] == [JobState.DONE]
    assert "the model is in" in (out / "log.txt").read_text()
    assert jobs.show(out).state == JobState.DONE


def test_a_set_that_is_gone_when_the_job_starts(jobs, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"messages": [], "reply": "x"}\n')
    job = make(jobs, data="path", where=str(rows))
    rows.unlink()
    jobs.tick()
    job_scripts.wait_for(job, JobState.FAILED)
    said = job_log.problem(job.folder)
    assert "rows.jsonl cannot be read" in said
    assert "Put it there and resume" in job_log.advice(said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk(jobs):
    job = make(jobs)
    # A run begins its log under this name and then moves it, and the device with it.
    (job.folder / ".metrics.jsonl.new").symlink_to("/dev/full")
    jobs.tick()
    job_scripts.wait_for(job, JobState.FAILED)
    said = job_log.problem(job.folder)
    assert "No space left on device" in said
    assert "disk is full" in job_log.advice(said)
    (job.folder / "metrics.jsonl").unlink()
    jobs.resume(job)
    jobs.tick()
    job_scripts.wait_for(job, JobState.DONE)
