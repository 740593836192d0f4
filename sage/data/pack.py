"""pack: what was kept as files to train with, in one folder that says what is in it.

    sft.jsonl, val.jsonl   state -> action: chat messages with pictures, a row for each turn of a kept trajectory
    rl/examples.jsonl      questions for reinforcement, half of them needing tools, with their films
    questions.jsonl        every question that passed, with what was found out about it
    media/                 the pictures that rows name
    README.md, card.json   what it is made of: see `sage.data.card`

The folder appears whole or not at all. No film is in two sets: that is checked on the files themselves.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, TextIO

from sage import dialect
from sage.data.films import Film
from sage.data.settings import DataSettings
from sage.data.sift import Sifted, Try, held_out, read_sifted
from sage.data.solve import trace_folder
from sage.data.workspace import media_folder
from sage.episode import Episode
from sage.faults import Border, StopSignal, WorldError, crossing
from sage.store import RunFolder
from sage.types import (
    Answer,
    Call,
    ClipPart,
    Example,
    Frame,
    FramesPart,
    Invalid,
    Message,
    TextPart,
    Trace,
)
from sage.video.cache import place

PACK = "pack"
ROLES = {"sft": "sft.jsonl", "val": "val.jsonl"}
RL = "rl/examples.jsonl"
QUESTIONS = "questions.jsonl"


def pack(settings: DataSettings, films: Iterable[Film], *, stop: StopSignal) -> Path:
    """Writes the folder, without its card, beside its place and returns that; `finish` puts it there.

    WorldError(DISK) when nothing was sifted, a film is in two sets, or the disk takes no more.
    """
    by_digest = {film.digest: film for film in films}
    new = settings.folder / f".{PACK}.new"
    with crossing(Border.DISK, f"The sets cannot be kept in {settings.folder}", OSError):
        shutil.rmtree(new, ignore_errors=True)
        (new / "rl").mkdir(parents=True)
        _write_rows(settings, by_digest, new, stop)
        _write_reinforcement(settings, by_digest, new)
    check_leaks(new, held_out(settings.sift.held_out))
    return new


def finish(settings: DataSettings, new: Path) -> Path:
    """Puts a written folder in its place."""
    target = settings.folder / PACK
    with crossing(Border.DISK, f"The sets cannot be kept in {target}", OSError):
        old = settings.folder / f".{PACK}.old"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    return target


def rows_of(trace: Trace, folder: Path) -> Iterator[tuple[tuple[Message, ...], str, str]]:
    """Prompt, action and kind of every turn; `folder` is where the pictures are.

    The prompt is made anew by the code that made it for the model, in the paper's names of the tools.
    """
    assert trace.film
    setup = trace.setup.model_copy(update={"names": "paper"})
    episode = Episode(trace.question, trace.film, setup, frames=trace.frames, folder=folder)
    for turn in trace.turns:
        if turn.forced:
            episode.force(trace.limit or "turns")
        if isinstance(turn.action, Invalid):
            return
        action = dialect.write(_bare(turn.action), turn.thought, turn.stage, compact=True)
        yield episode.request().messages, action, f"stage{turn.stage}"
        episode.turns.append(turn)


def to_line(messages: Iterable[Message], action: str, media: str) -> dict[str, Any]:
    """A row as `train sft` reads it: marks in the text stand for the pictures in `images`, in order.

    `media` is the folder of the pictures as the row names it.
    """
    images: list[str] = []
    videos: list[str] = []
    times: list[float] = []
    said = []
    for message in messages:
        pieces = []
        for part in message.parts:
            if isinstance(part, TextPart):
                pieces.append(_unmarked(part.text))
            elif isinstance(part, FramesPart):
                pieces.append("<image>" * len(part.frames))
                images += [f"{media}/{frame.path}" for frame in part.frames]
                times += [frame.at_s for frame in part.frames]
            elif isinstance(part, ClipPart):
                pieces.append("<video>")
                videos.append(f"{media}/{part.clip.path}")
        said.append({"role": message.role, "content": "".join(pieces)})
    said.append({"role": "assistant", "content": _unmarked(action)})
    return {"messages": said, "images": images, "videos": videos, "times": times}


def check_leaks(folder: Path, forbidden: set[str]) -> None:
    """WorldError(DISK) when the files have a film in two sets, or one that is held out."""
    homes: dict[str, str] = {}
    for name in (*ROLES.values(), RL):
        for digest in films_in(folder / name):
            other = homes.setdefault(digest, name)
            if other != name:
                raise _leak(f"the film {digest} is in {other} and in {name}")
            if digest in forbidden:
                raise _leak(f"the film {digest} is held out, but in {name}")


def films_in(path: Path) -> set[str]:
    """Digests of the films that the rows of a file are about."""
    with path.open(encoding="utf-8") as file:
        lines = (json.loads(line) for line in file)
        return {str(line.get("film") or line["source"].removeprefix("film ")) for line in lines}


def _leak(what: str) -> WorldError:
    return WorldError(
        Border.DISK,
        f"The sets would leak: {what}. Nothing was packed. Delete splits.json and sift again.",
    )


def _write_rows(
    settings: DataSettings, films: dict[str, Film], new: Path, stop: StopSignal
) -> None:
    placed: set[str] = set()
    with ExitStack() as stack:
        files = {
            split: stack.enter_context((new / name).open("w", encoding="utf-8"))
            for split, name in ROLES.items()
        }
        questions = stack.enter_context((new / QUESTIONS).open("w", encoding="utf-8"))
        for sifted in read_sifted(settings.folder):
            stop.check()
            questions.write(json.dumps(_question_line(sifted), ensure_ascii=False) + "\n")
            film = films.get(sifted.digest)
            if film is None or sifted.split not in files:
                continue
            for one in sifted.kept:
                _write_try(settings, film, sifted, one, (new, files[sifted.split], placed))


def _write_try(
    settings: DataSettings,
    film: Film,
    sifted: Sifted,
    one: Try,
    into: tuple[Path, TextIO, set[str]],
) -> None:
    new, file, placed = into
    folder = trace_folder(settings.folder, sifted.written.id, one.number) / one.run
    trace = RunFolder.open(folder).trace()
    source = media_folder(settings.folder, film)
    media = f"media/{film.digest[:24]}"
    for number, (messages, action, kind) in enumerate(rows_of(trace, source), 1):
        for frame in _frames(messages):
            name = f"{media}/{frame.path}"
            if name not in placed:
                place(source / frame.path, new / name)
                placed.add(name)
        line = {
            "id": f"{sifted.written.id}-{one.number}-{number}",
            "film": film.digest,
            "question": sifted.written.id,
            "kind": kind,
            **to_line(messages, action, media),
        }
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _write_reinforcement(settings: DataSettings, films: dict[str, Film], new: Path) -> None:
    """Questions of films that nothing else is made of, as many that need tools as do not."""
    groups: dict[bool, list[Sifted]] = {True: [], False: []}
    for sifted in read_sifted(settings.folder):
        if sifted.split == "rl" and not sifted.reason and sifted.needs_tools is not None:
            groups[sifted.needs_tools].append(sifted)
    size = min(len(group) for group in groups.values())
    if size:
        random = Random(f"reinforcement {settings.seed}")
        groups = {needs: random.sample(group, size) for needs, group in groups.items()}
    chosen = sorted([*groups[True], *groups[False]], key=lambda s: s.written.id)
    names: dict[str, str] = {}
    with (new / RL).open("w", encoding="utf-8") as file:
        for sifted in chosen:
            if sifted.digest not in names:
                names[sifted.digest] = _place_film(
                    films[sifted.digest], new / "rl", set(names.values()), settings.pack.films
                )
            example = _moved(sifted.written.example, names[sifted.digest], sifted.digest)
            file.write(example.model_dump_json() + "\n")


def _place_film(film: Film, folder: Path, taken: set[str], is_wanted: bool) -> str:
    """The film's path in the set, with the captions beside it."""
    path = film.path
    name = f"films/{path.name}"
    if name in taken:
        name = f"films/{path.stem}-{film.digest[:8]}{path.suffix}"
    if is_wanted:
        place(path, folder / name)
        stem = Path(name).stem
        for track in film.info.captions:
            beside = Path(track.source)
            if beside.is_file() and beside.name.startswith(path.stem):
                place(beside, folder / "films" / f"{stem}{beside.name[len(path.stem) :]}")
    return name


