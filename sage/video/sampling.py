"""Which instants of a film are looked at first: a pure function of duration, question and budget.

Frames lie in the middle of equal bins, so the plan never touches the very start or end of a bin and the
whole film is covered evenly. When the question names times, `FOCUS_SHARE` of the budget is spent on windows
around them, `FOCUS_STEP_S` apart, and the rest stays uniform; a film that the uniform plan already
shows that densely needs no focus. No two frames are closer than 1 / max_fps.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable

from sage.timecode import find_times

FOCUS_SHARE = 0.25
FOCUS_STEP_S = 1.0


def plan(
    duration_s: float,
    question: str = "",
    *,
    budget: int = 128,
    max_fps: float = 2.0,
    focus: bool = True,
) -> tuple[float, ...]:
    """Instants in seconds: sorted, unique, inside [0, duration_s), at least one, at most `budget`.

    ValueError when the film has no length, or the budget or the rate allows no frame.
    """
    if not (duration_s > 0 and math.isfinite(duration_s) and budget >= 1 and max_fps > 0):
        raise ValueError(f"no frames of a film of {duration_s} s, {budget} at most, {max_fps} fps")
    n = max(1, min(budget, math.floor(duration_s * max_fps)))
    named = find_times(question, duration_s) if focus else ()
    n_focus = math.floor(n * FOCUS_SHARE)
    if not named or not n_focus or duration_s / n <= FOCUS_STEP_S:
        return _uniform(duration_s, n)
    near = _around(named, n_focus, duration_s, 1 / max_fps)
    apart = [t for t in _uniform(duration_s, n - len(near)) if _gap(t, near) >= 1 / max_fps]
    return tuple(sorted([*near, *apart]))


def _uniform(duration_s: float, n: int) -> tuple[float, ...]:
    return tuple((i + 0.5) * duration_s / n for i in range(n))


def _around(
    named: Iterable[float], n_focus: int, duration_s: float, least_gap_s: float
) -> list[float]:
    """Instants nearest to the named times, handed out in turn until the share is spent."""
    chosen: list[float] = []
    step_s = max(FOCUS_STEP_S, least_gap_s)
    last = math.nextafter(duration_s, 0.0)
    centres = sorted({min(max(0.0, t), last) for t in named})
    for ring in range(n_focus + 1):
        for side in (1,) if ring == 0 else (1, -1):
            for centre in centres:
                at_s = centre + side * ring * step_s
                if len(chosen) == n_focus or not 0 <= at_s < duration_s:
                    continue
                if _gap(at_s, chosen) >= least_gap_s:
                    bisect.insort(chosen, at_s)
    return chosen


def _gap(at_s: float, others: list[float]) -> float:
    """Distance to the nearest of sorted instants."""
    place = bisect.bisect(others, at_s)
    return min((abs(at_s - t) for t in others[max(0, place - 1) : place + 1]), default=math.inf)
