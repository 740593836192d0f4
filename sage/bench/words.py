"""A report in words and tables: the rows that Markdown, the page and the terminal show alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sage.bench.published import Published

TITLES = {
    "buckets": "By length of the film (seconds)",
    "modality": "By modality",
    "kind": "By type",
    "difficulty": "By difficulty",
    "source": "By source",
}
UNSCORED = {
    "world_error": "the world failed",
    "missing_video": "video missing",
    "unjudged": "unjudged",
    "not_asked": "not asked yet",
}


class Table(NamedTuple):
    """Rows of texts under heads; the first column is left-aligned, the others right."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(
    reports: Sequence[Mapping[str, Any]],
    comparisons: Sequence[Mapping[str, Any]] = (),
    seeds: Sequence[Mapping[str, Any]] = (),
    published: Published | None = None,
) -> list[Table]:
    """All tables of a report in order."""
    found = [_overview(reports), _unscored(reports), _cost(reports)]
    found += [_breakdown(reports, by) for by in TITLES if any(r.get(by) for r in reports)]
    found += [_turns(reports), _tools(reports), _judges(reports), *_missing(reports)]
    found += [_comparison(one) for one in comparisons]
    if seeds:
        found.append(_seeds(seeds))
    if published is not None:
        found.append(_published(published))
    return [table for table in found if table.rows]


def summary(report: Mapping[str, Any]) -> str:
    """One sentence: accuracy, its interval, and of how many."""
    left = ", ".join(f"{n} {UNSCORED[name]}" for name, n in report["unscored"].items() if n)
    done = f"{report['n']:,} of {report['expected']:,} questions"
    if report["accuracy"] is None:
        return f"{done}, none has a verdict of {report['judge']}" + (f" ({left})" if left else "")
    text = (
        f"{share(report['accuracy'])} right, 95 % interval {interval(report)}, by {report['judge']}: "
        f"{report['correct']:,} of {report['scored']:,} with a verdict; {done}"
    )
    return f"{text} ({left})" if left else text


def comparison_lines(one: Mapping[str, Any]) -> list[str]:
    """A comparison for the terminal."""
    table = _comparison(one)
    widths = [max(len(r[n]) for r in (table.heads, *table.rows)) for n in range(len(table.heads))]
    lines = [
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))
        for row in (table.heads, *table.rows)
    ]
    left = ", ".join(f"{n} {name}" for name, n in one["left_out"].items() if n)
    judges = " and ".join(dict.fromkeys((one["a"]["judge"], one["b"]["judge"])))
    return [table.title, f"by {judges}" + (f"; left out: {left}" if left else ""), *lines]


def share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"


def interval(cell: Mapping[str, Any]) -> str:
    if cell.get("low") is None:
        return "–"
    return f"{cell['low'] * 100:.1f}–{cell['high'] * 100:.1f}"


def markdown(title: str, reports: Sequence[Mapping[str, Any]], parts: Sequence[Table]) -> str:
    """The report as Markdown."""
    lines = [f"# {title}", ""]
    lines += [f"- **{_cell_text(name(r))}**: {_cell_text(summary(r))}" for r in reports]
    for table in parts:
        lines += ["", f"## {table.title}", ""]
        lines.append("| " + " | ".join(_cell_text(h) for h in table.heads) + " |")
        lines.append("|---|" + "---:|" * (len(table.heads) - 1))
        lines += ["| " + " | ".join(_cell_text(c) for c in row) + " |" for row in table.rows]
    return "\n".join(lines) + "\n"


def name(report: Mapping[str, Any]) -> str:
    return f"{report['run']} ({report['model']}, {report['mode']})"


def _cell_text(text: str) -> str:
    """One line that Markdown takes for text."""
    flat = " ".join(text.split())
    for mark in "\\|<>[]*_`":
        flat = flat.replace(mark, f"\\{mark}")
    return flat


def _overview(reports: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (
            r["run"],
            f"{r['suite']} {r['shard']}".strip(),
            r["model"],
            r["mode"],
            share(r["accuracy"]),
            interval(r),
            f"{r['correct']:,} of {r['scored']:,}",
            f"{r['n']:,} of {r['expected']:,}",
        )
        for r in reports
    ]
    heads = ("run", "suite", "model", "mode", "accuracy", "95 %", "right", "questions")
    return Table("Accuracy", heads, tuple(rows))


def _unscored(reports: Sequence[Mapping[str, Any]]) -> Table:
    """What became of the questions, and what accuracy does not speak of."""
    outcomes = list(reports[0]["outcomes"])
    heads = ("run", *(o.replace("_", " ") for o in outcomes), "unjudged", "not asked")
    rows = [
        (
            r["run"],
            *(f"{r['outcomes'][o]:,}" for o in outcomes),
            f"{r['unscored']['unjudged']:,}",
            f"{r['unscored']['not_asked']:,}",
        )
        for r in reports
    ]
    title = "Outcomes (world errors, missing videos and what is unjudged are in no accuracy)"
    return Table(title, heads, tuple(rows))


