"""What one server holds: its data folder, films, runs, examples; and which run each page watches."""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from demo.annotate_media import CaseMedia
from demo.examples import Shelf, poster
from demo.films import Films
from demo.media import film_url
from demo.prepare import Preparations
from demo.runs import Runs, Snapshot
from demo.train_samples import Samples
from sage.address import PUBLIC, Guard
from sage.annotate.desk import Desk
from sage.annotate.store import FILE, Store
from sage.faults import Border, WorldError
from sage.store import RunFolder
from sage.train.jobs import Jobs
from sage.types import FilmInfo, Question, Span, Trace
from sage.video.captions import read_captions
from sage.video.probe import probe

MAX_PAGES = 4000


class Site:
    """`is_public`: strangers use it, so each sees only own runs and may choose safe models only."""

    def __init__(
        self,
        data: Path,
        *,
        is_public: bool,
        guard: Guard = PUBLIC,
        trained: Sequence[Path] = (),
    ) -> None:
        """`trained` are folders beside the app's own that hold runs of training."""
        self.data = data.resolve()
        self.is_public = is_public
        self.films = Films(self.data / "films")
        self.preparations = Preparations(self.films)
        self.runs = Runs(self.data / "runs", self.films, self.preparations, guard=guard)
        self.shelf = Shelf(self.films)
        self.jobs = Jobs(self.data / "jobs", trained)
        self.samples = Samples(self.data / "samples", self.jobs)
        self.desk = Desk(Store(self.data / FILE))
        self.case_media = CaseMedia(self.desk)
        self._probed: dict[str, FilmInfo] = {}
        self._watched: OrderedDict[str, int] = OrderedDict()

    def watch(self, page: str) -> int:
        """Begins a new watch for a page; older watches of that page are over from now on."""
        number = self._watched.pop(page, 0) + 1
        self._watched[page] = number
        while len(self._watched) > MAX_PAGES:
            self._watched.popitem(last=False)
        return number

    def is_watching(self, page: str, number: int) -> bool:
        return self._watched.get(page) == number

    def folder(self, run: str) -> Path | None:
        """The folder of a run: a visitor's, or one that came with an example."""
        return self.shelf.folder(run) or self._sample(run) or self.runs.folder(run)

    def snapshot(self, run: str) -> Snapshot | None:
        """A run as it is now, or None; raises WorldError(DISK) when it cannot be read."""
        example = self.shelf.of_run(run)
        if example is not None and example.run is not None:
            trace = RunFolder.open(example.run).trace().model_copy(update={"run": run})
            live: dict[str, object] = {"saved": f"Saved run · {example.title}"}
            return Snapshot((0,), trace, live, example.token, True)
        sample = self._sample(run)
        if sample is not None:
            return Snapshot((0,), RunFolder.open(sample).trace(), {}, "", True)
        return self.runs.snapshot(run)

    def _sample(self, run: str) -> Path | None:
        """The folder of an episode played in training, which is the owner's alone."""
        return None if self.is_public else self.samples.folder(run)

    def now(self, run: str, film: str) -> Snapshot:
        """What a page shows: the run, or, while there is none, the film that was chosen."""
        found = self.snapshot(run) if run else None
        if found is not None:
            return found
        with contextlib.suppress(WorldError):
            if self.films.get(film) is not None:
                trace = Trace(question=Question(text=""), film=self.probed(film))
                return Snapshot((0,), trace, {"status": "empty"}, film, True)
        return Snapshot((0,), Trace(question=Question(text="")), {"status": "empty"}, "", True)

    def probed(self, token: str) -> FilmInfo:
        """What is known of a film; raises WorldError(FILM) when it cannot be read."""
        path, film = self.films.path(token), self.films.get(token)
        if path is None or film is None:
            raise WorldError(Border.FILM, "The film is no longer here. Give it again.")
        if token not in self._probed:
            self._probed[token] = probe(path, film.title)
        return self._probed[token]

    def lines(self, token: str) -> tuple[Span, ...]:
        """What the captions of a film say; nothing when it has none that can be read."""
        with contextlib.suppress(WorldError):
            return read_captions(self.probed(token))
        return ()

    def poster(self, name: str) -> bytes | None:
        """The picture on an example's card, or None."""
        found = [e for e in self.shelf.examples if e.id == name]
        with contextlib.suppress(WorldError, StopIteration):
            return poster(found[0]) if found else None
        return None

    def film_like(self, trace: Trace) -> str:
        """Token of the bundled film that a run from elsewhere is about; empty when it is none."""
        if trace.film is None:
            return ""
        for example in self.shelf.examples:
            with contextlib.suppress(WorldError):
                if self.probed(example.token).digest == trace.film.digest:
                    return example.token
        return ""

    def film_address(self, token: str) -> str:
        """Address of a film for the player, or an empty string while there is none."""
        return film_url(token) if token and self.films.playable(token) else ""


def default_data() -> Path:
    """SAGE_DATA, else a Space's /data, else ./data; the first that can be written."""
    named = os.environ.get("SAGE_DATA")
    if named:
        return Path(named)
    space = Path("/data")
    if os.environ.get("SPACE_ID") and space.is_dir() and os.access(space, os.W_OK):
        return space
    return Path("data")


def check_data(data: Path) -> None:
    """Makes the data folder; raises WorldError(DISK) when nothing can be kept there."""
    try:
        (data / "runs").mkdir(parents=True, exist_ok=True)
        (data / "films").mkdir(exist_ok=True)
    except OSError as error:
        message = f"Nothing can be kept in {data} ({error.strerror}). Name another folder: --data."
        raise WorldError(Border.DISK, message) from error
