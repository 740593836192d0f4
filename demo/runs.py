"""Runs live here, outside any request: a thread each, events on disk, a stop flag, a queue.

A page only watches: it reads the same events whether it asked, was reloaded, or is somebody
else's with the link. Models on this machine take turns (there is one GPU, or a few busy cores);
others run side by side. A visitor's key exists only as an argument of the thread that uses it.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from demo.films import Film, Films
from demo.prepare import Preparations
from demo.view import now
from demo.warm import Warm, is_local
from sage import agent
from sage.address import PUBLIC, Guard
from sage.faults import Border, StoppedError, StopSignal, WorldError, crossing
from sage.store import LAST, RUN_ID, RunFolder, fold, list_runs
from sage.types import Event, FilmInfo, Question, Setup, Stop, Trace
from sage.video.link import DEFAULT_LIMITS, LinkLimits, fetch_video
from sage.video.probe import probe

log = logging.getLogger(__name__)
TICKET = "app.json"
MAX_LIVE = 48
MAX_OWN = 12
"""Runs at once: of everybody, and of one browser. A thread and a film each; more would only be slower."""
MAX_REMEMBERED = 64
"""Ended runs that are kept in memory; all others are read from disk."""


class Ticket(BaseModel):
    """What the app notes beside a run's events, to show it again and to ask again."""

    owner: str = ""
    film: str = ""
    """Token of the film."""
    link: str = ""


@dataclass(frozen=True)
class Order:
    """What a visitor wants to know; `film` is a token, or empty when `link` is still to be fetched."""

    question: Question
    setup: Setup
    film: str = ""
    link: str = ""
    owner: str = ""
    captions: Path | None = None
    """A caption file the visitor gave; the run keeps a copy."""


class Snapshot(NamedTuple):
    """A run at one moment."""

    version: tuple[int, ...]
    trace: Trace
    live: dict[str, object]
    film: str
    """Token, or empty."""
    done: bool


@dataclass
class Job:
    """A run of this process."""

    store: RunFolder
    order: Order
    stop: StopSignal = field(default_factory=StopSignal)
    film: str = ""
    text: str = ""
    """What is done before the agent starts."""
    share: float | None = None
    place: int = 0
    """Place in the queue; 0: not waiting."""
    done: bool = False
    began: float = field(default_factory=time.monotonic)
    _events: list[Event] = field(default_factory=list)
    _offset: int = 0
    _read: threading.Lock = field(default_factory=threading.Lock)

    def events(self) -> list[Event]:
        """All events so far; reads only what is new on disk."""
        with self._read:
            fresh, self._offset = self.store.read_from(self._offset)
            self._events.extend(fresh)
            return list(self._events)

    def tell(self, text: str, share: float | None = None) -> None:
        self.text, self.share = text, share


class Turnstile:
    """Lets one run at a time to the models on this machine, in the order of arrival."""

    def __init__(self) -> None:
        self._waiting: list[Job] = []
        self._change = threading.Condition()

    def enter(self, job: Job) -> None:
        """Waits for the job's turn; raises StoppedError when it is stopped before."""
        with self._change:
            self._waiting.append(job)
            while self._waiting[0] is not job:
                job.place = self._waiting.index(job)
                self._change.wait(0.2)
                if job.stop.is_set:
                    self._waiting.remove(job)
                    self._change.notify_all()
                    raise StoppedError("stopped")
            job.place = 0

    def leave(self, job: Job) -> None:
        with self._change:
            if job in self._waiting:
                self._waiting.remove(job)
            self._change.notify_all()


