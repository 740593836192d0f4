"""The scripted model: order, files, delay, stop, the end of the script."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sage.faults import Border, StoppedError, StopSignal, WorldError
from sage.models.base import Request
from sage.models.scripted import ScriptedModel
from sage.types import Message, TextPart, Usage


def ask(text: str = "hi", stop: StopSignal | None = None) -> Request:
    message = Message(role="user", parts=(TextPart(text=text),))
    return Request(messages=(message,), folder=Path(), stop=stop or StopSignal())


def test_replays_in_order_and_records():
    model = ScriptedModel(["a", "b", "c"])
    assert [r.text for r in model.generate([ask("1"), ask("2")])] == ["a", "b"]
    assert model.generate([ask("3")])[0].text == "c"
    assert [r.messages[0].parts[0].text for r in model.requests] == ["1", "2", "3"]
    assert model.left == 0


def test_end_of_script_is_a_sentence():
    model = ScriptedModel(["a"])
    model.generate([ask()])
    with pytest.raises(WorldError, match="holds 1 replies and one more") as caught:
        model.generate([ask()])
    assert caught.value.border is Border.MODEL


@pytest.mark.parametrize("as_lines", [True, False])
def test_reads_files(tmp_path, as_lines):
    entries = ["plain", {"text": "told", "finish": "length", "input_tokens": 3}, {"final": None}]
    text = "\n".join(map(json.dumps, entries)) if as_lines else json.dumps(entries)
    path = tmp_path / "script.json"
    path.write_text(text)
    model = ScriptedModel(path)
    plain, told, own = model.generate([ask(), ask(), ask()])
    assert (plain.text, plain.usage, plain.usd) == ("plain", Usage(), 0.0)
    assert (told.text, told.finish, told.usage.input_tokens) == ("told", "length", 3)
    assert json.loads(own.text) == {"final": None}
    assert model.name == f"scripted:{path}"


@pytest.mark.parametrize("content", [None, "{broken", b"\xff\xfe\x00"])
def test_bad_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "script.jsonl"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(WorldError, match=r"script.jsonl cannot be read"):
        ScriptedModel(path)


def test_stop_ends_the_delay():
    stop = StopSignal()
    threading.Timer(0.1, stop.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        ScriptedModel(["late"], delay_s=30).generate([ask(stop=stop)])
    assert time.monotonic() - started < 2


def test_delay_is_waited_once_for_a_batch_and_told():
    replies = ScriptedModel(["a", "b"], delay_s=0.2).generate([ask(), ask()])
    assert all(0.2 <= reply.seconds < 2 for reply in replies)


def test_raises_scripted_errors():
    model = ScriptedModel([WorldError(Border.MODEL, "no server"), "then fine"])
    with pytest.raises(WorldError, match="no server"):
        model.generate([ask()])
    assert model.generate([ask()])[0].text == "then fine"


def test_threads_share_one_script():
    model = ScriptedModel([str(i) for i in range(50)])
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: model.generate([ask()])[0].text, range(50)))
    assert sorted(texts, key=int) == [str(i) for i in range(50)]
