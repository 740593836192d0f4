"""Has a run judged: many questions at once, each verdict on disk at once, what is judged already left alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from sage.bench.judges import AnswerJudge, ExactJudge, judge_one, pending
from sage.bench.llm_judge import ModelJudge, Shot, judge_slug, read_shots
from sage.bench.play import PATIENCE_S, is_local
from sage.bench.run import UNSCORABLE, BenchFolder, Judgement, slugify
from sage.config import ConfigError
from sage.faults import StoppedError, StopSignal
from sage.judge import Verdict
from sage.models.base import Model
from sage.models.catalog import open_model, profile_of, resolve
from sage.models.gather import Gathered

FORMS = "exact, llm:MODEL, panel:JUDGE,JUDGE,JUDGE"


class Bench:
    """How judges are to work: how many questions at once, whom to obey, whom to tell."""

    def __init__(
        self,
        *,
        workers: int = 8,
        stop: StopSignal | None = None,
        tell: Callable[[str], None] = lambda _: None,
        shots: Path | None = None,
    ) -> None:
        self.workers = workers
        self.stop = stop or StopSignal()
        self.tell = tell
        self.shots: tuple[Shot, ...] = read_shots(shots) if shots else ()


def judge_run(run: BenchFolder, spec: str, bench: Bench, *, slug: str = "") -> str:
    """Asks a judge what it has not answered yet; returns its slug. Predictions are only read.

    ConfigError for a spec that is none, WorldError when the model cannot be opened or another process is writing
    the same judge's lines. When stopped, what is judged so far is kept.
    """
    kind, _, rest = spec.partition(":")
    if spec == "exact":
        return _ask(run, ExactJudge(), None, bench)
    if kind == "llm" and rest:
        settled = resolve(rest)[0]
        profile = profile_of(settled)
        model = open_model(settled)
        named = slugify(slug) or judge_slug(model.name, bench.shots)
        return _ask_model(run, model, named, bench, prompts=profile.prompts if profile else "")
    if kind == "panel" and rest:
        return _panel(run, [part.strip() for part in rest.split(",")], bench, slugify(slug))
    raise ConfigError(f"'{spec[:60]}' is no judge. Judges are: {FORMS}.")


def majority(verdicts: Sequence[Verdict]) -> Verdict:
    """What more than half of all members say; a panel that is split, or lacks too many verdicts, has none."""
    for verdict in (Verdict.RIGHT, Verdict.WRONG):
        if 2 * sum(v is verdict for v in verdicts) > len(verdicts):
            return verdict
    return Verdict.UNJUDGED


def _ask_model(
    run: BenchFolder, model: Model, slug: str, bench: Bench, *, prompts: str = ""
) -> str:
    gathered = Gathered(model, patience_s=PATIENCE_S)
    shared = gathered if is_local(model.name) else model
    judge = ModelJudge(shared, slug=slug, shots=bench.shots, stop=bench.stop, prompts=prompts)
    try:
        return _ask(run, judge, gathered, bench)
    finally:
        model.close()


def _ask(run: BenchFolder, judge: AnswerJudge, gathered: Gathered | None, bench: Bench) -> str:
    """Without `gathered` one after the other."""
    entries, outlines = run.entries(), run.outlines()
    with run.judging(judge.slug) as file:
        judged = run.judgements(judge.slug)
        left = pending(outlines, judged)
        counts: Counter[Verdict] = Counter(
            j.verdict for j in judged.values() if j.verdict is not Verdict.UNJUDGED
        )
        queue, lock = iter(left), threading.Lock()

        def work() -> None:
            while not bench.stop.is_set:
                with lock:
                    outline = next(queue, None)
                if outline is None:
                    return
                found = judge_one(judge, outline, entries[outline.id])
                if found is None:
                    continue
                file.append(found)
                with lock:
                    counts[found.verdict] += 1
                    bench.tell(_line(judge.slug, counts, len(outlines)))

        def job() -> None:
            try:
                work()
            except StoppedError:
                return
            except BaseException:
                bench.stop.set()
                raise

        if gathered is None:
            job()
        else:
            gathered.run([job] * min(bench.workers, len(left)))
    return judge.slug


def _panel(run: BenchFolder, members: list[str], bench: Bench, slug: str) -> str:
    """Members are judges, or names of those that have judged already, such as people."""
    if len(members) < 2 or len(set(members)) < len(members):
        raise ConfigError("A panel needs two or more different judges: panel:exact,llm:…,llm:…")
    there = run.judges()
    slugs = [name if name in there else judge_run(run, name, bench) for name in members]
    votes = {name: run.judgements(name) for name in slugs}
    slug = slug or slugify("panel-" + "-".join(slugs))
    with run.judging(slug) as file:
        before = run.judgements(slug)
        for id, outline in run.outlines().items():
            if outline.outcome in UNSCORABLE:
                continue
            said = {name: _verdict(votes[name].get(id)) for name in slugs}
            verdict = majority(list(said.values()))
            reason = ", ".join(f"{name}: {vote.value}" for name, vote in said.items())
            old = before.get(id)
            if old is None or (old.verdict, old.reason) != (verdict, reason):
                file.append(Judgement(question_id=id, verdict=verdict, reason=reason, usd=0.0))
    return slug


def _verdict(judgement: Judgement | None) -> Verdict:
    return judgement.verdict if judgement else Verdict.UNJUDGED


def _line(slug: str, counts: Counter[Verdict], of: int) -> str:
    right, wrong = counts[Verdict.RIGHT], counts[Verdict.WRONG]
    share = f" ({right / (right + wrong):.1%})" if right + wrong else ""
    done = f"{slug}: {right + wrong + counts[Verdict.UNJUDGED]}/{of}"
    return f"{done}  right {right}{share}  wrong {wrong}  unjudged {counts[Verdict.UNJUDGED]}"
