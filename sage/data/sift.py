"""sift: which trajectories are worth learning from, and why the others are not.

A trajectory is kept when its answer is right by the judge, nothing in it failed for the world's reasons, no look was
repeated for nothing, and no kept trajectory to the same question goes the same way. Questions that are answered right
without the film are marked. Films are shared out between the sets by their digest; those held out get into none.
Everything left out is counted by its reason, with examples.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Literal

from pydantic import Field

from sage.annotate.questions import Checked
from sage.data.author import PROMPTS, read_sheet
from sage.data.check import as_left
from sage.data.crew import Crew
from sage.data.draft import Drop, Written
from sage.data.expert import GUESS
from sage.data.films import Film, list_media
from sage.data.settings import DataSettings, Shares
from sage.data.solve import is_current, newest_trace
from sage.faults import Border, WorldError, crossing
from sage.judge import Verdict, exact, normalise
from sage.models.base import Request
from sage.prompts import fill
from sage.rewards.asking import answer_judge
from sage.rewards.calls import call_key, calls_of
from sage.types import Example, FaultKind, Message, Stop, TextPart, Trace, Value
from sage.video.probe import digest

SIFTED, REPORT, SPLITS = "sifted.jsonl", "sift.json", "splits.json"
SHOWN = 3
"""Examples of each reason."""
Split = Literal["sft", "val", "rl"]


class Try(Value):
    """One trajectory and what was thought of it."""

    number: int
    run: str = ""
    """Name of its folder; empty: it was never played."""
    verdict: Verdict = Verdict.UNJUDGED
    calls: int = 0
    """Looks it took; 0: it answered at once."""
    answer: str = ""
    reason: str = ""
    """Why it is left out; empty: it is kept."""


class Sifted(Value):
    """A question with its trajectories."""

    written: Written
    digest: str
    """Of its film."""
    split: Split
    tries: tuple[Try, ...] = ()
    blind: bool | None = None
    """Answered right without the film; `None`: nobody was asked, or it could not be judged."""
    reason: str = ""
    """Why all of it is left out; empty: it is not."""

    @property
    def kept(self) -> tuple[Try, ...]:
        return () if self.reason else tuple(t for t in self.tries if not t.reason)

    @property
    def needs_tools(self) -> bool | None:
        """Whether nobody answered right at once; `None` when nobody answered right."""
        right = [t for t in self.tries if t.verdict is Verdict.RIGHT]
        return all(t.calls for t in right) if right else None


class Report(Value):
    """What was left out, by reason, and what was kept."""

    questions: int = 0
    trajectories: int = 0
    kept_questions: int = 0
    """With a trajectory to learn from, in the sets sft and val."""
    kept_trajectories: int = 0
    """To learn from, in those sets."""
    single: int = 0
    """Of these, how many answer at once."""
    rl_questions: int = 0
    """Questions of the set rl that somebody answered right."""
    blind: int = 0
    """Questions that were answered right without the film."""
    blind_asked: int = 0
    dropped: dict[str, int] = Field(default_factory=dict)
    examples: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Tally:
    """Counts reasons, and keeps a few examples of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    def add(self, reason: str, text: str) -> None:
        self.counts[reason] += 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < SHOWN:
            shown.append(text)

    def add_all(self, drops: Iterable[Drop], where: str) -> None:
        for drop in drops:
            self.add(f"{where}: {drop.reason}", drop.text)


def sift_film(
    film: Film, split: Split, crew: Crew, decisions: Mapping[str, Checked]
) -> list[Sifted]:
    """All questions of a film with their trajectories judged; balance comes later, over all films.

    `decisions` are those that people made about questions.
    """
    sheet = read_sheet(crew.settings.folder, film.digest)
    found = []
    for written in sheet.questions if sheet else ():
        left = as_left(written, decisions)
        if left:
            found.append(_sift(film, left, split, crew))
        else:
            reason = "rejected by a person"
            found.append(Sifted(written=written, digest=film.digest, split=split, reason=reason))
    return found


def judge_answer(answer: str | None, example: Example, film: Film, crew: Crew) -> Verdict:
    """The exact comparison where it says right, else the model that the settings name, if any."""
    verdict = exact(answer, example)
    if verdict is not Verdict.WRONG or "judge" not in crew.specs:
        return verdict
    return answer_judge(crew.model("judge", film, example.question.id))(answer, example)


