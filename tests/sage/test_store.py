import multiprocessing
import os
import resource
import signal

import pytest

from sage.faults import WorldError
from sage.store import RunFolder, fold, list_runs
from sage.types import Answer, Decision, Event, Question, Setup, Stop, Trace, Turn


def turned(index: int, text: str = "x") -> Event:
    turn = Turn(
        index=index,
        stage=1 if index == 1 else 2,
        action=Answer(text=text),
        decision=Decision.ANSWER,
    )
    return Event(type="turned", turn=index, record=turn)


def started() -> Event:
    return Event(type="started", trace=Trace(question=Question(text="why?"), setup=Setup(seed=3)))


def write(run: RunFolder, *events: Event) -> None:
    for event in events:
        run.append(event)


def test_what_was_appended_comes_back(tmp_path):
    run = RunFolder.create(tmp_path)
    write(run, started(), turned(1), Event(type="answered", answer="x", stop=Stop.ANSWERED))
    trace = RunFolder.open(run.folder).trace()
    assert (trace.question.text, trace.setup.seed, len(trace.turns)) == ("why?", 3, 1)
    assert (trace.answer, trace.stop, trace.run) == ("x", Stop.ANSWERED, run.id)


def test_a_half_written_last_line_is_harmless(tmp_path):
    run = RunFolder.create(tmp_path)
    write(run, started(), turned(1))
    run.close()
    with (run.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"type": "turned", "rec')
    assert len(RunFolder.open(run.folder).events()) == 2
    assert RunFolder.open(run.folder).trace().stop is Stop.INTERRUPTED


def test_tailing_gives_every_event_once(tmp_path):
    run = RunFolder.create(tmp_path)
    reader = RunFolder.open(run.folder)
    seen, offset = [], 0
    for index in range(1, 6):
        run.append(turned(index))
        events, offset = reader.read_from(offset)
        seen += [e.turn for e in events]
    assert seen == [1, 2, 3, 4, 5]
    assert reader.read_from(offset) == ([], offset)


def test_a_run_is_live_until_its_writer_is_gone(tmp_path):
    run = RunFolder.create(tmp_path)
    run.append(started())
    assert RunFolder.open(run.folder).is_live()
    assert RunFolder.open(run.folder).trace().stop is None
    run.close()
    assert not RunFolder.open(run.folder).is_live()


def _write_and_hang(root, pipe):
    run = RunFolder.create(root)
    run.append(started())
    run.append(turned(1))
    pipe.send(str(run.folder))
    signal.pause()


def test_kill_minus_nine_leaves_an_interrupted_run_with_its_turns(tmp_path):
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    writer = context.Process(target=_write_and_hang, args=(tmp_path, there), daemon=True)
    writer.start()
    (run,) = [RunFolder.open(tmp_path / here.recv().rsplit("/", 1)[1])]
    assert run.is_live()
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    trace = run.trace()
    assert (trace.stop, len(trace.turns)) == (Stop.INTERRUPTED, 1)
    assert "kept" in trace.error


def test_runs_are_listed_newest_first_and_nothing_else(tmp_path):
    runs = [RunFolder.create(tmp_path) for _ in range(3)]
    write(runs[0], started())
    (tmp_path / "notes").mkdir()
    assert [r.id for r in list_runs(tmp_path)] == sorted((r.id for r in runs), reverse=True)
    assert list_runs(tmp_path / "absent") == []


def test_a_folder_that_is_no_run_says_so(tmp_path):
    with pytest.raises(WorldError, match="is not a run"):
        RunFolder.open(tmp_path)


def test_a_place_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorldError, match="No run can be kept"):
        RunFolder.create(tmp_path / "file")


def test_a_trace_survives_json_with_all_its_parts(tmp_path):
    trace = fold([started(), turned(1), Event(type="failed", text="no server", stop=Stop.FAILED)])
    assert Trace.model_validate_json(trace.model_dump_json()) == trace
    assert trace.error == "no server"


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path):
    run = RunFolder.create(tmp_path)
    told = run.append(Event(type="progress", text="reading \udcff.mp4"))
    assert run.events() == [told]
    assert told.text == "reading ?.mp4"


def test_half_a_line_on_a_full_disk_is_taken_back(tmp_path):
    run = RunFolder.create(tmp_path)
    run.append(started())
    whole = (run.folder / "events.jsonl").read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 10, before[1]))
    try:
        with pytest.raises(WorldError, match="Writing the run failed"):
            run.append(turned(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (run.folder / "events.jsonl").read_bytes() == whole
