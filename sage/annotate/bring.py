"""Brings an exported queue back, here or elsewhere: cases, verdicts, labels and guideline, not the traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sage.annotate.export import FORMAT
from sage.annotate.store import Store, checked_name, insert_cases, insert_label, log, stamp
from sage.annotate.types import Draft, Label, Queue
from sage.bench.lines import read_raw
from sage.faults import Border, WorldError


def bring(store: Store, path: Path, name: str = "") -> Queue:
    """The queue of a file that `write_jsonl` wrote, under its own name or another; WorldError(DISK) says what is wrong.

    Films and frames are not shown with it: the file knows only their names.
    """
    if not path.is_file():
        raise WorldError(Border.DISK, f"There is no file {path}.")
    try:
        head, *lines = read_raw(path)
        if head.get("format") != FORMAT:
            raise ValueError(f"its first line is not of an export of format {FORMAT}")
        queue = Queue.model_validate_json(json.dumps(head["queue"]))
        queue = queue.model_copy(update={"name": checked_name(name or queue.name)})
        cases = [(_draft(line), _drawn(line)) for line in lines]
        labels = [[_label(one) for one in line["labels"]] for line in lines]
        guideline = (int(head["guideline"]["version"]), str(head["guideline"]["text"]))
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise WorldError(
            Border.DISK, f"{path} is no export of a queue, nothing was brought in: {error}"
        ) from error
    with store.open(write=True) as db:
        if db.execute("SELECT 1 FROM queues WHERE name=?", (queue.name,)).fetchone():
            raise WorldError(
                Border.DISK, f"There is a queue named {queue.name} already; give another name."
            )
        numbers = insert_cases(db, queue, cases)
        db.execute("INSERT INTO guidelines VALUES (?,?,?,?)", (queue.name, *guideline, stamp()))
        # In the order they were given, which names the annotators when it is exported again.
        given = [(n, one) for n, own in zip(numbers, labels, strict=True) for one in own]
        for number, label in sorted(given, key=lambda pair: pair[1].created):
            insert_label(db, label.model_copy(update={"case": number}))
        log(db, queue.name, "", "brought", data={"labels": len(given)})
    return queue


def _draft(line: dict[str, Any]) -> Draft:
    return Draft.model_validate_json(
        json.dumps(
            {
                "key": line["question_id"],
                "body": line["body"],
                "duration_s": line["duration_s"],
                "verdicts": {j: [v["verdict"], v["reason"]] for j, v in line["judges"].items()},
            }
        )
    )


def _drawn(line: dict[str, Any]) -> tuple[str, bool, float]:
    return str(line["stratum"]), bool(line["is_random"]), float(line["probability"])


def _label(line: dict[str, Any]) -> Label:
    return Label.model_validate_json(json.dumps({**line, "id": 0, "case": 0}))
