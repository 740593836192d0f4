"""Alarms of a run that goes wrong in the ways RL is known to: tools no longer used, actions no longer well formed.

A pure function of the log so far, so a run that is resumed has forgotten nothing. The mean of the last steps is held
against that of the first ones, because what is normal depends on the checkpoint a run started from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

WINDOW = 5
"""Steps that are averaged."""
TOOL_SHARE, TOOL_FLOOR = 1 / 3, 0.05
"""Alarm when the tool rate falls below this share of the first steps' that was above the floor."""
FORMAT_DROP, FORMAT_FLOOR = 0.15, 0.5
"""Alarm when the format rate falls by so much, or below the floor."""
DRIFT = 0.1
"""Alarm when sampler and trainer are so many nats a token apart."""
FAILED = 0.5
"""Alarm when the world ends this share of a step's episodes."""


def find_alarms(history: Sequence[Mapping[str, object]]) -> list[str]:
    """Sentences about the newest step of a log, oldest line first.

    Of a collapse there is none before there are two windows of steps.
    """
    return [sentence for check in (_tools, _format, _drift, _world) if (sentence := check(history))]


def _tools(history: Sequence[Mapping[str, object]]) -> str:
    before, now = _ends(history, "tool_rate")
    if before is None or now is None or before < TOOL_FLOOR or now >= TOOL_SHARE * before:
        return ""
    return (
        f"Tool use collapses: {now:.0%} of episodes call a tool, {before:.0%} did at the start. Is a wrong answer "
        "without a look too cheap, or the learning rate too high?"
    )


def _format(history: Sequence[Mapping[str, object]]) -> str:
    before, now = _ends(history, "format_rate")
    if before is None or now is None:
        return ""
    if now >= before - FORMAT_DROP and (now >= FORMAT_FLOOR or before < FORMAT_FLOOR):
        return ""
    return (
        f"Format collapses: {now:.0%} of replies are well formed, {before:.0%} were at the start. Is the learning rate "
        "too high?"
    )


def _drift(history: Sequence[Mapping[str, object]]) -> str:
    now = _newest(history, "drift")
    if now is None or now < DRIFT:
        return ""
    return (
        f"Sampler and trainer are {now:.2g} nats a token apart, so that ratios mean nothing. Do the servers hold this "
        "model, and were they started with --logprobs-mode processed_logprobs?"
    )


def _world(history: Sequence[Mapping[str, object]]) -> str:
    now = _newest(history, "failed")
    if now is None or now < FAILED:
        return ""
    return (
        f"The world ends {now:.0%} of episodes, so little is learned: a server, a disk or a film fails. The traces of "
        "the step say which."
    )


def _newest(history: Sequence[Mapping[str, object]], name: str) -> float | None:
    """The value of the newest step, if it has one."""
    value = history[-1].get(name) if history else None
    return value if isinstance(value, int | float) else None


def _ends(history: Sequence[Mapping[str, object]], name: str) -> tuple[float | None, float | None]:
    """The means of the first and of the last window."""
    values = [value for line in history if isinstance(value := line.get(name), int | float)]
    if len(values) < 2 * WINDOW:
        return None, None
    return fmean(values[:WINDOW]), fmean(values[-WINDOW:])
