"""What the events of the Benchmark tab do. Each checks by itself that it may: the page is no lock.

Whatever is refused is told in one sentence in the tab's status line, and nothing is lost.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gradio as gr

from demo import says
from demo.bench_runs import BenchRuns, warm
from demo.bench_start import LONGEST, NOT_HERE, Plan, Trouble, check, read_form
from demo.says import to_json
from demo.site import Site
from sage.bench.run import slugify
from sage.config import ConfigError
from sage.faults import Border, WorldError
from sage.models import catalog
from sage.train import job_devices

RUN = "python -m sage bench run mini --model sage-tiny --out runs/bench/agent"
IMPORT = "python -m sage bench import FILE --out runs/bench/released"


class BenchSteps:
    """The steps, for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.runs = BenchRuns(site.data, is_public=site.is_public)
        warm()

    # ---- the form

    def models(self) -> list[tuple[str, str]]:
        """Models that can be measured, the ready ones first, as label and value."""
        found = sorted(catalog.statuses(), key=lambda status: not status.ready)
        return [(says.model(status), status.spec) for status in found]

    def devices(self) -> list[tuple[str, str]]:
        """What the job may be given."""
        return job_devices.device_sets()

    def check(self, values: dict[str, Any]) -> str:
        """What the form would start, or what is wrong with it."""
        plan, troubles = check(read_form(values), self.runs.home)
        return _draft(plan, troubles)

    def start(self, values: dict[str, Any]) -> list[Any]:
        """Queues what the form says: what the list is told, status, draft, the form itself."""
        try:
            self._own(RUN)
            plan, troubles = check(read_form(values), self.runs.home)
            if plan is None:
                said = says.status("error", "Nothing was started. " + troubles[0].says)
                return [gr.skip(), said, _draft(None, troubles), gr.skip()]
            jobs = self._site.jobs
            for info in plan.jobs:
                jobs.create(jobs.new_folder("bench"), info, {})
        except WorldError as error:
            return [gr.skip(), says.status("error", str(error)), gr.skip(), gr.skip()]
        more = f" and {len(plan.jobs) - 1} more after it" if len(plan.jobs) > 1 else ""
        begun = f"“{plan.jobs[0].name}” is a job now{more}; the Training tab can stop it."
        text = f"{begun} Its run will be {plan.out.name}."
        return [_told(), says.status("done", text), gr.skip(), gr.update(open=False)]

    # ---- import

    def take_in(self, files: list[str] | None, suite: str | None, model: str | None) -> list[Any]:
        """Makes a run of released files: what the list is told, status, the field of files."""
        from sage.bench.released import import_files  # noqa: PLC0415  imports the tools

        try:
            self._own(IMPORT)
            paths = [Path(name) for name in files or []]
            if not 1 <= len(paths) <= 2:
                raise ConfigError("Give one result file, or one of each kind.")
            name = (model or "").strip()[:LONGEST]
            out = self._free(name or paths[0].name.partition(".")[0])
            run = import_files(paths, out, suite=(suite or "").strip() or "sage-bench", model=name)
        except (ConfigError, WorldError) as error:
            return [gr.skip(), says.status("error", str(error)), gr.skip()]
        header, judges = run.header(), run.judges()
        text = f"{len(run.outlines()):,} of {header.expected:,} questions are in “{run.name}”."
        if not judges:
            text += " No verdicts came with them: judge them by `exact` above, or by a model in a terminal."
        return [_told(run.name), says.status("done", text), None]

    def _free(self, name: str) -> Path:
        """A folder that is not there yet."""
        base = f"imported-{slugify(name)[:60] or 'results'}"
        taken = [base, *(f"{base}-{n}" for n in range(2, 1000))]
        return next(self.runs.home / one for one in taken if not (self.runs.home / one).exists())

    def _own(self, command: str) -> None:
        if self._site.is_public:
            raise WorldError(Border.DISK, NOT_HERE + command)


def _draft(plan: Plan | None, troubles: list[Trouble]) -> str:
    told = [{"field": trouble.field, "says": trouble.says} for trouble in troubles]
    return to_json({"troubles": told, "command": plan.shown if plan else ""})


def _told(run: str = "") -> str:
    """What makes the page look at everything again, and at `run` first; never the same twice."""
    return to_json({"run": run, "n": time.time()})
