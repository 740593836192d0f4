"""Command line: `python -m sage ask | replay | doctor | mini | bench | annotate | data | train`.

Exit code 0: answered, 1: failed, 130: stopped.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from sage.agent import ask as run_agent
from sage.annotate.commands import app as annotate_app
from sage.bench.commands import app as bench_app
from sage.config import ConfigError, load_config
from sage.data.commands import app as data_app
from sage.doctor import examine, print_report
from sage.faults import Border, StoppedError, StopSignal, WorldError
from sage.mini.commands import app as mini_app
from sage.store import LAST, RunFolder
from sage.terminal import Screen
from sage.train.commands import app as train_app
from sage.types import Event, Mode, Question, Setup, Span
from sage.video.link import LinkLimits, fetch_video
from sage.video.probe import probe
from sage.video.reel import make_reel

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, rich_markup_mode=None)
app.add_typer(mini_app, name="mini")
app.add_typer(bench_app, name="bench")
app.add_typer(data_app, name="data")
app.add_typer(train_app, name="train")
app.add_typer(annotate_app, name="annotate")
EXIT = {"answered": 0, "failed": 1, "stopped": 130}


@app.command()
def ask(
    video: Annotated[str, typer.Argument(help="A video file, or a link to one.")],
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    model: Annotated[
        str | None, typer.Option(help="auto, offline, hf:…, openai:…@url, gemini:…")
    ] = None,
    tool_model: Annotated[str | None, typer.Option(help="Model behind ground and analyze.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="How far the model may look.")] = None,
    frames: Annotated[int | None, typer.Option(help="Pictures of the first glance.")] = None,
    max_turns: Annotated[int | None, typer.Option(help="Turns at most.")] = None,
    captions: Annotated[Path | None, typer.Option(help="A .srt, .vtt or .ass file.")] = None,
    pages: Annotated[Path | None, typer.Option(help="Folder of local pages to search in.")] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Folder of templates to use instead.")
    ] = None,
    choice: Annotated[
        list[str] | None, typer.Option(help="An option to choose from; repeat.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of settings.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="name=value, repeat.")] = None,
    out: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="One event a line.")] = False,
) -> None:
    """Answers a question about a video, turn by turn."""
    flags = {
        "model": model,
        "tool_model": tool_model,
        "mode": mode.value if mode else None,
        "frames": frames,
        "limits.turns": max_turns,
        "captions": str(captions.resolve()) if captions else None,
        "pages": str(pages.resolve()) if pages else None,
        "prompts": str(prompts.resolve()) if prompts else None,
    }
    overrides = [
        *(set_ or []),
        *(f"{k}={json.dumps(v)}" for k, v in flags.items() if v is not None),
    ]
    stop = _stop_on_interrupt()
    try:
        if not question.strip():
            raise ConfigError("There is no question; write one in quotes behind the video.")
        for name, path in (("captions", captions), ("pages", pages), ("prompts", prompts)):
            if path and not path.exists():
                raise ConfigError(f"--{name} {path} does not exist")
        setup = load_config(Setup, config, overrides)
        store = RunFolder.create(out)
    except (ConfigError, WorldError) as error:
        _refuse(str(error), as_json)
    asked = Question(video=video, text=question, choices=tuple(choice or ()))
    raise typer.Exit(EXIT[_run(asked, setup, store, stop=stop, as_json=as_json)])


@app.command()
def replay(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    as_json: Annotated[bool, typer.Option("--json", help="One event a line.")] = False,
) -> None:
    """Shows a saved run, without any model."""
    try:
        store = RunFolder.open(run)
        events, trace = store.events(), store.trace()
    except WorldError as error:
        _refuse(str(error), as_json)
    with Screen() as screen:
        for event in events:
            _print_json(event, store) if as_json else screen.show(event)
        if not events or events[-1].type not in LAST:
            screen.show(Event(type="failed", text=trace.error or "The run is still going on."))
    raise typer.Exit(EXIT.get(events[-1].type, 1) if events else 1)


@app.command()
def reel(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    out: Annotated[Path, typer.Argument(help="The film to write, e.g. reel.mp4.")],
) -> None:
    """Cuts the stretches an answer rests on into one film."""
    stop = _stop_on_interrupt()
    with Screen() as screen:
        try:
            trace = RunFolder.open(run).trace()
            if trace.film is None:
                raise WorldError(Border.FILM, "This run never got to see its film.")
            spans = [
                Span(start_s=e.start_s, end_s=e.end_s)
                for e in trace.evidence
                if e.start_s is not None and e.end_s is not None
            ]
            film = probe(Path(trace.film.path))
            make_reel(film, spans, out, stop=stop, on_progress=screen.tell)
        except StoppedError:
            raise typer.Exit(130) from None
        except WorldError as error:
            _refuse(str(error), as_json=False)
    typer.echo(str(out))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Checks what this machine can do, and says what would mend the rest."""
    checks = examine()
    print_report(checks, as_json=as_json)
    raise typer.Exit(0 if any(c.answers for c in checks) else 1)


def _run(
    question: Question, setup: Setup, store: RunFolder, *, stop: StopSignal, as_json: bool
) -> str:
    """Plays the run to its end and returns the type of its last event."""
    with Screen() as screen:
        store.listener = (lambda e: _print_json(e, store)) if as_json else screen.show
        try:
            path = _film(question.video, store, screen, stop=stop)
        except StoppedError:
            return _close(store, Event(type="stopped", text="stopped"))
        except WorldError as error:
            return _close(store, Event(type="failed", text=str(error)))
        last = "failed"
        for event in run_agent(path, question, setup, store=store, stop=stop):
            last = event.type
    if not as_json:
        screen.console.print(f"\nKept in {store.folder}; python -m sage replay {store.folder}")
    return last


def _film(video: str, store: RunFolder, screen: Screen, *, stop: StopSignal) -> Path:
    if "://" not in video:
        return Path(video)

    folder = store.folder / "film"
    return fetch_video(video, folder, limits=LinkLimits(), on_progress=screen.tell, stop=stop)


def _close(store: RunFolder, event: Event) -> str:
    store.append(event)
    store.close()
    return event.type


def _print_json(event: Event, store: RunFolder) -> None:
    line = event.model_dump(mode="json", include=event.model_fields_set)
    if event.type in LAST:
        line = {"type": event.type, "answer": event.answer, "evidence": event.evidence, **line}
        line["run"] = str(store.folder)
    typer.echo(json.dumps(line, ensure_ascii=False))
    sys.stdout.flush()


def _refuse(message: str, as_json: bool) -> None:
    if as_json:
        line: dict[str, object] = {
            "type": "failed",
            "answer": None,
            "evidence": [],
            "text": message,
        }
        typer.echo(json.dumps(line, ensure_ascii=False))
    else:
        typer.echo(message, err=True)
    raise typer.Exit(1)


def _stop_on_interrupt() -> StopSignal:
    """The first Ctrl-C stops the run and keeps it, the second ends the program."""
    stop = StopSignal()

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGINT, interrupt)
    return stop


if __name__ == "__main__":
    app()
