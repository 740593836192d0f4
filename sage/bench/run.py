"""A benchmark run is a folder; reports, annotation and the app build on this format.

run.json                  Header     what was run: suite, model, mode, settings, seed, versions
questions.jsonl           Entry      a question with its truth and its film's length; all that are to be asked
predictions.jsonl         Prediction what became of a question, with the whole trace; knows no truth
judgements/<slug>.jsonl   Judgement  what a judge says; of several lines on one question the last counts
media/<run>/              the agent's run folder of a question (frames, clips, events.jsonl), unless not kept
lock                      held by the process that writes predictions
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from sage.bench.lines import Appending, drop_lines, read_lines, read_raw, write_whole
from sage.faults import Border, WorldError, crossing
from sage.judge import Verdict
from sage.types import Example, Question, Setup, Stop, Trace, Usage, Value

FORMAT = 1
ROOT = Path("runs") / "bench"
"""Where runs are kept unless said otherwise; the app keeps its own in `<data>/runs/bench`."""
HEADER, QUESTIONS, PREDICTIONS, JUDGEMENTS = (
    "run.json",
    "questions.jsonl",
    "predictions.jsonl",
    "judgements",
)
BenchMode = Literal["agent", "direct", "blind"]
"""agent: looks as far as it wants (any-horizon); direct: one glance, no tools; blind: neither."""


class Outcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    FORCED = "forced"
    """Answered because a limit was reached."""
    NO_ANSWER = "no_answer"
    """The run ended by itself with an empty answer."""
    MALFORMED = "malformed"
    """No usable action, not even after retries."""
    WORLD_ERROR = "world_error"
    """A server, a disk, a film failed; says nothing of the model."""
    MISSING_VIDEO = "missing_video"


UNSCORABLE = frozenset({Outcome.WORLD_ERROR, Outcome.MISSING_VIDEO})
"""Nobody judges these: they are neither right nor wrong."""
WRONG = frozenset({Outcome.NO_ANSWER, Outcome.MALFORMED})
"""Every judge finds these wrong without being asked."""


class Header(Value):
    """run.json."""

    format: int = FORMAT
    suite: str
    """mini, sage-bench, minerva, jsonl:FILE."""
    model: str
    tool_model: str = ""
    """Empty: the same."""
    mode: BenchMode = "agent"
    seed: int = 0
    setup: Setup = Setup()
    """The settings of every question, but for paths that differ from film to film."""
    expected: int
    """How many questions the run is to answer."""
    total: int
    """How many the suite has; more than `expected` for a shard or with a limit."""
    limit: int | None = None
    workers: int = 1
    """Questions at once, which the seconds of each depend on."""
    shard: str = ""
    """`i/n`, i from 1; empty: all."""
    source: str = ""
    """Where the questions came from: a repository, a file, a seed."""
    imported: str = ""
    """Name of the released file a run was made from; empty: it was run here."""
    versions: dict[str, str] = Field(default_factory=dict)
    """python, sage, the libraries that matter, and the commit where there is one."""
    created: str = ""
    """ISO 8601, UTC."""


class Entry(Value):
    """A line of questions.jsonl."""

    example: Example
    duration_s: float | None = None
    """Length of the film, where it is known without the film."""
    link: str = ""
    """Where the film could be fetched from."""

    @property
    def id(self) -> str:
        return self.example.question.id


class Outline(Value):
    """What became of a question, without the trace: quick to read for thousands."""

    question: Question
    outcome: Outcome
    answer: str | None = None
    stop: Stop | None = None
    error: str = ""
    """The world's error, or why the video is missing."""
    turns: int | None = None
    tools: dict[str, int] = Field(default_factory=dict)
    """Calls by tool."""
    frames: int | None = None
    """Pictures that were looked at, each once."""
    duration_s: float | None = None
    """Length of the film as probed."""
    seconds: float | None = None
    usage: Usage = Usage()
    usd: float | None = None
    """`None` is "not known", never 0."""
    media: str = ""
    """The agent's run folder, relative to the run; empty: not kept."""
    at: str = ""
    """When it was done, ISO 8601, UTC."""

    @property
    def id(self) -> str:
        return self.question.id


class Prediction(Outline):
    """A line of predictions.jsonl. Every question has at most one."""

    trace: Trace | None = None


class Judgement(Value):
    """A line of judgements/<slug>.jsonl."""

    question_id: str
    verdict: Verdict
    reason: str = ""
    seconds: float = 0.0
    usd: float | None = None


