"""All numbers of one run, and of two runs against each other, as plain JSON. Nothing is rounded here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from statistics import fmean, median, quantiles
from typing import Any

from sage.bench.run import UNSCORABLE, Header, Outcome
from sage.bench.score import GROUPINGS, Scored, Seen, cell, group, see
from sage.bench.statistics import compare_pairs, spread

MANY = 40
"""A grouping with more values than this breaks nothing down."""


def report(seen: Seen) -> dict[str, Any]:
    """Accuracy with intervals and n, breakdowns, outcomes, what it cost, and the other judges' word."""
    rows, header = seen.rows, seen.header
    breakdowns = {by: _cells(rows, by) for by in GROUPINGS}
    return {
        "run": seen.run.name,
        **_identity(header),
        "judge": seen.judge,
        "expected": header.expected,
        **cell(rows).model_dump(),
        "outcomes": {outcome.value: _count(rows, outcome) for outcome in Outcome},
        "unscored": _unscored(rows, header),
        **{by: cells for by, cells in breakdowns.items() if len(cells) <= MANY},
        "turns": _turns(rows),
        "tools": _tools(rows),
        "frames": _mean([row.outline.frames for row in rows]),
        "seconds": _seconds(rows),
        "tokens": _tokens(rows),
        "usd": _dollars(rows),
        "judges": _judges(seen),
        "missing": _missing(rows),
        "versions": header.versions,
        "created": header.created,
    }


def compare(a: Seen, b: Seen) -> dict[str, Any]:
    """Two runs on the questions both have a verdict on; a win is the first one's."""
    others = {row.entry.id: row for row in b.rows}
    shared = [(row, others[row.entry.id]) for row in a.rows if row.entry.id in others]
    scored = [(x, y) for x, y in shared if x.is_right is not None and y.is_right is not None]
    return {
        "a": {"run": a.run.name, **_identity(a.header), "judge": a.judge},
        "b": {"run": b.run.name, **_identity(b.header), "judge": b.judge},
        **_paired(scored),
        "left_out": {
            "unscored": len(shared) - len(scored),
            "only_a": len(a.rows) - len(shared),
            "only_b": len(b.rows) - len(shared),
        },
        **{by: _paired_by(scored, by) for by in GROUPINGS},
    }


def seeds(all_seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Runs that differ in nothing but the seed, together: mean and spread of their accuracies."""

    def key(seen: Seen) -> str:
        header = seen.header
        setup = header.setup.model_copy(update={"seed": 0})
        same = (header.suite, header.mode, header.limit, header.model, header.tool_model)
        return repr((*same, seen.judge, setup))

    found = []
    for _, part in groupby(sorted(all_seen, key=key), key=key):
        runs = list(part)
        accuracies = [a for a in (cell(seen.rows).accuracy for seen in runs) if a is not None]
        if len({seen.header.seed for seen in runs}) > 1:
            named = {"runs_by_seed": {str(s.header.seed): s.run.name for s in runs}}
            found.append(_identity(runs[0].header) | named | spread(accuracies)._asdict())
    return found


def _identity(header: Header) -> dict[str, Any]:
    names = ("suite", "model", "tool_model", "mode", "seed", "shard", "imported", "workers")
    return header.model_dump(include=set(names))


def _cells(rows: Sequence[Scored], by: str) -> dict[str, Any]:
    return {name: cell(part).model_dump() for name, part in group(rows, by).items()}


def _count(rows: Sequence[Scored], outcome: Outcome) -> int:
    return sum(row.outline.outcome is outcome for row in rows)


def _unscored(rows: Sequence[Scored], header: Header) -> dict[str, int]:
    """What accuracy does not speak of, and why."""
    return {
        "world_error": _count(rows, Outcome.WORLD_ERROR),
        "missing_video": _count(rows, Outcome.MISSING_VIDEO),
        "unjudged": sum(row.is_unjudged for row in rows),
        "not_asked": max(0, header.expected - len(rows)),
    }


def _turns(rows: Sequence[Scored]) -> dict[str, Any]:
    known = [row.outline.turns for row in rows if row.outline.turns is not None]
    by_bucket = {
        name: _mean([row.outline.turns for row in part])
        for name, part in group(rows, "buckets").items()
    }
    return {
        "mean": _mean(known),
        "multi": sum(n > 1 for n in known) / len(known) if known else None,
        "buckets": by_bucket,
    }


def _tools(rows: Sequence[Scored]) -> dict[str, Any]:
    """`calls` in all; `questions`: how many used the tool at all; `share`: of the questions, any tool."""
    mix: Counter[str] = Counter()
    users: Counter[str] = Counter()
    for row in rows:
        mix.update(row.outline.tools)
        users.update({tool: 1 for tool, n in row.outline.tools.items() if n})
    asked = [row for row in rows if row.outline.outcome not in UNSCORABLE]
    used = sum(bool(row.outline.tools) for row in asked)
    return {
        "calls": dict(sorted(mix.items())),
        "questions": dict(sorted(users.items())),
        "share": used / len(asked) if asked else None,
    }


def _seconds(rows: Sequence[Scored]) -> dict[str, float | None]:
    known = sorted(row.outline.seconds for row in rows if row.outline.seconds is not None)
    last = quantiles(known, n=10, method="inclusive")[-1] if len(known) > 1 else _mean(known)
    return {"mean": _mean(known), "median": median(known) if known else None, "p90": last}


def _tokens(rows: Sequence[Scored]) -> dict[str, float | int | None]:
    told = [row.outline.usage for row in rows if row.outline.usage.total_tokens is not None]
    return {
        "known": len(told),
        "input": _mean([usage.input_tokens for usage in told]),
        "output": _mean([usage.output_tokens for usage in told]),
    }


def _dollars(rows: Sequence[Scored]) -> dict[str, float | int | None]:
    """The sum is of those whose price is known; `unknown` says how many it is not."""
    known = [row.outline.usd for row in rows if row.outline.usd is not None]
    played = [row for row in rows if row.outline.turns]
    return {
        "total": sum(known) if known else None,
        "mean": _mean(known),
        "unknown": sum(row.outline.usd is None for row in played),
    }


def _judges(seen: Seen) -> dict[str, Any]:
    """What every judge that was asked says, side by side."""
    slugs = sorted({*seen.run.judges(), seen.judge})
    return {
        slug: cell((seen if slug == seen.judge else see(seen.run, slug)).rows).model_dump()
        for slug in slugs
    }


def _missing(rows: Sequence[Scored]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.outline.outcome is Outcome.MISSING_VIDEO:
            video = row.entry.example.question.video
            first = {"video": video, "link": row.entry.link, "why": row.outline.error}
            found.setdefault(video, first | {"questions": 0})["questions"] += 1
    return [found[video] for video in sorted(found)]


def _paired(scored: Sequence[tuple[Scored, Scored]]) -> dict[str, Any]:
    pairs = [(bool(x.is_right), bool(y.is_right)) for x, y in scored]
    found = compare_pairs(pairs)._asdict()
    n = found["n"]
    return found | {
        "accuracy_a": sum(a for a, _ in pairs) / n if n else None,
        "accuracy_b": sum(b for _, b in pairs) / n if n else None,
    }


def _paired_by(scored: Sequence[tuple[Scored, Scored]], by: str) -> dict[str, Any]:
    partner = {x.entry.id: y for x, y in scored}
    groups = group([x for x, _ in scored], by)
    if len(groups) > MANY:
        return {}
    return {
        name: _paired([(x, partner[x.entry.id]) for x in part]) for name, part in groups.items()
    }


def _mean(values: Sequence[float | int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
