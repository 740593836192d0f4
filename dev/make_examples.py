"""Draws, speaks and encodes the bundled example films into assets/examples.

Needs what the app does not: `apt-get install espeak-ng fonts-lato fonts-ebgaramond`.
`python dev/make_examples.py [lighthouse chocolate street]` renders films;
`python dev/make_examples.py --saved [films]` asks them again and keeps those runs.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from films.reel import Look, write_film

if TYPE_CHECKING:
    from sage.types import Question, Setup

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
EXAMPLES = ROOT / "assets" / "examples"
LICENCE = "Made by this project with dev/make_examples.py; CC0 1.0, do with it what you like."
LOOKS = {
    "lighthouse": Look(fps=8, crf=27, audio="20k", rate=16000, keyframe_s=12),
    "chocolate": Look(fps=10, crf=25, audio="40k", keyframe_s=8),
    "street": Look(fps=12, crf=24, audio="64k", keyframe_s=5),
}


ASKED = {
    "lighthouse": "Which prize did the engineer who patented the sun valve win?",
    "chocolate": "Who is the bain-marie named after?",
    "street": "How often does the dog bark?",
}
"""The questions of the saved runs."""
SAVED_FRAMES = 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="*", metavar="film", default=list(LOOKS))
    parser.add_argument("--saved", action="store_true", help="do not render; run them again")
    chosen = parser.parse_args()
    for name in chosen.films:
        if chosen.saved:
            save_run(name)
        else:
            make_film(name)


def make_film(name: str) -> None:
    film = importlib.import_module(f"films.{name}")
    out = EXAMPLES / f"{name}.mp4"
    out.parent.mkdir(parents=True, exist_ok=True)
    cut = film.make()
    write_film(cut, out, title=film.TITLE, look=LOOKS[name], note=LICENCE)
    seconds = cut.takes[-1].end_s
    print(f"{out.name}: {seconds:.1f} s, {out.stat().st_size / 1e6:.2f} MB, {len(cut.lines)} lines")


def save_run(name: str) -> None:
    """Asks the offline model."""
    from sage.types import Question, Setup

    film = EXAMPLES / f"{name}.mp4"
    pages = str(EXAMPLES / "pages" / name)
    setup = Setup(model="offline", frames=SAVED_FRAMES, pages=pages, speech="off")
    answer = keep_run(film, Question(text=ASKED[name], video=str(film)), setup)
    size = sum(f.stat().st_size for f in (EXAMPLES / "saved" / name).rglob("*") if f.is_file())
    print(f"{name}: {size / 1e3:.0f} kB. {answer}")


def keep_run(film: Path, question: Question, setup: Setup) -> str | None:
    """Really asks, and keeps the run with paths relative to the checkout; returns the answer."""
    from sage.agent import ask
    from sage.store import EVENTS, RunFolder

    saved = EXAMPLES / "saved" / film.stem
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder.create(Path(folder))
        last = list(ask(film, question, setup, store=run))[-1]
        if last.type != "answered":
            raise SystemExit(f"{film.stem}: {last.text}")
        shutil.rmtree(saved, ignore_errors=True)
        shutil.copytree(run.folder, saved)
    text = (saved / EVENTS).read_text(encoding="utf-8")
    (saved / EVENTS).write_text(text.replace(f"{ROOT}/", ""), encoding="utf-8")
    return last.answer


if __name__ == "__main__":
    main()
