"""Real films, real tools, scripted or served models: what becomes of questions, and of runs that are cut short."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sage.bench.run import BenchFolder
from sage.bench.start import Order, start
from sage.bench.suites import Choice
from sage.faults import StopSignal, WorldError
from sage.judge import Verdict
from sage.store import RunFolder
from tests.films import make_film
from tests.replies import answer, listen
from tests.sage.bench.runs import chat, lines

ROOT = Path(__file__).parents[3]
LINES = [(3.0, 5.0, "The password is heron.")]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    make_film(folder / "talk.mp4", duration_s=12, fps=5, captions=LINES, audio="tone")
    return folder


def suite(folder, films, count, video="talk.mp4"):
    path = folder / "questions.jsonl"
    rows = [
        {"video": video, "question": f"What is number {n}?", "answer": f"{n}"} for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"jsonl:{path}", Choice(videos=films)


def script(folder, *replies):
    path = folder / "script.json"
    path.write_text(json.dumps(list(replies)))
    return f"scripted:{path}"


def play(folder, films, count, model, *settings, **more):
    name, choice = suite(folder, films, count, more.pop("video", "talk.mp4"))
    overrides = (f"model={json.dumps(model)}", "frames=2", "retries=0", *settings)
    order = Order(
        suite=name,
        out=folder / "run",
        overrides=overrides,
        choice=choice,
        workers=more.pop("workers", 1),
        judge_exactly=True,
        **more,
    )
    start(order, stop=StopSignal(), on_line=lambda _: None, tell=lambda _: None)
    return BenchFolder.open(folder / "run")


def test_everything_that_can_become_of_a_question(films, tmp_path):
    model = script(
        tmp_path,
        answer("The answer is 0.", stage=1),
        listen("0", "12", stage=1),
        answer("1"),
        "no idea",
    )
    run = play(tmp_path, films, 4, model, "limits.turns=2")
    found = list(run.predictions().values())
    assert [p.outcome.value for p in found] == ["answered", "forced", "malformed", "world_error"]
    assert (found[1].turns, found[1].tools) == (2, {"transcribe-speech": 1})
    assert "heron" in found[1].trace.turns[0].observation.text
    assert "holds 4 replies" in found[3].error
    assert [p.frames for p in found[:2]] == [2, 2]
    verdicts = {id: j.verdict for id, j in run.judgements("exact").items()}
    assert list(verdicts.values()) == [Verdict.RIGHT, Verdict.RIGHT, Verdict.WRONG]
    trace = RunFolder.open(run.folder / found[1].media).trace()
    assert trace == found[1].trace


def test_a_run_goes_on_and_asks_nothing_twice(films, tmp_path):
    first = play(tmp_path, films, 1, script(tmp_path, answer("0", stage=1)))
    before = (first.folder / "predictions.jsonl").read_bytes()
    play(tmp_path, films, 1, script(tmp_path))
    assert (first.folder / "predictions.jsonl").read_bytes() == before
    with pytest.raises(WorldError, match="another run: seed 0 instead of 1"):
        play(tmp_path, films, 1, script(tmp_path), "seed=1")


def test_what_the_world_failed_is_asked_again_on_wish(films, tmp_path):
    run = play(tmp_path, films, 2, script(tmp_path, answer("0", stage=1)))
    assert [o.outcome.value for o in run.outlines().values()] == ["answered", "world_error"]
    play(tmp_path, films, 2, script(tmp_path, answer("1", stage=1)), retry=True)
    assert [o.answer for o in run.outlines().values()] == ["0", "1"]
    assert len(list((run.folder / "media").iterdir())) == 2


def test_a_world_that_always_fails_ends_the_run(films, tmp_path):
    with pytest.raises(WorldError, match=r"9 questions in a row failed, .* holds 0 replies"):
        play(tmp_path, films, 20, script(tmp_path))
    run = BenchFolder.open(tmp_path / "run")
    assert len(run.outlines()) == 9
    replies = [answer(str(n), stage=1) for n in range(20)]
    play(tmp_path, films, 20, script(tmp_path, *replies), retry=True)
    assert [o.outcome.value for o in run.outlines().values()] == ["answered"] * 20


def test_missing_videos_are_listed_and_not_wrong(films, tmp_path):
    run = play(tmp_path, films, 3, "offline", video="absent.mp4")
    assert {o.outcome.value for o in run.outlines().values()} == {"missing_video"}
    assert "absent.mp4" in run.outlines()[next(iter(run.outlines()))].error
    assert run.judgements("exact") == {}


def test_blind_is_neither_shown_nor_told_anything(films, tmp_path):
    with chat(lambda prompt: answer("0", stage=1)) as server:
        run = play(tmp_path, films, 1, server.spec, mode="blind")
    (prompt,) = server.prompts
    assert "cannot see or hear" in prompt
    assert "image_url" not in prompt
    assert "heron" not in prompt
    (said,) = run.predictions().values()
    assert (said.frames, said.turns, said.answer) == (0, 1, "0")


def test_direct_is_one_glance_without_tools(films, tmp_path):
    with chat(lambda prompt: answer("0", stage=1)) as server:
        run = play(tmp_path, films, 2, server.spec, mode="direct", workers=2, keep_media=False)
    assert all(prompt.count("image_url") >= 2 for prompt in server.prompts)
    assert [(o.turns, o.media) for o in run.outlines().values()] == [(1, "")] * 2
    assert not list((run.folder / "media").iterdir())


def command(folder, films, spec, count):
    name, _ = suite(folder, films, count)
    words = ["bench", "run", name, "--model", spec, "--videos", films, "--out", folder / "run"]
    options = ["--workers", "4", "--set", "frames=2", "--set", "retries=0"]
    return [sys.executable, "-m", "sage", *(str(w) for w in words), *options]


def wait_for(path, count, process):
    for _ in range(6000):
        if path.is_file() and len(path.read_bytes().splitlines()) >= count:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError(f"{path} never had {count} lines")


@pytest.fixture
def begin():
    """Starts processes that do not outlive the test."""
    started = []

    def start_one(words):
        pipe = subprocess.PIPE
        process = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_and_stopped_in_the_middle_every_question_is_answered_once(films, tmp_path, begin):
    count, open_door = 40, threading.Event()
    open_door.set()

    def reply(prompt):
        time.sleep(0.1)
        open_door.wait(400)
        return answer(re.search(r"What is number (\d+)\?", prompt)[1], stage=1)

    with chat(reply) as server:
        words = command(tmp_path, films, server.spec, count)
        predictions = tmp_path / "run" / "predictions.jsonl"

        first = begin(words)
        wait_for(predictions, 5, first)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        kept = lines(predictions)
        assert 5 <= len(kept) < count
        predictions.write_bytes(predictions.read_bytes() + b'{"question":{"id":"half')

        second = begin(words)
        wait_for(predictions, len(kept) + 4, second)
        open_door.clear()
        rival = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
        assert (rival.returncode, "Another process" in rival.stderr) == (1, True)
        second.send_signal(signal.SIGTERM)
        output, _ = second.communicate(timeout=300)
        assert (second.returncode, "answers are kept in" in output) == (130, True)

        open_door.set()
        third = begin(words)
        output, errors = third.communicate(timeout=300)
        assert third.returncode == 0, errors
    said = lines(predictions)
    assert sorted(int(p["answer"]) for p in said) == list(range(count))
    assert said[: len(kept)] == kept
    judged = lines(tmp_path / "run" / "judgements" / "exact.jsonl")
    assert len({j["question_id"] for j in judged}) == len(judged) == count
    assert {j["verdict"] for j in judged} == {"right"}
    media = {p["media"] for p in said}
    assert {f"media/{p.name}" for p in (tmp_path / "run" / "media").iterdir()} == media
    assert f"{count}/{count}  right {count} of {count} (100.0%)" in output


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_model_of_this_machine_answers_its_workers_together(tmp_path, films):
    from tests.tiny_model import build

    spec = f"hf:{build(tmp_path / 'tiny')}"
    settings = ("max_tokens=256", "prompts=mini", "limits.turns=1")
    found = []
    for workers in (1, 6):
        folder = tmp_path / str(workers)
        folder.mkdir()
        run = play(folder, films, 6, spec, *settings, workers=workers)
        found.append(
            [p.trace.turns[0].replies[0].text for _, p in sorted(run.predictions().items())]
        )
    assert found[0] == found[1]
