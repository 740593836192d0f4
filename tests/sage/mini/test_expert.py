import json
from dataclasses import replace

import pytest

from sage import dialect
from sage.faults import StoppedError, StopSignal, WorldError
from sage.judge import Verdict, exact
from sage.mini.expert import (
    EARLY_S,
    PERFECT,
    Expert,
    Rates,
    analyze,
    ground,
    mistake,
    options,
    quote,
)
from sage.mini.film import MiniFilm
from sage.mini.phrases import REASON, reason
from sage.mini.play import open_episode, play
from sage.mini.words import split, vocabulary
from sage.mini.workspace import mini_setup
from sage.mini.world import make_film
from sage.models.base import Request
from sage.types import Call, Frame, Message, Mode, Stop, TextPart
from tests.sage.mini.conftest import FILMS, shortest


def plays(root, rates, *, films=FILMS[:24], seed=0, **setup):
    for film in films:
        for task in film.tasks:
            episode, workspace = open_episode(
                film, task, root, setup=mini_setup(film, root, **setup)
            )
            expert = Expert(film, rates, seed=seed, prompts=workspace.setup.prompts)
            yield film, task, play(episode, workspace, expert)


def share_right(played):
    verdicts = [exact(episode.answer, task.example) is Verdict.RIGHT for _, task, episode in played]
    return sum(verdicts) / len(verdicts)


def test_it_quotes_what_the_results_say(root):
    """Where an answer is given after looks, what it rests on is quoted word by word, and holds it."""
    played = [one for one in plays(root, PERFECT, films=FILMS[:40]) if one[1].steps]
    assert len(played) > 20
    for film, task, episode in played:
        thought = episode.turns[-1].thought
        told = "\n".join(t.observation.text for t in episode.turns if t.observation)
        assert thought.reasoning == reason("found", quote(task, film, episode.turns))
        evidence = thought.reasoning.partition(": ")[2]
        assert evidence in told
        assert task.kind == "count" or task.answer in evidence


def test_without_errors_all_is_right_and_nothing_is_malformed(root):
    played = list(plays(root, PERFECT))
    assert share_right(played) == 1.0
    assert {episode.stop for *_, episode in played} == {Stop.ANSWERED}
    faults = [t.observation.fault for *_, e in played for t in e.turns if t.observation]
    assert not any(faults)
    for _, task, episode in played:
        assert len(episode.turns) >= len(task.steps) + 1


def test_it_also_speaks_to_the_bundled_prompts(root):
    assert share_right(plays(root, PERFECT, films=FILMS[:6], prompts="")) == 1.0


def test_whatever_a_model_reads_or_writes_is_in_the_vocabulary(root):
    words = set(vocabulary())
    for _, _, episode in plays(root, Rates(wrong_window=0.5), films=FILMS[:25]):
        for turn in episode.turns:
            seen = turn.observation
            assert {*split(turn.replies[-1].text)} <= words
            assert {*split(seen.text if seen else "")} <= words
            assert {w for note in (seen.notes if seen else ()) for w in split(note)} <= words


def test_longer_films_take_more_turns(root):
    played = list(plays(root, PERFECT, films=FILMS[:50]))
    short = [len(e.turns) for f, _, e in played if f.duration_s <= 60]
    long = [len(e.turns) for f, _, e in played if f.duration_s > 600]
    assert sum(short) / len(short) + 0.5 < sum(long) / len(long)


def test_it_errs_at_its_rates_and_the_same_way_again(root):
    rates = Rates(needless=1.0, early=0.0, wrong_window=0.0, slip=0.0)
    films = [film for film in FILMS[:40] if film.duration_s <= 180]
    for _, task, episode in plays(root, rates, films=films):
        assert len(episode.turns) >= max(2, len(task.steps) + 1)
        assert episode.answer == task.answer
    early = Rates(needless=0.0, early=1.0, wrong_window=0.0, slip=0.0)
    for film, task, episode in plays(root, early, films=FILMS[:20]):
        if task.steps and film.duration_s >= 300:
            assert len(episode.turns) == 1
            assert episode.answer in options(task)
    once, again = (
        [e.turns[-1].action for *_, e in plays(root, Rates(), seed=3, films=FILMS[:15])]
        for _ in range(2)
    )
    other = [e.turns[-1].action for *_, e in plays(root, Rates(), seed=4, films=FILMS[:15])]
    assert once == again != other


