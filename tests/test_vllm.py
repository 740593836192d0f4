"""The whole loop through a real vLLM server with structured outputs, and through transformers with the same folder.

The model is tiny and its weights are random, so nothing here is about being right: under a schema every action must
be valid, tools must run and the run must end; without one the run must end cleanly as malformed.
The server's environment is built when it is missing (tests/vllm_env.sh); a build that fails is a failure.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import torch

from sage import dialect
from sage.agent import Models, ask
from sage.faults import StopSignal
from sage.mini import world
from sage.mini.encode import write_film
from sage.mini.expert import Expert
from sage.mini.make import file_examples
from sage.mini.workspace import setup_for, write_pages
from sage.models.base import Request, ignore
from sage.models.catalog import open_model
from sage.models.local import LocalModel
from sage.prompts import MINI
from sage.store import RunFolder, fold
from sage.tools.base import Workspace
from sage.tools.registry import call_schema, run_call
from sage.train.bench import open_bench, refresh
from sage.train.grpo import take_step
from sage.train.grpo_settings import Films, GrpoSettings
from sage.train.network import load
from sage.train.policy import Policy
from sage.train.rows import Recorder
from sage.types import (
    Answer,
    Call,
    Clip,
    ClipPart,
    FaultKind,
    Limits,
    Message,
    Mode,
    Question,
    Reply,
    Setup,
    Stop,
    TextPart,
    Trace,
)
from sage.video.cut import cut_clip
from sage.video.probe import probe
from tests.films import make_film
from tests.tiny_model import build

# One worker, because one server is enough; minutes, because its environment may have to be built.
pytestmark = [
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.xdist_group("vllm"),
    pytest.mark.timeout(1800),
]

ASSETS = Path(__file__).parents[1] / "assets"
TINY, TINY_SFT = ASSETS / "sage-tiny", ASSETS / "sage-tiny-sft"
TINY_TOKENS = 8192
SCRIPT = Path(__file__).parent / "vllm_env.sh"
START_S = 600
OPTIONS = {
    "--dtype": "float32",
    "--limit-mm-per-prompt": '{"image": 40, "video": 1}',
    "--logprobs-mode": "processed_logprobs",
    # Whitespace between the fields is where a greedy decoder can go round for ever.
    "--structured-outputs-config": '{"backend": "xgrammar", "disable_any_whitespace": true}',
}
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    # Threads that wait for each other on busy cores are slower than one.
    "OMP_NUM_THREADS": "1",
    # One process less, which is a third of the start.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_NO_USAGE_STATS": "1",
    # To be given weights while it runs.
    "VLLM_SERVER_DEV_MODE": "1",
}


class Server(NamedTuple):
    """A running server and the folder of the model it holds."""

    spec: str
    folder: Path


@contextlib.contextmanager
def serve(folder: Path, name: str, *, tokens: int = 16384) -> Iterator[Server]:
    """A real vLLM server of the model in a folder; its environment is built when it is missing.

    `tokens` is the longest prompt with its reply.
    """
    built = subprocess.run([SCRIPT], stdout=subprocess.PIPE, text=True, check=True)
    python = Path(built.stdout.splitlines()[-1]) / "bin" / "python"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    log = python.parents[2] / "vllm-server.log"
    named = {"--model": str(folder), "--served-model-name": name}
    where = {"--host": "127.0.0.1", "--port": port}
    # Whole prompts in one step: on a CPU, vLLM 0.32 dies when a seeded request's prompt is read in pieces.
    room = {"--max-model-len": str(tokens), "--max-num-batched-tokens": str(tokens)}
    options = [word for option in (named | where | room | OPTIONS).items() for word in option]
    process = subprocess.Popen(
        [python, "-m", "vllm.entrypoints.openai.api_server", "--enforce-eager", *options],
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=os.environ | SETTINGS,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield Server(f"openai:{name}@http://127.0.0.1:{port}/v1", folder)
        assert process.poll() is None, f"vLLM died; {log} ends with:\n{log.read_text()[-4000:]}"
    finally:
        end_group(process)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(build(tmp_path_factory.mktemp("tiny"), "qwen3_vl"), "tiny") as served:
        yield served


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "talk.mp4"
    lines = [(0.2, 2.0, "Good evening."), (41.0, 44.0, "The password is heron.")]
    return make_film(path, duration_s=60, fps=5, size=(128, 72), captions=lines, audio="tone")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "heron.html").write_text("<html><body><p>A heron is a bird.</p></body></html>")
    return folder


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"vLLM did not start; {log} ends with:\n{log.read_text()[-4000:]}")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends the server with all its children; they share its process group."""
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(film: Path, root: Path, pages: Path, **setup: object) -> Trace:
    """One run to its end. Its folder must tell the same as its events."""
    common = {
        "frames": 4,
        "pages": str(pages),
        "search": "pages",
        "speech": "off",
        "max_tokens": 2048,
        "is_bounded": True,
    }
    question = Question(video=str(film), text="What is the password?")
    store = RunFolder.create(root)
    trace = fold(list(ask(film, question, Setup(**common | setup), store=store)))
    assert RunFolder.open(store.folder).trace() == trace
    return trace


