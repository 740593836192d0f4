"""The page's own JavaScript and CSS as text for `launch(head=..., css=...)`.

The scripts go inline into the head, so that they run before any component mounts, without a
request. They hold no data of a run: that reaches the browser only as the components' value.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPTS = (
    "bus.js",
    "text.js",
    "icons.js",
    "captions.js",
    "scale.js",
    "lanes.js",
    "timeline.js",
    "timeline_keys.js",
    "timeline_list.js",
    "card.js",
    "cards.js",
    "train_charts.js",
    "train.js",
    "train_views.js",
    "annotate.js",
    "annotate_case.js",
    "annotate_start.js",
    "annotate_results.js",
    "bench.js",
    "bench_board.js",
    "bench_plot.js",
    "bench_questions.js",
    "bench_case.js",
)
SHEETS = (
    "shared.css",
    "timeline.css",
    "cards.css",
    "train_charts.css",
    "train.css",
    "annotate.css",
    "bench.css",
)


def head() -> str:
    """One script element; later files use what earlier ones put on `window.sage`."""
    code = "\n".join(_read(name) for name in SCRIPTS).replace("</", r"<\/")
    return f"<script>\n{code}\n</script>"


def css() -> str:
    """All rules; they use only our own ids and classes, and Gradio's variables."""
    return "\n".join(_read(name) for name in SHEETS)


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
