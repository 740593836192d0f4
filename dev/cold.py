"""How long a person waits who asks sage-tiny one question from the command line: a process for each, nothing warm.

python dev/cold.py        the questions of the bundled films of shapes
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "assets" / "examples"


def main() -> None:
    from sage.judge import Verdict, exact
    from sage.types import Example

    right, took = 0, []
    for film in ("shapes-short", "shapes-long"):
        for line in (FOLDER / f"{film}.jsonl").read_text("utf-8").splitlines():
            example = Example.model_validate_json(line)
            seconds, answer = ask(film, example.question.text, example.question.choices)
            is_right = exact(answer, example) is Verdict.RIGHT
            right += is_right
            took.append(seconds)
            mark = "right" if is_right else "wrong"
            print(f"{seconds:5.1f} s  {mark}  {example.question.text}  {answer}", flush=True)
    print(
        f"{right} of {len(took)} right; slowest {max(took):.1f} s, median {statistics.median(took):.1f} s"
    )


def ask(film: str, question: str, choices: tuple[str, ...]) -> tuple[float, str | None]:
    """Seconds of the whole command, and what it answered; `None` when it did not."""
    from sage.store import RunFolder

    with tempfile.TemporaryDirectory() as out:
        words = ["ask", str(FOLDER / f"{film}.mp4"), question, "--model", "sage-tiny", "--out", out]
        words += ["--pages", str(FOLDER / "pages" / film)]
        words += [word for choice in choices for word in ("--choice", choice)]
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "sage", *words], cwd=ROOT, capture_output=True)
        seconds = time.monotonic() - started
        (run,) = Path(out).iterdir()
        return seconds, RunFolder.open(run).trace().answer


if __name__ == "__main__":
    main()
