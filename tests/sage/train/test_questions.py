"""Where episodes come from, and in which order."""

from hypothesis import given
from hypothesis import strategies as st

from sage.mini.encode import write_film
from sage.mini.make import EXAMPLES, file_examples
from sage.mini.workspace import mini_setup, write_pages
from sage.mini.world import make_film
from sage.train.questions import FileQuestions, MiniQuestions, choose
from sage.types import Limits


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 99))
def test_an_epoch_asks_everything_once(total, count, seed):
    steps = [choose(step, count, total=total, seed=seed) for step in range(3 * total)]
    asked = [question for step in steps for question in step]
    assert all(len(step) == count for step in steps)
    for start in range(0, len(asked) - total + 1, total):
        assert sorted(asked[start : start + total]) == list(range(total))


def test_another_epoch_has_another_order():
    assert choose(0, 30, total=30, seed=1) != choose(1, 30, total=30, seed=1)


def test_films_in_memory_are_opened_with_changed_settings(tmp_path):
    questions = MiniQuestions("val", 3, tmp_path)
    start = questions.open(4, seed=7, limits=Limits(turns=6))
    task = make_film("val", 0, 1).tasks[1]
    assert len(questions) == 9
    assert start.example == task.example
    assert (start.episode.setup.seed, start.episode.setup.limits.turns) == (7, 6)
    assert len(start.episode.frames) > 0


def test_files_are_read_as_the_agent_reads_them(tmp_path):
    film = min((make_film("val", 0, i) for i in range(30)), key=lambda f: f.duration_s)
    write_film(film, tmp_path / "films" / film.file_name, speech=False)
    write_pages(film, tmp_path)
    lines = "".join(e.model_dump_json() + "\n" for e in file_examples(film))
    (tmp_path / EXAMPLES).write_text(lines)
    questions = FileQuestions(tmp_path, tmp_path / "media", mini_setup(film, tmp_path))
    start = questions.open(1, seed=3)
    assert len(questions) == len(film.tasks)
    assert start.example.answer == film.tasks[1].answer
    assert start.episode.setup.seed == 3
    assert all((start.workspace.folder / f.path).is_file() for f in start.episode.frames)
