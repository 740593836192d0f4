"""Shards of one run, made into one folder. Shards stay as they are; what does not belong together is refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from sage.bench.lines import write_whole
from sage.bench.run import (
    JUDGEMENTS,
    PREDICTIONS,
    BenchFolder,
    Entry,
    Header,
    Prediction,
    now,
)
from sage.faults import Border, WorldError, crossing

FREE = ("shard", "expected", "created", "versions", "workers", "source")
"""What shards may differ in."""


def merge(parts: Sequence[BenchFolder], out: Path) -> BenchFolder:
    """One run of all parts; every question once. WorldError(DISK) when they do not belong together.

    `out` must not exist: nothing is ever mixed into a run.
    """
    if out.exists():
        raise WorldError(
            Border.DISK, f"{out} exists already. Nothing was changed. Choose another --out."
        )
    headers = [part.header() for part in parts]
    _check_alike(parts, headers)
    entries: dict[str, Entry] = {}
    owner: dict[str, str] = {}
    for part in parts:
        for id, entry in part.entries().items():
            if id in owner:
                raise WorldError(
                    Border.DISK,
                    f"The question {id} is in {owner[id]} and in {part.folder}. Nothing was written. "
                    "Give every shard once.",
                )
            owner[id] = str(part.folder)
            entries[id] = entry
    first = headers[0]
    header = first.model_copy(
        update={"shard": "", "expected": len(entries), "created": now(), "workers": first.workers}
    )
    merged = BenchFolder.create(out, header, list(entries.values()))
    with crossing(Border.DISK, f"The shards could not be copied to {out}", OSError):
        predictions: list[Prediction] = []
        for part in parts:
            for prediction in part.predictions().values():
                _take_media(part.folder, out, prediction)
                predictions.append(prediction)
        order = {id: n for n, id in enumerate(entries)}
        predictions.sort(key=lambda p: order[p.id])
        write_whole(out / PREDICTIONS, (p.model_dump_json() for p in predictions))
        for slug in sorted({slug for part in parts for slug in part.judges()}):
            (out / JUDGEMENTS).mkdir(exist_ok=True)
            lines = [j.model_dump_json() for p in parts for j in p.judgements(slug).values()]
            write_whole(merged.judgement_path(slug), lines)
    return merged


def _check_alike(parts: Sequence[BenchFolder], headers: Sequence[Header]) -> None:
    first = headers[0].model_dump(exclude=set(FREE))
    for part, header in zip(parts, headers, strict=True):
        other = header.model_dump(exclude=set(FREE))
        names = [name for name in first if first[name] != other[name]]
        if names:
            raise WorldError(
                Border.DISK,
                f"{part.folder} is no shard of the same run as {parts[0].folder}: it differs in "
                f"{', '.join(names)}. Nothing was written.",
            )


def _take_media(part: Path, out: Path, prediction: Prediction) -> None:
    """Frames and clips are linked where the disk allows it, else copied."""
    source = (part / prediction.media).resolve()
    if not prediction.media or not source.is_relative_to(part.resolve()) or not source.is_dir():
        return

    def place(old: str, new: str) -> None:
        try:
            os.link(old, new)
        except OSError:
            shutil.copy2(old, new)

    shutil.copytree(source, out / prediction.media, copy_function=place)
