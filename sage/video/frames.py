"""Pictures of a film at given instants, small, each labelled with its own true time.

Frames that lie close together are read exactly. Where they are far apart the nearest keyframe does as well
and is many times faster to read, so a picture may be up to `SNAP_SHARE` of the distance to its nearer
neighbour away from the instant asked for: order is kept, neighbours stay at least half their
distance apart, and the label says what was really read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sage.faults import Border, StopSignal, WorldError
from sage.types import FilmInfo
from sage.video.pyav_reader import Picture, Wanted, open_reader

__all__ = ["SNAP_SHARE", "Picture", "read_frames"]

SNAP_SHARE = 0.25


def read_frames(
    film: FilmInfo,
    times: Sequence[float],
    *,
    long_side: int = 448,
    stop: StopSignal | None = None,
) -> Iterator[Picture]:
    """Pictures in order of time, at most `long_side` pixels wide and high, never enlarged.

    The same picture is given once even if several instants fall on it; instants that cannot be decoded are left
    out, so there may be fewer pictures than times. WorldError(FILM) when the film has no picture, or when none
    of the instants can be read.
    """
    if not film.has_picture:
        raise WorldError(Border.FILM, f"“{film.title}” has sound but no picture to look at.")
    last_s = -1.0
    with open_reader(film, fit(film.width, film.height, long_side), stop or StopSignal()) as reader:
        for wanted in with_slack(times, film.duration_s):
            picture = reader.read(wanted)
            if picture is not None and picture.at_s > last_s:
                last_s = picture.at_s
                yield picture
    if times and last_s < 0:
        raise WorldError(
            Border.FILM, f"No picture of “{film.title}” could be decoded; the file is damaged."
        )


def with_slack(times: Sequence[float], duration_s: float) -> list[Wanted]:
    """Sorted instants inside the film, each with how far from it a keyframe may lie."""
    rising = sorted({min(max(0.0, t), duration_s) for t in times})
    edges = [-math.inf, *rising, math.inf]
    gaps = [min(b - a, c - b) for a, b, c in zip(edges, edges[1:], edges[2:], strict=False)]
    return [
        Wanted(t, SNAP_SHARE * gap if math.isfinite(gap) else 0.0)
        for t, gap in zip(rising, gaps, strict=True)
    ]


def fit(width: int, height: int, long_side: int) -> tuple[int, int]:
    """The size within `long_side` with the same shape, never larger than it was."""
    scale = min(1.0, long_side / max(width, height, 1))
    return max(1, round(width * scale)), max(1, round(height * scale))
