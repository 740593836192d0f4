"""Asks the questions of a run with K workers, each answer on disk before the next question begins.

Local models are shared: what the workers ask at the same time becomes one batch. A question is written once, when it is
over; what was under way when the process died or was stopped is asked again.
"""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sage import agent
from sage.bench.films import Films
from sage.bench.lines import Appending
from sage.bench.run import BenchFolder, BenchMode, Entry, Outcome, Prediction, now
from sage.faults import Border, StoppedError, StopSignal, WorldError
from sage.models.base import Model
from sage.models.catalog import open_model, resolve
from sage.models.gather import Gathered
from sage.rewards.calls import calls_of
from sage.store import RunFolder
from sage.types import FilmInfo, Mode, Setup, Stop, Trace
from sage.video.probe import probe

PATIENCE_S = 0.5
"""A batch waits this long for workers that are busy reading a film."""
GIVE_UP = 8
"""So many failures in a row, and one a worker, end a run."""
MEDIA = "media"
BLIND_PROMPTS = str(Path(__file__).parent / "prompts")
MODES: dict[BenchMode, Mode] = {"agent": Mode.AUTO, "direct": Mode.DIRECT, "blind": Mode.DIRECT}


@dataclass(frozen=True)
class Plan:
    """How a run is to be asked."""

    setup: Setup
    """Settled; what differs from film to film is laid over it."""
    films: Films
    mode: BenchMode = "agent"
    workers: int = 4
    keep_media: bool = True


@dataclass
class Players:
    """The models of a run, shared by its workers."""

    gathered: Gathered
    models: agent.Models
    opened: list[Model] = field(default_factory=list)

    def close(self) -> None:
        for model in self.opened:
            model.close()


