"""Result files of the paper's release as runs of ours: the evaluation's JSON lines, and the judged JSON list.

Both tell of the same questions and may be given together: traces come from one, verdicts and lengths from the other.
What a file does not tell stays unknown; how many questions the suite has is not taken from the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from sage.bench.play import to_prediction
from sage.bench.published import load_published
from sage.bench.rows import to_entries
from sage.bench.run import BenchFolder, Entry, Header, Judgement, Outcome, Prediction, now
from sage.bench.suites import read_rows
from sage.config import ConfigError
from sage.dialect import parse
from sage.faults import Border, WorldError
from sage.judge import Verdict
from sage.text import encodable
from sage.tools.registry import find_tool
from sage.types import (
    Action,
    Answer,
    Call,
    Decision,
    Observation,
    Question,
    Stop,
    Trace,
    Turn,
)

JUDGE = "released"
"""The judge of released verdicts; the files do not name it."""
MAX_TEXT = 12_000
REFERENCES = ("full_answer", "correct_answer")
"""In these files `answer` is what the model said."""

Row = Mapping[str, Any]


def import_files(
    files: Sequence[Path], out: Path, *, suite: str = "sage-bench", model: str = "", of: int = 0
) -> BenchFolder:
    """A run made from one or two released files; `of` is how many questions the suite has, where it is not known.

    ConfigError for files that are of the same kind or of none, WorldError(DISK) for what cannot be read or written.
    """
    if out.exists():
        raise WorldError(
            Border.DISK, f"{out} exists already. Nothing was changed. Choose another --out."
        )
    rows = [read_rows(path) for path in files]
    kinds = [_kind(part, path) for part, path in zip(rows, files, strict=True)]
    if len(set(kinds)) < len(kinds):
        raise ConfigError(f"Both files are {kinds[0]} files; give one of each kind.")
    found = dict(zip(kinds, rows, strict=True))
    main = found.get("evaluation") or found["judged"]
    entries = to_entries(main, source=suite, answers=REFERENCES)
    verdicts = _by_id(found.get("judged", []), suite)
    entries = [_with_length(entry, verdicts.get(entry.id)) for entry in entries]
    header = Header(
        suite=suite,
        model=model or _model_name(files[0]),
        expected=max(of or _size(suite), len(entries)),
        total=max(of or _size(suite), len(entries)),
        source=", ".join(path.name for path in files),
        imported=", ".join(path.name for path in files),
        created=now(),
    )
    run = BenchFolder.create(out, header, entries)
    with run.writing() as file:
        for entry, row in zip(entries, main, strict=True):
            merged = {**verdicts.get(entry.id, {}), **row}
            file.append(_prediction(entry, encodable(dict(merged))))
    if "judged" in found:
        with run.judging(JUDGE) as file:
            for entry in entries:
                if entry.id in verdicts:
                    file.append(_judgement(entry.id, verdicts[entry.id]))
    return run


def _kind(rows: Sequence[Row], path: Path) -> str:
    if rows and all("is_correct" in row for row in rows):
        return "judged"
    if rows and all("question" in row and "answer" in row for row in rows):
        return "evaluation"
    raise ConfigError(
        f"{path} is no released result file: it needs question and answer in every entry, "
        "and is_correct if it is judged. Nothing was written."
    )


def _by_id(rows: Sequence[Row], suite: str) -> dict[str, Row]:
    entries = to_entries(rows, source=suite, answers=REFERENCES)
    return {entry.id: encodable(dict(row)) for entry, row in zip(entries, rows, strict=True)}


def _with_length(entry: Entry, judged: Row | None) -> Entry:
    if entry.duration_s is None and judged and isinstance(judged.get("duration"), int | float):
        return entry.model_copy(update={"duration_s": float(judged["duration"])})
    return entry


def _model_name(path: Path) -> str:
    """`sage_SAGE-MM-Qwen3-VL-8B-SFT_RL_sage_bench_results.jsonl` tells of SAGE-MM-Qwen3-VL-8B-SFT_RL."""
    stem = path.name.partition(".")[0]
    for end in ("_results", "_sage_bench", "_minerva_bench"):
        stem = stem.removesuffix(end)
    return stem.removeprefix("sage_") or path.name


def _size(suite: str) -> int:
    published = load_published()
    return published.questions if suite == published.suite else 0


def _judgement(id: str, row: Row) -> Judgement:
    said = row.get("is_correct")
    verdict = Verdict.UNJUDGED if said is None else Verdict.RIGHT if said else Verdict.WRONG
    reason = str(row.get("evaluation_reasoning") or "")
    return Judgement(question_id=id, verdict=verdict, reason=reason)


def _prediction(entry: Entry, row: Row) -> Prediction:
    question = entry.example.question
    answer = _answer(row.get("answer"))
    results = row.get("complete_results")
    known: dict[str, Any]
    if isinstance(results, dict) and results.get("context_vlm"):
        told = to_prediction(_trace(question, results, answer))
        known = {"turns": told.turns, "tools": told.tools, "trace": told.trace}
    else:
        known = _counts(row)
    seconds = row.get("time_taken")
    return Prediction(
        question=question,
        outcome=_outcome(answer, row),
        answer=answer,
        duration_s=entry.duration_s,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        **known,
    )


def _answer(value: Any) -> str | None:
    if value is None:
        return None
    return "; ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _outcome(answer: str | None, row: Row) -> Outcome:
    """Upstream writes a sentence where every attempt failed; it counts that as wrong, and so does MALFORMED."""
    if answer is None or not answer.strip() or row.get("none_prediction"):
        return Outcome.NO_ANSWER
    could_not = row.get("could_not_produce") or "could not produce an answer" in answer.lower()
    return Outcome.MALFORMED if could_not else Outcome.ANSWERED


def _counts(row: Row) -> dict[str, Any]:
    """A judged file tells the calls; upstream runs one a turn, and the answer is one turn more."""
    types = row.get("tool_call_types")
    if not isinstance(types, dict):
        return {}
    tools: dict[str, int] = {}
    for name, n in types.items():
        tools[_tool(str(name))] = tools.get(_tool(str(name)), 0) + int(n)
    return {"tools": tools, "turns": 1 + sum(tools.values())}


def _trace(question: Question, results: Row, answer: str | None) -> Trace:
    """The turns as far as the file tells them: decisions with what their calls brought."""
    later = results.get("iterative_reasoner") or results.get("search_llm") or []
    steps = [step for step in later if isinstance(step, dict)]
    first = results["context_vlm"][-1]
    replies = [first.get("vlm_response") if isinstance(first, dict) else first]
    replies += [_decision(step) for step in steps]
    brought = [*(_observation(step.get("tool_calls")) for step in steps), None]
    turns = [
        _turn(n, reply, seen)
        for n, (reply, seen) in enumerate(zip(replies, brought, strict=True), 1)
    ]
    stop = Stop.ANSWERED if answer else Stop.MALFORMED
    return Trace(question=question, turns=tuple(turns), answer=answer, stop=stop)


def _decision(step: Row) -> Any:
    """What the reasoner replied, under whichever key this version of the file has it."""
    for value in step.values():
        if isinstance(value, dict) and {"answerable", "recommended_tools"} & set(value):
            return value
    return None


def _turn(index: int, reply: Any, seen: Observation | None) -> Turn:
    stage: Literal[1, 2] = 1 if index == 1 else 2
    text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
    action, thought, _ = parse(text, stage)
    if isinstance(action, Call):
        action = action.model_copy(update={"tool": _tool(action.tool)})
    elif seen is not None:  # it did call, although what is kept of its reply does not say so
        action = Call(tool=seen.tool)
    return Turn(
        index=index,
        stage=stage,
        thought=thought,
        action=action,
        decision=_seen_as(action, index),
        observation=seen if isinstance(action, Call) else None,
    )


def _seen_as(action: Action, index: int) -> Decision:
    if isinstance(action, Call):
        tool = find_tool(action.tool)
        return tool.decision if tool else Decision.SKIP
    return Decision.ANSWER if isinstance(action, Answer) and index > 1 else Decision.SKIP


def _observation(calls: Any) -> Observation | None:
    """Of several calls in a turn upstream runs the first."""
    if not isinstance(calls, dict) or not calls:
        return None
    label, told = next(iter(calls.items()))
    name, _, number = str(label).partition("_#")
    result = told.get("result") if isinstance(told, dict) else told
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    tool = _tool(name)
    return Observation(tool=tool, label=f"{tool}_#{number or 1}", text=text[:MAX_TEXT])


def _tool(name: str) -> str:
    """The paper's name of a tool; an unknown one stays as it is."""
    tool = find_tool(name.partition("_#")[0])
    return tool.name if tool else PurePosixPath(name).name
