"""GRPO over whole episodes: play questions several times each, compare, make more likely what did better.

    questions -> rollout -> judges -> advantages by group -> a row for every turn -> update

All chance is drawn from the settings' seed and the step, so a run that was killed goes on from its newest checkpoint as
if nothing had happened. Processes share a step's questions; a group stays on one process.
"""

from __future__ import annotations

import logging
import math
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sage.config import save_config
from sage.faults import StoppedError, StopSignal
from sage.train import checkpoints
from sage.train.bench import Bench, export, gather, is_any, open_bench, refresh, share
from sage.train.checkpoints import Progress
from sage.train.clock import Clock
from sage.train.group import Use, weigh
from sage.train.grpo_settings import GrpoSettings
from sage.train.job_curves import seconds_of
from sage.train.loss import Clip
from sage.train.measure import Judged, judge_played, measure
from sage.train.metrics import Metrics, write_plan
from sage.train.questions import Questions, choose
from sage.train.rollout import rollout
from sage.train.rows import Row, RowBuilder
from sage.train.update import Stepping, update
from sage.train.watch import find_alarms

Tell = Callable[[str], None]
logger = logging.getLogger(__name__)


def train(settings: GrpoSettings, tell: Tell, *, stop: StopSignal | None = None) -> Path | None:
    """Trains and returns the folder of the model, `out/model`; `None` when it was stopped, to be resumed.

    A stop, or SIGTERM, gives up the step in progress; what was there before it becomes a checkpoint. Whoever calls from
    another thread than the main one gives `stop`. Raises ConfigError for settings that do not fit together.
    """
    if stop is not None:
        return _train(settings, tell, stop)
    told = StopSignal()
    previous = signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        return _train(settings, tell, told)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _train(settings: GrpoSettings, tell: Tell, stop: StopSignal) -> Path | None:
    out = Path(settings.out)
    out.mkdir(parents=True, exist_ok=True)
    bench = open_bench(settings)
    main = bench.learner.accelerator.is_main_process
    first = _resume(bench, out, tell)
    metrics = Metrics(out / "metrics.jsonl")
    if main:
        save_config(settings, out / "settings.yaml")
        write_plan(out, {"grpo": settings.last_step})
        metrics.cut(0, first or -1)
    if settings.eval_every and not first:
        # What the curves of evaluations are compared with: the model as it was.
        before = evaluate(bench, stop)
        if main and before:
            tell(_log(metrics, {"stage": 0, "step": 0, **before}, settings))
    for step in range(first, settings.last_step):
        try:
            line, judged = take_step(bench, step, stop=stop)
        except StoppedError:
            _save(bench, out, step)
            tell(f"stopped after step {step}; the same command goes on from here")
            return None
        if settings.eval_every and (step + 1) % settings.eval_every == 0:
            line |= evaluate(bench, stop)
        if main:
            tell(_log(metrics, line, settings))
            _keep_traces(out, step, judged[: settings.group])
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.last_step:
            _save(bench, out, step + 1)
    return export(bench, out / "model")


def take_step(bench: Bench, step: int, *, stop: StopSignal) -> tuple[dict[str, Any], list[Judged]]:
    """Plays and learns once; returns what to log, and what was played by all processes.

    `step` counts from 0. StoppedError in every process when `stop` is set in any, before weights were touched.
    """
    settings, learner, clock = bench.settings, bench.learner, Clock()
    numbers = choose(step, settings.questions, total=len(bench.questions), seed=settings.seed)
    episodes = [(n, g) for n in share(numbers, learner) for g in range(settings.group)]
    seeds = [_seed(settings.seed, step, n, g) for n, g in episodes]
    judged: list[Judged] = []
    with clock("rollout_s"):
        changes = {"temperature": settings.temperature, "limits": settings.limits(step)}
        try:
            judged = play(bench, bench.questions, [n for n, _ in episodes], seeds, stop, changes)
        except StoppedError:
            stop.set()
    if is_any(stop.is_set, learner):
        raise StoppedError(f"stopped in step {step + 1}")
    with clock("rows_s"):
        rows, counts = make_rows(judged, bench.builder, settings)
    with clock("update_s"):
        rate = learning_rate(step, settings)
        for group in learner.optimizer.param_groups:
            group["lr"] = rate
        learned = update(learner, rows, _stepping(settings)) if is_any(bool(rows), learner) else {}
    everything = _of_all(judged, bench)
    for other in gather([counts], learner)[1:]:
        counts.update(other)
    line = {"stage": 0, "step": step + 1, **measure(everything), **learned, **counts}
    line |= {"rate": rate, "max_turns": settings.limits(step).turns, **clock.seconds}
    line["tokens_per_s"] = _sampled(everything) / max(1e-6, clock.seconds["rollout_s"])
    return line, everything


def evaluate(bench: Bench, stop: StopSignal) -> dict[str, float]:
    """Greedy numbers on the questions kept for it, under names that start with `val/`; none when stopped."""
    mine = share(range(len(bench.others)), bench.learner)
    changes = {"temperature": 0.0, "limits": bench.settings.limits(bench.settings.steps)}
    judged: list[Judged] = []
    try:
        judged = play(bench, bench.others, mine, [0] * len(mine), stop, changes)
    except StoppedError:
        stop.set()
    if is_any(stop.is_set, bench.learner):
        return {}
    return {f"val/{k}": v for k, v in measure(_of_all(judged, bench)).items()}


