"""One suite over every backend that can run here: the manners the agent relies on.

The HTTP backends are driven through the real SDKs against `tests.wire`.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sage.faults import Border, StoppedError, StopSignal, WorldError
from sage.models.base import Model
from sage.models.gemini import GeminiModel
from sage.models.openai import OpenAIModel
from sage.models.scripted import ScriptedModel
from sage.models.transport import Patience
from sage.types import Usage
from tests.sage.models.asking import KEY, QUICK, SCHEMA, ask
from tests.wire import Step, WireServer

Open = Callable[..., Model]


@pytest.fixture
def wire() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def open_http(kind: str, wire: WireServer, key: str = KEY, patience: Patience = QUICK) -> Model:
    if kind == "openai":
        return OpenAIModel("wire-1", wire.openai_url, key=key, patience=patience)
    return GeminiModel("wire-1", key=key, base_url=wire.gemini_url, patience=patience)


@pytest.fixture(params=["openai", "gemini"])
def http(request: pytest.FixtureRequest, wire: WireServer) -> Iterator[Open]:
    """Opens the backend against `wire`; closed after the test."""
    opened: list[Model] = []

    def make(**fields: object) -> Model:
        opened.append(open_http(request.param, wire, **fields))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for model in opened:
        model.close()


@pytest.fixture(params=["openai", "gemini", "scripted"])
def play(request: pytest.FixtureRequest, wire: WireServer) -> Iterator[Callable[..., Model]]:
    """A backend that replays steps."""
    opened: list[Model] = []

    def make(*steps: Step) -> Model:
        if request.param == "scripted":
            entries = [
                {"text": s.text, "finish": s.finish, "delay_s": s.delay_s, "output_tokens": 7}
                for s in steps
            ]
            opened.append(ScriptedModel(entries))
        else:
            wire.add(*steps)
            opened.append(open_http(request.param, wire))
        return opened[-1]

    yield make
    for model in opened:
        model.close()


def test_replies(play):
    reply = play(Step("a red square")).generate([ask(schema=SCHEMA)])[0]
    assert (reply.text, reply.finish, reply.usage.output_tokens) == ("a red square", "stop", 7)
    assert 0 <= reply.seconds < 20


def test_several_requests_at_once(play):
    replies = play(*[Step(str(i)) for i in range(3)]).generate([ask() for _ in range(3)])
    assert sorted(reply.text for reply in replies) == ["0", "1", "2"]


def test_no_requests_no_replies(play):
    assert play().generate([]) == []


@pytest.mark.parametrize(("finish", "text"), [("length", '{"answer": "a re'), ("safety", "")])
def test_tells_why_a_reply_ended(play, finish, text):
    reply = play(Step(text, finish=finish)).generate([ask()])[0]
    assert (reply.text, reply.finish) == (text, finish)


def test_stop_ends_a_long_call(play):
    stop = StopSignal()
    model = play(Step("late", delay_s=30))
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        model.generate([ask(stop=stop)])
    assert time.monotonic() - started < 2.5


def test_a_set_stop_asks_nothing(play, wire):
    stop = StopSignal()
    model = play(Step("never"))
    stop.set()
    with pytest.raises(StoppedError):
        model.generate([ask(stop=stop)])
    assert wire.seen == []


def test_usage_that_is_not_told_is_unknown(http, wire):
    wire.add(Step("yes", tokens=None))
    assert http().generate([ask()])[0].usage == Usage()


def test_replies_keep_the_order_of_requests(http, wire):
    wire.answer = lambda body: next(n for n in "0123456789" if f"number {n}" in str(body))
    replies = http(patience=replace(QUICK, at_once=3)).generate(
        [ask(f"number {n}") for n in range(10)]
    )
    assert [reply.text for reply in replies] == list("0123456789")


@pytest.mark.parametrize(
    "trouble",
    [
        Step(status=500),
        Step(status=503, body=b"<html>upstream</html>"),
        Step(status=429),
        Step(cut=True),
        Step(cut=True, body=b'{"id": "chatc'),
        Step(body=b'{"id": "chatcmpl-1", "choi'),
        Step(body=b"<html>hello</html>", headers={"Content-Type": "text/html"}),
        Step(body=b"{}"),
    ],
    ids=["500", "503-html", "429", "reset", "cut-body", "cut-json", "html", "empty"],
)
def test_trouble_that_passes_is_retried_and_told(http, wire, trouble):
    wire.add(trouble, "fine")
    told: list[str] = []
    assert http().generate([ask(on_retry=told.append)])[0].text == "fine"
    assert len(told) == 1
    assert "trying again" in told[0]


def test_a_slow_server_is_asked_again(http, wire):
    wire.add(Step("late", delay_s=30), "fine")
    told: list[str] = []
    model = http(patience=replace(QUICK, timeout_s=1.0))
    assert model.generate([ask(on_retry=told.append)])[0].text == "fine"
    assert "within 1 s" in told[0]


def test_retry_after_is_honoured(http, wire):
    wire.add(Step(status=429, headers={"Retry-After": "0.6"}), "fine")
    reply = http().generate([ask()])[0]
    assert 0.6 <= reply.seconds < 6


def test_retry_after_is_bounded(http, wire):
    wire.add(Step(status=429, headers={"Retry-After": "3600"}), "fine")
    reply = http(patience=replace(QUICK, cap_s=0.2)).generate([ask()])[0]
    assert reply.seconds < 6


def test_stop_ends_the_pause_between_tries(http, wire):
    wire.add(Step(status=429, headers={"Retry-After": "30"}), "fine")
    stop = StopSignal()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        http().generate([ask(stop=stop, on_retry=lambda _: stop.set())])
    assert time.monotonic() - started < 2.5


def test_patience_ends(http, wire):
    wire.add(*[Step(status=500)] * 9)
    told: list[str] = []
    with pytest.raises(WorldError, match=r"HTTP 500.*tried 4 times.*is kept") as caught:
        http().generate([ask(on_retry=told.append)])
    assert caught.value.border is Border.MODEL
    assert (len(told), len(wire.generations)) == (3, 4)


def test_a_wrong_key_is_told_at_once_and_never_shown(wire, http, caplog):
    caplog.set_level(logging.DEBUG)
    wire.key = "another"
    model = http()
    with pytest.raises(WorldError, match=r"refused the key \(HTTP 401\)") as caught:
        model.generate([ask()])
    assert len(wire.seen) == 1
    told = "".join(traceback.format_exception(caught.value))
    for shown in (told, repr(caught.value), model.name, repr(model), str(model), caplog.text):
        assert KEY not in shown
    assert caught.value.__context__ is None


@pytest.mark.parametrize("status", [400, 500])
def test_a_key_in_the_servers_words_is_scrubbed(http, wire, status):
    wire.add(*[Step(status=status, error={"message": f"bad header {KEY}!"})] * 4)
    told: list[str] = []
    with pytest.raises(WorldError, match=r"bad header \[key\]!") as caught:
        http().generate([ask(on_retry=told.append)])
    assert KEY not in "".join([*told, *traceback.format_exception(caught.value)])


def test_no_access_is_no_network_trouble(http, wire):
    wire.add(Step(status=403, error={"message": "no access"}))
    with pytest.raises(WorldError, match="does not allow this key"):
        http().generate([ask()])


def test_a_refusing_proxy_is_no_wrong_key(http, wire):
    wire.add(Step(status=403, body=b"<html>policy</html>", headers={"Content-Type": "text/html"}))
    with pytest.raises(WorldError, match=r"on the way .* refused .*proxy"):
        http().generate([ask()])


def test_no_server_is_no_wrong_key(http, wire):
    model = http()
    wire.__exit__()
    with pytest.raises(WorldError, match=r"connection to .* failed.*tried 4 times") as caught:
        model.generate([ask()])
    assert "key" not in str(caught.value)


def test_unknown_model(http, wire):
    wire.add(Step(status=404, error={"message": "The model `wire-1` does not exist."}))
    with pytest.raises(WorldError, match="does not have that model"):
        http().generate([ask()])
    assert len(wire.generations) == 1


def test_too_long_a_prompt_says_what_to_lower(http, wire):
    words = "The input token count (2000000) exceeds the maximum context length of 1048576."
    wire.add(Step(status=400, error={"message": words}))
    with pytest.raises(WorldError, match=r"too long.*Lower --frames"):
        http().generate([ask()])


def test_a_refused_schema_is_dropped_and_remembered(http, wire):
    wire.add(Step(status=400, error={"message": "Invalid schema for response_format"}), "a", "b")
    model = http()
    assert model.generate([ask(schema=SCHEMA)])[0].text == "a"
    assert model.generate([ask(schema=SCHEMA)])[0].text == "b"
    has_schema = ["additionalProperties" in str(seen.json) for seen in wire.generations]
    assert has_schema == [True, False, False]


def test_one_failure_ends_the_batch(http, wire):
    wire.add(Step(status=401), *[Step("late", delay_s=30)] * 3)
    started = time.monotonic()
    with pytest.raises(WorldError, match="refused the key"):
        http().generate([ask() for _ in range(4)])
    assert time.monotonic() - started < 5


def test_a_stopped_call_is_dropped_and_others_go_on(http, wire):
    wire.answer = lambda body: "other"
    wire.add(Step("late", delay_s=30))
    model, stop = http(), StopSignal()
    stopped: list[BaseException] = []

    def wait_long() -> None:
        try:
            model.generate([ask(stop=stop)])
        except StoppedError as error:
            stopped.append(error)

    thread = threading.Thread(target=wait_long)
    thread.start()
    while not wire.generations:
        time.sleep(0.01)
    assert model.generate([ask()])[0].text == "other"
    stop.set()
    thread.join(5)
    for _ in range(100):
        if wire.dropped:
            break
        time.sleep(0.05)
    assert (len(stopped), wire.dropped) == (1, 1)
    assert model.generate([ask()])[0].text == "other"
