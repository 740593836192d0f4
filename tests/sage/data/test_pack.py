import json

from sage.data.pack import public_source, rows_of, to_line
from sage.train.data import DemoFile
from sage.types import (
    Answer,
    Call,
    Clip,
    ClipPart,
    Decision,
    FilmInfo,
    Frame,
    FramesPart,
    Message,
    Observation,
    Question,
    Setup,
    TextPart,
    Thought,
    Trace,
    Turn,
)

FRAMES = tuple(Frame(path=f"frames/{n}.jpg", at_s=float(n)) for n in (1, 2))


def user(*parts):
    return Message(role="user", parts=parts)


def test_a_row_is_read_back_as_it_was(tmp_path):
    clip = ClipPart(clip=Clip(path="clips/a.mp4", start_s=0, end_s=0))
    messages = [user(FramesPart(frames=FRAMES), TextPart(text="look"), clip)]
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(to_line(messages, "said", "media/x")) + "\n")
    demo = DemoFile(path)[0]
    frames, text, video = demo.messages[0].parts
    assert [(f.path, f.at_s) for f in frames.frames] == [
        ("media/x/frames/1.jpg", 1.0),
        ("media/x/frames/2.jpg", 2.0),
    ]
    assert (text.text, video.clip.path, demo.reply) == ("look", "media/x/clips/a.mp4", "said")


def test_words_of_a_page_are_no_pictures(tmp_path):
    line = to_line([user(TextPart(text="a page with <image> and <video>"))], "see <image>", "m")
    (tmp_path / "rows.jsonl").write_text(json.dumps(line) + "\n")
    demo = DemoFile(tmp_path / "rows.jsonl")[0]
    assert demo.messages[0].parts == (TextPart(text="a page with (image) and (video)"),)
    assert demo.reply == "see (image)"


def test_every_turn_is_a_row_with_what_was_known_then():
    call = Call(tool="transcribe-speech", arguments={"video_path": "f", "timestamp_start": "00:01"})
    seen = Observation(tool=call.tool, label="transcribe-speech_#1", text="yellow, they say")
    turns = (
        Turn(
            index=1,
            stage=1,
            thought=Thought(video_context="a room", query_intent="a colour"),
            action=call,
            decision=Decision.TRANSCRIBE,
            observation=seen,
        ),
        Turn(index=2, stage=2, action=Answer(text="yellow"), decision=Decision.ANSWER, forced=True),
    )
    trace = Trace(
        question=Question(text="Which colour?"),
        film=FilmInfo(path="f.mp4", digest="d", duration_s=60.0),
        setup=Setup(names="released"),
        frames=FRAMES,
        turns=turns,
        limit="turns",
    )
    (first, call_text, one), (second, answer_text, two) = rows_of(trace, "media")
    assert (one, two) == ("stage1", "stage2")
    assert isinstance(first[0].parts[0], FramesPart)
    assert "transcribe-speech" in first[0].parts[1].text
    assert "yellow, they say" not in first[0].parts[1].text
    assert "yellow, they say" in second[0].parts[0].text
    assert '"name":"transcribe-speech"' in call_text
    assert "video_path" not in call_text
    assert '"final_answer":"yellow"' in answer_text


def test_a_path_of_this_machine_is_told_to_nobody():
    assert public_source("/home/me/films/a.mp4") == "a.mp4"
    assert public_source("https://films.example/a.mp4") == "https://films.example/a.mp4"
