"""Makes judge-tiny, which marks answers about the miniature world: a second judge beside `exact`, in trained/.

    python dev/judge_tiny.py

It is sage-tiny's first stage with one word more, taught by answers whose mark is known because of how they were
made: the truth in several guises, other values in the same guises, and no answer at all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sage.bench.llm_judge import ModelJudge  # noqa: E402
from sage.mini.expert import mistake  # noqa: E402
from sage.mini.film import Task  # noqa: E402
from sage.mini.world import make_film  # noqa: E402
from sage.models.base import Request  # noqa: E402
from sage.models.profile import read_profile, write_profile  # noqa: E402
from sage.prompts import MINI  # noqa: E402
from sage.train.data import Demo  # noqa: E402
from sage.types import Reply  # noqa: E402

START, OUT = ROOT / "assets" / "sage-tiny-sft", ROOT / "trained" / "judge-tiny"
FILMS, MARKED = 2500, 4
"""Films of the train split, and answers marked of each question."""
WORDS = ("right", "wrong")
GUISES = ("{x}", "{x}", "it is {x}.", "the answer is {x}", "{x}, seen at 00:12:05.", "the {x}")
NOTHING = ("i do not know", "not seen", "nothing", "no answer", "?")


class Teacher:
    """A model that knows the mark, and keeps what it was asked."""

    name = "teacher"
    can_see = False

    def __init__(self) -> None:
        self.mark = ""
        self.rows: list[Demo] = []

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        self.rows += [Demo(messages=r.messages, reply=self.mark, kind="judge") for r in requests]
        return [Reply(text=self.mark, model=self.name) for _ in requests]

    def close(self) -> None:
        """Nothing is held."""


def main() -> None:
    start, rows = OUT / "start", OUT / "rows.jsonl"
    add_words(start)
    write_rows(rows)
    command = [sys.executable, "-m", "sage", "train", "sft", "--config", "dev/judge-tiny.yaml"]
    subprocess.run(
        [*command, f"model={start}", f"data.file={rows}", f"out={OUT}"], cwd=ROOT, check=True
    )


def add_words(folder: Path) -> None:
    """The model to start from, with the words that a judge needs."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    network = AutoModelForImageTextToText.from_pretrained(START, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(START)
    processor.tokenizer.add_tokens(list(WORDS))
    network.resize_token_embeddings(len(processor.tokenizer))
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    profile = read_profile(START)
    assert profile
    write_profile(profile, folder)


def write_rows(path: Path) -> None:
    teacher = Teacher()
    judge = ModelJudge(teacher, prompts=MINI)
    for index in range(FILMS):
        for task in make_film("train", 0, index).tasks:
            random = Random(f"marks {task.example.question.id}")
            for answer, is_right in answers(task, random):
                teacher.mark = WORDS[not is_right]
                judge.judge(answer, task.example)
    path.write_text("".join(row.model_dump_json() + "\n" for row in teacher.rows), "utf-8")


def answers(task: Task, random: Random) -> Iterator[tuple[str, bool]]:
    """Answers to a question, and whether each is right."""
    choices = task.example.question.choices
    for _ in range(MARKED):
        is_right = random.random() < 0.5
        if not is_right and random.random() < 0.1:
            yield random.choice(NOTHING), False
            continue
        value = task.answer if is_right else mistake(task, random)
        if choices and random.random() < 0.3:
            letter = chr(65 + choices.index(value))
            yield random.choice((letter, f"{letter}. {value}", f"({letter}) {value}")), is_right
        else:
            yield random.choice(GUISES).format(x=value), is_right


if __name__ == "__main__":
    main()
