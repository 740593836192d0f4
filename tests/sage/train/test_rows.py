import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

from sage.mini.expert import Expert
from sage.mini.play import open_episode, play
from sage.mini.world import make_film
from sage.models import local
from sage.models.base import Request
from sage.models.local import LocalModel
from sage.train.policy import Policy
from sage.train.rows import (
    Recorder,
    RowBuilder,
    blank_row,
    collate,
    logprobs,
    make_renderer,
    score,
)
from sage.types import Frame, FramesPart, Message, Reply, TextPart
from tests.tiny_model import END_TURN, build


@pytest.mark.parametrize("family", ["qwen3_vl", "qwen2_5_vl"])
def test_tokens_are_those_of_inference(tmp_path, family):
    build(tmp_path / "model", family)
    renderer = make_renderer(AutoProcessor.from_pretrained(tmp_path / "model"), family)
    for times in ((), (0.5,), (0.2, 31.0, 2754.3)):
        request = ask(tmp_path, "what is it?", times)
        prompt = renderer.render(request.messages, tmp_path, request.stop)
        encoded = renderer.encode([prompt])["input_ids"][0].tolist()
        assert list(renderer.tokens(prompt)) == encoded


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = build(tmp_path_factory.mktemp("tiny") / "qwen3")
    return local._load_once(LocalModel(str(folder)).where, "cpu").result()


@pytest.fixture
def renderer(loaded):
    return make_renderer(loaded.renderer.processor, "qwen3_vl")


@pytest.fixture
def builder(renderer):
    end_id = renderer.processor.tokenizer.convert_tokens_to_ids(END_TURN)
    return RowBuilder(renderer, end_id=end_id, max_tokens=4000)


def ask(folder, text, times=(), **options):
    shown = []
    for n, at_s in enumerate(times):
        noise = np.random.default_rng(n).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{n}.png")
        shown.append(Frame(path=f"{n}.png", at_s=at_s))
    parts = [FramesPart(frames=tuple(shown))] if shown else []
    message = Message(role="user", parts=(*parts, TextPart(text=text)))
    return Request(messages=(message,), folder=folder, **options)


@pytest.mark.parametrize("heat", [0.0, 0.7])
def test_sampler_and_trainer_agree_on_every_token(tmp_path, loaded, renderer, builder, heat):
    requests = [
        ask(tmp_path, "short", temperature=heat, max_tokens=9, seed=1),
        ask(tmp_path, "a longer one " * 6, (0.5, 30.0, 754.2), temperature=heat, max_tokens=17),
        ask(tmp_path, "two frames", (3.0, 4.0), temperature=heat, max_tokens=12, seed=3),
    ]
    replies = Policy(loaded.network, renderer, batch=3).generate(requests)
    rows = [builder.build(q, r) for q, r in zip(requests, replies, strict=True)]
    assert [row.action_ids for row in rows] == [reply.token_ids for reply in replies]
    with torch.no_grad():
        found = logprobs(loaded.network, collate(rows, renderer), temperature=heat)
    for row, line in zip(rows, found.tolist(), strict=True):
        assert line[: len(row.logprobs)] == pytest.approx(row.logprobs, abs=1e-4)


def test_a_written_reply_is_tokenised_once_and_closed(tmp_path, renderer, builder):
    request = ask(tmp_path, "what is it?", (1.0,))
    row = builder.build(request, Reply(text="a lake"))
    tokenizer = renderer.processor.tokenizer
    assert tokenizer.decode(row.action_ids) == f"a lake{END_TURN}"
    prompt = renderer.render(request.messages, tmp_path, request.stop)
    assert list(row.prompt_ids) == renderer.encode([prompt])["input_ids"][0].tolist()


def test_the_mask_covers_what_was_said_and_no_padding(tmp_path, renderer, builder):
    rows = [
        builder.build(ask(tmp_path, "one"), Reply(text="yes")),
        builder.build(ask(tmp_path, "one two three"), Reply(text="the boat leaves in the evening")),
    ]
    batch = collate(rows, renderer)
    for row, ids, mask in zip(rows, batch.action_ids, batch.mask, strict=True):
        assert tuple(ids[mask].tolist()) == row.action_ids
    seen = batch.inputs["attention_mask"].sum(dim=1).tolist()
    assert seen == [row.length for row in rows]


def test_padding_changes_no_score(tmp_path, loaded, renderer, builder):
    rows = [
        builder.build(ask(tmp_path, "one", (2.0, 9.5)), Reply(text="yes")),
        builder.build(ask(tmp_path, "one two three " * 9), Reply(text="the boat leaves")),
    ]
    with torch.no_grad():
        together = score(loaded.network, collate(rows, renderer))
        alone = [score(loaded.network, collate([row], renderer)) for row in rows]
    for index, row in enumerate(rows):
        n = len(row.action_ids)
        for both, single in zip(together, alone[index], strict=True):
            assert torch.allclose(both[index, :n].float(), single[0, :n].float(), atol=1e-4)


def test_a_blank_row_uses_the_tower_and_teaches_nothing(tmp_path, loaded, renderer, builder):
    """All weights get a gradient, that of the tower is 0, and what others learn stays as it was."""
    row = builder.build(ask(tmp_path, "no picture here"), Reply(text="yes"))
    norms = []
    for rows in ([row], [row, blank_row(renderer)]):
        batch = collate(rows, renderer)
        loaded.network.zero_grad()
        (logprobs(loaded.network, batch) * batch.mask).sum().backward()
        tower = [weight.grad for weight in loaded.network.model.visual.parameters()]
        head = loaded.network.lm_head.weight.grad.clone()
        norms.append((tower, head))
    loaded.network.zero_grad()
    assert all(grad is None for grad in norms[0][0])
    assert all(grad is not None and not grad.any() for grad in norms[1][0])
    assert torch.allclose(norms[0][1], norms[1][1], atol=1e-5)


def test_long_and_empty_rows_are_dropped_and_counted(tmp_path, builder):
    builder.max_tokens = 40
    assert builder.build(ask(tmp_path, "word " * 100), Reply(text="x")) is None
    assert builder.build(ask(tmp_path, "word"), Reply(text="")) is None
    assert builder.build(ask(tmp_path, "word"), Reply(text="x")) is not None
    assert builder.counts == {"too_long": 1, "empty": 1, "built": 1}


def test_every_request_of_an_episode_becomes_a_row(tmp_path, builder):
    """The agent's turns and what ground and analyze ask, on a film that exists in no file."""
    film = next(f for f in (make_film("train", 5, i) for i in range(99)) if f.tasks[0].target)
    episode, workspace = open_episode(film, film.tasks[0], tmp_path)
    recorder = Recorder(Expert(film, prompts=workspace.setup.prompts))
    play(episode, workspace, recorder)
    rows = [builder.build(request, reply) for request, reply in recorder.taken]
    assert len(rows) > len(episode.turns)
    assert rows[0].films[0].times == tuple(frame.at_s for frame in episode.frames)
    assert (rows[0].films[0].pictures[0] == workspace.pixels(episode.frames[0])).all()
