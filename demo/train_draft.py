"""What the form for a new job is told: mistakes by field, facts, the command; and what a dry run says it will take."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from demo.says import to_json
from sage.train import job_devices
from sage.train.job_files import CONFIG
from sage.train.job_plan import KNOBS, Plan, Trouble, shown_command

DRY_RUN_S = 300
SIZES = re.compile(r"([\d,.]+) M weights, ([\d,.]+) M learned")
GIB = 2**30


def draft_value(
    *,
    plan: Plan | None = None,
    troubles: list[tuple[str, str]] | None = None,
    facts: list[str] | None = None,
    busy: str = "",
) -> str:
    """The draft as its part of the page takes it; each trouble with the field that it is about."""
    return to_json(
        {
            "troubles": [{"field": field, "says": text} for field, text in troubles or []],
            "facts": facts or [],
            "busy": busy,
            "command": shown_command(plan.info.command) if plan else "",
            "yaml": plan.config if plan else "",
        }
    )


def wrong(recipe: str, troubles: list[Trouble]) -> str:
    """A draft that cannot be started, each mistake at its field."""
    return draft_value(troubles=[(_slot(recipe, t.field), t.says) for t in troubles])


def _slot(recipe: str, field: str) -> str:
    """The field of the form that a setting stands in."""
    places = {knob.path: f"knob{n}" for n, knob in enumerate(KNOBS[recipe])}
    fields = {"base": "base", "model": "base", "where": "where"}
    return places.get(field) or fields.get(field) or "extra"


def dry_run(plan: Plan) -> list[str]:
    """Lines of the command's own estimate, in a process of its own; takes seconds to minutes."""
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / CONFIG
        config.write_text(plan.config, "utf-8")
        words = ["train", plan.info.recipe, "--config", str(config), "--dry-run"]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "sage", *words],
                capture_output=True,
                text=True,
                timeout=DRY_RUN_S,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return [
                f"The dry run took more than {DRY_RUN_S} s; the job may be large, or the machine busy."
            ]
    if done.returncode:
        return [f"The dry run failed: {line}" for line in done.stderr.strip().splitlines()[-3:]]
    return [line for line in done.stdout.splitlines() if not line.startswith("command")]


def disk_lines(lines: list[str], plan: Plan, home: Path) -> list[str]:
    """What the checkpoints need, by the sizes that the dry run told."""
    found = next((match for line in lines if (match := SIZES.search(line))), None)
    if found is None:
        return []
    weights, learned = (float(text.replace(",", "")) * 1e6 for text in found.groups())
    need = (4 * weights + 8 * learned) * (plan.settings.keep + 1) + 4 * weights
    free = job_devices.disk_free(home)
    short = "; more than is free" if need > free else ""
    return [f"disk      {need / GIB:.1f} GiB for checkpoints and the model{short}"]
