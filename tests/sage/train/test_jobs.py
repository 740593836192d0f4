"""Jobs as real processes: started, queued, stopped, killed, resumed, found again, called lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sage.faults import WorldError
from sage.train import job_log
from sage.train.job_files import (
    Ended,
    Info,
    JobState,
    Process,
    Started,
    attempt_path,
    read_info,
    this_process,
    write,
)
from sage.train.job_wrap import LIMIT
from sage.train.jobs import Jobs
from tests.sage.train.job_scripts import DEAF, SAVES, SLEEPS, make, wait_for


@pytest.fixture
def jobs(tmp_path):
    """Jobs of one test; what still runs at its end is killed."""
    found = Jobs(tmp_path / "jobs")
    yield found
    for job in found.all():
        if job.state in (JobState.RUNNING, JobState.STOPPING):
            found.kill(job)


def test_a_job_runs_to_its_end_with_its_output_in_a_file(jobs):
    job = make(jobs, "import sys; print('out'); print('err', file=sys.stderr)")
    assert job.state == JobState.QUEUED
    assert [one.id for one in jobs.tick()] == [job.id]
    wait_for(job, JobState.DONE)
    assert sorted(job_log.tail(job.folder).lines) == ["err", "out"]
    attempt = job.attempts[0]
    assert attempt.end.code == 0
    assert attempt.start.command[0] == sys.executable
    assert os.getpgid(0) != attempt.start.wrapper.pid


def test_one_job_a_device_at_a_time_and_the_next_by_itself(jobs):
    first, second = make(jobs, SLEEPS), make(jobs, "print(1)")
    beside = make(jobs, SLEEPS, devices=("0",))
    assert {job.id for job in jobs.tick()} == {first.id, beside.id}
    assert jobs.place(second) == 1
    assert jobs.tick() == []
    jobs.kill(first)
    assert [job.id for job in jobs.tick()] == [second.id]
    wait_for(second, JobState.DONE)
    jobs.kill(beside)


def test_a_stop_saves_and_the_next_attempt_belongs_to_the_same_job(jobs):
    job = make(jobs, SAVES)
    jobs.tick()
    wait_for(job, JobState.RUNNING, said="ready")
    jobs.stop(job)
    wait_for(job, JobState.STOPPED)
    assert job.attempts[-1].end.code == 130
    jobs.resume(job)
    jobs.tick()
    wait_for(job, JobState.RUNNING, said="saved\nready")
    assert [attempt.number for attempt in job.attempts] == [1, 2]
    assert job.attempts[1].start.log_from > 0


def test_a_job_that_hears_no_stop_can_be_killed_and_is_gone_then(jobs):
    job = make(jobs, DEAF)
    jobs.tick()
    wait_for(job, JobState.RUNNING, said="ready")
    jobs.stop(job)
    assert job.state == JobState.STOPPING
    started = job.attempts[-1].start
    jobs.kill(job)
    assert job.state == JobState.STOPPED
    assert not started.process.is_alive
    assert not started.wrapper.is_alive


def test_killed_from_outside_is_a_failure_with_the_last_lines(jobs):
    job = make(jobs, SLEEPS)
    jobs.tick()
    wait_for(job, JobState.RUNNING, said="ready")
    os.kill(job.attempts[-1].start.process.pid, signal.SIGKILL)
    wait_for(job, JobState.FAILED)
    assert job.attempts[-1].end.code == -9
    assert "ready" in job_log.problem(job.folder)
    jobs.resume(job)
    assert jobs.tick()


def test_a_job_outlives_who_started_it_and_another_finds_it(jobs, tmp_path):
    code = (
        "import sys; from pathlib import Path; from sage.train.jobs import Jobs;"
        "from tests.sage.train.job_scripts import make, SAVES;"
        "jobs = Jobs(Path(sys.argv[1])); print(make(jobs, SAVES).id); jobs.tick(); sys.stdout.flush();"
        "import os; os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, str(jobs.home)], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == -9
    job = jobs.find(done.stdout.strip())
    wait_for(job, JobState.RUNNING, said="ready")
    jobs.stop(job)
    wait_for(job, JobState.STOPPED)


def test_a_number_that_was_given_away_again_is_not_the_job(jobs):
    job = make(jobs, SLEEPS)
    me = this_process()
    other = Process(pid=me.pid, created=me.created - 3600)
    start = Started(process=other, command=("x",), cwd="/", at=0.0)
    write(attempt_path(job.folder, 1, "start"), start)
    (job.folder / "queued.json").unlink()
    assert job.state == JobState.LOST
    with pytest.raises(WorldError, match="lost"):
        jobs.stop(job)
    assert psutil.pid_exists(me.pid)


def test_a_program_that_is_not_there_fails_and_says_so(jobs):
    info = Info(recipe="sft", command=("/nowhere/python", "-c", "1"), cwd="/")
    job = jobs.create(jobs.new_folder("sft"), info, {})
    jobs.tick()
    wait_for(job, JobState.FAILED)
    assert "could not be started" in job_log.problem(job.folder)


def test_out_of_memory_is_a_failure_with_advice(jobs, monkeypatch):
    monkeypatch.setenv(LIMIT, "0.5")
    job = make(jobs, "x = bytearray(2**31)")
    jobs.tick()
    wait_for(job, JobState.FAILED)
    said = job_log.problem(job.folder)
    assert said.startswith("Traceback")
    assert "memory" in job_log.advice(said)


def test_names_notes_and_deletion(jobs):
    job = make(jobs, SLEEPS, name="before")
    with pytest.raises(WorldError, match="queued"):
        jobs.delete(job)
    job = jobs.rename(job, name="after", note="why")
    assert (job.title, read_info(job.folder).note) == ("after", "why")
    jobs.stop(job)
    jobs.delete(job)
    assert jobs.all() == []
    assert not job.folder.exists()


def test_a_run_from_elsewhere_is_shown_and_never_deleted(jobs, tmp_path):
    folder = tmp_path / "trained" / "old"
    folder.mkdir(parents=True)
    with pytest.raises(WorldError, match="neither"):
        jobs.show(folder)
    (folder / "settings.yaml").write_text("out: x\ngroup: 8\n")
    job = jobs.show(folder)
    assert job.info.recipe == "grpo"
    assert [one.id for one in jobs.all()] == [job.id]
    jobs.delete(job)
    assert jobs.all() == []
    assert folder.is_dir()


def test_done_cannot_be_resumed(jobs):
    job = make(jobs, "pass")
    jobs.tick()
    wait_for(job, JobState.DONE)
    with pytest.raises(WorldError, match="done"):
        jobs.resume(job)


def test_half_written_files_of_a_job_are_none(jobs):
    job = make(jobs, SLEEPS)
    write(attempt_path(job.folder, 1, "end"), Ended(code=0, at=1.0))
    attempt_path(job.folder, 1, "start").write_text('{"process": {"pi')
    assert job.attempts == []
    assert job.state == JobState.QUEUED
