"""The expert of the miniature world in every part that a paid model has in this pipeline.

It is asked with the same requests and replies in the same form: a list of questions to a film, actions, looks of the
tools, guesses without the film. What it is asked for shows in the request's schema or situation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from sage.data.draft import schema
from sage.judge import normalise
from sage.mini.expert import Expert, Rates, options
from sage.mini.film import MiniFilm, Task
from sage.models.base import Request, Situation
from sage.timecode import format_clock
from sage.types import Question, Reply, TextPart

GUESS = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
"""Schema of an answer without the film."""
NO_MORE = '{"questions": []}'


class ExpertModel:
    """One film's expert; implements `sage.models.base.Model`, holds no state, so it is thread-safe."""

    name = "mini-expert"
    can_see = True

    def __init__(self, film: MiniFilm, *, rates: Rates | None = None, prompts: str = "") -> None:
        """`prompts` is the set of templates that the tools' requests are written with."""
        self._film, self._rates, self._prompts = film, rates or Rates(), prompts

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._one(request) for request in requests]

    def close(self) -> None:
        """Nothing is held."""

    def _one(self, request: Request) -> Reply:
        if request.schema == schema():
            is_again = "\nStill missing: " in _text(request)
            return self._reply(NO_MORE if is_again else write_sheet(self._film))
        if request.schema == GUESS:
            return self._reply(json.dumps({"answer": self._guess(request)}))
        seed = request.seed
        if request.situation:
            seed = request.situation.setup.seed
            request = replace(request, situation=self._known(request.situation))
        expert = Expert(self._film, self._rates, seed=seed, prompts=self._prompts)
        return expert.generate([request])[0]

    def _reply(self, text: str) -> Reply:
        return Reply(text=text, model=self.name, usd=0.0)

    def _known(self, situation: Situation) -> Situation:
        """The situation with the question under the name that the film's own expert knows."""
        task = find_task(self._film, situation.question)
        return replace(situation, question=task.example.question)

    def _guess(self, request: Request) -> str:
        text = _text(request)
        task = next(t for t in self._film.tasks if t.example.question.text in text)
        return Random(f"{request.seed} {text}").choice(options(task))


def find_task(film: MiniFilm, question: Question) -> Task:
    """The task of a question that went through the wire format; KeyError when the film has none like it."""
    wanted = (normalise(question.text), {normalise(choice) for choice in question.choices})
    for task in film.tasks:
        own = task.example.question
        if (normalise(own.text), {normalise(choice) for choice in own.choices}) == wanted:
            return task
    raise KeyError(question.text)


def write_sheet(film: MiniFilm) -> str:
    """The film's own questions as a model would write them."""
    lines = []
    for number, task in enumerate(film.tasks, 1):
        example = task.example
        spans = example.evidence
        start_s = min((s.start_s for s in spans), default=0.0)
        end_s = max((s.end_s for s in spans), default=float(film.duration_s))
        lines.append(
            {
                "question": example.question.text,
                "type": "mcq" if example.question.choices else "open_ended",
                "options": list(example.question.choices),
                "answer": example.answer,
                "difficulty": example.difficulty,
                "difficulty_rationale": f"{len(task.steps)} looks after the glance",
                "modality": example.modality,
                "modality_rationale": f"a question of the kind {task.kind}",
                "needs_web_search": "search" in task.steps,
                "web_search_rationale": "the film says no more" if "search" in task.steps else "",
                "start": format_clock(start_s),
                "end": format_clock(end_s),
                "covered": number / len(film.tasks),
            }
        )
    return json.dumps({"questions": lines})


def _text(request: Request) -> str:
    parts = [part for message in request.messages for part in message.parts]
    return "\n".join(part.text for part in parts if isinstance(part, TextPart))
