"""What the events of the Training tab do. Each checks by itself that it may: the page is no lock.

Whatever is refused is told in one sentence in the tab's status line, and nothing is lost.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from demo import says
from demo.ask_steps import Steps
from demo.says import to_json
from demo.site import Site
from demo.train_draft import disk_lines, draft_value, dry_run, wrong
from sage.faults import Border, WorldError
from sage.models import catalog
from sage.train import job_devices, job_models
from sage.train.job_files import CONFIG, Info, JobState
from sage.train.job_plan import (
    KNOBS,
    Draft,
    bench_command,
    check,
    facts_of,
    preset_values,
    presets,
)
from sage.train.jobs import Job, Jobs
from sage.train.settings import TINY

SLOTS = 10
"""Fields for settings; every recipe has so many."""
USED = "models.txt"
FOLDER = re.compile(r"\d{8}-\d{6}-[a-z]+-[0-9a-f]{4}")
GIB = 2**30
BUNDLED = ("sage-tiny-sft", "sage-tiny")


class TrainSteps:
    """The steps, for one site."""

    def __init__(self, site: Site, ask: Steps) -> None:
        self._site = site
        self._ask = ask
        self._used = site.data / USED
        for line in self._read_used():
            catalog.offer(Path(line), "Trained here.")

    @property
    def jobs(self) -> Jobs:
        """Of the site, for its owner alone; WorldError for anybody else."""
        if self._site.is_public:
            raise WorldError(
                Border.DISK,
                "Training is the owner's alone, and this site is public. Nothing was started or changed. "
                "Run SAGE on a machine of your own; the commands are on this page.",
            )
        return self._site.jobs

    # ---- the form

    def bases(self, recipe: str) -> list[tuple[str, str]]:
        """Checkpoints to start from, as label and value."""
        found = [] if recipe == "grpo" else [("a new tiny model, untrained", TINY)]
        found += [
            (f"{name} · bundled", str(catalog.ASSETS / name))
            for name in BUNDLED
            if (catalog.ASSETS / name / "config.json").is_file()
        ]
        for job in self._site.jobs.all():
            for one in job_models.checkpoints(job.folder):
                if one.is_final:
                    found.append((f"{job.title} · finished", str(one.folder)))
        for line in self._read_used():
            if line not in {value for _, value in found}:
                found.append((f"{Path(line).parent.parent.name} · {Path(line).name}", line))
        return found

    def recipe(self, recipe: str) -> list[Any]:
        """Another kind of training: presets, bases, and the fields below them."""
        names = presets(recipe)
        bases = self.bases(recipe)
        base = bases[0][1] if bases else ""
        return [
            gr.update(choices=names, value=names[0]),
            gr.update(choices=bases, value=base),
            *self.knobs(recipe, names[0]),
        ]

    def refresh(self, recipe: str) -> Any:
        """The bases there are now; what was chosen stays."""
        return gr.update(choices=self.bases(recipe))

    def knobs(self, recipe: str, preset: str) -> list[Any]:
        """The settings of a preset, in the fields of the form."""
        values = preset_values(recipe, preset or "")
        return [
            gr.update(label=knob.label, info=knob.why or " ", value=values[knob.path])
            for knob in KNOBS[recipe]
        ]

    def check(self, form: dict[str, Any]) -> list[str]:
        """What the form would start, or what is wrong with it: the draft, and the name of the job's folder."""
        try:
            folder = self._folder(form)
            plan, troubles = check(self._draft(form), folder)
        except WorldError as error:
            return [draft_value(troubles=[("", str(error))]), ""]
        if plan is None:
            return [wrong(form["recipe"], troubles), folder.name]
        facts = [*facts_of(plan.settings), *self._machine()]
        return [draft_value(plan=plan, facts=facts), folder.name]

    def preflight(self, form: dict[str, Any]) -> Iterator[str]:
        """The same with what the job will take, told by the command's own dry run."""
        try:
            plan, troubles = check(self._draft(form), self._folder(form))
        except WorldError as error:
            yield draft_value(troubles=[("", str(error))])
            return
        if plan is None:
            yield wrong(form["recipe"], troubles)
            return
        facts = self._machine()
        busy = "Reading some rows and measuring the model…"
        yield draft_value(plan=plan, facts=[*facts_of(plan.settings), *facts], busy=busy)
        lines = dry_run(plan)
        yield draft_value(
            plan=plan, facts=[*lines, *disk_lines(lines, plan, self.jobs.home), *facts]
        )

    def start(self, form: dict[str, Any]) -> list[Any]:
        """Makes a job and queues it: what the list is told, status, draft, folder's name, the form itself."""
        try:
            folder = self._folder(form)
            plan, troubles = check(self._draft(form), folder)
            if plan is None:
                said = says.status("error", "Nothing was started. " + troubles[0].says)
                return [gr.skip(), said, wrong(form["recipe"], troubles), gr.skip(), gr.skip()]
            info = plan.info
            if not info.name:
                info = info.model_copy(update={"name": _name(form["recipe"], form["preset"])})
            job = self.jobs.create(folder, info, {CONFIG: plan.config})
        except WorldError as error:
            return [gr.skip(), says.status("error", str(error)), *[gr.skip()] * 3]
        said = says.status(
            "done", f"“{job.title}” is made, and starts as soon as {_where(job)} is free."
        )
        return [_told(job.id), said, gr.skip(), "", gr.update(open=False)]

    def _folder(self, form: dict[str, Any]) -> Path:
        """Where the job will be: where the page has said so, as long as there is nothing yet."""
        name = form.get("folder") or ""
        kept = self.jobs.home / name
        if FOLDER.fullmatch(name) and f"-{form['recipe']}-" in name and not kept.exists():
            return kept
        return self.jobs.new_folder(form["recipe"])

    def _draft(self, form: dict[str, Any]) -> Draft:
        recipe = form["recipe"]
        values = {knob.path: _whole(form[f"knob{n}"]) for n, knob in enumerate(KNOBS[recipe])}
        return Draft(
            recipe=recipe,
            preset=form["preset"] or "",
            name=form["name"] or "",
            base=form["base"] or "",
            data=form["data"],
            where=form["where"] or "",
            devices=form["devices"] or job_devices.CPU,
            values=values,
            extra=form["extra"] or "",
        )

    def _machine(self) -> list[str]:
        """What is free now."""
        free, whole = job_devices.memory()
        disk = job_devices.disk_free(self._site.jobs.home)
        cards = [
            f"GPU {g.number} {g.free / GIB:.0f} of {g.total / GIB:.0f} GiB"
            for g in job_devices.gpus()
        ]
        shown = [
            f"memory {free / GIB:.1f} of {whole / GIB:.1f} GiB",
            *cards,
            f"disk {disk / GIB:.1f} GiB",
        ]
        return [f"free now  {', '.join(shown)}"]

    # ---- what is done with jobs

    def act(self, event: gr.EventData) -> list[Any]:
        """Stop, kill, resume, rename, delete, benchmark: what the list is told, and the status."""
        asked = dict(event._data or {})
        try:
            job = self._job(asked)
            done = {
                "stop": self._stop,
                "kill": self._kill,
                "resume": self._resume,
                "rename": self._rename,
                "delete": self._delete,
                "bench": self._bench,
            }[str(asked.get("do"))]
            told, text = done(job, asked)
        except WorldError as error:
            return [_told(), says.status("error", str(error))]
        except KeyError:
            return [gr.skip(), gr.skip()]
        return [told, says.status("done", text)]

    def _job(self, asked: dict[str, Any]) -> Job:
        job = self.jobs.find(str(asked.get("job", ""))[:200])
        if job is None:
            raise WorldError(Border.DISK, "There is no such job any more. Nothing was changed.")
        return job

    def _stop(self, job: Job, _: dict[str, Any]) -> tuple[str, str]:
        was = job.state
        self.jobs.stop(job)
        text = "taken out of the queue." if was == JobState.QUEUED else "asked to save and stop."
        return _told(), f"“{job.title}”: {text}"

    def _kill(self, job: Job, _: dict[str, Any]) -> tuple[str, str]:
        self.jobs.kill(job)
        return (
            _told(),
            f"“{job.title}”: killed; its processes are gone. Its last checkpoint is kept.",
        )

    def _resume(self, job: Job, _: dict[str, Any]) -> tuple[str, str]:
        self.jobs.resume(job)
        return _told(), f"“{job.title}” goes on as soon as {_where(job)} is free."

    def _rename(self, job: Job, asked: dict[str, Any]) -> tuple[str, str]:
        name = " ".join(str(asked.get("name", "")).split())[:120]
        renamed = self.jobs.rename(job, name=name, note=str(asked.get("note", ""))[:4000])
        return _told(), f"“{renamed.title}”: name and note are kept."

    def _delete(self, job: Job, _: dict[str, Any]) -> tuple[str, str]:
        self.jobs.delete(job)
        self._site.samples.forget(job)
        what = "deleted" if job.is_ours else "taken off the list; its folder stays"
        return to_json({"gone": job.id, "n": time.time()}), f"“{job.title}”: {what}."

    def _bench(self, job: Job, asked: dict[str, Any]) -> tuple[str, str]:
        step = _step(asked)
        model = job_models.export(job.folder, step)
        folder = self.jobs.new_folder("bench")
        name = f"Benchmark of {job.title}" + (f", step {step}" if step else "")
        command = bench_command(f"hf:{model}", folder / "bench")
        info = Info(
            recipe="bench",
            name=name[:120],
            command=command,
            cwd=str(Path.cwd()),
            devices=job.info.devices,
        )
        made = self.jobs.create(folder, info, {})
        return _told(made.id), f"“{name}” is a job of its own now."

    def show(self, where: str | None) -> list[Any]:
        """Adds the folder of a run from elsewhere: what the list is told, status, the field."""
        try:
            job = self.jobs.show(Path((where or "").strip() or "."))
        except WorldError as error:
            return [gr.skip(), says.status("error", str(error)), gr.skip()]
        return [_told(job.id), says.status("done", f"“{job.title}” is on the list."), ""]

    # ---- where a job leads

    def base(self, event: gr.EventData) -> list[Any]:
        """A checkpoint as what the next job starts from: base, status."""
        try:
            asked = dict(event._data or {})
            model = job_models.export(self._job(asked).folder, _step(asked))
        except WorldError as error:
            return [gr.skip(), says.status("error", str(error))]
        self._use(model)
        said = says.status("done", f"“New job” starts from {model}. Choose the rest there.")
        return [gr.update(choices=self.bases("sft"), value=str(model)), said]

    def use(self, event: gr.EventData) -> list[Any]:
        """A checkpoint as the model of the Ask tab: both pickers, tabs, status."""
        try:
            asked = dict(event._data or {})
            model = job_models.export(self._job(asked).folder, _step(asked))
        except WorldError as error:
            return [gr.skip(), gr.skip(), gr.skip(), says.status("error", str(error))]
        spec = self._use(model)
        models, tools = self._ask.models()
        chosen = {**models, "value": spec}
        said = says.status("done", f"The Ask tab uses {spec} now.")
        return [chosen, tools, gr.update(selected="ask"), said]

    def open(self, event: gr.EventData) -> list[Any]:
        """An episode in the Ask tab: what is filled in there, and the tabs."""
        run = str(dict(event._data or {}).get("run", ""))[:200]
        try:
            found = self.jobs and self._site.samples.folder(run)
        except WorldError as error:
            gr.Warning(str(error), duration=10)
            found = None
        if found is None:
            return [*[gr.skip()] * 6, gr.skip()]
        return [*self._ask.fill(run), gr.update(selected="ask")]

    def _use(self, model: Path) -> str:
        """Offers a model in the Ask tab, from now on and after a restart."""
        known = self._read_used()
        if str(model) not in known:
            self._used.write_text("".join(f"{line}\n" for line in [*known, model]), "utf-8")
        return catalog.offer(model, "Trained here.")

    def _read_used(self) -> list[str]:
        if self._site.is_public or not self._used.is_file():
            return []
        return [line for line in self._used.read_text("utf-8").splitlines() if Path(line).is_dir()]


def _where(job: Job) -> str:
    devices = job.info.devices
    return "the CPU" if job_devices.CPU in devices else f"GPU {', '.join(devices)}"


def _whole(value: Any) -> Any:
    """Fields of numbers give 60.0 for 60."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _name(recipe: str, preset: str | None) -> str:
    return f"{preset or recipe} {time.strftime('%d %b %H:%M')}"


def _step(asked: dict[str, Any]) -> int:
    step = asked.get("step")
    return step if isinstance(step, int) and step >= 0 else 0


def _told(job: str = "") -> str:
    """What makes the page look at everything again, and at `job` first; never the same twice."""
    return to_json({"job": job, "n": time.time()})
