"""What a set of episodes was like, as numbers: for the log of training and for evaluation alike.

Names with a slash belong together and are drawn together: `turns/600-1200`, `reward/format`, `tools/analyze`.
Episodes that the world ended count as `failed` and nowhere else; those without a verdict are left out of accuracy
and reward, and counted as `unjudged`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from sage.judge import Verdict
from sage.mini.world import BUCKETS, bucket
from sage.rewards.calls import calls_of
from sage.rewards.form import find_problem
from sage.rewards.reasonable import ToolJudge
from sage.rewards.reward import Judge, Weights, score_trace, sum_scores
from sage.train.rollout import Played
from sage.types import Score, Stop, Trace, Turn


class Judged(NamedTuple):
    """An episode with what it is worth."""

    played: Played
    verdict: Verdict
    scores: tuple[Score, ...]
    reward: float | None
    """`None`: the world failed, or a part could not be judged."""

    @property
    def trace(self) -> Trace:
        return self.played.trace


def judge_played(
    played: Played, judge: Judge, tool_judge: ToolJudge | None, *, weights: Weights | None = None
) -> Judged:
    """Asks each judge once; without a judge of tools, calls are unjudged. What the world ended is not judged."""
    if played.trace.stop is Stop.FAILED:
        return Judged(played, Verdict.UNJUDGED, (), None)
    verdict = judge(played.trace.answer, played.example)
    scores = score_trace(
        played.trace,
        played.example,
        judge=lambda *_: verdict,
        tool_judge=tool_judge or _nobody,
        weights=weights,
    )
    return Judged(played, verdict, scores, sum_scores(scores))


def _nobody(before: Trace, turn: Turn) -> Verdict:
    """Has no opinion."""
    return Verdict.UNJUDGED


def measure(judged: Sequence[Judged]) -> dict[str, float]:
    """Means over episodes; what nothing is known of is left out."""
    over = [j for j in judged if j.trace.stop is not Stop.FAILED]
    found = {
        "episodes": float(len(judged)),
        "failed": 1 - len(over) / len(judged) if judged else 0.0,
    }
    if not over:
        return found
    with_verdict = [j for j in over if j.verdict is not Verdict.UNJUDGED]
    found["unjudged"] = _share([j.reward is None for j in over])
    if with_verdict:
        found["accuracy"] = _share([j.verdict is Verdict.RIGHT for j in with_verdict])
    return found | _rewards(over) | _manners(over) | _tools(over) | _by_duration(over)


def _rewards(over: Sequence[Judged]) -> dict[str, float]:
    """The reward and its parts, each part summed over an episode."""
    scored = [j for j in over if j.reward is not None]
    if not scored:
        return {}
    names = sorted({score.name for j in scored for score in j.scores})
    found = {"reward": fmean(j.reward for j in scored if j.reward is not None)}
    for name in names:
        parts = [_part(j.scores, name) for j in scored]
        found[f"reward/{name}"] = fmean(parts)
    return found


def _part(scores: Sequence[Score], name: str) -> float:
    return sum(s.value * s.weight for s in scores if s.name == name and s.value is not None)


def _manners(over: Sequence[Judged]) -> dict[str, float]:
    turns = [turn for j in over for turn in j.trace.turns]
    replies = [(reply.text, turn.stage) for turn in turns for reply in turn.replies]
    return {
        "turns": len(turns) / len(over),
        "format_rate": _share([not find_problem(text, stage) for text, stage in replies]),
        "repaired": _share([turn.repaired for turn in turns]),
        "forced": _share([j.trace.stop is Stop.FORCED for j in over]),
        "malformed": _share([j.trace.stop is Stop.MALFORMED for j in over]),
        "frames": fmean(_frames(j.trace) for j in over),
        "coverage": fmean(j.trace.coverage for j in over),
    }


def _tools(over: Sequence[Judged]) -> dict[str, float]:
    """`tool_rate`: share of episodes that called any; `tools/NAME`: calls an episode."""
    calls = [[call.tool for _, call in calls_of(j.trace)] for j in over]
    mix = Counter(tool for tools in calls for tool in tools)
    faults = [turn for j in over for turn in j.trace.turns if _failed(turn)]
    return {
        "tool_rate": _share([bool(tools) for tools in calls]),
        "faults": len(faults) / max(1, mix.total()),
        **{f"tools/{tool}": number / len(over) for tool, number in sorted(mix.items())},
    }


def _by_duration(over: Sequence[Judged]) -> dict[str, float]:
    groups: dict[int, list[Judged]] = defaultdict(list)
    for j in over:
        if j.trace.film:
            groups[bucket(j.trace.film.duration_s)].append(j)
    found: dict[str, float] = {}
    for number, group in sorted(groups.items()):
        name = f"{BUCKETS[number][0]}-{BUCKETS[number][1]}"
        known = [j.verdict is Verdict.RIGHT for j in group if j.verdict is not Verdict.UNJUDGED]
        found[f"turns/{name}"] = fmean(len(j.trace.turns) for j in group)
        if known:
            found[f"accuracy/{name}"] = _share(known)
    return found


def _frames(trace: Trace) -> int:
    """Pictures that were looked at, each once."""
    found = {frame.path for frame in trace.frames}
    found |= {f.path for turn in trace.turns if turn.observation for f in turn.observation.frames}
    return len(found)


def _failed(turn: Turn) -> bool:
    return turn.observation is not None and turn.observation.fault is not None


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
