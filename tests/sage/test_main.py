import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sage.__main__ import app
from sage.store import list_runs
from sage.types import Stop
from sage.video.probe import probe
from tests.films import make_film
from tests.replies import answer, listen

LINES = [(3.0, 5.0, "Good evening."), (41.0, 44.0, "The password is heron.")]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_film(
        tmp_path_factory.mktemp("films") / "talk.mp4",
        duration_s=60,
        fps=5,
        captions=LINES,
        audio="tone",
    )


@pytest.fixture
def sage(tmp_path):
    def run(*words: str):
        return CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)

    return run


def script(tmp_path: Path, *replies) -> str:
    path = tmp_path / "script.json"
    path.write_text(json.dumps(list(replies)))
    return f"scripted:{path}"


def ask(sage, film, tmp_path, *more: str):
    return sage(
        "ask", film, "What is the password?", "--out", tmp_path / "runs", "--frames", "4", *more
    )


def test_ask_answers_and_says_where_it_is_kept(sage, film, tmp_path):
    result = ask(sage, film, tmp_path, "--model", "offline")
    assert result.exit_code == 0
    assert "heron" in result.output
    assert str(list_runs(tmp_path / "runs")[0].folder) in result.output.replace("\n", "")


def test_json_is_one_event_a_line_and_ends_with_the_answer(sage, film, tmp_path):
    result = ask(sage, film, tmp_path, "--model", "offline", "--json")
    events = [json.loads(line) for line in result.output.splitlines()]
    assert events[0]["type"] == "started"
    assert events[-1]["type"] == "answered"
    ((start, end),) = events[-1]["evidence"]
    assert 36 <= start <= 41
    assert 44 <= end <= 49


def test_replay_shows_the_same_without_a_model(sage, film, tmp_path):
    first = ask(sage, film, tmp_path, "--model", "offline", "--json").output
    folder = list_runs(tmp_path / "runs")[0].folder
    assert sage("replay", folder, "--json").output == first
    assert "heron" in sage("replay", folder).output


def test_the_evidence_becomes_a_film(sage, film, tmp_path):
    ask(sage, film, tmp_path, "--model", "offline")
    result = sage("reel", list_runs(tmp_path / "runs")[0].folder, tmp_path / "reel.mp4")
    assert result.exit_code == 0
    assert 3 <= probe(tmp_path / "reel.mp4").duration_s <= 12


def test_no_usable_action_is_exit_code_one(sage, film, tmp_path):
    result = ask(sage, film, tmp_path, "--model", script(tmp_path, *["hm"] * 5), "--json")
    last = json.loads(result.output.splitlines()[-1])
    assert (result.exit_code, last["type"], last["answer"]) == (1, "failed", None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--captions", "absent.srt"], "absent.srt does not exist"),
        (["--set", "colour=red"], "'colour' is not a setting"),
        (["--max-turns", "0"], "'limits.turns'"),
        (["--config", "absent.yaml"], "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_runs(sage, film, tmp_path, words, told):
    result = ask(sage, film, tmp_path, *words, "--json")
    assert result.exit_code == 1
    assert told in json.loads(result.output)["text"]
    assert list_runs(tmp_path / "runs") == []


@pytest.mark.parametrize(
    ("video", "told"),
    [
        ("absent.mp4", "absent.mp4"),
        ("file:///etc/passwd", "http"),
        ("http://127.0.0.1:9/film.mp4", "127.0.0.1"),
    ],
)
def test_a_film_that_cannot_be_had_is_a_sentence(sage, tmp_path, video, told):
    result = ask(sage, video, tmp_path, "--model", "offline", "--json")
    last = json.loads(result.output.splitlines()[-1])
    assert (result.exit_code, last["type"]) == (1, "failed")
    assert told in last["text"]
    assert "Traceback" not in result.output


def test_what_a_model_prints_cannot_steer_the_terminal(sage, film, tmp_path):
    hostile = "\x1b[2J\x1b]0;owned\x07 [red]done[/red] \u202eevil"
    result = ask(sage, film, tmp_path, "--model", script(tmp_path, answer(hostile, stage=1)))
    assert "[red]done[/red]" in result.output
    assert not set("\x1b\x07\u202e") & set(result.output)


def test_interrupt_stops_the_run_and_keeps_it(film, tmp_path):
    slow = script(tmp_path, listen("0", "60", stage=1), {"text": "late", "delay_s": 60})
    command = [
        sys.executable,
        "-m",
        "sage",
        "ask",
        film,
        "?",
        "--out",
        tmp_path / "runs",
        "--model",
        slow,
        "--json",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], env=os.environ
    )
    seen = ""
    while '"type": "turned"' not in seen:
        seen = process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(output.splitlines()[-1])["type"] == "stopped"
    (run,) = list_runs(tmp_path / "runs")
    assert (run.trace().stop, len(run.trace().turns)) == (Stop.STOPPED, 1)


def test_an_empty_question_is_refused(sage, film, tmp_path):
    result = sage("ask", film, "  ", "--out", tmp_path / "runs", "--json")
    assert (result.exit_code, list_runs(tmp_path / "runs")) == (1, [])
    assert "no question" in json.loads(result.output)["text"]


def test_a_folder_that_is_no_run_is_refused(sage, tmp_path):
    result = sage("replay", tmp_path)
    assert (result.exit_code, "is not a run" in result.output) == (1, True)
