"""A job as one HTML file that opens anywhere without the app: what it was, its curves, how it ended.

The curves are drawn by the same script as in the app, which the file holds together with plotly. All data goes in as
JSON and onto the page as text.
"""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DRAW = """
const told = JSON.parse(document.getElementById("data").textContent);
sage.makeCharts(document.getElementById("curves")).show(told.runs, {});
"""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 24px auto; padding: 0 16px; color: #1e293b; }
h1 { font-size: 1.4rem; margin: 0 0 4px; } h2 { font-size: 1.05rem; margin: 28px 0 8px; }
table { border-collapse: collapse; } td, th { text-align: left; padding: 3px 14px 3px 0; vertical-align: top; }
th { font-weight: 600; color: #475569; }
pre { background: #f1f5f9; padding: 10px 12px; overflow: auto; font-size: 13px; }
.quiet { color: #475569; } .alarm { border-left: 4px solid #d55e00; padding: 6px 12px; background: #fff4ec; }
"""


def report(job: dict[str, Any], curves: dict[str, Any], log: dict[str, Any], plotly: Path) -> str:
    """The page of a job, from what the Training tab shows of it."""
    title = html.escape(job["title"])
    data = json.dumps({"runs": [curves]}).replace("</", r"<\/").replace("<!--", r"<\!--")
    charts = "".join((FOLDER / name).read_text("utf-8") for name in ("text.js", "train_charts.js"))
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [
        f"<h1>{title}</h1><p class=quiet>{html.escape(job['says'])} Report of {made}.</p>",
        *(f'<p class="alarm">{html.escape(text)}</p>' for text in job["alarms"]),
        _problem(job["problem"]),
        _facts(job),
        '<h2>Curves</h2><div id="curves" class="tr-charts"></div>',
        f"<h2>Command</h2><pre>{html.escape(job['command'])}</pre>",
        f"<h2>Settings</h2><pre>{html.escape(job['yaml'])}</pre>",
        f"<h2>End of the log</h2><pre>{html.escape(chr(10).join(log['lines'][-60:]))}</pre>",
    ]
    style = STYLE + (FOLDER / "train_charts.css").read_text("utf-8")
    script = plotly.read_text("utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · SAGE training</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>'
        f'{"".join(parts)}<script type="application/json" id="data">{data}</script>'
        f"<script>{script}</script><script>window.sage = {{}};{charts}</script><script>{DRAW}</script></body></html>"
    )


def _problem(problem: dict[str, str] | None) -> str:
    if not problem:
        return ""
    advice = f"<p>{html.escape(problem['advice'])}</p>" if problem["advice"] else ""
    return f"<h2>What went wrong</h2>{advice}<pre>{html.escape(problem['text'])}</pre>"


def _facts(job: dict[str, Any]) -> str:
    rows = [
        ("Recipe", job["recipe"].upper()),
        ("State", job["state"]),
        ("Devices", ", ".join(job["devices"])),
        ("Note", job["note"]),
        ("Created", job["created"]),
    ]
    for attempt in job["attempts"]:
        began = datetime.fromtimestamp(attempt["at"], UTC).strftime("%Y-%m-%d %H:%M UTC")
        went = f"{began}, from step {attempt['first']}, {attempt['state']}; code {attempt['git'][:12] or 'unknown'}"
        rows.append((f"Attempt {attempt['n']}", went))
    told = ((name, text) for name, text in rows if text)
    lines = (f"<tr><th>{html.escape(n)}</th><td>{html.escape(t)}</td></tr>" for n, t in told)
    return f"<table>{''.join(lines)}</table>"
