"""What the loop itself costs a turn: prompts, parsing, checks, events on disk; no model, a tool that looks up lines.

    python benchmarks/loop.py [--turns 100] [--repeats 7]

The reference in the same run is the bare tool: the same calls through `run_call`, without a loop around them.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from sage.agent import play
from sage.episode import Episode
from sage.faults import StopSignal
from sage.models.scripted import ScriptedModel
from sage.store import RunFolder
from sage.tools.base import Workspace
from sage.tools.registry import run_call
from sage.types import Call, FilmInfo, Limits, Question, Setup

LINES = 40


def reply(turn: int) -> str:
    window = {"timestamp_start": str(turn), "timestamp_end": str(turn + 60)}
    call = {"rationale": "listen", "name": "transcribe-speech", "arguments": window}
    return json.dumps(
        {
            "video_context": "a talk",
            "answerable": {"verdict": False, "reasoning": "not yet"},
            "final_answer": None,
            "recommended_tools": {"needed": True, "why_no_tool": None, "tool_calls": [call]},
        }
    )


def stage(folder: Path, turns: int) -> tuple[Workspace, Setup, FilmInfo]:
    captions = folder / "talk.srt"
    stamps = [f"00:{i:02d}:00,000 --> 00:{i:02d}:05,000" for i in range(LINES)]
    captions.write_text("\n".join(f"{i + 1}\n{s}\nline number {i}\n" for i, s in enumerate(stamps)))
    film = FilmInfo(path=str(folder / "talk.mp4"), digest="0", duration_s=3600, has_audio=True)
    setup = Setup(model="scripted", captions=str(captions), limits=Limits(turns=turns + 1))
    space = Workspace(
        folder=folder,
        film=film,
        setup=setup,
        tool_model=lambda: ScriptedModel([]),
        stop=StopSignal(),
        on_progress=lambda *_: None,
    )
    return space, setup, film


def once(turns: int) -> tuple[float, float]:
    """Seconds of the loop and of the bare tool calls."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        space, setup, film = stage(folder, turns)
        calls = [
            Call(
                tool="transcribe-speech",
                arguments={"timestamp_start": str(i), "timestamp_end": str(i + 60)},
            )
            for i in range(turns)
        ]
        space.lines()
        began = time.perf_counter()
        for n, call in enumerate(calls):
            run_call(call, space, n + 1)
        bare = time.perf_counter() - began
        store = RunFolder.create(folder / "runs")
        model = ScriptedModel([reply(i) for i in range(turns)] + ['{"final_answer": "done"}'])
        episode = Episode(
            Question(text="What is said?"), film, setup, frames=(), folder=store.folder
        )
        began = time.perf_counter()
        events = list(play(episode, model, space, store))
        looped = time.perf_counter() - began
        assert events[-1].type == "answered"
        assert len(store.trace().turns) == turns + 1
        store.close()
        return looped, bare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    once(options.turns)
    times = [once(options.turns) for _ in range(options.repeats)]
    loop, bare = (statistics.median(t) / options.turns * 1000 for t in zip(*times, strict=True))
    print(
        f"{options.turns} turns, median of {options.repeats}: {loop:.2f} ms a turn with events on disk"
    )
    print(f"of which the tool itself {bare:.2f} ms; the loop alone {loop - bare:.2f} ms")


if __name__ == "__main__":
    main()
