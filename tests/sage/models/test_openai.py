"""What is special to OpenAI-compatible servers: the wire format, and what servers refuse."""

import base64

import pytest

from sage.faults import Border, WorldError
from sage.models.base import Request
from sage.models.openai import OpenAIModel, is_strict, price
from sage.types import Clip, ClipPart, Frame, FramesPart, Message, Usage
from tests.sage.models.asking import KEY, QUICK, SCHEMA, ask, ask_media
from tests.wire import Step, WireServer


@pytest.fixture
def wire():
    with WireServer() as server:
        yield server


@pytest.fixture
def model(wire):
    opened = OpenAIModel("wire-1", wire.openai_url, key=KEY, patience=QUICK)
    yield opened
    opened.close()


def test_plain_text_and_schema_on_the_wire(wire, model):
    wire.add("yes")
    reply = model.generate([ask("Who?", schema=SCHEMA, max_tokens=99, temperature=0.7, seed=5)])[0]
    sent = wire.seen[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.json["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who?"},
    ]
    spec = sent.json["response_format"]["json_schema"]
    assert (spec["schema"], spec["strict"]) == (SCHEMA, True)
    chosen = {k: sent.json[k] for k in ("max_tokens", "temperature", "seed", "model")}
    assert chosen == {"max_tokens": 99, "temperature": 0.7, "seed": 5, "model": "wire-1"}
    assert (reply.model, reply.usage) == ("wire-1", Usage(input_tokens=11, output_tokens=7))
    assert model.name == f"openai:wire-1@{wire.openai_url}"


def test_frames_are_labelled_jpegs(wire, model, tmp_path):
    wire.add("yes")
    model.generate([ask_media(tmp_path)])
    content = wire.seen[0].json["messages"][0]["content"]
    assert [part["type"] for part in content] == ["text", "image_url"] * 2 + ["text"]
    assert (content[0]["text"], content[2]["text"]) == ("Frame at 00:00:", "Frame at 00:12.5:")
    head, data = content[3]["image_url"]["url"].split(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == (tmp_path / "1.jpg").read_bytes()


def test_a_clip_goes_as_video_to_compatible_servers(wire, model, tmp_path):
    wire.add("yes")
    model.generate([ask_media(tmp_path, clip=True)])
    told, video, _ = wire.seen[0].json["messages"][0]["content"]
    assert told["text"] == "Clip from 01:00 to 01:15:"
    data = video["video_url"]["url"].removeprefix("data:video/mp4;base64,")
    assert base64.b64decode(data) == (tmp_path / "clip.mp4").read_bytes()


def test_openai_itself_is_told_that_a_clip_is_not_shown(tmp_path):
    from sage.models.openai import Shown, write_messages

    request = ask_media(tmp_path, clip=True)
    content = write_messages(request, Shown())[0]["content"]
    assert content[0]["text"].startswith("Clip from 01:00 to 01:15: (not shown")
    assert {part["type"] for part in content} == {"text"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gpt-4o", "Frame at 00:12.5:"),
        ("Qwen/Qwen3-VL-8B-Instruct", "<12.5 seconds>"),
        ("allenai/SAGE-MM-Qwen3-VL-4B-SFT_RL", "<12.5 seconds>"),
        ("sage-tiny", "<12.5 seconds>"),
    ],
)
def test_times_are_written_as_the_model_was_trained_with(tmp_path, name, told):
    from sage.models.openai import READS_SECONDS, Shown, write_messages

    (tmp_path / "a.jpg").write_bytes(b"picture")
    frames = FramesPart(frames=(Frame(path="a.jpg", at_s=12.5),))
    request = Request(messages=(Message(role="user", parts=(frames,)),), folder=tmp_path)
    shown = Shown(in_seconds=bool(READS_SECONDS.search(name)))
    assert write_messages(request, shown)[0]["content"][0]["text"] == told


def test_media_outside_the_run_is_not_sent(wire, model, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (tmp_path / "run").mkdir()
    clip = Clip(path="../secret.mp4", start_s=0, end_s=1)
    request = ask_media(tmp_path / "run")
    messages = (Message(role="user", parts=(ClipPart(clip=clip),)),)
    with pytest.raises(WorldError, match="outside") as caught:
        model.generate([type(request)(messages=messages, folder=request.folder)])
    assert caught.value.border is Border.DISK
    assert wire.seen == []


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ("temperature", "Unsupported value: 'temperature' does not support 0.0 with this model."),
        ("seed", "Extra inputs are not permitted: seed"),
    ],
)
def test_a_refused_parameter_is_left_out_from_then_on(wire, model, refused, words):
    wire.add(Step(status=400, error={"message": words}), "a", "b")
    assert [model.generate([ask()])[0].text for _ in range(2)] == ["a", "b"]
    assert [refused in seen.json for seen in wire.seen] == [True, False, False]


