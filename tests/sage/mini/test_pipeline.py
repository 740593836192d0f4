"""From nothing to judged answers: films made, asked about and looked at for real."""

import pytest
from typer.testing import CliRunner

from sage.__main__ import app
from sage.agent import Models, ask
from sage.judge import Verdict, exact
from sage.mini.expert import PERFECT, Expert
from sage.mini.make import make, read_examples
from sage.mini.stats import outcomes, summarise, table
from sage.mini.workspace import mini_setup
from sage.mini.world import bucket, make_film
from sage.store import RunFolder
from sage.types import Stop
from tests.sage.mini.conftest import FILMS, shortest


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 6])
def test_the_expert_answers_real_films_right(number, encoded, root, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    film = shortest(number)
    path, setup = encoded(film), mini_setup(film, root)
    expert = Expert(film, PERFECT, prompts=setup.prompts)
    for task in film.tasks:
        store = RunFolder.create(tmp_path / "runs")
        models = Models(expert, lambda: expert)
        question = task.example.question
        events = list(ask(path, question, setup, store=store, models=models))
        assert events[-1].stop is Stop.ANSWERED
        assert exact(events[-1].answer, task.example) is Verdict.RIGHT
        trace = store.trace()
        assert len(trace.turns) > len(task.steps)
        assert all(frame.width == 64 for frame in trace.frames)


def small_seed():
    """A seed whose first film takes no time to make."""
    return next(seed for seed in range(200) if make_film("val", seed, 0).duration_s < 40)


def test_make_writes_films_pages_and_examples(tmp_path):
    seed = small_seed()
    options = ["--out", str(tmp_path), "--split", "val", "--n", "1", "--seed", str(seed)]
    result = CliRunner().invoke(app, ["mini", "make", *options, "--no-speech"])
    assert result.exit_code == 0, result.output
    film = make_film("val", seed, 0)
    examples = read_examples(tmp_path)
    assert [e.answer for e in examples] == [task.answer for task in film.tasks]
    assert all((tmp_path / e.question.video).is_file() for e in examples)
    assert {p.stem for p in (tmp_path / "pages" / film.id).iterdir()} == {
        person.name for person in film.people
    }


def test_a_film_that_is_there_is_kept(tmp_path):
    seed = small_seed()
    make(tmp_path, "val", 1, seed=seed, speech=False)
    (film,) = (tmp_path / "films").iterdir()
    before = film.stat().st_mtime_ns
    make(tmp_path, "val", 1, seed=seed, speech=False)
    assert film.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    options = ["--out", str(tmp_path / "file" / "x"), "--n", "1"]
    result = CliRunner().invoke(app, ["mini", "make", *options])
    assert result.exit_code == 1
    assert "cannot be kept" in result.output


def test_one_glance_is_enough_for_short_films_only(root):
    short = [film for film in FILMS if bucket(film.duration_s) == 0]
    long = [film for film in FILMS if film.duration_s > 600][:25]
    few, many = (outcomes(films, root, rates=PERFECT) for films in (short, long))
    assert all(outcome.is_right for outcome in (*few, *many))
    assert sum(o.glance for o in many) / len(many) < 0.75 - 0.15
    assert sum(o.glance for o in few) / len(few) > 0.65


def test_the_table_has_a_row_a_bucket(root):
    films = [shortest(0), shortest(4)]
    rows = summarise(outcomes(films, root, rates=PERFECT))
    assert [row.name for row in rows] == ["10-60", "600-1200", "all"]
    assert [bucket(film.duration_s) for film in films] == [0, 4]
    assert rows[-1].questions == 6
    assert len(table(rows).splitlines()) == 5
