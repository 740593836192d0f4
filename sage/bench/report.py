"""Writes a report of one or more runs: JSON, Markdown and one HTML file with plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sage.bench.numbers import compare, report, seeds
from sage.bench.page import page
from sage.bench.published import load_published
from sage.bench.run import BenchFolder
from sage.bench.score import Seen, see
from sage.bench.words import markdown, tables
from sage.faults import Border, crossing


def as_json(runs: Sequence[Seen]) -> dict[str, Any]:
    """One run: its numbers. Several: theirs, the first against each other, and those that differ in their seed."""
    reports = [report(seen) for seen in runs]
    if len(reports) == 1:
        return reports[0]
    comparisons = [compare(runs[0], other) for other in runs[1:]]
    return {"runs": reports, "comparisons": comparisons, "seeds": seeds(runs)}


def see_all(folders: Sequence[Path], judge: str = "") -> list[Seen]:
    """The runs of the folders as one judge sees them; WorldError(DISK)."""
    return [see(BenchFolder.open(folder), judge) for folder in folders]


def write_report(numbers: dict[str, Any], out: Path) -> list[Path]:
    """Writes report.json, report.md and report.html into `out`; WorldError(DISK)."""
    reports = numbers.get("runs", [numbers])
    suites = {r["suite"] for r in reports}
    published = load_published() if suites == {load_published().suite} else None
    parts = tables(reports, numbers.get("comparisons", ()), numbers.get("seeds", ()), published)
    title = "Benchmark: " + ", ".join(sorted(suites))
    texts = {
        "report.json": json.dumps(numbers, ensure_ascii=False, indent=1) + "\n",
        "report.md": markdown(title, reports, parts),
        "report.html": page(title, reports, parts, published),
    }
    with crossing(Border.DISK, f"The report cannot be written to {out}", OSError):
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
    return [out / name for name in texts]
