"""Labels to take away: JSON lines that can be brought back, a table, a `datasets` folder, material for judges.

A line is a case with its labels, its truth, the judges' verdicts and the probability it was drawn with, so that
everything on the page can be counted again from the file. Annotators are named A1, A2, … in the order of their
first label unless their names are asked for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sage.annotate.cards import stratum_weights
from sage.annotate.store import Store
from sage.annotate.truth import Source, truths, verdict
from sage.annotate.types import Case, Label, Queue, VerdictBody
from sage.bench.lines import write_whole
from sage.faults import Border, crossing
from sage.judge import Verdict

FORMAT = 1
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to spreadsheets."""


def rows(store: Store, name: str, *, names: bool = False) -> list[dict[str, Any]]:
    """One value a case, in the order of the queue; raises WorldError(DISK)."""
    queue, labels, cases = store.queue(name), store.labels(name), store.cases(name)
    decided, said = truths(queue, labels), store.verdicts(name)
    called = _called(labels, names)
    weights = _weights(queue, cases, [c.id for c in cases if _has_truth(decided.get(c.id))])
    by_case: dict[int, list[Label]] = {}
    for label in labels:
        by_case.setdefault(label.case, []).append(label)
    found = []
    for case in cases:
        truth = decided.get(case.id)
        found.append(
            {
                **_case(queue, case),
                "weight": weights.get(case.id),
                "labels": [_label(label, called) for label in by_case.get(case.id, [])],
                "truth": truth.value if truth else "",
                "truth_source": truth.source if truth else Source.OPEN,
                "judges": {
                    j: {"verdict": v, "reason": r} for j, (v, r) in said.get(case.id, {}).items()
                },
            }
        )
    return found


def write_jsonl(store: Store, name: str, path: Path, *, names: bool = False) -> Path:
    """The queue in the first line, then a case a line; `bring` reads it back."""
    queue = store.queue(name)
    version, text = store.guideline(name)
    head = {
        "format": FORMAT,
        "queue": queue.model_dump(mode="json"),
        "guideline": {"version": version, "text": text},
    }
    lines = [head, *rows(store, name, names=names)]
    return _written(path, [json.dumps(line, ensure_ascii=False) for line in lines])


def write_csv(store: Store, name: str, path: Path, *, names: bool = False) -> Path:
    """One line a label, for spreadsheets; cases without labels have one line without."""
    out = io.StringIO()
    table: list[dict[str, Any]] = []
    for row in rows(store, name, names=names):
        plain = {k: v for k, v in row.items() if not isinstance(v, dict | list)}
        said = {f"judge {j}": v["verdict"] for j, v in row["judges"].items()}
        for label in row["labels"] or [{}]:
            edits = json.dumps(label.get("edits") or {}, ensure_ascii=False)
            table.append({**plain, **said, **label, "edits": edits if label else ""})
    columns = list(dict.fromkeys(key for row in table for key in row))
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _cell(v) for k, v in row.items()} for row in table)
    return _written(path, out.getvalue().splitlines())


def write_dataset(store: Store, name: str, folder: Path, *, names: bool = False) -> Path:
    """A folder for `datasets.load_from_disk`; what differs from case to case is JSON text in it."""
    from datasets import Dataset  # noqa: PLC0415  heavy

    found = rows(store, name, names=names)
    for row in found:
        row["labels"] = [{**label, "edits": _json(label["edits"])} for label in row["labels"]]
        row |= {"judges": _json(row["judges"]), "body": _json(row["body"])}
    with crossing(Border.DISK, f"{folder} cannot be written", OSError):
        Dataset.from_list(found).save_to_disk(str(folder))
    return folder


