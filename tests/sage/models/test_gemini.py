"""What is special to Gemini: inline frames, uploaded clips, thoughts, safety, its error shapes."""

import base64
import json

import pytest

from sage.faults import StoppedError, StopSignal, WorldError
from sage.models.base import Request
from sage.models.gemini import GeminiModel
from sage.models.gemini_files import MAX_BYTES
from sage.types import Clip, ClipPart, Message, TextPart, Usage
from tests.sage.models.asking import KEY, QUICK, SCHEMA, ask, ask_media
from tests.wire import Step, WireServer


@pytest.fixture
def wire():
    with WireServer() as server:
        yield server


@pytest.fixture
def model(wire):
    opened = open_model(wire)
    yield opened
    opened.close()


def open_model(wire: WireServer) -> GeminiModel:
    return GeminiModel("gemini-2.5-flash", key=KEY, base_url=wire.gemini_url, patience=QUICK)


def test_text_and_schema_on_the_wire(wire, model):
    wire.add("yes")
    past = Message(role="assistant", parts=(TextPart(text="earlier"),))
    request = ask("Who?", schema=SCHEMA, max_tokens=99, temperature=0.7, seed=5)
    model.generate([type(request)(**{**vars(request), "messages": (*request.messages, past)})])
    sent = wire.seen[0]
    assert sent.headers["x-goog-api-key"] == KEY
    assert KEY not in sent.path
    assert sent.json["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert [(c["role"], c["parts"]) for c in sent.json["contents"]] == [
        ("user", [{"text": "Who?"}]),
        ("model", [{"text": "earlier"}]),
    ]
    assert sent.json["generationConfig"] == {
        "temperature": 0.7,
        "seed": 5,
        "maxOutputTokens": 99 + 8192,
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }


def test_usage_counts_thoughts_and_has_a_price(wire, model):
    wire.add(Step("yes", tokens=(1000, 500)))
    reply = model.generate([ask()])[0]
    assert reply.usage == Usage(input_tokens=1000, output_tokens=500)
    assert reply.usd == pytest.approx((1000 * 0.30 + 500 * 2.50) / 1e6)


def test_frames_are_labelled_jpegs(wire, model, tmp_path):
    wire.add("yes")
    model.generate([ask_media(tmp_path)])
    parts = wire.seen[0].json["contents"][0]["parts"]
    assert [part.get("text") for part in parts][::2] == [
        "Frame at 00:00:",
        "Frame at 00:12.5:",
        "What is seen?",
    ]
    inline = parts[3]["inlineData"]
    assert inline["mime_type"] == "image/jpeg"
    data = inline["data"].replace("-", "+").replace("_", "/")
    assert base64.b64decode(data) == (tmp_path / "1.jpg").read_bytes()


def test_a_clip_is_uploaded_once_awaited_and_deleted(wire, tmp_path):
    wire.polls_until_active = 3
    wire.add("a", "b")
    model = open_model(wire)
    request = ask_media(tmp_path, clip=True)
    assert [model.generate([request])[0].text for _ in range(2)] == ["a", "b"]
    assert list(wire.files.values()) == [(tmp_path / "clip.mp4").read_bytes()]
    sent = wire.generations[0].json["contents"][0]["parts"]
    assert sent[0]["text"] == "Clip from 01:00 to 01:15:"
    assert sent[1]["fileData"]["file_uri"].endswith("/files/wire-0")
    assert sum(seen.path.startswith("/upload/") for seen in wire.seen) == 1
    model.close()
    assert wire.files == {}


def test_parallel_requests_share_an_upload(wire, model, tmp_path):
    wire.add("a", "b", "c")
    model.generate([ask_media(tmp_path, clip=True)] * 3)
    assert sum(seen.path.startswith("/upload/") for seen in wire.seen) == 1


def test_an_expiring_upload_is_made_again(wire, model, tmp_path):
    wire.file_life_s = 60.0
    wire.add("a", "b")
    for _ in range(2):
        model.generate([ask_media(tmp_path, clip=True)])
    assert sum(seen.path.startswith("/upload/") for seen in wire.seen) == 2


def test_a_vanished_upload_is_made_again(wire, model, tmp_path):
    gone = {"message": "You do not have permission to access the File wire-0 or it may not exist."}
    wire.add("a", Step(status=403, error=gone), "b")
    for _ in range(2):
        reply = model.generate([ask_media(tmp_path, clip=True)])[0]
    assert reply.text == "b"
    assert sum(seen.path.startswith("/upload/") for seen in wire.seen) == 2


def test_a_clip_that_cannot_be_read_is_a_sentence(wire, model, tmp_path):
    wire.file_state = "FAILED"
    with pytest.raises(WorldError, match=r"could not read the clip.*frames instead"):
        model.generate([ask_media(tmp_path, clip=True)])


