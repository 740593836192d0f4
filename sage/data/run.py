"""The four steps over all films of a run, each able to go on where it was; what one film fails with ends no other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from sage.annotate.questions import Checked
from sage.data.author import Sheet, read_sheet, write_sheet
from sage.data.card import write_card
from sage.data.check import as_left, offer, read_decisions
from sage.data.crew import Crew
from sage.data.draft import Written
from sage.data.films import Film
from sage.data.pack import finish, pack
from sage.data.sift import (
    REPORT,
    SIFTED,
    Tally,
    held_out,
    settle,
    share_out,
    sift_film,
)
from sage.data.solve import solve
from sage.data.work import Failure, work
from sage.faults import Border, WorldError, crossing

Tell = Callable[[str], None]
Job = TypeVar("Job")
TELL_S = 2.0


class Outcome(NamedTuple):
    """What a step came to."""

    text: str
    failures: tuple[Failure, ...] = ()


class Progress:
    """Tells how far a step is and what was spent, every few seconds."""

    def __init__(self, what: str, total: int, crew: Crew, tell: Tell) -> None:
        self.crew = crew
        self._what, self._total, self._tell = what, total, tell
        self._done, self._told_at = 0, time.monotonic()

    def step(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._told_at >= TELL_S:
            self._told_at = now
            self._tell(f"{self._what} {self._done}/{self._total}  {money(self.crew)}")


def money(crew: Crew) -> str:
    """`$0.1234 of $5.00`, or `free` where nobody is paid."""
    spent, budget = crew.ledger.spent_usd, crew.settings.budget_usd
    if not spent and budget is None:
        return "free so far"
    return f"${spent:.4f}" + ("" if budget is None else f" of ${budget:.2f}")


def write_all(films: list[Film], crew: Crew, tell: Tell) -> Outcome:
    """write for every film."""
    counts: Counter[str] = Counter()

    def count(_: Film, sheet: Sheet) -> None:
        counts["films"] += 1
        counts["questions"] += len(sheet.questions)
        counts["short"] += bool(sheet.missing)

    progress = Progress("films", len(films), crew, tell)
    failures = _each(films, lambda film: write_sheet(film, crew), count, _name_film, progress)
    if crew.settings.delete_uploads and not failures:
        crew.delete_uploads()
    text = f"write: {counts['questions']} questions about {counts['films']} films"
    text += f"; quotas not met for {counts['short']}" if counts["short"] else ""
    try:
        offered = offer(crew.settings, films)
        text += f"; {offered} of them wait for people in the annotation tab" if offered else ""
    except WorldError as error:
        failures += (Failure("the annotation tab", str(error)),)
    return Outcome(f"{text}  {money(crew)}", failures)


def solve_all(films: list[Film], crew: Crew, tell: Tell) -> Outcome:
    """solve for every question, as often as the settings say."""
    counts: Counter[str] = Counter()

    def count(_: Attempt, stop: str) -> None:
        counts["answered"] += stop in ("answered", "forced")

    decisions = read_decisions(crew.settings)
    total = sum(1 for _ in _attempts(films, crew, decisions))
    progress = Progress("trajectories", total, crew, tell)
    failures = _each(
        _attempts(films, crew, decisions),
        lambda job: _solve(job, crew),
        count,
        _name_attempt,
        progress,
    )
    text = f"solve: {counts['answered']} of {total} trajectories gave an answer"
    return Outcome(f"{text}  {money(crew)}", failures)


def sift_all(films: list[Film], crew: Crew, tell: Tell) -> Outcome:
    """sift over all films, and the balance between trajectories that answer at once and those that look first."""
    folder = crew.settings.folder
    forbidden = held_out(crew.settings.sift.held_out)
    tally = Tally()
    free = [film for film in films if film.digest not in forbidden]
    for film in films:
        if film.digest in forbidden:
            tally.add("film: held out", film.info.title)
    decisions = read_decisions(crew.settings)
    splits = share_out(free, crew.settings.pack.shares, folder)
    progress = Progress("films", len(free), crew, tell)
    raw = folder / f".{SIFTED}.raw"
    with crossing(Border.DISK, f"What is sifted cannot be kept in {folder}", OSError):
        with raw.open("w", encoding="utf-8") as file:
            failures = _each(
                free,
                lambda film: sift_film(film, splits[film.digest], crew, decisions),
                lambda _, found: file.writelines(s.model_dump_json() + "\n" for s in found),
                _name_film,
                progress,
            )
        _tally_films(films, crew, tally)
        report = settle(raw, folder / SIFTED, crew.settings, tally)
        raw.unlink()
        (folder / REPORT).write_text(report.model_dump_json(indent=1), "utf-8")
    text = (
        f"sift: {report.kept_trajectories} of {report.trajectories} trajectories to "
        f"{report.kept_questions} of {report.questions} questions are kept; {report.single} answer at once"
    )
    return Outcome(f"{text}  {money(crew)}", failures)


def pack_all(films: list[Film], crew: Crew, tell: Tell) -> Outcome:
    """pack, with the card."""
    tell("packing")
    new = pack(crew.settings, films, stop=crew.stop)
    counts = write_card(new, crew, films)
    folder = finish(crew.settings, new)
    text = (
        f"pack: {counts['sft']} rows to learn from, {counts['val']} to validate, "
        f"{counts['rl']} questions for reinforcement, in {folder}"
    )
    return Outcome(text)


def _tally_films(films: list[Film], crew: Crew, tally: Tally) -> None:
    """Counts what writing left out, and films that are short of something."""
    done = set()
    for film, sheet in _sheets(films, crew):
        done.add(film.digest)
        tally.add_all(sheet.drops, "question")
        if sheet.blocked:
            tally.add("film: held back by the safety filter", film.info.title)
        elif sheet.missing:
            tally.add("film: quotas not met", f"{film.info.title}: {'; '.join(sheet.missing)}")
    for film in films:
        if film.digest not in done:
            tally.add("film: nothing written", film.info.title)


class Attempt(NamedTuple):
    """A try that is to be played."""

    film: Film
    written: Written
    number: int


def _solve(job: Attempt, crew: Crew) -> str:
    stop = solve(job.film, job.written, job.number, crew)
    return stop.value if stop else ""


def _each(
    jobs: Iterable[Job],
    do: Callable[[Job], Any],
    take: Callable[[Job, Any], object],
    name: Callable[[Job], str],
    progress: Progress,
) -> tuple[Failure, ...]:
    """Does all jobs, has the results taken here, one after the other, and returns what failed."""
    crew = progress.crew
    failures = []
    for job, result in work(jobs, do, at_once=crew.settings.rates.at_once, stop=crew.stop):
        if isinstance(result, WorldError):
            failures.append(Failure(name(job), str(result)))
        else:
            take(job, result)
        progress.step()
    return tuple(failures)


def _sheets(films: list[Film], crew: Crew) -> Iterator[tuple[Film, Sheet]]:
    for film in films:
        sheet = read_sheet(crew.settings.folder, film.digest)
        if sheet:
            yield film, sheet


def _attempts(films: list[Film], crew: Crew, decisions: Mapping[str, Checked]) -> Iterator[Attempt]:
    """Every try of every question, as people left it."""
    for film, sheet in _sheets(films, crew):
        for written in filter(None, (as_left(one, decisions) for one in sheet.questions)):
            for number in range(1, crew.settings.solve.tries + 1):
                yield Attempt(film, written, number)


def _name_film(film: Film) -> str:
    return film.info.title


def _name_attempt(job: Attempt) -> str:
    return f"{job.film.info.title}, question {job.written.id}, try {job.number}"
