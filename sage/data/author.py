"""write: a film in, ten to twenty questions out.

A model with a long context watches the film whole; any other sees it by overlapping windows, as frames and speech. What
it writes is checked question by question, quotas are counted, and it is asked again for what is missing. The outcome is
one sheet a film, written whole; a film with a sheet is done.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sage.data import draft as drafts
from sage.data.crew import Crew
from sage.data.draft import Drop, Written
from sage.data.films import Film
from sage.data.quotas import coverage, gaps, missing, trim
from sage.data.settings import MINI_EXPERT, DataSettings
from sage.data.workspace import open_workspace
from sage.faults import Border, FaultError, WorldError, crossing
from sage.models.base import Model, Request
from sage.models.gemini_files import KINDS
from sage.prompts import fill
from sage.timecode import Window, format_clock, format_time
from sage.tools.base import Workspace
from sage.tools.ground import bin_centres
from sage.tools.transcribe import transcribe_speech
from sage.types import Clip, ClipPart, FramesPart, Message, Part, Span, TextPart, Value
from sage.video.proxy import playable

PROMPTS = str(Path(__file__).parent / "prompts")
SHEETS = "questions"
SHOWN_DROPS = 6


class Sheet(Value):
    """What became of one film."""

    digest: str
    questions: tuple[Written, ...] = ()
    drops: tuple[Drop, ...] = ()
    missing: tuple[str, ...] = ()
    """Quotas that were not met although it was asked again."""
    coverage: float = 0.0
    rounds: int = 0
    """Replies that were asked for."""
    blocked: bool = False
    """The provider's safety filter held back all that was written."""
    model: str = ""
    """As the service names it."""


@dataclass
class View:
    """What a model sees of a film: all of it, or one window."""

    span: Span
    parts: tuple[Part, ...]
    prompt: str
    folder: Path
    kept: int = 0
    drops: list[Drop] = field(default_factory=list)


def sheet_path(folder: Path, digest: str) -> Path:
    return folder / SHEETS / f"{digest}.json"


def read_sheet(folder: Path, digest: str) -> Sheet | None:
    """The sheet of a film; `None` while it has none. WorldError(DISK)."""
    path = sheet_path(folder, digest)
    if not path.is_file():
        return None
    with crossing(Border.DISK, f"{path} cannot be read", OSError, ValueError):
        return Sheet.model_validate_json(path.read_text("utf-8"))


