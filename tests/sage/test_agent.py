import resource
import signal
import threading
import time

import pytest

from sage.agent import Models, ask, tool_key
from sage.faults import Border, StopSignal, WorldError
from sage.models.scripted import ScriptedModel
from sage.store import RunFolder, fold
from sage.types import FaultKind, Limits, Mode, Question, Setup, Stop
from tests.films import make_film
from tests.replies import answer, call, extract, listen

LINES = [
    (3.0, 5.0, "Good evening."),
    (41.0, 44.0, "The password is heron."),
    (52.0, 54.0, "Good night."),
]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "talk.mp4"
    return make_film(path, duration_s=60, fps=5, captions=LINES, audio="tone")


def run(film, root, *replies, question="What is the password?", tool=None, stop=None, **setup):
    store = RunFolder.create(root)
    model = ScriptedModel(list(replies))
    models = Models(model, lambda: tool or model)
    setup = Setup(**{"frames": 8} | setup)
    asked = Question(video=str(film), text=question)
    events = list(ask(film, asked, setup, store=store, models=models, stop=stop))
    return store, events, model


def test_it_listens_and_answers_with_evidence(film, tmp_path):
    store, events, _ = run(
        film, tmp_path, listen("0", "60", stage=1), answer("It is heron [00:42].")
    )
    assert [e.type for e in events] == [
        "started",
        "sampled",
        "thinking",
        "thinking",
        "turned",
        "thinking",
        "turned",
        "answered",
    ]
    assert events[-1].evidence == ((41.0, 44.0),)
    trace = store.trace()
    assert (trace.stop, trace.answer) == (Stop.ANSWERED, "It is heron [00:42].")
    assert "heron" in trace.turns[0].observation.text
    assert len(trace.frames) == 8


def test_what_is_on_disk_is_what_was_told(film, tmp_path):
    store, events, _ = run(film, tmp_path, extract("10", "20", stage=1), answer("blue"))
    on_disk = [e for e in RunFolder.open(store.folder).events() if e.type != "progress"]
    assert on_disk == events
    assert fold(events).turns == store.trace().turns
    frames = store.trace().turns[0].observation.frames
    assert 1 <= len(frames) <= 10
    assert all((store.folder / f.path).is_file() and 9.5 <= f.at_s <= 20.5 for f in frames)


def test_looking_counts_as_coverage(film, tmp_path):
    store, _, _ = run(film, tmp_path, extract("10", "20", stage=1), listen("15", "25"), answer("x"))
    assert store.trace().coverage == pytest.approx(15 / 60, abs=0.02)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../other_run/frame.jpg", "file:///etc/passwd", "frames/../../x.jpg"]
)
def test_a_path_that_is_not_of_this_run_gets_a_fault_and_nothing_else(film, tmp_path, path):
    reply = call("analyze", 1, query="read it", media_paths=[path])
    store, events, model = run(film, tmp_path, reply, answer("no"))
    seen = store.trace().turns[0].observation
    assert seen.fault.kind is FaultKind.FORBIDDEN
    assert "root:" not in seen.fault.message + seen.text
    assert (len(model.requests), events[-1].type) == (2, "answered")


@pytest.mark.parametrize("path", ["/etc/passwd", "../other/talk.mp4", "http://127.0.0.1/a.mp4"])
def test_another_video_gets_a_fault(film, tmp_path, path):
    reply = call("transcribe-speech", 1, video_path=path, timestamp_start="0", timestamp_end="9")
    store, _, _ = run(film, tmp_path, reply, answer("no"))
    assert store.trace().turns[0].observation.fault.kind is FaultKind.FORBIDDEN


def test_a_failing_call_is_not_run_twice(film, tmp_path):
    ask_model = call("analyze", 1, query="q", media_paths=["frames/none.jpg"])
    again = call("analyze", 2, query="q", media_paths=["frames/none.jpg"])
    store, _, _ = run(film, tmp_path, ask_model, again, answer("no"))
    kinds = [t.observation.fault.kind for t in store.trace().turns[:2]]
    assert kinds == [FaultKind.NOT_FOUND, FaultKind.REPEATED]


def test_shifted_timestamps_are_noted_on_the_turn(film, tmp_path):
    store, _, _ = run(film, tmp_path, listen("00:40:00", "01:00:00", stage=1), answer("heron"))
    seen = store.trace().turns[0].observation
    assert "heron" in seen.text
    assert seen.notes