def write_shots(store: Store, name: str, path: Path, *, n: int = 8) -> Path:
    """Examples for a judge's prompt: decided cases with people's verdict, as many right as wrong ones.

    Cases on which judges disagree come first, those with a note before those without. Questions that are shown to a
    judge must not be judged by it afterwards; their ids are in the lines.
    """
    found = [row for row in _decided(store, name) if row["verdict"] != Verdict.UNJUDGED]
    found.sort(key=lambda r: (r["stratum"] != "disagree", not r["note"]))
    halves = [[r for r in found if r["verdict"] == v] for v in (Verdict.RIGHT, Verdict.WRONG)]
    taken = [row for pair in zip(*halves, strict=False) for row in pair][:n]
    kept = ("question_id", "question", "choices", "reference", "answer", "verdict", "note")
    lines = [json.dumps({k: row[k] for k in kept}, ensure_ascii=False) for row in taken]
    return _written(path, lines)


def write_thresholds(store: Store, name: str, path: Path) -> Path:
    """Data to set a panel's threshold by: people's verdict, each judge's, and how many say right; weighted."""
    out = io.StringIO()
    found = [row for row in _decided(store, name) if row["verdict"] != Verdict.UNJUDGED]
    judges = sorted({judge for row in found for judge in row["judges"]})
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["question_id", "human", "weight", "judges_right", "judges_asked", *judges])
    for row in found:
        said = [row["judges"].get(j, {}).get("verdict", "unjudged") for j in judges]
        decided = [v for v in said if v != "unjudged"]
        counts = [decided.count("right"), len(decided)]
        bits = [{"right": 1, "wrong": 0}.get(v, "") for v in said]
        human = int(row["verdict"] == Verdict.RIGHT)
        writer.writerow([_cell(row["question_id"]), human, row["weight"], *counts, *bits])
    return _written(path, out.getvalue().splitlines())


def _decided(store: Store, name: str) -> Iterator[dict[str, Any]]:
    notes = {t.case: t.note for t in truths(store.queue(name), store.labels(name)).values()}
    for case, row in zip(store.cases(name), rows(store, name), strict=True):
        if isinstance(case.body, VerdictBody) and row["truth"]:
            more = {"verdict": verdict(row["truth"]), "note": notes.get(case.id, "")}
            question = case.body.example.question
            yield {
                **row,
                **more,
                "reference": case.body.example.answer,
                "choices": question.choices,
            }


def _called(labels: Sequence[Label], names: bool) -> dict[str, str]:
    """What each annotator is called in the file."""
    order = dict.fromkeys(label.annotator for label in labels)
    return {who: who if names else f"A{i}" for i, who in enumerate(order, 1)}


def _case(queue: Queue, case: Case) -> dict[str, Any]:
    body = case.body
    shown: dict[str, Any] = {"question_id": case.key, "kind": queue.kind.value}
    if isinstance(body, VerdictBody):
        question = body.example.question
        shown |= {"video": question.video, "question": question.text, "answer": body.answer}
        spans = body.example.evidence
    else:
        shown |= {"video": case.film, "question": body.fields.get("question", ""), "answer": ""}
        spans = body.spans
    return {
        **shown,
        "duration_s": case.duration_s,
        "spans": [[span.start_s, span.end_s] for span in spans],
        "body": body.model_dump(mode="json"),
        "stratum": case.stratum.value,
        "is_random": case.is_random,
        "probability": case.probability,
    }


def _label(label: Label, called: dict[str, str]) -> dict[str, Any]:
    kept = label.model_dump(mode="json", exclude={"id", "case"})
    return {**kept, "annotator": called[label.annotator]}


def _has_truth(truth: Any) -> bool:
    return bool(truth and truth.is_decided)


def _weights(queue: Queue, cases: Sequence[Case], decided: Sequence[int]) -> dict[int, float]:
    strata = {case.id: case.stratum for case in cases}
    given = stratum_weights([strata[i] for i in decided], queue.sizes)
    return dict(zip(decided, given, strict=True))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _written(path: Path, lines: Sequence[str]) -> Path:
    with crossing(Border.DISK, f"{path} cannot be written", OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lines)
    return path
