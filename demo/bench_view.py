"""What the Benchmark tab shows, as JSON: leaderboard, questions, one question with traces, two runs compared.

A public site shows numbers only. Questions with their truth, verdicts and films would tell annotators what they must
not know, and visitors what is on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from demo.bench_evidence import evidence
from demo.bench_runs import BenchRuns, judges_of
from demo.bench_start import small_model
from sage.bench.published import load_published
from sage.bench.run import ROOT, BenchFolder
from sage.bench.score import GROUPINGS, Scored
from sage.bench.words import TITLES
from sage.faults import Border, WorldError
from sage.train import job_log
from sage.train.job_files import LIVE, JobState
from sage.train.job_plan import bench_command, shown_command
from sage.train.jobs import Jobs

PAGE = 50
"""Questions shown at once."""
LONGEST = 400
"""Characters of a question or an answer in the list."""
BREAKDOWNS = tuple(GROUPINGS)
Shown = dict[str, Any]

SHOWS = {
    "all": "all",
    "right": "right",
    "wrong": "wrong",
    "unscored": "without a verdict",
    "split": "judges disagree",
    "wins": "only the first is right",
    "losses": "only the second is right",
    "both_right": "both right",
    "both_wrong": "both wrong",
}
OF_TWO = ("wins", "losses", "both_right", "both_wrong")


class BenchView:
    """Reads runs for pages. Thread-safe."""

    def __init__(self, runs: BenchRuns, jobs: Jobs, *, is_public: bool) -> None:
        self.runs = runs
        self._jobs = jobs
        self._is_public = is_public

    def leaderboard(self, judge: str = "") -> Shown:
        """All runs with their numbers by one judge; without a name each run's own."""
        folders = self.runs.all()
        rows = [self._row(name, run, judge) for name, run in folders.items()]
        rows.sort(key=_rank)
        judges = sorted({slug for run in folders.values() for slug in judges_of(run)})
        return {
            "runs": rows,
            "judge": judge,
            "judges": judges,
            "groupings": [[by, TITLES[by]] for by in BREAKDOWNS],
            "published": _published(),
            "jobs": [] if self._is_public else self._starting(),
            "is_public": self._is_public,
            "first": shown_command(bench_command(small_model(), ROOT / "first")) + " --limit 30",
        }

    def compare(self, a: str, b: str, judge: str = "") -> Shown:
        """Two runs on the questions both have a verdict on; a win is the first one's."""
        found = self.runs.comparison(self.runs.find(a), self.runs.find(b), judge)
        if self._is_public:
            found = {**found, **{side: _hidden(found[side]) for side in "ab"}}
        return found

    def questions(self, asked: Mapping[str, str]) -> Shown:
        """The questions behind a cell: of run `a`, beside run `b` if named, `by` and `value` naming the cell.

        `show` is one of SHOWS, `q` a text to look for, `at` the number of the first. WorldError(DISK).
        """
        self._check()
        a, b = self._pair(asked)
        by, value = asked.get("by", ""), asked.get("value", "")
        judge, show = asked.get("judge", ""), asked.get("show", "all")
        first, second = self.runs.seen(a, judge), self.runs.seen(b, judge) if b else None
        others = {row.entry.id: row for row in second.rows} if second else {}
        verdicts = self.runs.verdicts(a)
        needle = asked.get("q", "").casefold()
        rows = [
            row
            for row in first.rows
            if (by not in GROUPINGS or not value or GROUPINGS[by](row) == value)
            and _fits(row, others.get(row.entry.id), show, verdicts)
            and (not needle or needle in _haystack(row))
        ]
        at = min(_whole(asked.get("at", "")), max(0, len(rows) - 1)) // PAGE * PAGE
        return {
            "a": a.name,
            "b": b.name if b else "",
            "judge": first.judge,
            "of": len(rows),
            "at": at,
            "page": PAGE,
            "ids": [row.entry.id for row in rows],
            "rows": [self._line(row, others.get(row.entry.id)) for row in rows[at : at + PAGE]],
        }

    def question(self, asked: Mapping[str, str]) -> Shown:
        """One question with its truth, and what each run made of it. WorldError(DISK)."""
        self._check()
        a, b = self._pair(asked)
        id = asked.get("id", "")
        entry = a.entries().get(id)
        if entry is None:
            raise WorldError(Border.DISK, "There is no such question in this run.")
        example = entry.example
        tags = (example.kind, example.modality, example.difficulty)
        return {
            "id": id,
            "question": example.question.text,
            "choices": list(example.question.choices),
            "truth": example.answer,
            "spans": [[round(s.start_s, 3), round(s.end_s, 3)] for s in example.evidence],
            "tags": [tag for tag in tags if tag],
            "sides": [self._side(run, id, asked.get("judge", "")) for run in (a, b) if run],
        }

    # ---- parts

    def _check(self) -> None:
        if self._is_public:
            raise WorldError(
                Border.DISK,
                "This site is public: it shows the numbers of its runs, not their questions and films.",
            )

    def _pair(self, asked: Mapping[str, str]) -> tuple[BenchFolder, BenchFolder | None]:
        b = asked.get("b", "")
        return self.runs.find(asked.get("a", "")), self.runs.find(b) if b else None

    def _row(self, name: str, run: BenchFolder, judge: str) -> Shown:
        """A run's line; what cannot be read says why, and keeps no other run from being shown."""
        try:
            if judge and judge not in judges_of(run):
                header = self.runs.report(run, "")
                told = f"not judged by {judge}"
                return {**_about(name, run, header, self._is_public), "problem": told}
            found = self.runs.report(run, judge)
        except WorldError as error:
            told = "cannot be read" if self._is_public else str(error)
            return {"name": name, "problem": told, "judges": []}
        counts = ("n", "scored", "correct", "accuracy", "low", "high", "expected", "unscored")
        return {
            **_about(name, run, found, self._is_public),
            **{key: found[key] for key in counts},
            "outcomes": found["outcomes"],
            "turns": found["turns"]["mean"],
            "seconds": found["seconds"]["mean"],
            "usd": found["usd"],
            "by": {by: found.get(by, {}) for by in BREAKDOWNS},
        }

    def _starting(self) -> list[Shown]:
        """Jobs of benchmarks that are not done, and the newest one if it failed; each with the end of its log."""
        found = []
        jobs = [job for job in self._jobs.all() if job.info.recipe == "bench"]
        for n, job in enumerate(jobs):
            state = job.state
            failed = n == 0 and state in (JobState.FAILED, JobState.LOST)
            if failed or state in (*LIVE, JobState.QUEUED):
                last = " ".join(job_log.tail(job.folder, 1).lines)[:LONGEST]
                found.append({"id": job.id, "title": job.title, "state": state.value, "last": last})
        return found

    def _line(self, row: Scored, other: Scored | None) -> Shown:
        example = row.entry.example
        return {
            "id": row.entry.id,
            "question": example.question.text[:LONGEST],
            "truth": example.answer[:LONGEST],
            "sides": [_said(one) for one in (row, other) if one],
        }

    def _side(self, run: BenchFolder, id: str, judge: str) -> Shown:
        """What one run made of a question."""
        row = next((r for r in self.runs.seen(run, judge).rows if r.entry.id == id), None)
        verdicts = self.runs.verdicts(run)
        said = {slug: by_id[id] for slug, by_id in verdicts.items() if id in by_id}
        shown: Shown = {"run": run.name, "model": run.header().model, "verdicts": []}
        if row is None:
            return {**shown, "answer": None, "outcome": "not asked", "verdict": "unjudged"}
        told = [[slug, j.verdict.value, j.reason] for slug, j in sorted(said.items())]
        seen_by = self.runs.seen(run, judge).judge
        if seen_by not in said:
            told.insert(0, [seen_by, row.verdict.value, row.reason])
        position = list(run.entries()).index(id)
        return {
            **shown,
            **_said(row),
            "answer": row.outline.answer,
            "error": row.outline.error,
            "verdicts": told,
            "turns": row.outline.turns,
            "seconds": row.outline.seconds,
            "usd": row.outline.usd,
            "evidence": evidence(run.name, position, row, self.runs.prediction(run, id)),
        }


