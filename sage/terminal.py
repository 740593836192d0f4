"""A run as text: live in the terminal, or replayed from its events. Nothing a model or a page says is trusted:
control characters are taken out before anything is printed."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.console import Console
from rich.status import Status
from rich.text import Text

from sage.timecode import format_time
from sage.types import Call, Decision, Event, Evidence, Turn, Usage

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
STYLE = {
    Decision.SKIP: "bright_black",
    Decision.ZOOM: "yellow",
    Decision.TRANSCRIBE: "blue",
    Decision.SEARCH: "green",
    Decision.ANSWER: "magenta",
}
LONGEST = 600
"""Characters of a result that are shown."""


class Screen:
    """Prints turns as they end and shows in one line what is being done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._status = Status("", console=self.console)

    def __enter__(self) -> Screen:
        if self.console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def show(self, event: Event) -> None:
        """One event; safe to call from any thread."""
        show = _SHOW.get(event.type)
        if show:
            show(self, event)

    def say(self, text: str) -> None:
        """Changes the line that says what is being done."""
        self._status.update(clean(text))

    def tell(self, text: str, done: float | None) -> None:
        """The same with how far it is, 0 to 1."""
        self.say(text if done is None else f"{text}  {done:.0%}")

    def _started(self, event: Event) -> None:
        if event.trace:
            self.console.print(Text(clean(event.trace.question.text), style="bold"))
            model = event.trace.setup.model
            self.console.print(Text(clean(f"{model}  {event.text}".strip()), style="bright_black"))

    def _sampled(self, event: Event) -> None:
        if event.film:
            length = format_time(event.film.duration_s)
            text = f"{event.film.title}  {length}, {len(event.frames)} frames at a glance"
            self.console.print(Text(clean(text), style="bright_black"))

    def _thinking(self, event: Event) -> None:
        if event.record:
            self.say(f"turn {event.turn}: {headline(event.record)} …")
        else:
            self.say(f"turn {event.turn}: {event.text} …")

    def _progress(self, event: Event) -> None:
        self.tell(event.text, event.done)

    def _retried(self, event: Event) -> None:
        self.console.print(Text(clean(f"  again: {event.text}"), style="bright_black"))

    def _turned(self, event: Event) -> None:
        if event.record:
            self.console.print(turn_text(event.record))

    def _answered(self, event: Event) -> None:
        self.console.print()
        if event.limit:
            self.console.print(Text(f"Out of {event.limit}; from what there was:", style="yellow"))
        self.console.print(Text(clean(event.answer or ""), style="bold"))
        for n, item in enumerate(event.references, 1):
            self.console.print(Text(f"  {n}  {clean(evidence_text(item))}", style="magenta"))

    def _failed(self, event: Event) -> None:
        self.console.print(Text(clean(event.text), style="red"))

    def _stopped(self, event: Event) -> None:
        self.console.print(Text("Stopped; the turns so far are kept.", style="yellow"))


def headline(turn: Turn) -> str:
    """`3 zoom  extract-video-parts 41:00 - 41:30`."""
    name = f"{turn.index} {turn.decision.value}"
    if not isinstance(turn.action, Call):
        return name
    arguments = turn.action.arguments
    values = [v for k, v in arguments.items() if k != "video_path" and v not in (None, "", [])]
    return f"{name}  {turn.action.tool} {' · '.join(str(v) for v in values)}"


def turn_text(turn: Turn) -> Text:
    """A turn in a few lines."""
    out = Text()
    out.append(clean(headline(turn)), style=f"bold {STYLE[turn.decision]}")
    out.append(f"   {cost_text(turn.seconds, turn.usage, turn.usd)}\n", style="bright_black")
    why = turn.action.rationale if isinstance(turn.action, Call) else turn.thought.reasoning
    if why:
        out.append(f"  {clean(why)}\n", style="italic")
    seen = turn.observation
    if seen:
        text = clean(seen.fault.message if seen.fault else seen.text)
        style = "red" if seen.fault else ""
        shown = text if len(text) <= LONGEST else text[:LONGEST] + " …"
        out.append("".join(f"  {line}\n" for line in shown.splitlines()), style=style)
        for note in seen.notes:
            out.append(f"  note: {clean(note)}\n", style="bright_black")
    out.rstrip()
    return out


def cost_text(seconds: float, usage: Usage, usd: float | None) -> str:
    """`2.9 s · 4.0k tok · $0.0012`; what is not known is a dash."""
    tokens = usage.total_tokens
    count = "— tok" if tokens is None else f"{tokens / 1000:.1f}k tok"
    money = "$—" if usd is None else "free" if usd == 0 else f"${usd:.4f}"
    return f"{seconds:.1f} s · {count} · {money}"


def evidence_text(item: Evidence) -> str:
    """`00:41:02 - 00:41:19  turn 3  note`, or the page."""
    if item.start_s is None or item.end_s is None:
        return f"{item.url}  turn {item.turn}  {item.note}"
    span = f"{format_time(item.start_s)} - {format_time(item.end_s)}"
    return f"{span}  turn {item.turn}  {item.note}".rstrip()


def clean(text: str) -> str:
    """Without control and direction-changing characters, which a terminal would obey."""
    return CONTROL.sub("", text)


_SHOW: dict[str, Callable[[Screen, Event], None]] = {
    "started": Screen._started,
    "sampled": Screen._sampled,
    "thinking": Screen._thinking,
    "progress": Screen._progress,
    "retried": Screen._retried,
    "turned": Screen._turned,
    "answered": Screen._answered,
    "failed": Screen._failed,
    "stopped": Screen._stopped,
}
