"""A reel: the stretches an answer rests on, one after the other, as a film to keep or pass on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sage.faults import Border, StopSignal, WorldError, crossing
from sage.types import FilmInfo, Span, merge_spans

MARGIN_S = 1.0
"""Shown before and after each stretch, so that it does not begin in the middle of a word."""
MAX_HEIGHT = 720


def make_reel(
    film: FilmInfo,
    spans: Sequence[Span],
    out: Path,
    *,
    stop: StopSignal,
    on_progress: Callable[[str, float | None], None],
) -> Path:
    """Writes `out` (H.264, AAC) and returns it; stretches that overlap are shown once, in order of time.

    WorldError(FILM) when there is nothing to show or the film cannot be read; StoppedError leaves no file.
    """
    import moviepy  # noqa: PLC0415  heavy

    stretches = _widen(spans, film.duration_s)
    if not stretches or not film.has_picture:
        raise WorldError(Border.FILM, "There is no stretch of the film to show.")
    with (
        tempfile.TemporaryDirectory(dir=out.parent) as folder,
        crossing(Border.FILM, "The reel could not be made", OSError, ValueError),
        moviepy.VideoFileClip(film.path) as whole,
    ):
        shown = whole.resized(height=MAX_HEIGHT) if whole.h > MAX_HEIGHT else whole
        end_s = shown.duration
        parts = [shown.subclipped(s.start_s, min(s.end_s, end_s)) for s in stretches]
        scratch = Path(folder) / "reel.mp4"
        moviepy.concatenate_videoclips(parts).write_videofile(
            str(scratch),
            codec="libx264",
            audio_codec="aac",
            preset="veryfast",
            ffmpeg_params=["-movflags", "+faststart", "-pix_fmt", "yuv420p"],
            temp_audiofile_path=folder,
            logger=_bar(stop, on_progress),
        )
        scratch.replace(out)
    return out


def _widen(spans: Sequence[Span], duration_s: float) -> list[Span]:
    wide = [
        Span(start_s=max(0.0, s.start_s - MARGIN_S), end_s=min(duration_s, s.end_s + MARGIN_S))
        for s in spans
    ]
    return merge_spans([s for s in wide if s.end_s > s.start_s])


def _bar(stop: StopSignal, on_progress: Callable[[str, float | None], None]) -> Any:
    """moviepy's way to report; raising in it is the way to stop an encoding."""
    import proglog  # noqa: PLC0415  comes with moviepy

    class Bar(proglog.ProgressBarLogger):
        def bars_callback(self, bar: str, attr: str, value: float, old_value: Any = None) -> None:
            del attr, old_value
            stop.check()
            total = self.bars[bar]["total"]
            if bar == "frame_index" and total:
                on_progress("making the reel", min(1.0, value / total))

    return Bar()