def play(
    bench: Bench,
    questions: Questions,
    numbers: Sequence[int],
    seeds: Sequence[int],
    stop: StopSignal,
    changes: dict[str, Any],
) -> list[Judged]:
    """Plays questions by number, each with its seed, and judges them; `changes` are laid over their setup."""
    refresh(bench)
    setup = bench.settings.setup | changes
    starts = [
        questions.open(n, **(setup | {"seed": s})) for n, s in zip(numbers, seeds, strict=True)
    ]
    played = rollout(starts, bench.policy, bench.tool_model, stop=stop)
    return [
        judge_played(
            p, bench.judge, bench.tool_judge or start.tool_judge, weights=bench.settings.reward
        )
        for p, start in zip(played, starts, strict=True)
    ]


def make_rows(
    judged: Sequence[Judged], builder: RowBuilder, settings: GrpoSettings
) -> tuple[list[Row], Counter[str]]:
    """Rows of every turn of groups with spread, weighted by the episode's advantage; counts of groups and drops.

    A reply with a token that stands for a picture is dropped: no network can be shown it together with real pictures.
    """
    processor = builder.renderer.processor
    pictures = {processor.image_token_id, processor.video_token_id}
    rows: list[Row] = []
    names = (*(f"groups/{use}" for use in Use), "dropped/too_long", "dropped/pictures")
    counts: Counter[str] = Counter(dict.fromkeys(names, 0))
    for first in range(0, len(judged), settings.group):
        members = judged[first : first + settings.group]
        group = weigh([j.reward for j in members], divide=settings.divide)
        counts[f"groups/{group.use}"] += 1
        weights = zip(members, group.advantages, strict=True)
        for asked, advantage in (
            (a, w) for j, w in weights if w is not None for a in j.played.asked
        ):
            row = builder.build(asked.request, asked.reply, weight=advantage)
            is_odd = row is not None and not pictures.isdisjoint(row.action_ids)
            counts["dropped/too_long"] += row is None
            counts["dropped/pictures"] += is_odd
            if row and not is_odd:
                rows.append(row)
    return rows, counts


def learning_rate(step: int, settings: GrpoSettings) -> float:
    """Of a step, counted from 0: rises straight, then falls as a cosine to 0 behind the last step."""
    rise = settings.rise * settings.steps
    if step + 1 < rise:
        return settings.rate * (step + 1) / rise
    gone = (step + 1 - rise) / max(1.0, settings.steps + 1 - rise)
    return settings.rate * 0.5 * (1 + math.cos(math.pi * max(0.0, gone)))


def _of_all(judged: list[Judged], bench: Bench) -> list[Judged]:
    """Episodes of all processes, without the requests, which cannot travel and need not."""
    light = [j._replace(played=j.played._replace(asked=())) for j in judged]
    return gather(light, bench.learner)


def _stepping(settings: GrpoSettings) -> Stepping:
    return Stepping(
        clip=Clip(settings.clip_low, settings.clip_high, settings.kl),
        temperature=settings.temperature,
        passes=settings.passes,
        micro_tokens=settings.micro_tokens,
        max_norm=settings.max_norm,
    )


def _seed(seed: int, step: int, question: int, member: int) -> int:
    """Another number for every episode of a run."""
    return (((seed * 100_003 + step) * 1_000_003 + question) * 1_009 + member) % 2**31


def _resume(bench: Bench, out: Path, tell: Tell) -> int:
    """Loads the newest checkpoint; returns how many steps are done."""
    found = checkpoints.newest(out / "checkpoints")
    if found is None:
        return 0
    path, progress = found
    bench.learner.accelerator.load_state(str(path))
    tell(f"going on from step {progress.step}")
    return progress.step


def _save(bench: Bench, out: Path, step: int) -> None:
    progress = Progress(step=step, seen=step * bench.settings.questions, total=step)
    checkpoints.save(
        out / "checkpoints", progress, bench.learner.accelerator, keep=bench.settings.keep
    )


def _log(metrics: Metrics, line: dict[str, Any], settings: GrpoSettings) -> str:
    """Writes a line of the log and warns of collapses; returns a line for people."""
    history = metrics.lines()
    alarms = find_alarms([*history, line])
    # Once is enough as long as it lasts; the log has it at every step.
    if alarms and not (history and history[-1].get("alarms")):
        logger.warning("step %d: %s", line["step"], " ".join(alarms))
    metrics.add(
        **{k: round(v, 9) if isinstance(v, float) else v for k, v in line.items()},
        **({"alarms": alarms} if alarms else {}),
    )
    names = ("reward", "accuracy", "turns", "tool_rate", "format_rate", "kl", "val/accuracy")
    told = "  ".join(f"{name} {line[name]:.3f}" for name in names if name in line)
    seconds = seconds_of(line)
    took = f"  {seconds:.1f} s" if seconds else ""
    return f"grpo {line['step']}/{settings.last_step}  {told}{took}"


def _keep_traces(out: Path, step: int, judged: Sequence[Judged]) -> None:
    """One group of each step, to look at; a step that is done again replaces its file."""
    folder = out / "traces"
    folder.mkdir(exist_ok=True)
    lines = "".join(j.trace.model_dump_json() + "\n" for j in judged)
    (folder / f"{step + 1:06d}.jsonl").write_text(lines, "utf-8")


def _sampled(judged: Sequence[Judged]) -> int:
    """Tokens the orchestrator printed."""
    return sum(len(r.token_ids) for j in judged for t in j.trace.turns for r in t.replies)
