"""What a run will cost and how long it will take, told before it starts; what is done already is not counted again.

Lengths of films are known, everything else is a rule of thumb that is told along: tokens a second of film, questions a
film, looks a trajectory. Prices are those of the table or the settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sage.data.author import is_whole, read_sheet, window_spans
from sage.data.films import Film, Found
from sage.data.ledger import read_totals
from sage.data.paid import FRAME_TOKENS, tariff
from sage.data.settings import MINI_EXPERT, DataSettings
from sage.data.solve import find_end
from sage.mini.world import PER_FILM, make_film
from sage.models.catalog import resolve
from sage.models.gemini import (
    AUDIO_TOKENS_A_SECOND,
    LOW_TOKENS_A_SECOND,
    TOKENS_A_SECOND,
    is_low,
)
from sage.timecode import format_time
from sage.types import Usage

ROUNDS = 1.3
"""Replies a film: some are asked again."""
QUESTION_TOKENS, THOUGHT_TOKENS = 180, 1500
PROMPT_TOKENS = 1200
SPOKEN_TOKENS_A_SECOND = 3.5
GLANCE_TOKENS, LATER_TURNS, LATER_TOKENS, ACTION_TOKENS = 2500, 1.5, 5000, 300
"""Text of a glance, turns after it, what each reads, and what is said in a turn."""
LOOKS, LOOK_FRAMES = 0.8, 16
"""Questions to the tool model a trajectory, and the pictures it is shown."""
JUDGED, JUDGE_TOKENS, VERDICT_TOKENS = 0.6, 400, 200
"""Share of answers that a model has to judge."""
CALL_S = 15.0
"""Seconds a call."""
SETUP_FRAMES = 128


@dataclass(frozen=True)
class Work:
    """Calls of one step to one model."""

    step: str
    spec: str
    calls: float = 0.0
    sent: float = 0.0
    """Tokens in all prompts."""
    got: float = 0.0
    """Tokens in all replies, thoughts among them."""
    audio: float = 0.0
    """Of `sent`, sound."""
    usd: float | None = 0.0
    """`None`: no known price."""


class Estimate(NamedTuple):
    """For a person, and for the question whether to go on."""

    lines: list[str]
    usd: float | None
    """Still to be paid; `None` when a price is not known."""
    films: int


class _Film(NamedTuple):
    """What of a film is still to be done."""

    seconds: float
    is_written: bool
    questions: float
    tries: float
    """Trajectories still to be played."""


def estimate(settings: DataSettings, found: Found, steps: Sequence[str]) -> Estimate:
    """The estimate of some of the steps write, solve, sift and pack."""
    films = [_film(film, settings) for film in found.films] + _unseen(settings, found)
    specs = {step: resolve(spec)[0] for step, spec in settings.specs.items()}
    jobs: list[Work] = []
    if "write" in steps:
        jobs.append(_writing(films, settings, specs["write"]))
    if "solve" in steps:
        jobs += _solving(films, settings, specs)
    if "sift" in steps:
        jobs += _sifting(films, settings, specs)
    priced = [_price(job, settings) for job in jobs if job.calls]
    usd = _sum([job.usd for job in priced])
    spent = sum(total.usd for total in read_totals(settings.folder)[0])
    seconds = sum(film.seconds for film in films)
    lines = [f"films     {len(films)}, {format_time(seconds)} in all{_links(settings, found)}"]
    lines += [f"not taken {sentence}" for sentence in found.refused]
    lines += [_line(job) for job in priced]
    lines.append(f"time      {_time(priced, settings)}")
    lines.append(f"cost      {_cost(usd, spent, settings)}")
    return Estimate(lines, usd, len(films))


def _film(film: Film, settings: DataSettings) -> _Film:
    sheet = read_sheet(settings.folder, film.digest)
    wanted = settings.solve.tries
    if sheet is None:
        expected = _expected(settings)
        return _Film(film.info.duration_s, False, expected, expected * wanted)
    done = 0
    for written in sheet.questions:
        for number in range(1, wanted + 1):
            done += find_end(settings.folder, written, number) is not None
    count = len(sheet.questions)
    return _Film(film.info.duration_s, True, count, count * wanted - done)


def _unseen(settings: DataSettings, found: Found) -> list[_Film]:
    """Films that are not here yet: behind links, or to be made."""
    expected, wanted = _expected(settings), settings.solve.tries
    films = [
        _Film(settings.link_minutes * 60, False, expected, expected * wanted) for _ in found.links
    ]
    if settings.mini:
        plan = settings.mini
        for index in range(len(found.films), plan.n):
            seconds = float(make_film(plan.split, plan.seed, index).duration_s)
            films.append(_Film(seconds, False, expected, expected * wanted))
    return films


def _expected(settings: DataSettings) -> float:
    if settings.write.model == MINI_EXPERT:
        return PER_FILM
    quotas = settings.write.quotas
    return (quotas.least + quotas.most) / 2


def _writing(films: Sequence[_Film], settings: DataSettings, spec: str) -> Work:
    calls = sent = got = audio = 0.0
    for film in films:
        if film.is_written:
            continue
        if is_whole(settings, spec):
            rate = LOW_TOKENS_A_SECOND if is_low(film.seconds) else TOKENS_A_SECOND
            calls += ROUNDS
            sent += ROUNDS * (film.seconds * rate + PROMPT_TOKENS)
            audio += ROUNDS * film.seconds * AUDIO_TOKENS_A_SECOND
            got += film.questions * QUESTION_TOKENS + ROUNDS * 4 * THOUGHT_TOKENS
        else:
            windows = len(window_spans(film.seconds, settings))
            frames = settings.write.windows.frames * FRAME_TOKENS
            calls += windows + ROUNDS - 1
            sent += (windows + ROUNDS - 1) * (frames + PROMPT_TOKENS)
            sent += film.seconds * SPOKEN_TOKENS_A_SECOND
            got += 1.3 * film.questions * QUESTION_TOKENS + windows * THOUGHT_TOKENS
    return Work("write", spec, calls, sent, got, audio)


def _solving(
    films: Sequence[_Film], settings: DataSettings, specs: dict[str, str]
) -> tuple[Work, Work]:
    tries = sum(film.tries for film in films)
    frames = int(settings.solve.setup.get("frames", SETUP_FRAMES))
    turns = 1 + LATER_TURNS
    sent = frames * FRAME_TOKENS + GLANCE_TOKENS + LATER_TURNS * LATER_TOKENS
    said = ACTION_TOKENS + THOUGHT_TOKENS
    looks = tries * LOOKS
    return (
        Work("solve", specs["solve"], tries * turns, tries * sent, tries * turns * said),
        Work(
            "tools",
            specs["tools"],
            looks,
            looks * (LOOK_FRAMES * FRAME_TOKENS + PROMPT_TOKENS),
            looks * said,
        ),
    )


def _sifting(films: Sequence[_Film], settings: DataSettings, specs: dict[str, str]) -> list[Work]:
    questions = sum(film.questions for film in films)
    found = []
    asked = questions * settings.sift.blind_tries if "blind" in specs else 0.0
    if "judge" in specs:
        answers = (questions * settings.solve.tries + asked) * JUDGED
        said = answers * (VERDICT_TOKENS + THOUGHT_TOKENS / 3)
        found.append(Work("judge", specs["judge"], answers, answers * JUDGE_TOKENS, said))
    if asked:
        said = asked * (100 + THOUGHT_TOKENS)
        found.append(Work("blind", specs["blind"], asked, asked * 250, said))
    return found


def _price(job: Work, settings: DataSettings) -> Work:
    calls = max(1.0, job.calls)
    each = Usage(input_tokens=round(job.sent / calls), output_tokens=round(job.got / calls))
    price = tariff(job.spec, settings.prices)
    one = price.usd(each, round(job.audio / calls))
    return Work(
        job.step,
        job.spec,
        job.calls,
        job.sent,
        job.got,
        job.audio,
        None if one is None else one * job.calls,
    )


def _sum(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _links(settings: DataSettings, found: Found) -> str:
    if not found.links:
        return ""
    return f"; {len(found.links)} behind links are taken as {settings.link_minutes:g} minutes each"


def _line(job: Work) -> str:
    money = "price not known" if job.usd is None else "free" if job.usd == 0 else f"${job.usd:.2f}"
    return (
        f"{job.step:9} {job.calls:,.0f} calls to {job.spec}, {job.sent / 1e6:.2f} M tokens in and "
        f"{job.got / 1e6:.2f} M out: {money}"
    )


def _time(jobs: Sequence[Work], settings: DataSettings) -> str:
    """The slowest of: what the rates allow, and what waiting for replies takes."""
    paid = [job for job in jobs if not tariff(job.spec, settings.prices).is_free]
    if not paid:
        return "minutes; nobody is waited for"
    calls, tokens = sum(job.calls for job in paid), sum(job.sent for job in paid)
    rates = settings.rates
    limits = {"waiting for replies": calls * CALL_S / rates.at_once / 60}
    if rates.requests_per_minute:
        limits["requests a minute"] = calls / rates.requests_per_minute
    if rates.tokens_per_minute:
        limits["tokens a minute"] = tokens / rates.tokens_per_minute
    what, minutes = max(limits.items(), key=lambda item: item[1])
    return f"about {max(1, round(minutes)):,} minutes, bound by {what}"


def _cost(usd: float | None, spent: float, settings: DataSettings) -> str:
    text = "not known: a model has no known price" if usd is None else f"about ${usd:.2f}"
    text += f"; ${spent:.4f} are spent already" if spent else ""
    if settings.budget_usd is not None:
        text += f"; the run stops before it has spent more than ${settings.budget_usd:.2f} in all"
    return text
