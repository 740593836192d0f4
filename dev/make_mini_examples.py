"""Makes the two bundled films of the miniature world, their pages, captions and true answers.

`python dev/make_mini_examples.py` renders them into assets/examples (apt-get install espeak-ng);
`python dev/make_mini_examples.py --saved` asks sage-tiny the questions of TOLD and keeps those runs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sage.mini.encode import write_film  # noqa: E402
from sage.mini.film import MiniFilm  # noqa: E402
from sage.mini.workspace import write_pages  # noqa: E402
from sage.mini.world import make_film  # noqa: E402

EXAMPLES = ROOT / "assets" / "examples"
FILMS = {"shapes-short": 56, "shapes-long": 49}
"""Numbers of held-out films; chosen for their lengths and the variety of their questions."""
SEED, QUESTIONS, SIZE = 77, 8, 384
TOLD = {"shapes-short": 6, "shapes-long": 5}
"""Which question the saved run of a film answers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saved", action="store_true", help="do not render; ask again")
    is_saved = parser.parse_args().saved
    for name, index in FILMS.items():
        film = replace(make_film("test", SEED, index, QUESTIONS), id=name)
        if is_saved:
            save_run(film)
        else:
            render(film)


def render(film: MiniFilm) -> None:
    """Film, caption file, pages, and `<name>.jsonl` with questions and truths."""
    path = EXAMPLES / film.file_name
    path.unlink(missing_ok=True)
    write_film(film, path, size=SIZE)
    shutil.rmtree(EXAMPLES / "pages" / film.id, ignore_errors=True)
    write_pages(film, EXAMPLES)
    lines = []
    for number, task in enumerate(film.tasks, 1):
        changes = {"id": f"{film.id}-{number}", "video": film.file_name}
        question = task.example.question.model_copy(update=changes)
        example = task.example.model_copy(update={"question": question})
        lines.append(example.model_dump_json() + "\n")
        print(f"  {task.kind}: {question.text} {list(question.choices) or ''} -> {task.answer}")
    (EXAMPLES / f"{film.id}.jsonl").write_text("".join(lines), encoding="utf-8")
    print(f"{path.name}: {film.duration_s} s, {path.stat().st_size / 1e6:.2f} MB")


def save_run(film: MiniFilm) -> None:
    """Asks sage-tiny."""
    from make_examples import keep_run

    from sage.types import Question, Setup

    task = film.tasks[TOLD[film.id]]
    path, asked = EXAMPLES / film.file_name, task.example.question
    setup = Setup(pages=str(EXAMPLES / "pages" / film.id), speech="off")
    question = Question(text=asked.text, choices=asked.choices, video=str(path))
    answer = keep_run(path, question, setup)
    print(f"{film.id}: {question.text} {answer} (truth: {task.answer})")


if __name__ == "__main__":
    main()
