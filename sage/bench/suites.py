"""What a model can be asked: the miniature world, published sets, files of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sage.address import PUBLIC, Guard
from sage.bench.films import Films, FolderFilms, MiniFilms
from sage.bench.rows import to_entries
from sage.bench.run import Entry
from sage.config import ConfigError
from sage.faults import Border, WorldError, crossing
from sage.video.cache import cache_folder

MINI_QUESTIONS = 300
"""Asked of the miniature world unless said otherwise."""
REPOSITORIES = {"sage-bench": "allenai/SAGE-Bench", "minerva": "lmms-lab-eval/minerva"}
NAMES = ("mini", *REPOSITORIES, "jsonl:FILE")


@dataclass(frozen=True)
class Suite:
    """Questions in the order they are asked, and where their films come from."""

    name: str
    entries: tuple[Entry, ...]
    films: Films
    source: str
    base: dict[str, Any] = field(default_factory=dict)
    """Settings these questions are meant to be asked with."""


@dataclass(frozen=True)
class Choice:
    """Where a suite's questions and films come from, as a person chose."""

    questions: Path | None = None
    """A local file of a published set, instead of the hub's."""
    videos: Path | None = None
    fetch: bool = False
    limit: int | None = None
    guard: Guard = PUBLIC


def load_suite(name: str, choice: Choice | None = None) -> Suite:
    """The suite of a name; ConfigError for an unknown one, WorldError when its questions cannot be had."""
    choice = choice or Choice()
    if name == "mini":
        return _mini(choice)
    if name in REPOSITORIES:
        rows, source = _published(name, choice)
        return _suite(name, rows, source, choice)
    kind, _, rest = name.partition(":")
    if kind == "jsonl" and rest:
        path = Path(rest)
        here = choice.videos or path.resolve().parent
        return _suite(name, read_rows(path), str(path), choice, here)
    raise ConfigError(f"There is no suite '{name[:60]}'. Known are: {', '.join(NAMES)}.")


def take(suite: Suite, *, limit: int | None = None, shard: str = "") -> tuple[Entry, ...]:
    """The part of a suite that a run asks: a limit draws evenly from the whole, a shard is every n-th of that.

    ConfigError for a shard that is not `i/n` with 1 <= i <= n.
    """
    entries = suite.entries
    if limit is not None and limit < len(entries):
        # Drawn once and for all, so that two runs with the same limit ask the same.
        chosen = sorted(Random("limit").sample(range(len(entries)), limit))
        entries = tuple(entries[i] for i in chosen)
    if not shard:
        return entries
    i, n = parse_shard(shard)
    return entries[i - 1 :: n]


def parse_shard(shard: str) -> tuple[int, int]:
    """`i/n` as numbers; ConfigError."""
    first, _, second = shard.partition("/")
    if first.isdigit() and second.isdigit() and 1 <= int(first) <= int(second):
        return int(first), int(second)
    raise ConfigError(f"--shard is i/n with i from 1 to n, such as 2/4; got '{shard[:20]}'.")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a .json list, .jsonl, .csv or .parquet file; WorldError(DISK)."""
    with crossing(Border.DISK, f"{path} cannot be read", OSError, ValueError):
        if path.suffix in (".parquet", ".csv"):
            return _read_table(path)
        text = path.read_text("utf-8")
        if text.lstrip().startswith("["):
            return _checked(json.loads(text), path)
        return _checked([json.loads(line) for line in text.splitlines() if line.strip()], path)


def _mini(choice: Choice) -> Suite:
    """The test split; its films' lengths follow SAGE-Bench's buckets."""
    from sage.mini.world import PER_FILM, make_film  # noqa: PLC0415

    wanted = choice.limit or MINI_QUESTIONS
    films = [make_film("test", 0, index) for index in range(-(-wanted // PER_FILM))]
    entries = [
        Entry(example=task.example, duration_s=float(film.duration_s))
        for film in films
        for task in film.tasks
    ]
    base = {"search": "pages", "speech": "off"}
    where = MiniFilms(cache_folder("bench-mini"))
    return Suite("mini", tuple(entries[:wanted]), where, "test split, seed 0", base)


def _suite(
    name: str, rows: list[dict[str, Any]], source: str, choice: Choice, here: Path | None = None
) -> Suite:
    folder = choice.videos or here
    fetch_into = (choice.videos or cache_folder("bench-videos")) if choice.fetch else None
    films = FolderFilms(folder, fetch_into, guard=choice.guard)
    return Suite(name, tuple(to_entries(rows, source=name)), films, source)


def _published(name: str, choice: Choice) -> tuple[list[dict[str, Any]], str]:
    """Rows of a published set: the local file given, else the hub's test split."""
    if choice.questions:
        return read_rows(choice.questions), str(choice.questions)
    repository = REPOSITORIES[name]
    rows = [row for path in _fetch_questions(repository) for row in read_rows(path)]
    return rows, repository


def _fetch_questions(repository: str) -> list[Path]:
    """The files of a set's questions, its videos left where they are; of splits the test split."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    patterns = ["*.parquet", "*.jsonl", "*.json", "*.csv"]
    try:
        folder = snapshot_download(repository, repo_type="dataset", allow_patterns=patterns)
    except Exception as error:  # offline, refused, gone: each library below raises kinds of its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WorldError(
            Border.NETWORK,
            f"The questions of {repository} cannot be fetched: {reason[:200]}. Nothing was started. "
            "Download the set where there is a network and give its file: --questions FILE.",
        ) from error
    files = sorted(p for pattern in patterns for p in Path(folder).rglob(pattern))
    tests = [path for path in files if "test" in path.name]
    if not files:
        raise WorldError(Border.NETWORK, f"{repository} holds no questions that can be read.")
    return tests or files


def _read_table(path: Path) -> list[dict[str, Any]]:
    import pandas  # noqa: PLC0415  heavy

    try:
        table = pandas.read_csv(path) if path.suffix == ".csv" else pandas.read_parquet(path)
    except ImportError as error:
        raise ValueError("parquet files need `pip install pyarrow`") from error
    table = table.astype(object).where(table.notna(), None)
    return [{str(k): _plain(v) for k, v in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """Lists of parquet files come as arrays."""
    import numpy as np  # noqa: PLC0415

    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def _checked(rows: Any, path: Path) -> list[dict[str, Any]]:
    def check() -> Iterator[dict[str, Any]]:
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                raise ValueError(f"entry {number} is no object; {path.name} needs one a question")
            yield row

    return list(check())