def test_turns_run_out(film, tmp_path):
    store, events, _ = run(
        film,
        tmp_path,
        listen("0", "30", stage=1),
        listen("30", "60"),
        answer("heron"),
        limits=Limits(turns=3),
    )
    assert (events[-1].stop, events[-1].limit) == (Stop.FORCED, "turns")
    assert store.trace().answer == "heron"


def test_time_runs_out_between_turns(film, tmp_path):
    _, events, model = run(
        film,
        tmp_path,
        listen("0", "30", stage=1),
        answer("heron"),
        limits=Limits(turns=9, seconds=0.01),
    )
    assert model.requests[0].situation.must_answer
    assert events[-1].type == "failed" or events[-1].limit == "seconds"


def test_no_usable_action_fails_and_keeps_the_replies(film, tmp_path):
    store, events, _ = run(film, tmp_path, *["hm"] * 5)
    assert (events[-1].type, events[-1].stop) == ("failed", Stop.MALFORMED)
    assert [e.type for e in events].count("retried") == 4
    assert len(store.trace().turns[0].replies) == 5


def test_direct_answers_in_one_turn(film, tmp_path):
    store, _, model = run(film, tmp_path, answer("colours", stage=1), mode=Mode.DIRECT)
    assert (len(model.requests), store.trace().stop) == (1, Stop.ANSWERED)


def test_the_world_ends_a_run_with_a_sentence(film, tmp_path):
    error = WorldError(Border.MODEL, "The server is gone. The turns are kept. Start it again.")
    store, events, _ = run(film, tmp_path, listen("0", "60", stage=1), error)
    assert (events[-1].type, store.trace().stop) == ("failed", Stop.FAILED)
    assert store.trace().error.startswith("The server is gone.")
    assert len(store.trace().turns) == 1


def test_a_film_that_cannot_be_read_ends_a_run_with_a_sentence(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("this is no film")
    _, events, _ = run(path, tmp_path / "runs", answer("x", stage=1))
    assert events[-1].type == "failed"
    assert "notes.mp4" in events[-1].text


def test_a_bug_is_not_swallowed_and_the_run_is_no_ghost(film, tmp_path):
    with pytest.raises(ZeroDivisionError):
        run(film, tmp_path, ZeroDivisionError())
    (folder,) = tmp_path.iterdir()
    trace = RunFolder.open(folder).trace()
    assert (trace.stop, "bug" in trace.error) == (Stop.FAILED, True)


def test_stop_ends_a_long_model_call_at_once_and_keeps_the_turns(film, tmp_path):
    stop = StopSignal()
    threading.Timer(1.0, stop.set).start()
    slow = {"text": answer("late"), "delay_s": 30}
    began = time.monotonic()
    store, events, _ = run(film, tmp_path, listen("0", "60", stage=1), slow, stop=stop)
    assert time.monotonic() - began < 8
    assert (events[-1].type, store.trace().stop) == ("stopped", Stop.STOPPED)
    assert len(store.trace().turns) == 1


def test_the_tool_model_is_opened_only_when_needed(film, tmp_path):
    store = RunFolder.create(tmp_path)

    def refuse():
        raise AssertionError("opened")

    models = Models(ScriptedModel([listen("0", "60", stage=1), answer("heron")]), refuse)
    events = list(ask(film, Question(text="?"), Setup(frames=2), store=store, models=models))
    assert events[-1].type == "answered"


def test_progress_reaches_disk_and_listener(film, tmp_path):
    store = RunFolder.create(tmp_path)
    heard = []
    store.listener = heard.append
    model = ScriptedModel([answer("x", stage=1)])
    list(
        ask(
            film,
            Question(text="?"),
            Setup(frames=4),
            store=store,
            models=Models(model, lambda: model),
        )
    )
    assert "progress" in {e.type for e in heard}
    assert heard == store.events()


def test_a_disk_that_takes_nothing_ends_a_run_with_a_sentence(film, tmp_path):
    store = RunFolder.create(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        question = Question(text="What is the password?")
        events = list(ask(film, question, Setup(model="offline"), store=store))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [e.type for e in events] == ["failed"]
    assert "Writing the run failed" in events[0].text


@pytest.mark.parametrize(
    ("model", "tool_model", "gets"),
    [
        ("openai:a", "openai:b", True),
        ("openai:a", "openai:b@https://elsewhere.org/v1", False),
        ("openai:a", "gemini:b", False),
        ("offline", "gemini:b", True),
    ],
)
def test_a_key_reaches_the_service_it_was_typed_for_only(model, tool_model, gets):
    assert bool(tool_key(Setup(model=model, tool_model=tool_model), "key")) is gets
