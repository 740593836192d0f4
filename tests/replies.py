"""Replies in the action format, for scripts."""

from sage import dialect
from sage.types import Answer, Call, Thought

LOOKED = Thought(video_context="a lecture", query_intent="a word")


def answer(text: str, stage: int = 2) -> str:
    return dialect.write(Answer(text=text), LOOKED.model_copy(update={"answerable": True}), stage)


def call(tool: str, stage: int = 2, **arguments) -> str:
    action = Call(tool=tool, arguments=arguments, rationale=f"{tool} may tell")
    return dialect.write(action, LOOKED.model_copy(update={"answerable": False}), stage)


def listen(start: str, end: str, stage: int = 2) -> str:
    return call("transcribe-speech", stage, timestamp_start=start, timestamp_end=end)


def extract(start: str, end: str, stage: int = 2, kind: str = "frames") -> str:
    return call(
        "extract-video-parts", stage, timestamp_start=start, timestamp_end=end, extract_type=kind
    )
