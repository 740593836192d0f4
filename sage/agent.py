"""THE LOOP. One generator: command line, app and benchmark consume the same events, each already on disk.

    glance -> (model decides -> tool looks)* -> answer

`ask` prepares a film and plays an episode; `play` is the loop itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sage.episode import Episode
from sage.evidence import gather_evidence
from sage.faults import Border, FaultError, StoppedError, StopSignal, WorldError
from sage.models.base import Model
from sage.models.catalog import open_model, profile_of, resolve
from sage.store import RunFolder
from sage.tools.base import Workspace
from sage.tools.registry import check_call, find_tool, run_call
from sage.types import (
    Call,
    Event,
    FilmInfo,
    Frame,
    Invalid,
    Observation,
    Question,
    Setup,
    Stop,
    Trace,
    add_all_or_none,
)
from sage.video.frames import read_frames
from sage.video.probe import probe
from sage.video.sampling import plan

PROGRESS_S = 0.4
"""Progress is written at most this often."""


@dataclass
class Models:
    """The two models of a run; the tool model is opened when a tool first needs it."""

    orchestrator: Model
    open_tool: Callable[[], Model]
    _tool: Model | None = None

    def tool(self) -> Model:
        """The tool model, opened once."""
        if self._tool is None:
            self._tool = self.open_tool()
        return self._tool

    def close(self) -> None:
        for model in {id(m): m for m in (self.orchestrator, self._tool) if m}.values():
            model.close()


def open_models(setup: Setup, *, key: str = "") -> Models:
    """Opens what the setup names; raises WorldError(MODEL) when the orchestrator cannot be had."""
    orchestrator = open_model(setup.model, key=key)

    def open_tool() -> Model:
        if setup.tool_model in ("", setup.model):
            return orchestrator
        return open_model(resolve(setup.tool_model)[0], key=tool_key(setup, key))

    return Models(orchestrator, open_tool)


def tool_key(setup: Setup, key: str) -> str:
    """A person's key goes to the service it was typed for, and to no other: the tool model gets it when the
    orchestrator is of the same service, or of none that takes keys."""
    orchestrator, tool = (_service(resolve(spec)[0]) for spec in (setup.model, setup.tool_model))
    return key if orchestrator == tool or orchestrator[0] not in ("openai", "gemini") else ""


def _service(spec: str) -> tuple[str, str]:
    """Backend and address a spec leads to."""
    return spec.partition(":")[0], spec.partition("@")[2]


def settle(setup: Setup, film: FilmInfo | None = None) -> tuple[Setup, str]:
    """The setup with `auto` settled for a film, and the sentence that says why.

    What the model prescribes is laid over it. WorldError(MODEL) when that cannot be read.
    """
    spec, why = resolve(setup.model, is_mini=film is not None and film.is_mini)
    profile = profile_of(spec)
    setup = profile.lay_over(setup) if profile else setup
    names = setup.names
    if names == "auto":
        names = "released" if "SAGE-MM" in spec else "paper"
    return setup.model_copy(update={"model": spec, "names": names}), why


def ask(
    video: Path | FilmInfo,
    question: Question,
    setup: Setup,
    *,
    store: RunFolder,
    stop: StopSignal | None = None,
    key: str = "",
    models: Models | None = None,
) -> Iterator[Event]:
    """Answers a question about a film. The last event is answered, failed or stopped; a run always ends with one.

    A film that was probed already is taken as it is, with its title. `key` is a visitor's own key for this run; it is
    written nowhere. `models` are opened from the setup unless given.
    """
    stop = stop or StopSignal()
    try:
        film, problem = _look_up(video)
        setup, why = settle(setup, film) if models is None else (setup, "")
        trace = Trace(run=store.id, created=_now(), question=question, setup=setup)
        yield store.append(Event(type="started", trace=trace, text=why))
        if problem or film is None:
            raise problem or AssertionError("a film or what is wrong with it")
        opened = models or open_models(setup, key=key)
        try:
            workspace = _prepare(film, setup, store, stop, opened)
            frames = _glance(workspace, question)
            yield store.append(Event(type="sampled", film=workspace.film, frames=frames))
            episode = Episode(question, workspace.film, setup, frames=frames, folder=store.folder)
            yield from play(episode, opened.orchestrator, workspace, store)
        finally:
            if models is None:
                opened.close()
    except StoppedError:
        yield _last(store, Event(type="stopped", stop=Stop.STOPPED))
    except WorldError as error:
        yield _last(store, Event(type="failed", stop=Stop.FAILED, text=str(error)))
    except Exception as error:
        text = (
            f"The program failed ({type(error).__name__}); this is a bug. What came before is kept."
        )
        store.append(Event(type="failed", stop=Stop.FAILED, text=text))
        raise
    finally:
        store.close()


def play(episode: Episode, model: Model, workspace: Workspace, store: RunFolder) -> Iterator[Event]:
    """The loop: yields thinking and turned events and, last, answered or failed."""
    stop = workspace.stop
    while episode.stop is None:
        _check_limits(episode, store)
        index = episode.index
        yield store.append(Event(type="thinking", turn=index, text=_deciding(episode)))
        on_retry, on_wait = _teller(store, "retried", index), _teller(store, "progress", index)
        reply = model.generate([episode.request(stop, on_retry, on_wait)])[0]
        stop.check()
        action = episode.take(reply)
        if isinstance(action, Call):
            action = canonical(action, workspace)
            yield store.append(Event(type="thinking", turn=index, record=episode.draft(action)))
            turn = episode.close(action, observe(episode, action, workspace))
            stop.check()
            yield store.append(Event(type="turned", turn=index, record=turn))
        elif isinstance(action, Invalid) and episode.stop is None:
            yield store.append(Event(type="retried", turn=index, text=action.fault.message))
        else:
            yield store.append(Event(type="turned", turn=index, record=episode.turns[-1]))
    yield store.append(_ending(episode))


def _last(store: RunFolder, event: Event) -> Event:
    """Writes an end; when the disk takes nothing any more, whoever listens still gets to hear it."""
    try:
        return store.append(event)
    except WorldError as error:
        return Event(type="failed", at=store.seconds, stop=Stop.FAILED, text=str(error))


def _look_up(video: Path | FilmInfo) -> tuple[FilmInfo | None, WorldError | None]:
    """The film, or what is wrong with it: a run starts before it fails."""
    if isinstance(video, FilmInfo):
        return video, None
    try:
        return probe(video), None
    except WorldError as error:
        return None, error


def _prepare(
    film: FilmInfo, setup: Setup, store: RunFolder, stop: StopSignal, models: Models
) -> Workspace:
    if not film.has_picture and not film.has_audio:
        raise WorldError(Border.FILM, f"{film.title} has neither picture nor sound.")
    return Workspace(
        folder=store.folder,
        film=film,
        setup=setup,
        tool_model=models.tool,
        stop=stop,
        on_progress=_Progress(store),
    )


def _glance(workspace: Workspace, question: Question) -> tuple[Frame, ...]:
    """Samples and keeps the frames of stage 1; a film without a picture has none."""
    film, setup = workspace.film, workspace.setup
    if not film.has_picture:
        return ()
    times = plan(film.duration_s, question.text, budget=setup.frames, focus=setup.focus)
    workspace.on_progress(f"looking at {len(times)} frames", 0.0)
    return workspace.save_frames(read_frames(film, times, stop=workspace.stop))


def canonical(call: Call, workspace: Workspace) -> Call:
    """The call under its paper name with its arguments put right; what is wrong with it is told when it runs."""
    try:
        return check_call(call, workspace)
    except FaultError:
        tool = find_tool(call.tool)
        return call.model_copy(update={"tool": tool.name}) if tool else call


def observe(episode: Episode, call: Call, workspace: Workspace) -> Observation:
    """Runs a call, unless it failed before in the same form."""
    n = episode.count(call.tool) + 1
    fault = episode.failed_before(call)
    if fault:
        return Observation(tool=call.tool, label=f"{call.tool}_#{n}", fault=fault)
    return run_call(call, workspace, n)


def _check_limits(episode: Episode, store: RunFolder) -> None:
    """Seconds and money are looked at between turns; unknown prices cannot be limited."""
    limits = episode.setup.limits
    if limits.seconds is not None and store.seconds >= limits.seconds:
        episode.force("seconds")
    spent = add_all_or_none([turn.usd for turn in episode.turns])
    if limits.usd is not None and spent is not None and spent >= limits.usd:
        episode.force("usd")


def _ending(episode: Episode) -> Event:
    if episode.answer is None:
        text = "The model gave no usable action, not even when asked again. Try another model."
        return Event(type="failed", stop=Stop.MALFORMED, text=text)
    film = episode.film
    evidence = gather_evidence(episode.answer, episode.turns, episode.frames, film.duration_s)
    return Event(
        type="answered",
        stop=episode.stop,
        answer=episode.answer,
        limit=episode.limit,
        references=evidence,
        evidence=tuple(
            (e.start_s, e.end_s) for e in evidence if e.start_s is not None and e.end_s is not None
        ),
    )


def _deciding(episode: Episode) -> str:
    if episode.stage == 1 and episode.frames:
        return f"reading {len(episode.frames)} frames"
    return "deciding"


def _teller(
    store: RunFolder, kind: Literal["retried", "progress"], index: int
) -> Callable[[str], None]:
    """Writes what a model tells meanwhile as an event of the turn."""

    def tell(text: str) -> None:
        store.append(Event(type=kind, turn=index, text=text))

    return tell


class _Progress:
    """Writes progress, but not more often than PROGRESS_S for the same work."""

    def __init__(self, store: RunFolder) -> None:
        self._store = store
        self._text = ""
        self._at = 0.0

    def __call__(self, text: str, done: float | None) -> None:
        now = time.monotonic()
        if text == self._text and now - self._at < PROGRESS_S and done != 1.0:
            return
        self._text, self._at = text, now
        self._store.append(Event(type="progress", text=text, done=done))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