def _moved(example: Example, video: str, digest: str) -> Example:
    question = example.question.model_copy(update={"video": video})
    return example.model_copy(update={"question": question, "source": f"film {digest}"})


def _question_line(sifted: Sifted) -> dict[str, Any]:
    written, example = sifted.written, sifted.written.example
    right = sum(t.verdict == "right" for t in sifted.tries)
    return {
        "id": written.id,
        "film": sifted.digest,
        "video": public_source(example.question.video),
        "split": sifted.split,
        "question": example.question.text,
        "options": list(example.question.choices),
        "answer": example.answer,
        "type": example.kind,
        "difficulty": example.difficulty,
        "difficulty_rationale": written.difficulty_why,
        "modality": example.modality,
        "modality_rationale": written.modality_why,
        "needs_web_search": written.needs_web,
        "web_search_rationale": written.web_why,
        "start_s": example.evidence[0].start_s if example.evidence else None,
        "end_s": example.evidence[0].end_s if example.evidence else None,
        "tries": len(sifted.tries),
        "right": right,
        "needs_tools": sifted.needs_tools,
        "answerable_without_film": sifted.blind,
        "left_out": sifted.reason,
    }


def _frames(messages: Iterable[Message]) -> Iterator[Frame]:
    for message in messages:
        for part in message.parts:
            if isinstance(part, FramesPart):
                yield from part.frames


def public_source(source: str) -> str:
    """A link as it is, of a file on this machine the name only."""
    return source if "://" in source else Path(source).name


def _bare(action: Call | Answer) -> Call | Answer:
    """A call without the film's name, which need not be given: a file name is nothing to learn."""
    if isinstance(action, Answer) or "video_path" not in action.arguments:
        return action
    rest = {name: value for name, value in action.arguments.items() if name != "video_path"}
    return action.model_copy(update={"arguments": rest})


def _unmarked(text: str) -> str:
    """A text in which nothing can be taken for a picture's place."""
    return text.replace("<image>", "(image)").replace("<video>", "(video)")