class BenchFolder:
    """One benchmark run on disk. Reading needs no lock; `writing` takes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, header: Header, entries: Sequence[Entry]) -> BenchFolder:
        """A new run with its questions; WorldError(DISK), also when ids are not unique."""
        ids = [entry.id for entry in entries]
        if len(set(ids)) < len(ids) or "" in ids:
            twice = sorted({id for id in ids if ids.count(id) > 1 or not id})[:5]
            raise WorldError(
                Border.DISK,
                f"Questions need ids of their own; these are not: {twice}. Nothing was started.",
            )
        with crossing(Border.DISK, f"No run can be kept in {folder}", OSError):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / QUESTIONS, (entry.model_dump_json() for entry in entries))
            write_whole(folder / HEADER, [header.model_dump_json(indent=1)])
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> BenchFolder:
        """A run that exists; WorldError(DISK)."""
        if not (folder / HEADER).is_file():
            raise WorldError(
                Border.DISK, f"{folder} is not a benchmark run: it has no {HEADER}. Check the path."
            )
        return cls(folder)

    @property
    def name(self) -> str:
        return self.folder.name

    def header(self) -> Header:
        """What was run; WorldError(DISK)."""
        path = self.folder / HEADER
        with crossing(Border.DISK, f"{path} cannot be read", OSError, ValueError):
            return Header.model_validate_json(path.read_text("utf-8"))

    def entries(self) -> dict[str, Entry]:
        """Questions with their truth by id, in the order they are asked; WorldError(DISK)."""
        return dict(_entries(*_version(self.folder / QUESTIONS)))

    def predictions(self) -> dict[str, Prediction]:
        """What is answered so far, by id, whole traces and all; WorldError(DISK)."""
        return {p.id: p for p in read_lines(self.folder / PREDICTIONS, Prediction)}

    def outlines(self) -> dict[str, Outline]:
        """The same without traces; read once as long as the file stays as it is."""
        return dict(_outlines(*_version(self.folder / PREDICTIONS)))

    def prediction(self, question_id: str) -> Prediction | None:
        """One of them, or `None` while it is not answered."""
        for line in read_raw(self.folder / PREDICTIONS):
            if line.get("question", {}).get("id") == question_id:
                return Prediction.model_validate(line)
        return None

    def judges(self) -> list[str]:
        """Slugs of the judges that were asked, in order of name."""
        return sorted(path.stem for path in (self.folder / JUDGEMENTS).glob("*.jsonl"))

    def judgements(self, slug: str) -> dict[str, Judgement]:
        """What a judge says, by question; empty when it was not asked."""
        return {j.question_id: j for j in read_lines(self.judgement_path(slug), Judgement)}

    def judgement_path(self, slug: str) -> Path:
        if not slug or slugify(slug) != slug:
            raise WorldError(Border.DISK, f"'{slug[:60]}' is no name of a judge.")
        return self.folder / JUDGEMENTS / f"{slug}.jsonl"

    def judging(self, slug: str) -> Appending:
        """For writing a judge's lines: `with run.judging(slug) as file: file.append(judgement)`.

        WorldError(DISK) when another process is writing the same judge's.
        """
        path = self.judgement_path(slug)
        return Appending(path, lock=path.with_suffix(".lock"))

    def writing(self) -> Appending:
        """For writing predictions, likewise; one process at a time."""
        return Appending(self.folder / PREDICTIONS, lock=self.folder / "lock")

    def forget(self, ids: Iterable[str]) -> None:
        """Takes predictions away, so that their questions are asked again; only inside `writing`."""
        unwanted = set(ids)
        drop_lines(
            self.folder / PREDICTIONS, lambda line: line.get("question", {}).get("id") in unwanted
        )

    def is_live(self) -> bool:
        """Whether a living process is writing predictions."""
        return self.writing().is_taken()


def list_bench_runs(root: Path = ROOT) -> list[BenchFolder]:
    """Runs directly under `root`, by name; anything else there is passed over."""
    if not root.is_dir():
        return []
    return [BenchFolder(p) for p in sorted(root.iterdir()) if (p / HEADER).is_file()]


def _version(path: Path) -> tuple[Path, int, int]:
    """A file and what changes with its content."""
    if not path.is_file():
        return path, 0, 0
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=32)
def _entries(path: Path, _changed_ns: int, _size: int) -> dict[str, Entry]:
    return {entry.id: entry for entry in read_lines(path, Entry)}


@lru_cache(maxsize=32)
def _outlines(path: Path, _changed_ns: int, _size: int) -> dict[str, Outline]:
    found = {}
    for line in read_raw(path):
        line.pop("trace", None)
        with crossing(Border.DISK, f"{path} is damaged", ValueError):
            outline = Outline.model_validate(line)
        found[outline.id] = outline
    return found


def slugify(text: str) -> str:
    """A name that is a file name everywhere: letters, digits, dots and dashes."""
    return re.sub(r"[^A-Za-z0-9.+]+", "-", text).strip("-.")[:80].strip("-.")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