def why_not(trace: Trace, verdict: Verdict) -> str:
    """The first reason against a trajectory; empty when there is none."""
    faults = [t.observation.fault for t in trace.turns if t.observation and t.observation.fault]
    kinds = {fault.kind for fault in faults}
    keys = [call_key(call) for _, call in calls_of(trace)]
    if trace.stop in (Stop.FAILED, Stop.STOPPED, Stop.INTERRUPTED, None):
        return "not finished"
    if FaultKind.UNAVAILABLE in kinds:
        return "world error"
    if trace.stop is Stop.MALFORMED or trace.answer is None:
        return "no answer"
    if verdict is Verdict.UNJUDGED:
        return "not judged"
    if verdict is Verdict.WRONG:
        return "wrong"
    if FaultKind.REPEATED in kinds or len(set(keys)) < len(keys):
        return "repeats"
    return ""


def path_of(trace: Trace) -> str:
    """Equal for trajectories that took the same looks and gave the same answer."""
    keys = [call_key(call) for _, call in calls_of(trace)]
    return json.dumps([keys, normalise(trace.answer or "")])


def share_out(films: Iterable[Film], shares: Shares, folder: Path) -> dict[str, Split]:
    """Which set each film belongs to. Who has a set keeps it; new ones go where most is missing. WorldError(DISK)."""
    path = folder / SPLITS
    known: dict[str, Split] = {}
    with crossing(Border.DISK, f"{path} cannot be kept", OSError, ValueError):
        if path.is_file():
            known = json.loads(path.read_text("utf-8"))
        wanted: dict[Split, float] = {"sft": shares.sft, "val": shares.val, "rl": shares.rl}
        counts = Counter(known.values())
        total_share = sum(wanted.values()) or 1.0
        for film in sorted(films, key=lambda film: film.digest):
            if film.digest in known:
                continue
            total = sum(counts.values()) + 1
            best = max(wanted, key=lambda s: total * wanted[s] / total_share - counts[s])
            known[film.digest] = best
            counts[best] += 1
        path.write_text(json.dumps(known, indent=1), "utf-8")
    return known


def held_out(setting: str) -> set[str]:
    """Digests of films that may get into no set; WorldError(DISK) when they cannot be read."""
    if not setting:
        return set()
    path = Path(setting)
    with crossing(Border.DISK, f"held_out {path} cannot be read", OSError, ValueError):
        if path.is_dir():
            return {digest(film) for film in list_media(path)}
        return {line.split()[0] for line in path.read_text("utf-8").splitlines() if line.strip()}


def balance(tries: list[tuple[str, int, bool]], share: float, seed: int) -> set[tuple[str, int]]:
    """Of (question, try, answers at once) those that have to go so that at most `share` answer at once.

    Of a question with several the last go first, so that as many questions as possible keep one.
    """
    single = [(question, number) for question, number, at_once in tries if at_once]
    many = len(tries) - len(single)
    most = len(single) if share >= 1 else int(many * share / (1 - share))
    if not many or len(single) <= most:
        return set()
    place: Counter[str] = Counter()
    ranked = []
    order = list(single)
    Random(f"balance {seed}").shuffle(order)
    for question, number in order:
        ranked.append((place[question], question, number))
        place[question] += 1
    ranked.sort(key=lambda entry: entry[0])
    return {(question, number) for _, question, number in ranked[most:]}


def settle(raw: Path, target: Path, settings: DataSettings, tally: Tally) -> Report:
    """Balances what was sifted, writes it to `target` in order of the questions' ids, and counts; OSError."""
    places: list[tuple[str, int]] = []
    tries: list[tuple[str, int, bool]] = []
    with raw.open("rb") as file:
        place = 0
        for line in file:
            sifted = Sifted.model_validate_json(line)
            places.append((sifted.written.id, place))
            place += len(line)
            if sifted.split != "rl":
                tries += [(sifted.written.id, t.number, not t.calls) for t in sifted.kept]
    surplus = balance(sorted(tries), settings.sift.single, settings.seed)
    report = Report()
    part = target.with_name(f".{target.name}.new")
    with raw.open("rb") as file, part.open("w", encoding="utf-8") as out:
        for _, place in sorted(places):
            file.seek(place)
            sifted = _without(Sifted.model_validate_json(file.readline()), surplus)
            out.write(sifted.model_dump_json() + "\n")
            report = _count(report, sifted, tally)
    part.replace(target)
    return report.model_copy(
        update={
            "dropped": dict(sorted(tally.counts.items())),
            "examples": {name: tuple(texts) for name, texts in sorted(tally.examples.items())},
        }
    )


