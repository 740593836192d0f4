"""What a training command writes about itself, whatever ends it."""

import subprocess
import sys
from pathlib import Path

import pytest

from sage.train.job_files import JobState, read_attempts, read_info, state_of

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, sys
from pathlib import Path
import typer
from sage.train.job_record import recorded

with recorded(Path(sys.argv[1]), "grpo") as tell:
    tell("begun")
    {ending}
"""


def run(out, ending):
    code = PROGRAM.format(ending=ending)
    return subprocess.run(
        [sys.executable, "-c", code, str(out)], cwd=ROOT, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("ending", "state", "code"),
    [
        ("pass", JobState.DONE, 0),
        ("raise typer.Exit(130)", JobState.STOPPED, 130),
        ("raise ValueError('broken')", JobState.FAILED, 1),
        ("os.kill(os.getpid(), 9)", JobState.LOST, None),
    ],
)
def test_each_way_to_end_is_a_state(tmp_path, ending, state, code):
    done = run(tmp_path / "out", ending)
    assert "begun" in done.stdout
    attempt = read_attempts(tmp_path / "out")[0]
    assert (attempt.state, attempt.end.code if attempt.end else None) == (state, code)
    log = (tmp_path / "out" / "log.txt").read_text()
    assert log.startswith("begun")
    assert ("ValueError: broken" in log) == (code == 1)
    assert read_info(tmp_path / "out").by == "terminal"


def test_the_next_command_is_the_next_attempt(tmp_path):
    run(tmp_path, "os.kill(os.getpid(), 9)")
    run(tmp_path, "pass")
    assert [a.state for a in read_attempts(tmp_path)] == [JobState.LOST, JobState.DONE]
    assert state_of(tmp_path) == JobState.DONE
