"""What is sent to servers that sample, and what comes back; the real vLLM is in tests/test_vllm.py."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from openai.types.chat.chat_completion import Choice
from PIL import Image

from sage.config import ConfigError
from sage.faults import StopSignal, WorldError
from sage.models.openai import read_tokens
from sage.models.transport import TransientError
from sage.train.network import load
from sage.train.questions import MiniQuestions
from sage.train.rows import make_renderer
from sage.train.served import Served, model_name
from sage.train.tiny import build_tiny
from tests.sage.train.test_tiny import SMALL

NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = build_tiny(tmp_path_factory.mktemp("tiny"), SMALL)
    network, processor, family = load(folder)
    renderer = make_renderer(processor, family)
    where = tmp_path_factory.mktemp("served")
    return Served(network, renderer, [NOBODY], model="tiny", folder=where)


def test_a_server_sees_the_pictures_of_the_row_and_their_times(served, tmp_path):
    request = MiniQuestions("train", 2, tmp_path).open(0).episode.request(StopSignal())
    prompt = served.renderer.render(request.messages, request.folder, request.stop)
    content = [part for message in served._write(request) for part in message["content"]]
    places = [n for n, part in enumerate(content) if part["type"] == "image_url"]
    sent = [content[n]["image_url"]["url"].partition("base64,")[2] for n in places]
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in sent]
    (film,) = prompt.films
    assert np.array_equal(np.stack(pictures), film.pictures)
    told = [content[n - 1]["text"] for n in places]
    assert told == [f"<{at_s:.1f} seconds>" for at_s in film.times]
    assert request.situation.question.text in content[-1]["text"]


def test_a_server_that_is_gone_is_said_with_what_to_do(served):
    with pytest.raises(WorldError, match="VLLM_SERVER_DEV_MODE=1"):
        served.sync()
    with pytest.raises(WorldError, match="nothing was trained"):
        model_name(NOBODY)


def test_a_family_whose_rows_look_otherwise_is_refused(served, tmp_path):
    renderer = make_renderer(served.renderer.processor, "qwen2_5_vl")
    with pytest.raises(ConfigError, match="Qwen3-VL"):
        Served(served.network, renderer, [NOBODY], model="m", folder=tmp_path)


def choice(ids, logprobs):
    content = [{"token": "t", "logprob": p, "bytes": None, "top_logprobs": []} for p in logprobs]
    return Choice.model_validate(
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "t"},
            "logprobs": {"content": content, "refusal": None},
            "token_ids": ids,
        }
    )


def test_tokens_come_with_their_logprobs_or_the_reply_is_none():
    found = read_tokens(choice([5, 7], [-0.5, -1.0]))
    assert found == {"token_ids": (5, 7), "logprobs": (-0.5, -1.0)}
    for wrong in (choice([5], [-0.5, -1.0]), choice(None, [-0.5])):
        with pytest.raises(TransientError, match="as vLLM does"):
            read_tokens(wrong)
