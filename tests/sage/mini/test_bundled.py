"""The bundled model on the bundled films, as a person would ask: real files, real tools, `auto`."""

from pathlib import Path

import pytest

from sage.agent import ask
from sage.judge import Verdict, exact
from sage.mini.world import make_film
from sage.models.catalog import ASSETS
from sage.store import RunFolder, fold
from sage.types import Example, Setup, Stop, Trace

FILMS = ("shapes-short", "shapes-long")
FOLDER = ASSETS / "examples"


def examples(film: str) -> list[Example]:
    lines = (FOLDER / f"{film}.jsonl").read_text("utf-8").splitlines()
    return [Example.model_validate_json(line) for line in lines]


def run(film: str, example: Example, root: Path) -> Trace:
    setup = Setup(pages=str(FOLDER / "pages" / film), speech="off")
    store = RunFolder.create(root)
    return fold(list(ask(FOLDER / f"{film}.mp4", example.question, setup, store=store)))


@pytest.mark.slow
def test_auto_answers_most_questions_of_the_bundled_films_in_seconds(tmp_path):
    right, told = 0, []
    for film in FILMS:
        for example in examples(film):
            trace = run(film, example, tmp_path)
            assert trace.setup.model == "sage-tiny"
            assert trace.stop is not Stop.FAILED, trace.error
            right += exact(trace.answer, example) is Verdict.RIGHT
            told.append((example.question.text, example.answer, trace.answer, trace.seconds))
    assert right >= 10, told
    # Ten seconds on an idle machine; the first one loads the model.
    assert sorted(seconds for *_, seconds in told)[len(told) // 2] < 10, told


def test_the_bundled_films_are_held_out():
    for film in FILMS:
        trained = {
            t.example.question.text for i in range(50) for t in make_film("train", 0, i).tasks
        }
        assert len({e.question.text for e in examples(film)} - trained) >= 4
