"""Plots of reports as SVG text: no script, no font and no address from outside; every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 16, 44
COLOURS = ("#3b6fd4", "#d1662c", "#2f9461", "#9b4fb8", "#b88a00", "#c23b5c", "#3a93a8", "#6d6d6d")


class Point(NamedTuple):
    """A value with its interval, where there is one."""

    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""


class Series(NamedTuple):
    """One run, or one published system."""

    name: str
    points: dict[str, Point]
    """By category."""
    is_published: bool = False


def plot(
    title: str, categories: Sequence[str], series: Sequence[Series], *, top: float, unit: str = ""
) -> str:
    """Points with whiskers, a column a category; published values hollow and dashed. `top` ends the axis."""
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 18 * len(series)}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        *_grid(top, unit),
    ]
    column = (WIDTH - LEFT - RIGHT) / max(1, len(categories))
    for n, category in enumerate(categories):
        x = LEFT + column * (n + 0.5)
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" class="mid">{escape(category)}</text>'
        )
    for number, one in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * min(16.0, column * 0.8 / max(1, len(series)))
        xs = {c: LEFT + column * (n + 0.5) + shift for n, c in enumerate(categories)}
        parts += _series(one, COLOURS[number % len(COLOURS)], xs, top)
        parts.append(_key(one, COLOURS[number % len(COLOURS)], HEIGHT + 18 * number))
    return "\n".join([*parts, "</svg>"])


def nice_top(highest: float) -> float:
    """A round end of an axis that has room for the highest value."""
    for step in (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100):
        if highest <= step:
            return step
    return highest


def _series(one: Series, colour: str, xs: dict[str, float], top: float) -> list[str]:
    parts = []
    for category, x in xs.items():
        point = one.points.get(category)
        if point is None:
            continue
        y = _y(point.value, top)
        if point.low is not None and point.high is not None:
            low, high = _y(point.low, top), _y(point.high, top)
            parts.append(
                f'<path d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 4:.1f} {low:.1f}h8'
                f'M{x - 4:.1f} {high:.1f}h8" stroke="{colour}" fill="none"/>'
            )
        told = escape(f"{one.name}, {category}: {point.note or f'{point.value:.3g}'}")
        fill = "none" if one.is_published else colour
        dash = ' stroke-dasharray="2 2"' if one.is_published else ""
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{colour}" '
            f'stroke-width="1.5"{dash}><title>{told}</title></circle>'
        )
    return parts


def _grid(top: float, unit: str) -> list[str]:
    parts = []
    for n in range(6):
        value = top * n / 5
        y = _y(value, top)
        shown = f"{value * 100:.0f} %" if unit == "%" else f"{value:.3g}{unit}"
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="end">{escape(shown)}</text>')
    return parts


def _key(one: Series, colour: str, y: int) -> str:
    fill = "none" if one.is_published else colour
    name = f"{one.name} (published, not measured here)" if one.is_published else one.name
    return (
        f'<circle cx="{LEFT + 6}" cy="{y}" r="5" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>'
        f'<text x="{LEFT + 18}" y="{y + 4}">{escape(name)}</text>'
    )


def _y(value: float, top: float) -> float:
    share = max(0.0, min(1.0, value / top)) if top else 0.0
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
