"""Many episodes in lockstep: one batch for all turns that are to be decided, then all their tools at once.

The state machine is the agent's own, so an episode goes as it would with `agent.ask`. Tools run in threads; what they
ask of the tool model is gathered until every one of them waits or is done, and asked as one batch. A failure of the
world ends its episode only, which is kept with its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from sage.agent import canonical, observe
from sage.episode import Episode
from sage.evidence import gather_evidence
from sage.faults import StopSignal, WorldError
from sage.models.base import Model, Request
from sage.models.gather import Gathered, ask_all
from sage.tools.base import Workspace
from sage.train.questions import Start
from sage.types import Call, Example, Reply, Stop, Trace


class Asked(NamedTuple):
    """One generation of the orchestrator."""

    request: Request
    reply: Reply


class Played(NamedTuple):
    """An episode that is over. `trace.error` says what of the world ended it, if anything did."""

    example: Example
    trace: Trace
    asked: tuple[Asked, ...]
    """Everything the orchestrator was asked, attempts included, with the tokens as sampled."""


def rollout(
    starts: Sequence[Start],
    model: Model,
    tool_model: Model | None = None,
    *,
    stop: StopSignal | None = None,
) -> list[Played]:
    """Plays all episodes to their end, in the order given; `tool_model` defaults to `model`.

    StoppedError passes, and so does every mistake of ours.
    """
    asked: list[list[Asked]] = [[] for _ in starts]
    errors: dict[int, WorldError] = {}
    gathered = Gathered(tool_model or model)
    for start in starts:
        start.workspace.tool_model = lambda: gathered
        start.workspace.stop = stop or start.workspace.stop
    while active := [i for i, s in enumerate(starts) if s.episode.stop is None and i not in errors]:
        requests = [_request(starts[i].episode, starts[i].workspace, len(asked[i])) for i in active]
        calls: dict[int, Call] = {}
        for i, request, reply in zip(active, requests, ask_all(model, requests), strict=True):
            if isinstance(reply, WorldError):
                errors[i] = reply
                continue
            asked[i].append(Asked(request, reply))
            action = starts[i].episode.take(reply)
            if isinstance(action, Call):
                calls[i] = action
        errors |= _run_tools(starts, calls, gathered)
    return [
        Played(start.example, trace_of(start.episode, errors.get(i)), tuple(asked[i]))
        for i, start in enumerate(starts)
    ]


def trace_of(episode: Episode, error: WorldError | None = None) -> Trace:
    """The record of an episode that was not written to a run's folder."""
    answer = episode.answer
    evidence = (
        gather_evidence(answer, episode.turns, episode.frames, episode.film.duration_s)
        if answer is not None
        else ()
    )
    return Trace(
        question=episode.question,
        film=episode.film,
        setup=episode.setup,
        frames=episode.frames,
        turns=tuple(episode.turns),
        stop=Stop.FAILED if error else episode.stop,
        answer=answer,
        evidence=evidence,
        limit=episode.limit,
        error=str(error) if error else "",
    )


class Spread:
    """A Model over several servers with the same weights: each gets its share of a batch, at the same time."""

    def __init__(self, models: Sequence[Model]) -> None:
        self.models = list(models)
        self.name = " ".join(model.name for model in models)
        self.can_see = all(model.can_see for model in models)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        n = min(len(self.models), len(requests))
        shares = [range(i, len(requests), n) for i in range(n)]
        with ThreadPoolExecutor(max(1, n)) as pool:
            found = pool.map(
                lambda pair: pair[0].generate([requests[i] for i in pair[1]]),
                zip(self.models, shares, strict=False),
            )
        replies = {
            i: r
            for share, part in zip(shares, found, strict=True)
            for i, r in zip(share, part, strict=True)
        }
        return [replies[i] for i in range(len(requests))]

    def close(self) -> None:
        for model in self.models:
            model.close()


def _request(episode: Episode, workspace: Workspace, n: int) -> Request:
    """The episode's request, its chance drawn anew for every turn."""
    request = episode.request(workspace.stop)
    return replace(request, seed=(request.seed * 1009 + n) % 2**63)


def _run_tools(
    starts: Sequence[Start], calls: dict[int, Call], gathered: Gathered
) -> dict[int, WorldError]:
    """Closes the turns of all calls; returns the errors of the world by episode."""
    errors: dict[int, WorldError] = {}

    def job(i: int, call: Call) -> None:
        episode, workspace = starts[i].episode, starts[i].workspace
        try:
            checked = canonical(call, workspace)
            episode.close(checked, observe(episode, checked, workspace))
        except WorldError as error:
            errors[i] = error

    gathered.run([lambda i=i, call=call: job(i, call) for i, call in calls.items()])  # type: ignore[misc]
    return errors
