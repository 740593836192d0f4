"""From a benchmark run to a queue, and the human verdicts back into the run."""

from __future__ import annotations

from collections.abc import Sequence

from sage.annotate.store import Store
from sage.annotate.truth import truths, verdict
from sage.annotate.types import Draft, Kind, Policy, Queue, VerdictBody
from sage.bench.run import UNSCORABLE, BenchFolder, Judgement, Prediction
from sage.faults import Border, WorldError
from sage.judge import Verdict

HUMAN = "human"
"""Name of the judge that people are."""


def queue_run(
    store: Store, run: BenchFolder, name: str, policy: Policy, judges: Sequence[str] = ()
) -> Queue:
    """A queue of the run's answered questions; `judges`: whose disagreement counts, all that were asked by default.

    Questions without an answer are left out: there is nothing to look at. Raises WorldError(DISK).
    """
    asked = [judge for judge in judges or run.judges() if judge != HUMAN]
    unknown = sorted(set(asked) - set(run.judges()))
    if unknown or not asked:
        known = ", ".join(run.judges()) or "none"
        raise WorldError(
            Border.DISK,
            f"{run.folder} has no verdicts of {', '.join(unknown) or 'any judge'} (judged by: {known}). "
            f"Judge it first: python -m sage bench judge {run.folder} --judge exact",
        )
    said = {judge: run.judgements(judge) for judge in asked}
    drafts, left_out = [], 0
    predictions = run.predictions()
    for id_, entry in run.entries().items():
        prediction = predictions.get(id_)
        if prediction is None or prediction.outcome in UNSCORABLE or not prediction.answer:
            left_out += 1
            continue
        body = VerdictBody(example=entry.example, answer=prediction.answer)
        verdicts = {j: (v[id_].verdict.value, v[id_].reason) for j, v in said.items() if id_ in v}
        drafts.append(_draft(run, prediction, body, entry.duration_s, verdicts))
    if not drafts:
        raise WorldError(
            Border.DISK, f"{run.folder} has no answer to look at yet; no queue was made."
        )
    return store.add_queue(
        name, Kind.VERDICT, drafts, policy, source=str(run.folder.resolve()), left_out=left_out
    )


def _draft(
    run: BenchFolder,
    prediction: Prediction,
    body: VerdictBody,
    duration_s: float | None,
    verdicts: dict[str, tuple[str, str]],
) -> Draft:
    film = prediction.trace.film if prediction.trace else None
    folder = run.folder / prediction.media if prediction.media else None
    return Draft(
        key=prediction.id,
        body=body,
        film=film.path if film else "",
        digest=film.digest if film else "",
        folder=str(folder.resolve()) if folder and folder.is_dir() else "",
        duration_s=prediction.duration_s if prediction.duration_s is not None else duration_s,
        trace=prediction.trace.model_dump_json() if prediction.trace else "",
        verdicts=verdicts,
    )


def write_truth(
    store: Store, queue: str, run: BenchFolder, *, partly: Verdict = Verdict.WRONG
) -> tuple[int, int]:
    """Writes what people decided as the run's judge `human`; returns how many verdicts, how many of them unjudged.

    Of several lines on a question the last counts, so it can be written again as labels come in: a case that has
    lost its truth becomes unjudged. Raises WorldError(DISK).
    """
    entries = run.entries()
    decided = truths(store.queue(queue), store.labels(queue))
    known = run.judgements(HUMAN)
    lines = []
    for case in store.cases(queue):
        truth = decided.get(case.id)
        if case.key not in entries or (truth is None and case.key not in known):
            continue
        value, source = (truth.value, truth.source) if truth else ("", "open")
        note = f": {truth.note}" if truth and truth.note else ""
        lines.append(
            Judgement(
                question_id=case.key,
                verdict=verdict(value, partly=partly),
                reason=f"people, {source}{f', {value}' if value else ''}{note}",
            )
        )
    with run.judging(HUMAN) as file:
        for line in lines:
            if line != known.get(line.question_id):
                file.append(line)
    return len(lines), sum(line.verdict == Verdict.UNJUDGED for line in lines)