def check_actions(trace: Trace) -> None:
    """Every action was valid at the first attempt and needed no repair; every call was carried out."""
    for turn in trace.turns:
        assert len(turn.replies) == 1, turn.replies
        assert turn.replies[0].finish == "stop"
        assert not turn.repaired
        assert isinstance(turn.action, Call | Answer)
        assert (turn.observation is not None) == isinstance(turn.action, Call)
        assert turn.usage.input_tokens
        assert turn.usd == 0.0


def test_actions_are_valid_tools_run_and_the_run_ends(server, film, pages, tmp_path):
    """Warm sampling, for different tools; the calls' times are of the film because the model likes zeros."""
    traces = [
        run(film, tmp_path, pages, model=server.spec, mode=Mode.AGENT, temperature=1.0, seed=seed)
        for seed in range(4)
    ]
    for trace in traces:
        check_actions(trace)
        assert trace.stop is Stop.ANSWERED, trace.error
        assert trace.answer
    seen = [turn.observation for trace in traces for turn in trace.turns if turn.observation]
    assert any(not observation.fault for observation in seen), seen


def test_a_reached_limit_forces_an_answer(server, film, pages, tmp_path):
    setup = {"model": server.spec, "mode": Mode.AUTO, "limits": Limits(turns=1)}
    trace = run(film, tmp_path, pages, **setup)
    check_actions(trace)
    assert (trace.stop, trace.limit, len(trace.turns)) == (Stop.FORCED, "turns", 1)


@pytest.mark.parametrize("mode", [Mode.DIRECT, Mode.AUTO])
def test_other_modes_end_too(server, film, pages, tmp_path, mode):
    trace = run(film, tmp_path, pages, model=server.spec, mode=mode)
    check_actions(trace)
    assert trace.stop in (Stop.ANSWERED, Stop.FORCED)


@pytest.mark.parametrize("names", ["paper", "released"])
def test_the_schema_of_a_tool_call_is_kept(server, names, tmp_path):
    """The schema alone, with nothing in the prompt that tells of it."""
    model = open_model(server.spec)
    for tool in call_schema(names)["anyOf"]:
        schema = dialect.schema(1, Mode.AGENT, tool, max_tokens=2048)
        message = Message(role="user", parts=(TextPart(text="Go on."),))
        request = Request(messages=(message,), folder=tmp_path, schema=schema, max_tokens=2048)
        reply = model.generate([request])[0]
        assert reply.finish == "stop", reply.text
        action = dialect.parse(reply.text, 1).action
        assert isinstance(action, Call), reply.text
        assert action.tool == tool["properties"]["name"]["enum"][0]
        arguments = tool["properties"]["arguments"]
        assert set(arguments["required"]) <= set(action.arguments) <= set(arguments["properties"])
    model.close()


def test_the_server_is_shown_a_clip(server, film, tmp_path):
    info = probe(film)
    span = cut_clip(info, 2.0, 6.0, out=tmp_path / "clip.mp4", stop=StopSignal())
    clip = ClipPart(clip=Clip(path="clip.mp4", start_s=span.start_s, end_s=span.end_s))
    text = TextPart(text="What is shown?")
    model = open_model(server.spec)
    requests = [
        Request(messages=(Message(role="user", parts=parts),), folder=tmp_path, max_tokens=8)
        for parts in ((clip, text), (text,))
    ]
    seen, blind = model.generate(requests)
    model.close()
    # Four seconds of film are several pictures of at least one token each.
    assert seen.usage.input_tokens > blind.usage.input_tokens + 4
    assert seen.usage.output_tokens


def test_ground_asks_the_server_about_frames(server, film, tmp_path):
    model = open_model(server.spec)
    workspace = Workspace(
        folder=tmp_path,
        film=probe(film),
        setup=Setup(model=server.spec),
        tool_model=lambda: model,
        stop=StopSignal(),
        on_progress=lambda *_: None,
    )
    arguments = {"event": "a colour", "timestamp_start": "00:00:00", "timestamp_end": "00:00:08"}
    seen = run_call(Call(tool="ground-event", arguments=arguments), workspace, 1)
    model.close()
    assert seen.usage.output_tokens
    assert seen.fault is None or seen.fault.kind is FaultKind.NOT_FOUND, seen.fault
    assert all(0.0 <= span.start_s <= span.end_s <= 8.0 for span in seen.spans)