def test_new_models_get_max_completion_tokens(wire, model):
    words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    wire.add(Step(status=400, error={"message": words, "param": "max_tokens"}), "a")
    assert model.generate([ask(max_tokens=50)])[0].text == "a"
    assert "max_tokens" not in wire.seen[1].json
    assert wire.seen[1].json["max_completion_tokens"] == 50


ASKED_TOO_MUCH = [
    "This model's maximum context length is 2048 tokens. However, you requested 2548 tokens "
    "(1500 in the messages, 1048 in the completion).",
    "'max_tokens' is too large: 1048. This model's maximum context length is 2048 tokens and "
    "your request has 1500 input tokens (1048 > 2048 - 1500).",
    "This model's maximum context length is 2048 tokens. However, you requested 1048 output "
    "tokens and your prompt contains 1500 input tokens.",
]


@pytest.mark.parametrize("words", ASKED_TOO_MUCH)
def test_a_small_context_gets_a_shorter_reply(wire, model, words):
    wire.add(Step(status=400, error={"message": words}), "fits")
    assert model.generate([ask(max_tokens=1048)])[0].text == "fits"
    assert wire.seen[1].json["max_tokens"] == 548


def test_a_context_of_unknown_room_is_halved(wire, model):
    words = "maximum context length is 2048 tokens; your prompt contains at least 1001 input tokens"
    wire.add(*[Step(status=400, error={"message": words})] * 2, "fits")
    assert model.generate([ask(max_tokens=1048)])[0].text == "fits"
    assert [seen.json["max_tokens"] for seen in wire.seen] == [1048, 524, 262]


@pytest.mark.parametrize(
    "words",
    [
        ASKED_TOO_MUCH[0].replace("1500", "2040"),
        "This model's maximum context length is 2048 tokens. However, your prompt contains at "
        "least 2049 input tokens, which exceeds this limit even without any output tokens.",
    ],
)
def test_a_prompt_without_room_for_a_reply_is_too_long(wire, model, words):
    wire.add(Step(status=400, error={"message": words}))
    with pytest.raises(WorldError, match="Lower --frames"):
        model.generate([ask()])
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            Step(
                status=400, error={"message": "At most 8 image(s) may be provided in one prompt."}
            ),
            "takes fewer pictures",
        ),
        (Step(status=400, error={"message": "wire-1 is not a multimodal model"}), "cannot see"),
        (Step(status=429, error={"code": "insufficient_quota"}), "no credit left"),
        (Step(status=404, body=b'{"detail": "Not Found"}'), "nothing at that address"),
        (Step(status=413), "prompt is too large"),
    ],
)
def test_refusals_are_sentences(wire, model, step, sentence):
    wire.add(step)
    with pytest.raises(WorldError, match=sentence):
        model.generate([ask()])
    assert len(wire.seen) == 1


def test_an_error_inside_a_200_is_retried(wire, model):
    told: list[str] = []
    wire.add(Step(body=b'{"error": {"message": "provider down", "code": 502}}'), "fine")
    assert model.generate([ask(on_retry=told.append)])[0].text == "fine"
    assert "provider down" in told[0]


def test_a_refusal_is_safety(wire, model):
    body = b'{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{'
    body += b'"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": null'
    wire.add(Step(body=body + b', "refusal": "I cannot"}}]}'))
    reply = model.generate([ask()])[0]
    assert (reply.text, reply.finish) == ("", "safety")


def test_price_by_place():
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    assert price("https://api.openai.com/v1", "gpt-4o", usage) == 2.50
    assert price("http://127.0.0.1:8000/v1", "gpt-4o", usage) == 0.0
    assert price("http://localhost:8000/v1", "any", usage) == 0.0
    assert price("https://gpu.example.org/v1", "Qwen/Qwen3-VL-8B", usage) is None


def test_openai_needs_a_key():
    with pytest.raises(WorldError, match=r"no key.*OPENAI_API_KEY"):
        OpenAIModel("gpt-4o", "https://api.openai.com/v1")
    assert OpenAIModel("gpt-4o", "https://api.openai.com/v1", key=KEY).name == "openai:gpt-4o"


def test_strict_only_where_openai_would_take_it():
    loose = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    assert is_strict(SCHEMA)
    assert not is_strict(loose)
    assert not is_strict({"anyOf": [SCHEMA, {"type": "object"}]})
