"""Starts a benchmark run, or goes on with one: what it is to ask, what of that is done, and the rest."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sage.bench.judges import ExactJudge, judge_lines, judge_one
from sage.bench.lines import Appending
from sage.bench.play import Plan, play, settle_setup, sweep
from sage.bench.run import (
    HEADER,
    UNSCORABLE,
    BenchFolder,
    BenchMode,
    Entry,
    Header,
    Judgement,
    Outcome,
    Outline,
    now,
)
from sage.bench.suites import Choice, Suite, load_suite, take
from sage.config import ConfigError, load_config
from sage.faults import Border, StopSignal, WorldError
from sage.types import Setup

ROOT = Path(__file__).parents[2]
LIBRARIES = ("torch", "transformers", "av", "openai", "google-genai")


@dataclass(frozen=True)
class Order:
    """A run as a person asked for it."""

    suite: str
    out: Path
    mode: BenchMode = "agent"
    config: Path | None = None
    overrides: tuple[str, ...] = ()
    """`name=value` of Setup, model and seed among them."""
    choice: Choice = field(default_factory=Choice)
    shard: str = ""
    workers: int = 4
    judge_exactly: bool = False
    keep_media: bool = True
    retry: bool = False
    """Ask again what the world failed."""


@dataclass
class Tally:
    """Where a run stands; thread-safe."""

    of: int
    outcomes: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    videos: set[str] = field(default_factory=set)
    """Those that are missing."""
    fresh: int = 0
    """Done since this process began."""
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def done(self) -> int:
        return sum(self.outcomes.values())

    @property
    def missing(self) -> list[str]:
        return sorted(self.videos)

    def add(self, outline: Outline, judgement: Judgement | None, *, fresh: bool = True) -> None:
        with self._lock:
            self.outcomes[outline.outcome.value] += 1
            self.fresh += fresh
            if outline.outcome is Outcome.MISSING_VIDEO:
                self.videos.add(outline.question.video)
            if judgement is not None:
                self.verdicts[judgement.verdict.value] += 1

    def line(self) -> str:
        """One line for a person."""
        with self._lock:
            parts = [f"{sum(self.outcomes.values())}/{self.of}"]
            right, wrong = self.verdicts["right"], self.verdicts["wrong"]
            if right + wrong:
                parts.append(f"right {right} of {right + wrong} ({right / (right + wrong):.1%})")
            parts += [f"{name} {n}" for name, n in sorted(self.outcomes.items())]
            if self.fresh:
                seconds = (time.monotonic() - self.began) / self.fresh
                left_s = seconds * (self.of - sum(self.outcomes.values()))
                parts.append(f"{seconds:.1f} s each, {left_s / 60:.0f} min left")
        return "  ".join(parts)


def start(
    order: Order, *, stop: StopSignal, on_line: Callable[[Tally], None], tell: Callable[[str], None]
) -> Tally:
    """Runs what is left of an order and returns where it stands; when stopped, too.

    ConfigError for a wrong setting; WorldError when nothing can be started, or the disk is full.
    """
    suite = load_suite(order.suite, order.choice)
    entries = take(suite, limit=order.choice.limit, shard=order.shard)
    if not entries:
        raise ConfigError(f"{order.suite} {order.shard} has no question. Nothing was started.")
    setup = make_setup(order, suite)
    run = open_run(order, make_header(order, suite, setup, len(entries)), entries)
    plan = Plan(setup, suite.films, order.mode, order.workers, order.keep_media)
    with ExitStack() as stack:
        file = stack.enter_context(run.writing())
        exactly = stack.enter_context(run.judging("exact")) if order.judge_exactly else None
        if order.retry:
            failed = [o.id for o in run.outlines().values() if o.outcome in UNSCORABLE]
            run.forget(failed)
        sweep(run)
        return _play(run, entries, plan, (file, exactly), stop=stop, on_line=on_line, tell=tell)


def _play(
    run: BenchFolder,
    entries: Iterable[Entry],
    plan: Plan,
    files: tuple[Appending, Appending | None],
    *,
    stop: StopSignal,
    on_line: Callable[[Tally], None],
    tell: Callable[[str], None],
) -> Tally:
    file, exactly = files
    known, done = {e.id: e for e in entries}, run.outlines()
    judge = ExactJudge()
    if exactly is not None:
        judge_lines(judge, done, known, run.judgements("exact"), exactly.append)
    judged = run.judgements("exact")
    tally = Tally(len(known))
    for outline in done.values():
        tally.add(outline, judged.get(outline.id), fresh=False)
    left = [entry for id, entry in known.items() if id not in done]
    tell(f"{run.folder}: {len(done)} of {len(known)} questions are done, {len(left)} to ask")

    def on_done(outline: Outline) -> None:
        found = judge_one(judge, outline, known[outline.id]) if exactly is not None else None
        if found is not None and exactly is not None:
            exactly.append(found)
        tally.add(outline, found)
        on_line(tally)

    play(run, left, plan, file, stop=stop, on_done=on_done)
    return tally


def make_setup(order: Order, suite: Suite) -> Setup:
    """What the suite is meant for, under what the person chose; ConfigError, WorldError(MODEL)."""
    chosen = load_config(Setup, order.config, list(order.overrides))
    setup = Setup.model_validate(suite.base | chosen.model_dump(exclude_unset=True))
    return settle_setup(setup, order.mode, is_mini=suite.name == "mini")


def make_header(order: Order, suite: Suite, setup: Setup, expected: int) -> Header:
    return Header(
        suite=suite.name,
        model=setup.model,
        tool_model=setup.tool_model,
        mode=order.mode,
        seed=setup.seed,
        setup=setup,
        expected=expected,
        total=len(suite.entries),
        limit=order.choice.limit,
        workers=order.workers,
        shard=order.shard,
        source=suite.source,
        versions=versions(),
        created=now(),
    )


def open_run(order: Order, header: Header, entries: tuple[Entry, ...]) -> BenchFolder:
    """The run in the order's folder, made when there is none; WorldError(DISK) when it is another one."""
    if not (order.out / HEADER).is_file():
        return BenchFolder.create(order.out, header, entries)
    run = BenchFolder.open(order.out)
    there, wanted = _settings(run.header()), _settings(header)
    other = [name for name in wanted if wanted[name] != there[name]]
    if other or list(run.entries()) != [e.id for e in entries]:
        told = ", ".join(f"{n} {_short(there[n])} instead of {_short(wanted[n])}" for n in other)
        raise WorldError(
            Border.DISK,
            f"{order.out} holds another run: {told or 'other questions'}. It was left as it is. "
            "Choose another --out, or the same settings to go on with it.",
        )
    return run


def versions() -> dict[str, str]:
    """What a result may depend on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        if told.returncode == 0:
            found["commit"] = told.stdout.strip()
    return found


def _settings(header: Header) -> dict[str, object]:
    """What has to be the same for a run to go on."""
    found = header.model_dump(exclude={"versions", "created", "workers", "setup"})
    return header.setup.model_dump() | found


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