class Runs:
    """All runs of a data folder: those of this process, and what earlier ones left."""

    def __init__(
        self,
        root: Path,
        films: Films,
        preparations: Preparations,
        *,
        limits: LinkLimits = DEFAULT_LIMITS,
        guard: Guard = PUBLIC,
    ) -> None:
        """`guard` says which addresses a link may lead to."""
        self.root = root
        self._films = films
        self._preparations = preparations
        self._limits = limits
        self._guard = guard
        self._jobs: dict[str, Job] = {}
        self._starting = threading.Lock()
        self._turnstile = Turnstile()
        self._warm = Warm()

    def start(self, order: Order, *, key: str = "") -> str:
        """Starts a run and returns its id at once; raises WorldError(DISK), also when too many run."""
        with self._starting, crossing(Border.DISK, "The run cannot be kept", OSError):
            self._make_room(order.owner)
            self.root.mkdir(parents=True, exist_ok=True)
            store = RunFolder.create(self.root)
            job = Job(store, _with_captions(order, store.folder), film=order.film)
            self._note(job)
            self._jobs[job.store.id] = job
        name = f"run-{job.store.id}"
        threading.Thread(target=self._work, args=(job, key), name=name, daemon=True).start()
        return job.store.id

    def _make_room(self, owner: str) -> None:
        """Forgets the oldest of the ended runs; WorldError when too many are going on."""
        jobs = list(self._jobs.values())
        live = [job for job in jobs if not job.done]
        own = sum(job.order.owner == owner for job in live)
        if len(live) >= MAX_LIVE or (owner and own >= MAX_OWN):
            whose = f"{own} of your questions" if len(live) < MAX_LIVE else f"{len(live)} questions"
            message = (
                f"{whose} are being answered already. Yours is kept; ask again when one ended."
            )
            raise WorldError(Border.DISK, message)
        for job in [job for job in jobs if job.done][:-MAX_REMEMBERED]:
            self._jobs.pop(job.store.id, None)

    def stop(self, run: str) -> bool:
        """Asks a run to stop; False when it is not running here."""
        job = self._jobs.get(run)
        if job is None or job.done:
            return False
        job.stop.set()
        return True

    def is_live(self, run: str) -> bool:
        job = self._jobs.get(run)
        return job is not None and not job.done

    def folder(self, run: str) -> Path | None:
        """The folder of a run that exists, or None; nothing but a run's id is ever a path here."""
        folder = self.root / run
        known = RUN_ID.fullmatch(run) and (folder / "events.jsonl").is_file()
        return folder if known and not folder.is_symlink() else None

    def ticket(self, run: str) -> Ticket:
        """The app's note of a run; an empty one when there is none."""
        folder = self.folder(run)
        if folder is not None:
            with contextlib.suppress(OSError, ValueError):
                return Ticket.model_validate_json((folder / TICKET).read_text("utf-8"))
        return Ticket()

    def snapshot(self, run: str) -> Snapshot | None:
        """The run as it is now, or None when there is none of that id; raises WorldError(DISK)."""
        job = self._jobs.get(run)
        if job is not None:
            return self._live_snapshot(job)
        folder = self.folder(run)
        if folder is None:
            return None
        trace = RunFolder.open(folder).trace()
        return Snapshot((0,), trace, {}, self.ticket(run).film, True)

    def all(self) -> list[RunFolder]:
        """Runs on disk, newest first."""
        return list_runs(self.root)

    def delete(self, run: str) -> bool:
        """Deletes a run that has ended, and its film unless another run shows it."""
        folder = self.folder(run)
        if folder is None or self.is_live(run):
            return False
        film = self.ticket(run).film
        shutil.rmtree(folder)
        self._jobs.pop(run, None)
        if film and not any(self.ticket(other.id).film == film for other in self.all()):
            self._films.drop(film)
        return True

    def adopt(self, folder: Path, ticket: Ticket) -> str:
        """Takes a finished, checked run folder over under a new id, which it returns."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run = f"{stamp}-{secrets.token_hex(8)}"
        (folder / TICKET).write_text(ticket.model_dump_json(), encoding="utf-8")
        self.root.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, self.root / run)
        return run

    def _live_snapshot(self, job: Job) -> Snapshot:
        done = job.done  # read first: what was written before it is then certainly read below
        events = job.events()
        trace = fold(events) if events else _blank(job)
        if done and trace.stop is None:  # a full disk took no end
            trace = job.store.trace()
        trace = trace.model_copy(update={"run": job.store.id})
        status = "stopping" if job.stop.is_set else "queued" if job.place else "running"
        at = now(events, time.monotonic() - job.began) if events else _before(job)
        live: dict[str, object] = {"status": status, "now": at, "place": job.place}
        played = int(self._films.playable(job.film) is not None)
        moving = (job.place, hash(job.text), int((job.share or 0) * 100), int(job.stop.is_set))
        version = (len(events), int(done), played, *moving)
        return Snapshot(version, trace, live, job.film, done)

    def _work(self, job: Job, key: str) -> None:
        try:
            self._run(job, key)
        except StoppedError:
            self._end(job, Event(type="stopped", stop=Stop.STOPPED, text="Stopped."))
        except WorldError as error:
            self._end(job, Event(type="failed", stop=Stop.FAILED, text=str(error)))
        except Exception:  # the visitor has to see an end, whatever went wrong; the log tells what
            mark = secrets.token_hex(4)
            log.exception("run %s failed (%s)", job.store.id, mark)
            text = f"The app made a mistake (it is in the log as {mark}). What came before is kept."
            self._end(job, Event(type="failed", stop=Stop.FAILED, text=f"{text} Ask again."))
        finally:
            self._turnstile.leave(job)
            job.store.close()
            job.done = True

    def _run(self, job: Job, key: str) -> None:
        if not job.film:
            self._fetch(job)
        film = self._films.path(job.film)
        if film is None or not film.is_file():
            message = "The film is no longer here. Your question is kept. Give the film again."
            raise WorldError(Border.FILM, message)
        self._preparations.start(job.film)
        order, models = job.order, None
        probed = self._probed(job.film, film)
        settled = agent.settle(order.setup, probed if isinstance(probed, FilmInfo) else None)[0]
        if needs_turn(settled):
            job.tell("Waiting for the model on this machine")
            self._turnstile.enter(job)
            job.tell("Loading the model")
            order = replace(order, setup=settled)
            models = self._warm.models(order.setup, key=key)
        job.tell("Starting")
        question = order.question.model_copy(update={"video": order.link or str(film)})
        steps = agent.ask(
            probed,
            question,
            order.setup,
            store=job.store,
            stop=job.stop,
            key=key,
            models=models,
        )
        for _ in steps:
            pass

    def _probed(self, token: str, path: Path) -> FilmInfo | Path:
        """The film under the title it is shown by; what is wrong with it is told in the run."""
        known = self._films.get(token)
        try:
            return probe(path, title=known.title if known else "")
        except WorldError:
            return path

    def _fetch(self, job: Job) -> None:
        token, folder = self._films.new_folder()
        job.tell("Fetching the film")
        try:
            path = fetch_video(
                job.order.link,
                folder,
                limits=self._limits,
                on_progress=job.tell,
                stop=job.stop,
                guard=self._guard,
            )
        except BaseException:
            self._films.drop(token)
            raise
        self._films.note(Film(token=token, file=path.name, title=path.name))
        job.film = token
        self._note(job)

    def _note(self, job: Job) -> None:
        order = job.order
        ticket = Ticket(owner=order.owner, film=job.film, link=order.link)
        (job.store.folder / TICKET).write_text(ticket.model_dump_json(), encoding="utf-8")

    def _end(self, job: Job, event: Event) -> None:
        """Writes an end that the agent did not get to write itself."""
        events = job.events()
        if events and events[-1].type in LAST:
            return
        if not any(e.type == "started" for e in events):
            job.store.append(Event(type="started", trace=_blank(job)))
        job.store.append(event)


def needs_turn(setup: Setup) -> bool:
    """Whether a run computes on this machine, so that only one can at a time."""
    return is_local(setup.model) or is_local(setup.tool_model)


def _with_captions(order: Order, folder: Path) -> Order:
    """The order with its caption file copied into the run, which is all that is kept of it."""
    if order.captions is None:
        return order
    kept = folder / f"captions{order.captions.suffix.lower()}"
    shutil.copyfile(order.captions, kept)
    return replace(order, setup=order.setup.model_copy(update={"captions": str(kept)}))


def _blank(job: Job) -> Trace:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    order = job.order
    question = order.question.model_copy(update={"video": order.link})
    return Trace(run=job.store.id, created=created, question=question, setup=order.setup)


def _before(job: Job) -> dict[str, object]:
    since = round(time.monotonic() - job.began, 2)
    text = job.text if not job.place else f"{job.text}: place {job.place} in the queue"
    return {"turn": 0, "decision": None, "text": text, "done": job.share, "since_s": since}
