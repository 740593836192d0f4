"""From the form of the Benchmark tab to jobs: checked field by field, with the exact commands.

Asking is one job; a judge that is a model is a second one, which waits for the first in the queue of the machine. Runs
of the same settings share a folder, so a job started again goes on. Nothing is started here.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sage.bench.judges import EXACT
from sage.bench.run import slugify
from sage.bench.suites import REPOSITORIES
from sage.models import catalog
from sage.train.job_files import Info
from sage.train.job_plan import shown_command

NONE = "none"
MODES = ("agent", "direct", "blind")
KINDS = ("hf", "openai", "gemini", "scripted")
MOST_QUESTIONS, MOST_WORKERS, LONGEST = 100_000, 256, 1000
LONGEST_NAME = 60
NOT_HERE = (
    "Starting and importing runs is the owner's alone, and this site is public. Nothing was started. "
    "On a machine of your own: "
)


class Form(NamedTuple):
    """What a person filled in."""

    suite: str
    file: str
    """Of `jsonl`."""
    model: str
    mode: str
    questions: int | None
    """`None`: all."""
    workers: int
    judge: str
    """exact, none, llm:MODEL or panel:A,B,C."""
    videos: str
    """Folder of the films; empty where none is needed."""
    devices: str


class Trouble(NamedTuple):
    """What is wrong with one field."""

    field: str
    says: str


class Plan(NamedTuple):
    """What can be started: jobs in their order."""

    out: Path
    jobs: tuple[Info, ...]

    @property
    def shown(self) -> str:
        """The commands as a person would type them."""
        return "\n".join(shown_command(info.command) for info in self.jobs)


def small_model() -> str:
    """What a first run asks: a model of this machine that costs nothing."""
    ready = {status.spec for status in catalog.statuses() if status.ready}
    return "sage-tiny" if "sage-tiny" in ready else "offline"


def read_form(values: Mapping[str, Any]) -> Form:
    """The fields as the page sends them; what is no number is 0 and is refused later."""
    questions = values.get("questions")

    def text(name: str) -> str:
        return _text(values.get(name))

    return Form(
        suite=text("suite"),
        file=text("file"),
        model=text("model"),
        mode=text("mode"),
        questions=None if questions in (None, "", 0) else _whole(questions),
        workers=_whole(values.get("workers")),
        judge=text("judge"),
        videos=text("videos"),
        devices=text("devices"),
    )


def check(form: Form, home: Path) -> tuple[Plan | None, list[Trouble]]:
    """The plan of a form, its run below `home`; or what is wrong, field by field."""
    troubles = [*_suite_troubles(form), *_model_troubles(form), *_number_troubles(form)]
    if form.mode not in MODES:
        troubles.append(Trouble("mode", f"The mode is one of {', '.join(MODES)}."))
    troubles += _judge_troubles(form.judge)
    if troubles:
        return None, troubles
    return _plan(form, home), []


def _plan(form: Form, home: Path) -> Plan:
    suite = (
        f"jsonl:{Path(form.file).expanduser().resolve()}" if form.suite == "jsonl" else form.suite
    )
    limit = f"n{form.questions}" if form.questions else ""
    named = Path(form.file).stem if form.suite == "jsonl" else form.suite
    out = home / _folder("-".join(p for p in (named, form.model, form.mode, limit) if p))
    on_the_fly = EXACT if form.judge == EXACT else NONE
    words = ["bench", "run", suite, "--model", form.model, "--mode", form.mode]
    words += ["--out", str(out), "--workers", str(form.workers), "--judge", on_the_fly]
    if form.questions:
        words += ["--limit", str(form.questions)]
    if form.videos:
        words += ["--videos", str(Path(form.videos).expanduser().resolve())]
    jobs = [_job(form, f"{named}, {form.model}, {form.mode}", words)]
    if form.judge not in (EXACT, NONE):
        judging = ["bench", "judge", str(out), "--judge", form.judge]
        jobs.append(_job(form, f"{form.judge} judges {out.name}", judging))
    return Plan(out, tuple(jobs))


def _folder(text: str) -> str:
    """A folder's name; of long ones the end tells apart, so it is kept as a digest."""
    if len(text) <= LONGEST_NAME:
        return slugify(text)
    return f"{slugify(text[:LONGEST_NAME])}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _job(form: Form, name: str, words: list[str]) -> Info:
    return Info(
        recipe="bench",
        name=f"Benchmark: {name}"[:120],
        command=(sys.executable, "-m", "sage", *words),
        cwd=str(Path.cwd()),
        devices=tuple(part.strip() for part in (form.devices or "cpu").split(",")),
    )


def _suite_troubles(form: Form) -> list[Trouble]:
    if form.suite not in ("mini", "jsonl", *REPOSITORIES):
        return [Trouble("suite", f"The suite is mini, jsonl, {' or '.join(REPOSITORIES)}.")]
    found = []
    if form.suite == "jsonl" and not Path(form.file).expanduser().is_file():
        says = (
            f"{form.file} is no file of this machine."
            if form.file
            else "Give the file of questions."
        )
        found.append(Trouble("file", says))
    if form.videos and not Path(form.videos).expanduser().is_dir():
        found.append(Trouble("videos", f"{form.videos} is no folder of this machine."))
    elif form.suite in REPOSITORIES and not form.videos and form.mode != "blind":
        found.append(Trouble("videos", "Give the folder that has the videos, or choose blind."))
    return found


def _model_troubles(form: Form) -> list[Trouble]:
    kind, colon, rest = form.model.partition(":")
    if form.model in ("offline", "sage-tiny") or (colon and rest and kind in KINDS):
        return []
    says = "Choose a model of the list, or write hf:FOLDER, openai:MODEL@URL or gemini:MODEL."
    return [Trouble("model", says)]


def _number_troubles(form: Form) -> list[Trouble]:
    found = []
    if form.questions is not None and not 1 <= form.questions <= MOST_QUESTIONS:
        says = f"Questions: a whole number from 1 to {MOST_QUESTIONS:,}, or nothing for all."
        found.append(Trouble("questions", says))
    if not 1 <= form.workers <= MOST_WORKERS:
        found.append(Trouble("workers", f"At once: a whole number from 1 to {MOST_WORKERS}."))
    return found


def _judge_troubles(judge: str) -> list[Trouble]:
    kind, _, rest = judge.partition(":")
    if judge in (EXACT, NONE) or (kind in ("llm", "panel") and rest):
        return []
    return [Trouble("judge", "The judge is exact, none, llm:MODEL or panel:A,B,C.")]


def _text(value: object) -> str:
    return value.strip()[:LONGEST] if isinstance(value, str) else ""


def _whole(value: object) -> int:
    """A whole number, which fields may give as 60.0; else 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if value == value and abs(value) < 1e9 and int(value) == value else 0
