"""Episodes in lockstep end as they would alone."""

import pytest

from sage.faults import Border, StoppedError, WorldError
from sage.judge import Verdict, exact
from sage.mini.expert import Rates
from sage.mini.play import play
from sage.models.scripted import ScriptedModel
from sage.train.questions import MiniQuestions
from sage.train.rollout import Spread, rollout, trace_of
from sage.types import Stop
from tests.sage.train.experts import Experts


@pytest.fixture
def questions(tmp_path):
    return MiniQuestions("val", 8, tmp_path)


def plain(trace):
    """A trace without what differs between two runs of the same."""
    data = trace.model_dump(mode="json")
    for turn in data["turns"]:
        turn["seconds"] = 0
        for part in (*turn["replies"], turn["observation"] or {}):
            part["seconds"] = 0
    return data


def test_lockstep_gives_the_traces_of_single_play(questions):
    numbers = range(len(questions))
    played = rollout([questions.open(i) for i in numbers], Experts())
    for number, found in zip(numbers, played, strict=True):
        alone = questions.open(number)
        play(alone.episode, alone.workspace, Experts())
        assert plain(found.trace) == plain(trace_of(alone.episode))
        assert exact(found.trace.answer, found.example) is Verdict.RIGHT
    assert max(len(found.trace.turns) for found in played) > 2


def test_turns_and_tools_are_asked_in_batches(questions):
    orchestrator, tool = Experts(), Experts()
    played = rollout([questions.open(i) for i in range(len(questions))], orchestrator, tool)
    assert orchestrator.batches[0] == len(questions)
    assert len(orchestrator.batches) == max(len(p.trace.turns) for p in played)
    looks = sum(
        t.observation.tool in ("ground-event", "analyze")
        for p in played
        for t in p.trace.turns
        if t.observation
    )
    assert len(tool.batches) < looks <= sum(tool.batches)


def test_everything_asked_is_kept_in_order(questions):
    found = max(
        rollout([questions.open(i) for i in range(9)], Experts()), key=lambda p: len(p.asked)
    )
    replies = [reply for turn in found.trace.turns for reply in turn.replies]
    assert [asked.reply for asked in found.asked] == replies
    assert len({asked.request.seed for asked in found.asked}) == len(found.asked)


def test_mistakes_are_asked_again_and_kept(questions):
    good = rollout([questions.open(0)], Experts())[0].asked[0].reply.text
    start = questions.open(0, retries=1)
    found = rollout([start], ScriptedModel(["no idea", good, "what?", "what?"]))[0]
    assert [a.reply.text for a in found.asked][:2] == ["no idea", good]
    spoilt = rollout([questions.open(0, retries=0)], ScriptedModel(["no idea"]))[0]
    assert (spoilt.trace.stop, spoilt.trace.answer) == (Stop.MALFORMED, None)


class Moody(Experts):
    """Fails whenever a film is in the batch that it does not like."""

    def __init__(self, disliked: set[str]) -> None:
        super().__init__()
        self.disliked = disliked

    def generate(self, requests):
        if self.disliked & {request.folder.name for request in requests}:
            self.batches.append(len(requests))
            raise WorldError(Border.MODEL, "Not this film.")
        return super().generate(requests)


def test_the_world_fails_for_one_episode_only(questions):
    starts = [questions.open(i) for i in range(len(questions))]
    bad = starts[4].workspace.folder.name
    played = rollout(starts, Moody({bad}))
    failed = [i for i, p in enumerate(played) if p.trace.stop is Stop.FAILED]
    assert failed == [3, 4, 5]
    assert played[4].trace.error == "Not this film."
    assert all(p.trace.stop is Stop.ANSWERED for i, p in enumerate(played) if i not in failed)


def test_a_tool_model_that_fails_ends_only_who_asked_it(questions):
    starts = [questions.open(i) for i in range(len(questions))]
    everybody = {start.workspace.folder.name for start in starts}
    played = rollout(starts, Experts(), Moody(everybody))
    stops = {p.trace.stop for p in played}
    assert stops == {Stop.ANSWERED, Stop.FAILED}
    assert all(p.trace.error for p in played if p.trace.stop is Stop.FAILED)


def test_mistakes_of_ours_pass(questions):
    class Broken(Experts):
        def generate(self, requests):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rollout([questions.open(i) for i in range(9)], Experts(), Broken())


def test_stop_passes(questions):
    class Stopped(Experts):
        def generate(self, requests):
            raise StoppedError

    with pytest.raises(StoppedError):
        rollout([questions.open(0)], Stopped())


def test_several_servers_share_a_batch_in_order(questions):
    requests = [questions.open(i).episode.request() for i in range(7)]
    servers = [Experts(), Experts(Rates()), Experts()]
    spread = Spread(servers)
    replies = spread.generate(requests)
    assert sorted(size for s in servers for size in s.batches) == [2, 2, 3]
    assert [r.text for r in replies[::3]] == [r.text for r in Experts().generate(requests[::3])]
    assert spread.generate(requests[:1])[0].text == replies[0].text
    assert spread.generate([]) == []