def write_sheet(film: Film, crew: Crew) -> Sheet:
    """Has the questions to a film written, and keeps them; those that are there are read."""
    known = read_sheet(crew.settings.folder, film.digest)
    if known:
        return known
    sheet = _Writing(film, crew).run()
    path = sheet_path(crew.settings.folder, film.digest)
    with crossing(Border.DISK, f"The questions cannot be kept in {path.parent}", OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.new")
        part.write_text(sheet.model_dump_json(indent=1), "utf-8")
        part.replace(path)
    return sheet


class _Writing:
    """One film on its way to a sheet."""

    def __init__(self, film: Film, crew: Crew) -> None:
        self.film, self.crew = film, crew
        self.plan = crew.settings.write
        self.model: Model = crew.model("write", film)
        self.kept: list[Written] = []
        self.drops: list[Drop] = []
        self.rounds = 0
        self.blocked = False
        self.named = ""
        self.numbers = 0

    def run(self) -> Sheet:
        views = make_views(self.film, self.crew)
        for view in views:
            self._ask(view, "")
        for _ in range(len(views) * (self.plan.rounds - 1)):
            short = self._missing()
            if not short:
                break
            self._ask(self._next(views), "; ".join(short))
        kept, surplus = trim(self.kept, self.plan.quotas, self._duration_s)
        self.drops += [Drop(reason="surplus", text=w.example.question.text) for w in surplus]
        return Sheet(
            digest=self.film.digest,
            questions=tuple(kept),
            drops=tuple(self.drops),
            missing=tuple(missing(kept, self.plan.quotas, self._duration_s)),
            coverage=round(coverage(kept, self._duration_s), 4),
            rounds=self.rounds,
            blocked=self.blocked and not kept,
            model=self.named,
        )

    @property
    def _duration_s(self) -> float:
        return self.film.info.duration_s

    def _missing(self) -> list[str]:
        return missing(self.kept, self.plan.quotas, self._duration_s)

    def _next(self, views: Sequence[View]) -> View:
        """Where to ask again: in a window that a gap lies in, else in the one with the fewest questions."""
        holes = gaps(self.kept, self._duration_s)
        needed = self._duration_s >= self.plan.quotas.coverage_from_s
        fit = [v for v in views if needed and any(_overlap_s(v.span, hole) > 1 for hole in holes)]
        return min(fit or views, key=lambda view: (view.kept, view.span.start_s))

    def _ask(self, view: View, short: str) -> None:
        prompt = view.prompt
        if short:
            prompt += "\n\n" + fill(
                "more",
                PROMPTS,
                kept="\n".join(f"- {w.example.question.text}" for w in self.kept) or "- none",
                dropped=_tell(view.drops[-SHOWN_DROPS:]),
                missing=short,
            )
        message = Message(role="user", parts=(*view.parts, TextPart(text=prompt)))
        request = Request(
            messages=(message,),
            folder=view.folder,
            schema=drafts.schema(),
            max_tokens=self.plan.max_tokens,
            temperature=self.plan.temperature,
            seed=self.crew.settings.seed + self.rounds,
            stop=self.crew.stop,
        )
        reply = self.model.generate([request])[0]
        self.rounds += 1
        self.named = reply.model or self.named
        if reply.finish == "safety":
            self.blocked = True
            view.drops.append(Drop(reason="safety", text="the provider held the reply back"))
            self.drops.append(view.drops[-1])
            return
        self._take(view, reply.text)

    def _take(self, view: View, text: str) -> None:
        reading = drafts.read_reply(text)
        dropped = list(reading.drops)
        for one in reading.drafts:
            self.numbers += 1
            checked = drafts.check(
                one,
                self.kept,
                video=self.film.source,
                id=f"{self.film.id}-{self.numbers:02d}",
                duration_s=self._duration_s,
            )
            if isinstance(checked, Written) and not _is_inside(checked, view):
                times = f"{one.question} ({one.start} - {one.end})"
                checked = Drop(reason="times", text=times)
            if isinstance(checked, Written):
                self.kept.append(checked)
                view.kept += 1
            else:
                dropped.append(checked)
        view.drops += dropped
        self.drops += dropped


def make_views(film: Film, crew: Crew) -> list[View]:
    """The whole film, or its windows with what is seen and said in them."""
    if is_whole(crew.settings, crew.specs["write"]):
        return [_whole(film, crew)]
    spans = window_spans(film.info.duration_s, crew.settings)
    return [_window(film, crew, span, len(spans)) for span in spans]


def is_whole(settings: DataSettings, spec: str) -> bool:
    """Whether the model is given a film as a file."""
    if settings.write.how != "auto":
        return settings.write.how == "whole"
    return spec == MINI_EXPERT or spec.startswith("gemini:")


def window_spans(duration_s: float, settings: DataSettings) -> list[Span]:
    """Windows of about equal length, each beginning a little before the one before it ends."""
    plan = settings.write.windows
    step_s = max(plan.seconds - plan.overlap_s, plan.seconds / 2)
    count = max(1, math.ceil((duration_s - plan.overlap_s) / step_s))
    length_s = duration_s / count
    return [
        Span(start_s=max(0.0, i * length_s - plan.overlap_s), end_s=(i + 1) * length_s)
        if i
        else Span(start_s=0.0, end_s=length_s)
        for i in range(count)
    ]


def _whole(film: Film, crew: Crew) -> View:
    path = film.path.resolve()
    if path.suffix.lower() not in KINDS and crew.specs["write"] != MINI_EXPERT:
        folder = crew.settings.folder / "uploads"
        path = playable(film.info, folder, on_progress=lambda _, __: None, stop=crew.stop).resolve()
    quotas = crew.settings.write.quotas
    duration_s = film.info.duration_s
    prompt = fill(
        "write",
        PROMPTS,
        duration=f"{format_time(duration_s)} ({duration_s:.0f} s)",
        least=str(quotas.least),
        most=str(quotas.most),
        visual=str(quotas.visual),
        mcq=str(quotas.mcq),
        open_ended=str(quotas.open_ended),
        each_difficulty=str(quotas.each_difficulty),
        coverage=f"{quotas.coverage:.0%}",
        fields=fill("fields", PROMPTS),
    )
    clip = Clip(path=path.name, start_s=0.0, end_s=duration_s)
    whole = Span(start_s=0.0, end_s=duration_s)
    return View(whole, (ClipPart(clip=clip),), prompt, path.parent)


def _window(film: Film, crew: Crew, span: Span, count: int) -> View:
    plan = crew.settings.write
    workspace = open_workspace(film, crew)
    parts: tuple[Part, ...] = ()
    if film.info.has_picture:
        centres = bin_centres(Window(span.start_s, span.end_s), plan.windows.frames)
        frames = workspace.save_frames(workspace.pictures(centres))
        parts = (FramesPart(frames=frames),)
    prompt = fill(
        "window",
        PROMPTS,
        speech=_speech(workspace, span),
        duration=format_time(film.info.duration_s),
        start=format_clock(span.start_s),
        end=format_clock(span.end_s),
        count=str(max(2, math.ceil(1.3 * plan.quotas.least / count))),
        fields=fill("fields", PROMPTS),
    )
    return View(span, parts, prompt, workspace.folder)


def _speech(workspace: Workspace, span: Span) -> str:
    """What is said in a window, with times, or that nothing is known of it."""
    try:
        heard = transcribe_speech(
            workspace,
            timestamp_start=format_clock(span.start_s),
            timestamp_end=format_clock(span.end_s),
        )
    except FaultError as error:
        return str(error)
    except WorldError as error:
        if error.border is not Border.SPEECH:
            raise
        return f"(not known: {error})"
    return heard.text


def _is_inside(written: Written, view: View) -> bool:
    """A window only tells of itself; a few seconds beyond it are a matter of rounding."""
    span = written.example.evidence[0]
    return span.start_s >= view.span.start_s - 5 and span.end_s <= view.span.end_s + 5


def _overlap_s(one: Span, other: Span) -> float:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)


def _tell(drops: Sequence[Drop]) -> str:
    return (
        "; ".join(f"{drop.reason}: {json.dumps(drop.text, ensure_ascii=False)}" for drop in drops)
        or "none"
    )
