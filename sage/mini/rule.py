"""Which calls make sense in the miniature world: the judge of tools that needs no model, since the truth is known."""

from __future__ import annotations

from collections.abc import Callable

from sage.judge import Verdict
from sage.mini.expert import TOOL_OF, is_done
from sage.mini.film import MiniFilm, Step, Task
from sage.rewards.calls import call_key, calls_of
from sage.timecode import parse_time
from sage.types import Call, Trace, Turn


def rule_for(film: MiniFilm, task: Task) -> Callable[[Trace, Turn], Verdict]:
    """Is a call reasonable? When it is new, serves a step still to be done, and looks where the question points.

    A look at a second of a long stretch does not serve: it could be called for again and again, each time rewarded.
    """

    def judge(before: Trace, turn: Turn) -> Verdict:
        if not isinstance(turn.action, Call):
            return Verdict.UNJUDGED
        if call_key(turn.action) in {call_key(call) for _, call in calls_of(before)}:
            return Verdict.WRONG
        open_steps = [s for s in task.steps if not is_done(s, task, film, before.turns)]
        serves = any(_serves(turn.action, step, task, film) for step in open_steps)
        return Verdict.RIGHT if serves else Verdict.WRONG

    return judge


def _serves(call: Call, step: Step, task: Task, film: MiniFilm) -> bool:
    if step == "search":
        return call.tool in (TOOL_OF["search"], "parse-website")
    if call.tool != TOOL_OF[step]:
        return False
    if step == "read":
        return True
    stretch = task.listen if step == "listen" else task.look
    return _covers(call, stretch or (0, film.duration_s), film.duration_s)


ENOUGH_S = 60.0


def _covers(call: Call, stretch: tuple[float, float], duration_s: float) -> bool:
    """Whether a call looks into half of a stretch, or a minute of it; times that cannot be read are anywhere."""
    ends = []
    for name, missing in (("timestamp_start", 0.0), ("timestamp_end", duration_s)):
        given = call.arguments.get(name)
        try:
            ends.append(parse_time(given, duration_s).seconds if given else missing)
        except (ValueError, TypeError):
            ends.append(missing)
    shared = min(ends[1], stretch[1]) - max(ends[0], stretch[0])
    return shared >= min(ENOUGH_S, (stretch[1] - stretch[0]) / 2)
