"""Demonstrations of the miniature world as files of rows: pictures to learn to see by, and the expert's episodes.

A file is written whole or not at all, and the same settings give the same bytes. Pictures are not stored: a
row names film and time, and they are drawn when it is taken.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from sage import dialect
from sage.mini.expert import Expert, Rates, ground, tell
from sage.mini.film import MiniFilm, Task
from sage.mini.phrases import QUERY
from sage.mini.play import open_episode, play
from sage.mini.questions import ASKED
from sage.mini.workspace import mini_setup
from sage.mini.world import make_film
from sage.models.base import Request
from sage.prompts import fill
from sage.timecode import format_time
from sage.tools.ground import SCHEMA
from sage.train.data import Demo
from sage.train.readings import write_reading
from sage.train.rows import Recorder
from sage.train.settings import MiniData, Warmup
from sage.types import Frame, FramesPart, Message, Reply, TextPart

NOTHING = '"found":false'
FEW, MANY, MOST_SEEN, MOST_SEARCHED = 2, 6, 16, 12
"""Pictures of an exercise: of one about a single thing, of some looks, of a glance, of a search."""


def write_demos(path: Path, data: MiniData, *, on_film: Callable[[int], None]) -> Path:
    """Plays every question of the films once and writes a row for each prompt; returns `path`."""
    with tempfile.TemporaryDirectory() as pages:
        return _write(path, demonstrate(data, Path(pages), on_film))


def demonstrate(data: MiniData, root: Path, on_film: Callable[[int], None]) -> Iterator[Demo]:
    """The rows of the expert's episodes; `root` holds the pages."""
    rates = Rates(data.needless, data.early, data.hasty, data.wrong_window, data.slip)
    for index in range(data.first, data.first + data.films):
        on_film(index)
        film = make_film("train", data.seed, index)
        for task in film.tasks:
            random = Random(f"keep {task.example.question.id}")
            for request, reply in _episode(film, task, root, rates=rates, data=data):
                demo = demo_of(request, reply)
                if NOTHING not in demo.reply or random.random() < data.empty:
                    yield demo


def demo_of(request: Request, reply: Reply) -> Demo:
    """A row from what was asked and said; actions are written without white space."""
    text, kind = reply.text, "ground" if request.schema == SCHEMA else "analyze"
    if request.situation:
        stage = request.situation.stage
        action, thought, _ = dialect.parse(text, stage)
        text, kind = dialect.write(action, thought, stage, compact=True), f"stage{stage}"
    return Demo(messages=request.messages, reply=text, folder=str(request.folder), kind=kind)


def write_warmup(path: Path, settings: Warmup, seed: int) -> Path:
    """Writes texts, and a few pictures at a time, with a question each; returns `path`."""
    films = [make_film("train", seed, index) for index in range(settings.films)]
    random = Random(f"looks {seed}")
    return _write(path, (_exercise(films, random, settings) for _ in range(settings.rows)))


def _exercise(films: list[MiniFilm], random: Random, settings: Warmup) -> Demo:
    if random.random() < settings.reading:
        return write_reading(random)
    return (_look if random.random() < 0.5 else _search)(films, random)


def _episode(
    film: MiniFilm, task: Task, root: Path, *, rates: Rates, data: MiniData
) -> list[tuple[Request, Reply]]:
    setup = mini_setup(film, root, mode=data.mode)
    episode, workspace = open_episode(film, task, root, setup=setup)
    recorder = Recorder(Expert(film, rates, seed=data.seed, prompts=setup.prompts))
    play(episode, workspace, recorder)
    return recorder.taken


def _look(films: list[MiniFilm], random: Random) -> Demo:
    """Pictures of one film: what do they show, or one thing about them, asked as tools ask."""
    film = random.choice(films)
    frames = tuple(_frame(at_s) for at_s in sorted(_times(film, random)))
    looks = [film.look_at(frame.at_s) for frame in frames]
    query, reply = "what can be seen?", tell(film, frames)
    shapes = {look.name: look.colour for look in looks if look.colour}
    if len(frames) <= FEW and shapes and random.random() < 0.4:
        shape = random.choice(sorted(shapes))
        query = QUERY["colour"].format(x=shape)
        reply = next(look.colour for look in looks if look.name == shape)
    media = "frames at " + ", ".join(format_time(frame.at_s) for frame in frames)
    prompt = fill("analyze", mini_setup(film, Path()).prompts, media=media, query=query)
    return _shown(film, frames, prompt, reply)


def _times(film: MiniFilm, random: Random) -> set[float]:
    """Times spread over the film as a glance spreads them, or some with things of all kinds."""
    if random.random() < 0.4:
        n = random.randint(FEW, MOST_SEEN)
        return {film.duration_s / n * (i + 0.5) for i in range(n)}
    by_kind: dict[str, list[float]] = {}
    for scene in film.timeline:
        by_kind.setdefault(scene.look.kind, []).append(float(scene.start_s))
    n = random.randint(1, MANY)
    return {random.choice(by_kind[random.choice(sorted(by_kind))]) for _ in range(n)}


def _search(films: list[MiniFilm], random: Random) -> Demo:
    """A few pictures of one film, often with a short event: when is something to be seen?"""
    film = random.choice([film for film in films if film.events])
    event = random.choice(film.events)
    looks = sorted({part.look for part in film.timeline})
    look = event.look if random.random() < 0.7 else random.choice(looks)
    n = random.randint(MOST_SEARCHED // 4, MOST_SEARCHED)
    step_s = random.choice((0.5, 1.0, 1.5))
    first_s = max(0.0, event.start_s - step_s * random.randrange(n))
    frames = tuple(
        _frame(first_s + step_s * i) for i in range(n) if first_s + step_s * i < film.duration_s
    )
    wanted = random.choice((look.kind, look.name)) if look.kind in ASKED else look.name
    times = {"start": format_time(frames[0].at_s), "end": format_time(frames[-1].at_s)}
    folder = mini_setup(film, Path()).prompts
    prompt = fill("ground", folder, event=wanted, count=str(len(frames)), **times)
    return _shown(film, frames, prompt, ground(film, frames, wanted))


def _shown(film: MiniFilm, frames: tuple[Frame, ...], prompt: str, reply: str) -> Demo:
    message = Message(role="user", parts=(FramesPart(frames=frames), TextPart(text=prompt)))
    return Demo(messages=(message,), reply=reply, folder=film.id, kind="look")


def _frame(at_s: float) -> Frame:
    return Frame(path=f"frames/{at_s:08.3f}-64x64.jpg", at_s=at_s)


def _write(path: Path, demos: Iterator[Demo]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.new")
    with scratch.open("w", encoding="utf-8") as file:
        for demo in demos:
            file.write(demo.model_dump_json() + "\n")
    scratch.replace(path)
    return path