def _cost(reports: Sequence[Mapping[str, Any]]) -> Table:
    heads = (
        "run", "turns", "used a tool", "frames", "s mean", "s median", "s p90", "tokens in",
        "tokens out", "US$ in all", "US$ a question",
    )  # fmt: skip
    rows = [
        (
            r["run"],
            _number(r["turns"]["mean"]),
            share(r["tools"]["share"]),
            _number(r["frames"]),
            *(_number(r["seconds"][k]) for k in ("mean", "median", "p90")),
            *(_number(r["tokens"][k], 0) for k in ("input", "output")),
            _number(r["usd"]["total"], 4),
            _number(r["usd"]["mean"], 5),
        )
        for r in reports
    ]
    return Table("A question on average", heads, tuple(rows))


def _breakdown(reports: Sequence[Mapping[str, Any]], by: str) -> Table:
    names = list(dict.fromkeys(n for r in reports for n in r.get(by, {})))
    heads = ["", *(part for r in reports for part in (r["run"], "95 %", "right of n"))]
    rows = []
    for one in names:
        row = [one]
        for r in reports:
            cell = r.get(by, {}).get(one)
            row += [share(cell["accuracy"]), interval(cell), _of(cell)] if cell else ["–"] * 3
        rows.append(tuple(row))
    return Table(TITLES[by], tuple(heads), tuple(rows))


def _of(cell: Mapping[str, Any]) -> str:
    left = cell["n"] - cell["scored"]
    return f"{cell['correct']:,} of {cell['scored']:,}" + (f" (+{left:,} unscored)" if left else "")


def _turns(reports: Sequence[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(n for r in reports for n in r["turns"]["buckets"]))
    rows = [(n, *(_number(r["turns"]["buckets"].get(n)) for r in reports)) for n in names]
    return Table("Turns by length of the film", ("", *(r["run"] for r in reports)), tuple(rows))


def _tools(reports: Sequence[Mapping[str, Any]]) -> Table:
    names = sorted({n for r in reports for n in r["tools"]["calls"]})
    rows = [
        (
            n,
            *(
                f"{r['tools']['calls'].get(n, 0):,} in {r['tools']['questions'].get(n, 0):,} questions"
                for r in reports
            ),
        )
        for n in names
    ]
    return Table("Calls by tool", ("", *(r["run"] for r in reports)), tuple(rows))


def _judges(reports: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (r["run"], slug, share(c["accuracy"]), interval(c), _of(c))
        for r in reports
        for slug, c in r["judges"].items()
    ]
    return Table("Judges side by side", ("run", "judge", "accuracy", "95 %", "right"), tuple(rows))


def _missing(reports: Sequence[Mapping[str, Any]]) -> list[Table]:
    return [
        Table(
            f"Missing videos of {r['run']}",
            ("video", "questions", "link", "why"),
            tuple(
                (m["video"], str(m["questions"]), m["link"] or "–", m["why"]) for m in r["missing"]
            ),
        )
        for r in reports
        if r["missing"]
    ]


def _comparison(one: Mapping[str, Any]) -> Table:
    """All questions first, then bucket by bucket."""
    a, b = one["a"]["run"], one["b"]["run"]
    groups = [("all", one), *one["buckets"].items()]
    rows = [
        (
            group,
            f"{c['n']:,}",
            *(f"{c[k]:,}" for k in ("wins", "losses", "ties")),
            _points(c["difference"]),
            "–" if c["low"] is None else f"{_points(c['low'])} … {_points(c['high'])}",
            "–" if c["mcnemar_p"] is None else f"{c['mcnemar_p']:.4g}",
        )
        for group, c in groups
    ]
    heads = ("seconds", "n", "wins", "losses", "ties", "points", "95 % bootstrap", "McNemar p")
    return Table(f"{a} against {b}, on the same questions", heads, tuple(rows))


def _seeds(seeds: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (
            f"{s['suite']}, {s['model']}, {s['mode']}",
            str(s["runs"]),
            share(s["mean"]),
            "–" if s["deviation"] is None else f"± {s['deviation'] * 100:.2f}",
            f"{share(s['low'])} … {share(s['high'])}",
        )
        for s in seeds
    ]
    heads = ("runs that differ in their seed", "runs", "mean", "deviation", "range")
    return Table("Several seeds", heads, tuple(rows))


def _published(published: Published) -> Table:
    rows = [
        (
            s.name,
            f"{s.accuracy:.1f} %",
            _number(s.mcq, 1),
            _number(s.open, 1),
            _number(s.seconds, 1),
        )
        for s in published.systems
    ]
    title = f"{published.source} ({published.note}; judge {published.judge})"
    return Table(title, ("system", "accuracy", "mcq", "open", "s a question"), tuple(rows))


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:+.1f}"


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
