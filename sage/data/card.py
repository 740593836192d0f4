"""The card of a packed set: sources, counts, licences, costs, and what models and prompts it was made with.

Every count is taken from the files that lie beside it. `card.json` says the same for programs; the head of README.md is
what a data hub reads.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from sage.data.author import PROMPTS
from sage.data.check import EditRate, edit_rate
from sage.data.crew import Crew
from sage.data.films import Film
from sage.data.ledger import Total
from sage.data.pack import QUESTIONS, RL, ROLES, public_source
from sage.data.sift import REPORT, Report
from sage.prompts import folder_of
from sage.rewards.asking import PROMPTS as JUDGE_PROMPTS
from sage.timecode import format_time
from sage.video.probe import digest

AGENT_PROMPTS = ("context", "reason", "direct", "ground", "analyze", "rule_agent", "rule_last")
NOT_STATED = "not stated"


def write_card(folder: Path, crew: Crew, films: Sequence[Film]) -> dict[str, int]:
    """Writes README.md and card.json into a packed folder; returns the rows of each file. OSError."""
    counts = count_files(folder)
    report = Report.model_validate_json((crew.settings.folder / REPORT).read_text("utf-8"))
    facts: dict[str, Any] = {
        "title": crew.settings.pack.title,
        "licence": crew.settings.pack.licence or NOT_STATED,
        "counts": counts,
        "kinds": count_kinds(folder),
        "films": [_film_line(film) for film in films],
        "report": report.model_dump(),
        "models": [[step, spec, fingerprint(spec)] for step, spec in crew.specs.items()],
        "prompts": prompt_hashes(crew),
        "costs": [total.model_dump() for total in crew.ledger.totals()],
        "usd": round(crew.ledger.spent_usd, 6),
        "calls_that_never_came_back": crew.ledger.lost,
        "edit_rate": (rate := edit_rate(crew.settings)).model_dump(),
    }
    (folder / "card.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False), "utf-8")
    text = _head(crew, counts) + _body(facts, films, report, crew.ledger.totals(), rate)
    (folder / "README.md").write_text(text, "utf-8")
    return counts


def count_files(folder: Path) -> dict[str, int]:
    """Rows of each set and files of media, as they lie in the folder."""
    names = {**ROLES, "rl": RL, "questions": QUESTIONS}
    counts = {}
    for name, file in names.items():
        with (folder / file).open("rb") as lines:
            counts[name] = sum(1 for line in lines if line.strip())
    counts["media"] = sum(path.is_file() for path in (folder / "media").rglob("*"))
    counts["rl_films"] = sum(path.is_file() for path in (folder / "rl" / "films").glob("*"))
    return counts


def count_kinds(folder: Path) -> dict[str, dict[str, int]]:
    """How the questions are spread over type, difficulty, modality and split."""
    fields = ["type", "difficulty", "modality", "split"]
    fields += ["needs_web_search", "needs_tools", "answerable_without_film"]
    counts: dict[str, Counter[str]] = {name: Counter() for name in fields}
    with (folder / QUESTIONS).open(encoding="utf-8") as file:
        for line in file:
            question = json.loads(line)
            for name in fields:
                counts[name][_word(question[name])] += 1
    return {name: dict(sorted(counter.items())) for name, counter in counts.items()}


def prompt_hashes(crew: Crew) -> dict[str, str]:
    """Name of every template that the data depend on, with the beginning of its SHA-256."""
    own = sorted(Path(PROMPTS).glob("*.md"))
    judges = [Path(JUDGE_PROMPTS) / "answer.md"]
    setup = str(crew.settings.solve.setup.get("prompts", ""))
    hashes = {path: path.read_bytes() for path in (*own, *judges)}
    bundled = Path(folder_of("mini")).parent
    for name in AGENT_PROMPTS:
        custom = folder_of(setup) / f"{name}.md" if setup else None
        path = custom if custom and custom.is_file() else bundled / f"{name}.md"
        hashes[path] = path.read_bytes()
    return {
        f"{path.parent.parent.name}/{path.parent.name}/{path.name}": _sha(text)
        for path, text in hashes.items()
    }


def fingerprint(spec: str) -> str:
    """24 hex digits of the weights of a model on this machine; of one elsewhere only its name is known."""
    kind, _, rest = spec.partition(":")
    if kind != "hf":
        return ""
    from sage.models.local import find_weights  # noqa: PLC0415  heavy

    folder = find_weights(rest)
    files = sorted(folder.glob("*.safetensors")) if folder else []
    return hashlib.blake2b("".join(map(digest, files)).encode(), digest_size=12).hexdigest()


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _film_line(film: Film) -> dict[str, Any]:
    return {
        "digest": film.digest,
        "title": film.info.title,
        "source": public_source(film.source),
        "duration_s": round(film.info.duration_s, 3),
        "licence": film.licence or NOT_STATED,
    }


def _head(crew: Crew, counts: dict[str, int]) -> str:
    """What a hub reads: names of configurations with their files."""
    files = {
        "sft": [("train", ROLES["sft"], "sft"), ("validation", ROLES["val"], "val")],
        "rl": [("train", RL, "rl")],
        "questions": [("train", QUESTIONS, "questions")],
    }
    configs = []
    for name, parts in files.items():
        full = [{"split": split, "path": path} for split, path, key in parts if counts[key]]
        if full:
            configs.append({"config_name": name, "data_files": full})
    head: dict[str, Any] = {
        "pretty_name": crew.settings.pack.title,
        "task_categories": ["visual-question-answering", "video-text-to-text"],
        "tags": ["video", "agent", "synthetic"],
        "configs": configs,
    }
    if crew.settings.pack.licence:
        head["license"] = crew.settings.pack.licence
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n\n"


def _body(
    facts: dict[str, Any],
    films: Sequence[Film],
    report: Report,
    totals: Sequence[Total],
    rate: EditRate,
) -> str:
    seconds = sum(film.info.duration_s for film in films)
    sections = [
        f"# {facts['title']}",
        "Questions about films, trajectories of an agent that answers them, and a set for reinforcement; all of it "
        "written by models and checked as told below.",
        "## What is in it",
        _contents(facts["counts"]),
        _spread(facts["kinds"]),
        _kept(report),
        "## What was left out, and why",
        _left_out(report),
        "## Looked at by people",
        rate.sentence,
        "## Costs",
        f"${facts['usd']:.4f} in all. {_lost(facts['calls_that_never_came_back'])}",
        _costs(totals),
        "## Made with",
        _table(("step", "model", "weights"), list(facts["models"])),
        _table(("prompt", "SHA-256 begins"), list(facts["prompts"].items())),
        "## Sources and licences",
        f"{len(films)} films, {format_time(seconds)} in all. Rows: {facts['licence']}. Films keep the licences of "
        "their owners.",
        _sources(facts["films"]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _contents(counts: dict[str, int]) -> str:
    rows = [
        (ROLES["sft"], counts["sft"], "state and action, one turn a row, to learn from"),
        (ROLES["val"], counts["val"], "the same about other films, to validate"),
        (RL, counts["rl"], "questions for reinforcement, about other films again"),
        (QUESTIONS, counts["questions"], "every question that passed, with what is known of it"),
        ("media/", counts["media"], "pictures that the rows name"),
        ("rl/films/", counts["rl_films"], "films of the set for reinforcement, and captions"),
    ]
    return _table(("file", "rows", "what"), rows)


def _spread(kinds: dict[str, dict[str, int]]) -> str:
    rows = [(f"{name}: {value}", n) for name, found in kinds.items() for value, n in found.items()]
    return _table(("of the questions", "how many"), rows)


def _left_out(report: Report) -> str:
    rows = [
        (reason, n, " · ".join(report.examples.get(reason, ())))
        for reason, n in report.dropped.items()
    ]
    return _table(("reason", "how many", "examples"), rows)


def _costs(totals: Sequence[Total]) -> str:
    rows = [
        (
            *(t.step, t.model, ", ".join(t.named), t.calls),
            *(_count(t.input_tokens), _count(t.output_tokens), _usd(t)),
        )
        for t in totals
    ]
    head = ("step", "model", "named by its service", "calls", "input tokens", "output tokens")
    return _table((*head, "USD"), rows)


def _sources(films: Sequence[dict[str, Any]]) -> str:
    names = ("title", "duration_s", "source", "licence", "digest")
    rows = [
        [format_time(film[n]) if n == "duration_s" else film[n] for n in names] for film in films
    ]
    return _table(("film", "length", "source", "licence", "digest"), rows)


def _kept(report: Report) -> str:
    text = (
        f"{report.kept_trajectories} of {report.trajectories} trajectories are kept, to {report.kept_questions} of "
        f"{report.questions} questions; {report.single} of them answer at once. "
    )
    if report.blind_asked:
        return text + (
            f"{report.blind} of {report.blind_asked} questions were answered right without the film, every time."
        )
    return text + "Nobody was asked to answer without the film."


def _lost(count: int) -> str:
    if not count:
        return "Every call that was sent came back."
    return f"{count} calls were sent and never came back; the service may have charged them too."


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [[_cell(value) for value in row] for row in rows]
    if not lines:
        return ""
    written = [list(head), ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in written)


def _cell(value: object) -> str:
    """Text from models and file names cannot break out of its cell, nor become markup."""
    text = " ".join(str(value).split())
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, "\\" + sign) if sign != "<" else text.replace("<", "&lt;")
    return text


def _word(value: object) -> str:
    if value is None:
        return "not known"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value or "none")


def _count(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"


def _usd(total: Total) -> str:
    notes = []
    if total.unpriced:
        notes.append(f"{total.unpriced} without a known price")
    if total.estimated:
        notes.append(f"{total.estimated} estimated")
    return f"{total.usd:.4f}" + (f" ({', '.join(notes)})" if notes else "")