def test_it_is_hasty_only_where_what_was_found_leads_further(root):
    hasty = replace(PERFECT, hasty=1.0)
    guessed = 0
    for film, task, episode in plays(root, hasty, films=FILMS[:40]):
        if film.duration_s < EARLY_S or len(task.steps) < 2:
            assert episode.answer == task.answer
        else:
            assert episode.turns[-1].thought.reasoning.startswith(REASON["guess"])
            assert episode.answer in options(task)
            guessed += 1
    assert guessed > 5


def test_a_wrong_window_is_mended(root):
    rates = replace(PERFECT, wrong_window=1.0)
    played = list(plays(root, rates))
    assert share_right(played) > 0.95
    longer = sum(len(e.turns) > len(t.steps) + 1 for _, t, e in played if t.steps)
    assert longer > 0.5 * sum(bool(t.steps) for _, t, _ in played)


def test_slips_are_plausible_and_wrong(root):
    for _, task, episode in plays(root, replace(PERFECT, slip=1.0), films=FILMS[:10]):
        assert episode.answer != task.answer
        assert episode.answer in (task.example.question.choices or task.category)


def test_direct_demonstrations_give_the_true_answer(root):
    played = list(plays(root, Rates(), films=FILMS[:10], mode=Mode.DIRECT))
    assert share_right(played) == 1.0
    assert {len(episode.turns) for *_, episode in played} == {1}


def test_an_answer_is_forced_where_turns_run_out(root):
    for _, task, episode in plays(root, PERFECT, films=FILMS[:20], limits={"turns": 1}):
        assert episode.stop is Stop.FORCED
        assert task.steps or episode.answer == task.answer


def frames(times):
    return [Frame(path=f"frames/{t}.jpg", at_s=t) for t in times]


def event_film() -> tuple[MiniFilm, int, str]:
    film = shortest(4)
    event = film.events[0]
    return film, event.start_s, event.look.words


def test_ground_reports_only_what_the_frames_show():
    film, start_s, words = event_film()
    told = json.loads(ground(film, frames(range(start_s - 3, start_s + 6)), words))
    assert told["found"]
    assert [span["why"] for span in told["spans"]] == [words]
    blind = json.loads(ground(film, frames(range(start_s - 3, start_s)), words))
    assert blind == {"found": False, "spans": []}


def test_analyze_reads_what_is_asked_for():
    film = make_film("test", 1, 0)
    for part in film.timeline:
        look, seen = part.look, frames([part.start_s])
        query = {"card": "which word is on the card?", "number": "which number is shown?"}
        asked = query.get(look.kind, f"what colour is the {look.name}?")
        if look.kind == "sign":
            asked = "which name is on the sign?"
        assert analyze(film, seen, asked) == (look.colour or look.name)
    assert analyze(film, [], "which number is shown?") == "it is not shown"
    assert analyze(film, frames([0]), "what is there?") == film.look_at(0).words


def test_a_tool_model_that_misses_everything_finds_nothing(root):
    film = shortest(4)
    blind = Expert(film, replace(PERFECT, miss=1.0), prompts=mini_setup(film, root).prompts)
    task = next(t for t in film.tasks if {"ground", "extract"} & set(t.steps))
    episode, workspace = open_episode(film, task, root)
    play(episode, workspace, blind)
    assert episode.stop is Stop.FORCED


def test_a_strange_prompt_and_a_stop_are_told(tmp_path):
    expert = Expert(shortest(0))
    strange = Message(role="user", parts=(TextPart(text="write a poem"),))
    with pytest.raises(WorldError):
        expert.generate([Request((strange,), tmp_path)])
    stop = StopSignal()
    stop.set()
    with pytest.raises(StoppedError):
        expert.generate([Request((strange,), tmp_path, stop=stop)])


def test_mistakes_are_never_right():
    from random import Random

    for task in (t for film in FILMS[:30] for t in film.tasks):
        assert mistake(task, Random(0)) != task.answer


def test_every_action_can_be_read_back(root):
    for *_, episode in plays(root, Rates(), films=FILMS[:15]):
        for turn in episode.turns:
            parsed = dialect.parse(turn.replies[-1].text, turn.stage)
            assert not parsed.repaired
            if isinstance(turn.action, Call):
                assert turn.action.rationale