def test_stop_while_a_clip_is_processed(wire, model, tmp_path):
    wire.polls_until_active = 10_000
    stop = StopSignal()

    import threading

    threading.Timer(0.3, stop.set).start()
    with pytest.raises(StoppedError):
        model.generate([ask_media(tmp_path, clip=True, stop=stop)])
    assert wire.generations == []


@pytest.mark.parametrize("finish", ["blocked", "safety"])
def test_safety_leaves_an_empty_reply(wire, model, finish):
    wire.add(Step("half a", finish=finish))
    reply = model.generate([ask()])[0]
    assert (reply.text, reply.finish, reply.usage.input_tokens) == ("", "safety", 11)


def test_thoughts_are_not_the_reply(wire, model):
    body = b'{"candidates": [{"content": {"role": "model", "parts": [{"text": "hm", "thought": true'
    wire.add(Step(body=body + b'}, {"text": "{}"}]}, "finishReason": "STOP"}]}'))
    assert model.generate([ask()])[0].text == "{}"


def test_the_retry_delay_of_a_429_is_honoured(wire, model):
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.5s"}
    wire.add(Step(status=429, error={"details": [info]}), "fine")
    assert 0.5 <= model.generate([ask()])[0].seconds < 6


def test_a_region_without_gemini_is_a_sentence(wire, model):
    words = "User location is not supported for the API use."
    wire.add(Step(status=400, error={"message": words, "status": "FAILED_PRECONDITION"}))
    with pytest.raises(WorldError, match="not offered in this region"):
        model.generate([ask()])


def test_needs_a_key():
    with pytest.raises(WorldError, match=r"no key.*GEMINI_API_KEY"):
        GeminiModel("gemini-2.5-flash")


def test_sound_in_a_prompt_is_paid_as_sound(wire, model):
    counts = {
        "promptTokenCount": 1000,
        "candidatesTokenCount": 0,
        "promptTokensDetails": [
            {"modality": "VIDEO", "tokenCount": 900},
            {"modality": "AUDIO", "tokenCount": 100},
        ],
    }
    content = {"role": "model", "parts": [{"text": "yes"}]}
    body = {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": counts}
    wire.add(Step(body=json.dumps(body).encode()))
    assert model.generate([ask()])[0].usd == pytest.approx((900 * 0.30 + 100 * 1.00) / 1e6)


@pytest.mark.parametrize(("end_s", "wanted"), [(2600.0, None), (5400.0, "MEDIA_RESOLUTION_LOW")])
def test_long_films_are_taken_in_few_pixels(wire, model, tmp_path, end_s, wanted):
    wire.add("yes")
    (tmp_path / "film.mov").write_bytes(b"nobody decodes it here")
    clip = ClipPart(clip=Clip(path="film.mov", start_s=0.0, end_s=end_s))
    message = Message(role="user", parts=(clip, TextPart(text="What is seen?")))
    model.generate([Request(messages=(message,), folder=tmp_path)])
    sent = wire.generations[0].json
    assert sent["generationConfig"].get("mediaResolution") == wanted
    assert sent["contents"][0]["parts"][1]["fileData"]["mime_type"] == "video/quicktime"


def test_a_shelf_keeps_uploads_for_the_next_program(wire, tmp_path):
    shelf = tmp_path / "uploads.json"
    wire.add("a", "b")
    for _ in range(2):
        kept = GeminiModel(
            "gemini-2.5-flash", key=KEY, base_url=wire.gemini_url, patience=QUICK, shelf=shelf
        )
        kept.generate([ask_media(tmp_path, clip=True)])
        kept.close()
    assert sum(seen.path.startswith("/upload/") for seen in wire.seen) == 1
    assert KEY not in shelf.read_text()
    shelf.write_text("damaged")
    wire.add("c")
    again = GeminiModel(
        "gemini-2.5-flash", key=KEY, base_url=wire.gemini_url, patience=QUICK, shelf=shelf
    )
    assert again.generate([ask_media(tmp_path, clip=True)])[0].text == "c"
    again.delete_uploads()
    again.close()
    assert len(wire.files) == 1


def test_a_film_larger_than_the_service_takes_is_a_sentence(wire, model, tmp_path):
    with (tmp_path / "film.mp4").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    clip = ClipPart(clip=Clip(path="film.mp4", start_s=0.0, end_s=60.0))
    message = Message(role="user", parts=(clip,))
    with pytest.raises(WorldError, match=r"2 GB a film.*smaller copy"):
        model.generate([Request(messages=(message,), folder=tmp_path)])
    assert wire.seen == []
