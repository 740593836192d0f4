"""Which films a run is about: files, folders, links, and lists of these. The same content is taken once.

What was found stands in `films.jsonl`, with where it came from; a film behind a link is downloaded into the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from sage.data.settings import DataSettings
from sage.faults import Border, StopSignal, WorldError, crossing
from sage.mini.encode import write_film
from sage.mini.workspace import write_pages
from sage.mini.world import make_film
from sage.types import FilmInfo, Value
from sage.video.link import LinkLimits, fetch_video
from sage.video.probe import probe

FILMS = "films.jsonl"
SUFFIXES = frozenset(
    (
        *(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ogv"),
        *(".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".3gp"),
    )
)
LISTS = (".txt", ".list", ".csv")
Tell = Callable[[str], None]


class Film(Value):
    """A film of the run."""

    info: FilmInfo
    source: str
    """The link or path it came from."""
    licence: str = ""

    @property
    def digest(self) -> str:
        return self.info.digest

    @property
    def id(self) -> str:
        """Begins the ids of its questions."""
        return self.info.digest[:12]

    @property
    def path(self) -> Path:
        return Path(self.info.path)


class Found(NamedTuple):
    """What was looked for, as far as that goes without a download."""

    films: list[Film]
    links: list[str]
    """Not here yet."""
    refused: list[str]
    """Sentences about what is no film."""


def find_films(settings: DataSettings) -> Found:
    """Everything the settings name; ConfigError is left to the caller when that is nothing."""
    known = read_films(settings.folder)
    by_source = {film.source: film for film in known}
    films: dict[str, Film] = {}
    links: list[str] = []
    refused: list[str] = []
    for source in _sources(settings):
        film = by_source.get(source)
        if film and film.path.is_file():
            films.setdefault(film.digest, film)
        elif "://" in source:
            links.append(source)
        else:
            try:
                film = Film(info=probe(Path(source)), source=source, licence=settings.licence)
                films.setdefault(film.digest, film)
            except WorldError as error:
                refused.append(str(error))
    return Found(list(films.values()), list(dict.fromkeys(links)), refused)


def gather_films(settings: DataSettings, *, stop: StopSignal, tell: Tell) -> Found:
    """All films of the run, made or downloaded where they are not here; written to `films.jsonl`."""
    if settings.mini:
        _make_mini(settings, stop, tell)
    found = find_films(settings)
    films = {film.digest: film for film in found.films}
    refused = list(found.refused)
    for link in found.links:
        try:
            film = _fetch(link, settings, stop, tell)
            films.setdefault(film.digest, film)
        except WorldError as error:
            refused.append(f"{link}: {error}")
    with crossing(Border.DISK, f"The run cannot be kept in {settings.folder}", OSError):
        settings.folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(film.model_dump_json() + "\n" for film in films.values())
        part = settings.folder / f".{FILMS}.new"
        part.write_text(lines, "utf-8")
        part.replace(settings.folder / FILMS)
    return Found(list(films.values()), [], refused)


def read_films(folder: Path) -> list[Film]:
    """The films of a run; none before they were gathered. WorldError(DISK)."""
    path = folder / FILMS
    if not path.is_file():
        return []
    with crossing(Border.DISK, f"{path} cannot be read", OSError, ValueError):
        return [Film.model_validate_json(line) for line in path.read_text("utf-8").splitlines()]


def list_media(folder: Path) -> list[Path]:
    """Films under a folder, in order; nothing hidden."""
    found = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    shown = [p for p in found if not any(x.startswith(".") for x in p.relative_to(folder).parts)]
    return sorted(path for path in shown if path.is_file())


def _sources(settings: DataSettings) -> Iterator[str]:
    if settings.mini:
        yield from (str(path) for path in list_media(settings.folder / "films"))
        return
    for source in settings.sources:
        yield from _expand(source.strip())


def _expand(source: str) -> Iterator[str]:
    """A folder as its films, a list as its lines, anything else as it is."""
    path = Path(source)
    if "://" in source or not source:
        if source:
            yield source
    elif path.is_dir():
        yield from (str(film) for film in list_media(path))
    elif path.suffix.lower() in LISTS and path.is_file():
        with crossing(Border.DISK, f"The list {path} cannot be read", OSError, ValueError):
            lines = path.read_text("utf-8").splitlines()
        for line in lines:
            name = line.strip().strip('",')
            if name and not name.startswith("#"):
                is_plain = "://" in name or Path(name).is_absolute()
                yield name if is_plain else str(path.parent / name)
    else:
        yield source


def _fetch(link: str, settings: DataSettings, stop: StopSignal, tell: Tell) -> Film:
    tell(f"downloading {link}")
    path = fetch_video(
        link,
        settings.folder / "films",
        limits=LinkLimits(),
        on_progress=lambda _, __: None,
        stop=stop,
    )
    return Film(info=probe(path), source=link, licence=settings.licence)


def _make_mini(settings: DataSettings, stop: StopSignal, tell: Tell) -> None:
    """Films with their pages, those that are there kept."""
    assert settings.mini
    plan = settings.mini
    for index in range(plan.n):
        stop.check()
        film = make_film(plan.split, plan.seed, index)
        path = settings.folder / "films" / film.file_name
        with crossing(Border.DISK, f"The films cannot be kept in {settings.folder}", OSError):
            write_pages(film, settings.folder)
            if not path.exists():
                tell(f"making {film.file_name}")
                write_film(film, path, size=plan.size, speech=False, stop=stop)