def _rank(row: Shown) -> tuple[bool, float, str]:
    """The most accurate first, those without a number last."""
    accuracy = row.get("accuracy")
    return accuracy is None, -(accuracy or 0.0), row["name"]


def shown_name(spec: str) -> str:
    """A model or a suite without the folders and addresses of this machine, for strangers."""
    kind, colon, rest = spec.partition(":")
    if not colon:
        return PurePath(spec).name
    bare = rest.partition("@")[0]
    is_path = kind in ("hf", "jsonl", "scripted") and (bare.count("/") != 1 or bare[:1] in "/.~")
    return f"{kind}:{PurePath(bare).name if is_path else bare}"


def _hidden(identity: Mapping[str, Any]) -> Shown:
    """What a run is, for strangers."""
    names = ("suite", "model", "tool_model")
    return {**identity, **{name: shown_name(identity[name]) for name in names}}


def _about(name: str, run: BenchFolder, found: Mapping[str, Any], is_public: bool) -> Shown:
    hide = shown_name if is_public else str
    return {
        "name": name,
        "suite": hide(found["suite"]),
        "model": hide(found["model"]),
        "mode": found["mode"],
        "seed": found["seed"],
        "shard": found["shard"],
        "imported": bool(found["imported"]),
        "created": found["created"],
        "judge": found["judge"],
        "judges": judges_of(run),
        "is_live": run.is_live(),
        "problem": "",
    }


def _published() -> Shown:
    """The paper's systems; accuracies as shares."""
    found = load_published()
    systems = [
        {
            "name": system.name,
            "accuracy": system.accuracy / 100,
            "seconds": system.seconds,
            "buckets": {name: value / 100 for name, value in system.buckets.items()},
        }
        for system in found.systems
    ]
    keys = ("note", "source", "suite", "judge", "questions", "sizes")
    return {**found.model_dump(include=set(keys)), "systems": systems}


def _fits(
    row: Scored, other: Scored | None, show: str, verdicts: Mapping[str, Mapping[str, Any]]
) -> bool:
    if show in OF_TWO:
        if other is None or row.is_right is None or other.is_right is None:
            return False
        pairs = {"wins": (True, False), "losses": (False, True), "both_right": (True, True)}
        return (row.is_right, other.is_right) == pairs.get(show, (False, False))
    if show == "split":
        said = {by[row.entry.id].verdict for by in verdicts.values() if row.entry.id in by}
        return len(said - {"unjudged"}) > 1
    wanted = {"right": True, "wrong": False, "unscored": None}
    return show not in wanted or row.is_right is wanted[show]


def _said(row: Scored) -> Shown:
    return {
        "answer": (row.outline.answer or "")[:LONGEST],
        "outcome": row.outline.outcome.value,
        "verdict": row.verdict.value,
    }


def _haystack(row: Scored) -> str:
    example = row.entry.example
    texts: Sequence[str | None] = (
        row.entry.id,
        example.question.text,
        example.answer,
        row.outline.answer,
    )
    return "\n".join(text for text in texts if text).casefold()


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0
