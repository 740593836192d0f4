"""A report as one HTML file that needs nothing else: styles inside, plots as SVG, no script, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sage.bench.plots import Point, Series, nice_top, plot
from sage.bench.published import Published
from sage.bench.score import BUCKET_NAMES
from sage.bench.words import Table, interval, name, share, summary

SHOWN = ("Qwen3-VL-8B, direct, 128 frames", "SAGE-MM 8B, SFT + RL")
"""Published systems that are drawn beside; those with numbers by bucket."""
STYLE = """
:root { color-scheme: light dark; --line: #8886; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; }
svg { width: 100%; max-width: 820px; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: currentColor; } svg .grid { stroke: var(--line); } svg .mid { text-anchor: middle; }
svg .end { text-anchor: end; }
"""


def page(
    title: str,
    reports: Sequence[Mapping[str, Any]],
    parts: Sequence[Table],
    published: Published | None = None,
) -> str:
    """The whole file as text."""
    said = "".join(
        f"<li><strong>{escape(name(r))}</strong>: {escape(summary(r))}</li>" for r in reports
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n<ul>{said}</ul>\n"
        f"{_plots(reports, published)}\n"
        + "\n".join(_table(part) for part in parts)
        + "\n</body>\n</html>\n"
    )


def accuracy_plot(reports: Sequence[Mapping[str, Any]], published: Published | None) -> str:
    """Accuracy by length of the film with Wilson intervals, beside what was published."""
    names = [n for n in BUCKET_NAMES if any(n in r["buckets"] for r in reports)]
    series = [
        Series(
            name(r),
            {
                n: Point(
                    c["accuracy"],
                    c["low"],
                    c["high"],
                    f"{share(c['accuracy'])} ({interval(c)}), n = {c['n']}",
                )
                for n, c in r["buckets"].items()
                if c["accuracy"] is not None
            },
        )
        for r in reports
    ]
    for system in published.systems if published else ():
        if system.name in SHOWN:
            points = {n: Point(v / 100, note=f"{v} %") for n, v in system.buckets.items()}
            series.append(Series(system.name, points, is_published=True))
    return plot("Accuracy by length of the film in seconds", names, series, top=1.0, unit="%")


def turns_plot(reports: Sequence[Mapping[str, Any]], published: Published | None) -> str:
    """Mean turns by length of the film."""
    names = [n for n in BUCKET_NAMES if any(n in r["turns"]["buckets"] for r in reports)]
    series = [
        Series(
            name(r),
            {
                n: Point(v, note=f"{v:.2f}")
                for n, v in r["turns"]["buckets"].items()
                if v is not None
            },
        )
        for r in reports
    ]
    for system in published.systems if published else ():
        if system.turns:
            points = {n: Point(v) for n, v in system.turns.items()}
            series.append(Series(system.name, points, is_published=True))
    highest = max((p.value for one in series for p in one.points.values()), default=1.0)
    return plot("Turns by length of the film in seconds", names, series, top=nice_top(highest))


def tools_plot(reports: Sequence[Mapping[str, Any]]) -> str:
    """Calls a question, by tool."""
    tools = sorted({tool for r in reports for tool in r["tools"]["calls"]})
    series = [
        Series(
            name(r),
            {
                tool: Point(n / r["n"], note=f"{n} calls")
                for tool, n in r["tools"]["calls"].items()
                if r["n"]
            },
        )
        for r in reports
    ]
    highest = max((p.value for one in series for p in one.points.values()), default=1.0)
    return plot("Calls a question, by tool", tools, series, top=nice_top(highest))


def _plots(reports: Sequence[Mapping[str, Any]], published: Published | None) -> str:
    drawn = [accuracy_plot(reports, published), turns_plot(reports, published)]
    if any(r["tools"]["calls"] for r in reports):
        drawn.append(tools_plot(reports))
    heads = ("Accuracy by length of the film", "Turns by length of the film", "Calls a question")
    return "\n".join(
        f"<h2>{head}</h2>\n<figure>{svg}</figure>" for head, svg in zip(heads, drawn, strict=False)
    )


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>\n"
        for row in table.rows
    )
    return (
        f'<h2>{escape(table.title)}</h2>\n<div class="wide"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>"
    )