def test_server_and_process_read_a_prompt_alike(server, tmp_path):
    """Same folder, same text: the same number of tokens in, the same greedy tokens out."""
    message = Message(role="user", parts=(TextPart(text="The film shows a lake at dawn."),))
    request = Request(messages=(message,), folder=tmp_path, max_tokens=12)
    model = open_model(server.spec)
    theirs = model.generate([request])[0]
    model.close()
    ours = LocalModel(str(server.folder)).generate([request])[0]
    assert ours.usage.input_tokens == theirs.usage.input_tokens
    assert ours.text == theirs.text


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.DIRECT])
def test_unconstrained_garbage_in_this_process_ends_as_malformed(
    server, film, pages, tmp_path, mode
):
    """Random weights without a schema print no action: asked again, then ended, every attempt on record."""
    setup = {"model": f"hf:{server.folder}", "mode": mode, "max_tokens": 256, "retries": 1}
    trace = run(film, tmp_path, pages, **setup)
    assert trace.stop is Stop.MALFORMED
    assert trace.answer is None
    (turn,) = trace.turns
    assert len(turn.replies) == 2
    assert len(trace.frames) == 4
    assert turn.usd == 0.0


def test_sage_tiny_acts_alike_behind_a_server_and_in_this_process(tmp_path):
    """Fifty prompts of all kinds, real pictures, greedy, no schema: the same actions token for token in 95 %."""
    requests = [request for number in range(12) for request in prompts(number, tmp_path)][:50]
    assert len(requests) == 50
    ours = LocalModel(str(TINY)).generate(requests)
    with serve(TINY, "sage-tiny", tokens=TINY_TOKENS) as served:
        model = open_model(served.spec)
        theirs = model.generate(requests)
        model.close()
    assert [a.usage.input_tokens for a in ours] == [b.usage.input_tokens for b in theirs]
    same = [a.text == b.text for a, b in zip(ours, theirs, strict=True)]
    unlike = [(a.text, b.text) for a, b in zip(ours, theirs, strict=True) if a.text != b.text]
    assert sum(same) >= 48, unlike


def test_grpo_samples_from_a_server_that_is_given_its_weights(tmp_path):
    """Ratios are near 1 in both steps, the second with new weights; what is learned last arrives by a refresh."""
    start = untie(TINY_SFT, tmp_path / "start")
    with serve(start, "policy", tokens=TINY_TOKENS) as served:
        settings = GrpoSettings(
            model=str(start),
            servers=(served.spec.partition("@")[2],),
            out=str(tmp_path / "out"),
            films=Films(n=40),
            setup={"retries": 0, "max_tokens": 256},
            steps=2,
            questions=4,
            group=4,
            rate=1e-3,
            rise=0,
            max_tokens=2048,
            micro_tokens=8192,
        )
        bench = open_bench(settings)
        lines = [take_step(bench, step, stop=StopSignal())[0] for step in range(2)]
        assert all(line["groups/trained"] > 0 for line in lines), lines
        assert all(line["drift"] < 1e-4 for line in lines), lines
        requests = [bench.questions.open(n).episode.request(StopSignal()) for n in range(10)]
        requests = [replace(request, temperature=0.0, schema=None) for request in requests]
        before = bench.policy.generate(requests)
        refresh(bench)
        after = bench.policy.generate(requests)
        bench.policy.close()
    learned = Policy(bench.policy.network, bench.policy.renderer).generate(requests)

    def apart(replies: list[Reply]) -> float:
        firsts = zip(replies, learned, strict=True)
        return sum(abs(a.logprobs[0] - b.logprobs[0]) for a, b in firsts)

    assert sum(a.token_ids == b.token_ids for a, b in zip(after, learned, strict=True)) >= 9
    assert apart(after) < apart(before) / 10


def untie(folder: Path, target: Path) -> Path:
    """The model with output weights of its own, as the 8B has: vLLM on a CPU never renews those that are shared."""
    network, processor, _ = load(folder)
    network.config.tie_word_embeddings = network.config.text_config.tie_word_embeddings = False
    network.lm_head.weight = torch.nn.Parameter(network.lm_head.weight.detach().clone())
    network.save_pretrained(target)
    processor.save_pretrained(target)
    return target


def prompts(number: int, root: Path) -> Iterator[Request]:
    """What the perfect expert, and the tools it calls, ask about a held-out film that lies on disk."""
    film = world.make_film("val", 5, number)
    path = write_film(film, root / "films" / film.file_name, speech=False)
    write_pages(film, root)
    for example in file_examples(film):
        store = RunFolder.create(root / "runs")
        asked = Recorder(Expert(film, prompts=MINI))
        models = Models(asked, lambda asked=asked: asked)
        setup = setup_for(example, root)
        list(ask(path, example.question, setup, store=store, models=models))
        for request, _ in asked.taken:
            told = {"on_wait": ignore, "on_retry": ignore}  # instead of a run that has ended
            yield replace(request, schema=None, max_tokens=200, **told)
