"""Draws, speaks and encodes the bundled example films into assets/examples.

Needs what the app does not: `apt-get install espeak-ng fonts-lato fonts-ebgaramond`.
`python dev/make_examples.py [lighthouse chocolate street]` renders films;
`python dev/make_examples.py --saved` asks the first film again and keeps that run.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from films.reel import Look, write_film

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "assets" / "examples"
LICENCE = "Made by this project with dev/make_examples.py; CC0 1.0, do with it what you like."
LOOKS = {
    "lighthouse": Look(fps=8, crf=27, audio="20k", rate=16000, keyframe_s=12),
    "chocolate": Look(fps=10, crf=25, audio="40k", keyframe_s=8),
    "street": Look(fps=12, crf=24, audio="64k", keyframe_s=5),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="*", choices=[*LOOKS, []], default=list(LOOKS))
    parser.add_argument("--saved", action="store_true", help="only run the first example again")
    chosen = parser.parse_args()
    if chosen.saved:
        save_run()
        return
    for name in chosen.films:
        make_film(name)


def make_film(name: str) -> None:
    film = importlib.import_module(f"films.{name}")
    out = EXAMPLES / f"{name}.mp4"
    out.parent.mkdir(parents=True, exist_ok=True)
    cut = film.make()
    write_film(cut, out, title=film.TITLE, look=LOOKS[name], note=LICENCE)
    seconds = cut.takes[-1].end_s
    print(f"{out.name}: {seconds:.1f} s, {out.stat().st_size / 1e6:.2f} MB, {len(cut.lines)} lines")


if __name__ == "__main__":
    main()