def _without(sifted: Sifted, surplus: set[tuple[str, int]]) -> Sifted:
    tries = tuple(
        t.model_copy(update={"reason": "balance"})
        if (sifted.written.id, t.number) in surplus
        else t
        for t in sifted.tries
    )
    return sifted.model_copy(update={"tries": tries})


def _count(report: Report, sifted: Sifted, tally: Tally) -> Report:
    text = sifted.written.example.question.text
    if sifted.reason:
        tally.add(f"question: {sifted.reason}", text)
    for one in sifted.tries:
        if one.reason:
            tally.add(f"trajectory: {one.reason}", f"{text} -> {one.answer or 'nothing'}")
    kept = sifted.kept if sifted.split != "rl" else ()
    is_set = sifted.split == "rl" and not sifted.reason and sifted.needs_tools is not None
    return report.model_copy(
        update={
            "questions": report.questions + 1,
            "trajectories": report.trajectories + len(sifted.tries),
            "kept_questions": report.kept_questions + bool(kept),
            "kept_trajectories": report.kept_trajectories + len(kept),
            "single": report.single + sum(not t.calls for t in kept),
            "rl_questions": report.rl_questions + is_set,
            "blind": report.blind + (sifted.blind is True),
            "blind_asked": report.blind_asked + (sifted.blind is not None),
        }
    )


def _sift(film: Film, written: Written, split: Split, crew: Crew) -> Sifted:
    seen: set[str] = set()
    tries = []
    for number in range(1, crew.settings.solve.tries + 1):
        crew.stop.check()
        trace = newest_trace(crew.settings.folder, written.id, number)
        if trace is None:
            tries.append(Try(number=number, reason="not finished"))
            continue
        tries.append(_judge(film, written, number, trace, seen, crew))
    blind = is_blind(film, written.example, crew)
    reason = "answerable without the film" if blind and crew.settings.sift.drop_blind else ""
    return Sifted(
        written=written,
        digest=film.digest,
        split=split,
        tries=tuple(tries),
        blind=blind,
        reason=reason,
    )


def _judge(
    film: Film, written: Written, number: int, trace: Trace, seen: set[str], crew: Crew
) -> Try:
    is_over = trace.stop in (Stop.ANSWERED, Stop.FORCED)
    verdict = Verdict.UNJUDGED
    if is_over:
        verdict = judge_answer(trace.answer, written.example, film, crew)
    reason = why_not(trace, verdict)
    if not is_current(trace, written):
        reason, verdict = "edited since", Verdict.UNJUDGED
    path = path_of(trace)
    if not reason and path in seen:
        reason = "same way"
    if not reason:
        seen.add(path)
    return Try(
        number=number,
        run=trace.run,
        verdict=verdict,
        calls=len(calls_of(trace)),
        answer=(trace.answer or "")[:500],
        reason=reason,
    )


def is_blind(film: Film, example: Example, crew: Crew) -> bool | None:
    """Whether a model that cannot see the film answers right, every time; options come in another order each time."""
    if "blind" not in crew.specs:
        return None
    for number in range(crew.settings.sift.blind_tries):
        verdict = judge_answer(_guess(film, example, number, crew), example, film, crew)
        if verdict is not Verdict.RIGHT:
            return None if verdict is Verdict.UNJUDGED else False
    return True


def _guess(film: Film, example: Example, number: int, crew: Crew) -> str | None:
    choices = list(example.question.choices)
    Random(f"{example.question.id} {number}").shuffle(choices)
    text = "\n".join([example.question.text, *(f"- {choice}" for choice in choices)])
    wish = ", one of the options word for word" if choices else ""
    prompt = fill("blind", PROMPTS, question=text, letters=wish)
    request = Request(
        messages=(Message(role="user", parts=(TextPart(text=prompt),)),),
        folder=Path(),
        schema=GUESS,
        max_tokens=512,
        temperature=crew.settings.solve.temperature,
        seed=crew.settings.seed + number,
        stop=crew.stop,
    )
    reply = crew.model("blind", film, example.question.id).generate([request])[0]
    try:
        value = json.loads(reply.text)
    except ValueError:
        return reply.text
    return str(value["answer"]) if isinstance(value, dict) and "answer" in value else reply.text


def read_sifted(folder: Path) -> Iterator[Sifted]:
    """The questions that were sifted; WorldError(DISK) when there are none."""
    path = folder / SIFTED
    if not path.is_file():
        raise WorldError(Border.DISK, f"{folder} holds nothing sifted yet; run sift first.")
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Sifted.model_validate_json(line)