class Luck:
    """Ends a run in which the world fails every time: a server that is gone, a model that cannot be loaded."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_a_row = 0

    def check(self, prediction: Prediction) -> None:
        """WorldError when this is one failure in a row too many."""
        is_bad = prediction.outcome is Outcome.WORLD_ERROR
        self._in_a_row = self._in_a_row + 1 if is_bad else 0
        if self._in_a_row >= self._most:
            raise WorldError(
                Border.MODEL,
                f"{self._in_a_row} questions in a row failed, the last one so: {prediction.error} "
                "The answers so far are kept. Mend this and start again with --retry.",
            )


def settle_setup(setup: Setup, mode: BenchMode, *, is_mini: bool) -> Setup:
    """The setup with mode and `auto` settled and what the model prescribes laid over; WorldError(MODEL)."""
    spec, _ = resolve(setup.model, is_mini=is_mini)
    changes: dict[str, object] = {"model": spec}
    if setup.mode is Mode.AUTO or mode != "agent":
        changes["mode"] = MODES[mode]
    if mode == "blind" and not setup.prompts:
        changes["prompts"] = BLIND_PROMPTS
    return agent.settle(setup.model_copy(update=changes))[0]


def play(
    run: BenchFolder,
    entries: Sequence[Entry],
    plan: Plan,
    file: Appending,
    *,
    stop: StopSignal,
    on_done: Callable[[Prediction], None],
) -> None:
    """Asks `entries` and appends a line for each to `file`; returns when all are done or `stop` is set.

    `on_done` is called from the workers, one at a time. WorldError when the model cannot be had, a line cannot be
    written, or many questions in a row fail.
    """
    if not entries:
        return
    players = open_players(plan.setup)
    queue = iter(entries)
    taking, telling = threading.Lock(), threading.Lock()
    luck = Luck(GIVE_UP + plan.workers)

    def work() -> None:
        while not stop.is_set:
            with taking:
                entry = next(queue, None)
            if entry is None:
                return
            prediction = ask_one(run, entry, plan, players.models, stop=stop)
            if prediction is not None:
                file.append(prediction)
                with telling:
                    on_done(prediction)
                    luck.check(prediction)

    def job() -> None:
        try:
            work()
        except BaseException:
            stop.set()  # a mistake of ours or a full disk ends the run; the other workers must not go on for hours
            raise

    try:
        players.gathered.run([job] * min(plan.workers, len(entries)))
    finally:
        players.close()


def open_players(setup: Setup) -> Players:
    """Models that workers may share; those of this machine answer in batches. WorldError(MODEL)."""
    opened = [open_model(setup.model)]
    orchestrator: Model = opened[0]
    gathered = Gathered(orchestrator, patience_s=PATIENCE_S)
    tool = orchestrator
    if setup.tool_model not in ("", setup.model):
        tool = open_model(resolve(setup.tool_model)[0], key=agent.tool_key(setup, ""))
        opened.append(tool)
    shared = [gathered.beside(m) if is_local(m.name) else m for m in (orchestrator, tool)]
    return Players(gathered, agent.Models(shared[0], lambda: shared[1]), opened)


def is_local(spec: str) -> bool:
    """Whether a model computes in this process."""
    return spec.startswith(("hf:", "sage-"))


def ask_one(
    run: BenchFolder, entry: Entry, plan: Plan, models: agent.Models, *, stop: StopSignal
) -> Prediction | None:
    """Asks one question; `None` when it was stopped."""
    question = entry.example.question
    try:
        path = plan.films.find(entry, stop)
    except StoppedError:
        return None
    except WorldError as error:
        return Prediction(
            question=question, outcome=Outcome.MISSING_VIDEO, error=str(error), at=now()
        )
    try:
        film = _blinded(path) if plan.mode == "blind" else path
    except WorldError as error:
        return Prediction(
            question=question, outcome=Outcome.WORLD_ERROR, error=str(error), at=now()
        )
    store = RunFolder.create(run.folder / MEDIA)
    setup = plan.films.fit(entry, plan.setup)
    for _ in agent.ask(film, question, setup, store=store, stop=stop, models=models):
        pass
    trace = store.trace()
    if trace.stop is Stop.STOPPED or not plan.keep_media:
        shutil.rmtree(store.folder)
    if trace.stop is Stop.STOPPED:
        return None
    media = f"{MEDIA}/{store.id}" if plan.keep_media else ""
    return to_prediction(trace, media=media)


def to_prediction(trace: Trace, *, media: str = "") -> Prediction:
    """A finished trace as a line."""
    return Prediction(
        question=trace.question,
        outcome=outcome_of(trace),
        answer=trace.answer,
        stop=trace.stop,
        error=trace.error if outcome_of(trace) is Outcome.WORLD_ERROR else "",
        turns=len(trace.turns),
        tools=dict(Counter(call.tool for _, call in calls_of(trace))),
        frames=len(_frames(trace)),
        duration_s=trace.film.duration_s if trace.film else None,
        seconds=trace.seconds,
        usage=trace.usage,
        usd=trace.usd,
        media=media,
        at=now(),
        trace=trace,
    )


def outcome_of(trace: Trace) -> Outcome:
    """What became of it; an interrupted trace counts as a failure of the world."""
    if trace.stop is Stop.MALFORMED:
        return Outcome.MALFORMED
    if trace.stop not in (Stop.ANSWERED, Stop.FORCED):
        return Outcome.WORLD_ERROR
    if not (trace.answer or "").strip():
        return Outcome.NO_ANSWER
    return Outcome.FORCED if trace.stop is Stop.FORCED else Outcome.ANSWERED


def sweep(run: BenchFolder) -> None:
    """Removes what questions left that were under way when the process died; only inside `writing`."""
    known = {outline.media for outline in run.outlines().values()}
    for folder in _folders(run.folder / MEDIA):
        if f"{MEDIA}/{folder.name}" not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from (path for path in root.iterdir() if path.is_dir() and not path.is_symlink())


def _blinded(path: Path) -> FilmInfo:
    """The film as if it could be neither seen nor heard; only its length is told."""
    return probe(path).model_copy(update={"has_picture": False, "has_audio": True, "captions": ()})


def _frames(trace: Trace) -> set[str]:
    found = {frame.path for frame in trace.frames}
    return found | {
        frame.path for turn in trace.turns if turn.observation for frame in turn.observation.frames
    }
