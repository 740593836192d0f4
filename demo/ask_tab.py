"""The Ask tab: where everything stands, and which step each event runs.

The run itself is no part of an event: `start` begins it and `tail` only watches (see demo.runs).
Stop sets the run's own flag; `cancels=` would only end the watching.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo import parts
from demo.ask_steps import Steps
from demo.cards import cards
from demo.player import player
from demo.site import Site
from demo.timeline import timeline
from sage.types import Setup

FILM_TYPES = ["video", ".mkv", ".avi", ".ts", ".m2ts", ".mts", ".wmv", ".flv", ".mpg", ".webm"]
CAPTION_TYPES = [".srt", ".vtt", ".ass", ".ssa"]
MODES = [
    ("Auto", "auto"),
    ("Agent", "agent"),
    ("Direct", "direct"),
]
STORED = "sage-page"
"""Gradio encrypts what it keeps in the browser; ours is only the id of the last run."""
QUIET: dict[str, Any] = {
    "concurrency_limit": None,
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""Watching holds no slot, fades nothing, and is no public endpoint."""
STOP: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Fields:
    """All components that events read or write."""

    browser: gr.BrowserState
    run: gr.State
    film: gr.State
    upload: gr.File
    link: gr.Textbox
    captions: gr.File
    question: gr.Textbox
    model: gr.Dropdown
    model_hint: gr.HTML
    mode: gr.Dropdown
    tool_model: gr.Dropdown
    key: gr.Textbox
    frames: gr.Slider
    turns: gr.Slider
    seconds: gr.Number
    usd: gr.Number
    ask: gr.Button
    stop: gr.Button
    status: gr.HTML
    player: gr.Video
    timeline: gr.HTML
    cards: gr.HTML
    runbar: gr.HTML
    examples: gr.HTML
    history: gr.HTML
    bring: gr.UploadButton


def ask_tab(site: Site, page: gr.Blocks) -> tuple[Fields, Steps]:
    """Lays the tab out and wires it, inside the page's Blocks; other tabs may lead here by `follow`."""
    named: dict[str, Any] = {
        "browser": gr.BrowserState({}, storage_key="sage-page", secret=STORED),
        "run": gr.State(""),
        "film": gr.State(""),
    }
    steps = Steps(site)
    named["examples"] = parts.example_cards(steps.examples_value())
    with gr.Row(elem_id="stage"):
        with gr.Column(scale=58, elem_id="left", min_width=320):
            named["player"] = player()
            named["timeline"] = timeline()
        with gr.Column(scale=42, elem_id="right", min_width=320):
            named |= _panel()
            named["runbar"] = parts.run_bar()
            named["cards"] = cards()
    named |= _history()
    fields = Fields(**named)
    _wire(fields, steps, page)
    return fields, steps


def filled(at: Fields) -> list[Any]:
    """What a step fills in that chooses a run to be shown."""
    return [at.run, at.film, at.link, at.question, at.model, at.mode]


def follow(event: Any, at: Fields, steps: Steps, *, may_refuse: bool = False) -> None:
    """After a run or a film was chosen, the page watches it; a refusal is left standing."""
    shown = [at.timeline, at.cards, at.status, at.player, at.ask, at.stop, at.runbar, at.film]
    tail = steps.tail_after if may_refuse else steps.tail
    watches = [at.run, at.film, at.status] if may_refuse else [at.run, at.film]
    watched = event.success(tail, watches, shown, **QUIET)
    watched.then(steps.history, at.browser, at.history, **QUIET)


def _panel() -> dict[str, Any]:
    """The form: film, question, model, buttons, status; the rarer settings are folded away."""
    named: dict[str, Any] = {}
    with gr.Column(elem_id="panel"):
        with gr.Row(elem_id="source"):
            named["upload"] = gr.File(
                label="Film",
                file_types=FILM_TYPES,
                elem_id="upload",
                height=40,
                scale=4,
                min_width=140,
            )
            named["link"] = gr.Textbox(
                label="or a link",
                placeholder="https://…",
                elem_id="link",
                max_length=2000,
                scale=5,
                min_width=160,
            )
        named["question"] = gr.Textbox(
            label="Question",
            placeholder="What do you want to know about this film?",
            lines=2,
            max_lines=6,
            max_length=4000,
            elem_id="question",
        )
        with gr.Row(elem_id="choose"):
            named["model"] = gr.Dropdown(
                [("auto", "auto")],
                value="auto",
                label="Model",
                allow_custom_value=True,
                elem_id="model",
                min_width=150,
                scale=5,
            )
            named["mode"] = gr.Dropdown(
                MODES, value="auto", label="Mode", elem_id="mode", min_width=100, scale=2
            )
        named["model_hint"] = parts.hint("model-hint")
        named |= _settings()
        with gr.Row(elem_id="doing"):
            named["ask"] = gr.Button("Ask", variant="primary", elem_id="ask", min_width=90)
            named["stop"] = gr.Button("Stop", interactive=False, elem_id="stop", min_width=80)
        named["status"] = parts.status_line()
    return named


def _settings() -> dict[str, Any]:
    plain = Setup()
    named: dict[str, Any] = {}
    with gr.Accordion("Key, captions, limits", open=False, elem_id="settings"):
        named["key"] = gr.Textbox(
            label="Your own API key",
            info="Used for your runs only, as long as this page is open. Stored nowhere.",
            type="password",
            elem_id="key",
            max_length=400,
            html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
        )
        named["captions"] = gr.File(
            label="Caption file (.srt, .vtt, .ass)",
            file_types=CAPTION_TYPES,
            elem_id="captions",
            height=44,
        )
        named["tool_model"] = gr.Dropdown(
            [("the same model", "")],
            value="",
            label="Model behind ground and analyze",
            allow_custom_value=True,
            elem_id="tool-model",
        )
        with gr.Row():
            named["frames"] = gr.Slider(
                1, 512, value=plain.frames, step=1, label="Frames at first glance"
            )
            named["turns"] = gr.Slider(
                1, 30, value=plain.limits.turns, step=1, label="Turns at most"
            )
        with gr.Row():
            named["seconds"] = gr.Number(
                0, label="Seconds at most (0: no limit)", minimum=0, min_width=120
            )
            named["usd"] = gr.Number(
                0, label="Dollars at most (0: no limit)", minimum=0, min_width=120
            )
    return named


def _history() -> dict[str, Any]:
    named: dict[str, Any] = {}
    with gr.Accordion("History", open=False, elem_id="past"):
        named["history"] = parts.history_table()
        named["bring"] = gr.UploadButton(
            "Open a saved run (.json, .zip)",
            file_types=[".json", ".zip"],
            size="sm",
            elem_id="bring",
        )
    return named


def _wire(at: Fields, steps: Steps, page: gr.Blocks) -> None:
    fills = filled(at)

    def then(event: Any, *, may_refuse: bool = False) -> None:
        follow(event, at, steps, may_refuse=may_refuse)

    page.load(steps.models, None, [at.model, at.tool_model], **QUIET)
    then(page.load(steps.load, at.browser, [at.browser, *fills], **QUIET))
    begun = [at.run, at.browser, at.ask, at.stop, at.status]
    then(at.ask.click(_named(at, steps.start), _form(at), begun, **QUIET), may_refuse=True)
    at.stop.click(steps.stop, at.run, None, queue=False, **STOP)
    asked = [page.load, at.model.change]
    gr.on(asked, steps.explain, [at.model, at.key], at.model_hint, **QUIET)
    then(at.examples.pick(steps.pick, None, fills, **QUIET))
    taken = at.upload.upload(steps.take, at.upload, [*fills, at.upload, at.status], **QUIET)
    then(taken, may_refuse=True)
    then(at.history.open(steps.open, at.browser, fills, **QUIET))
    at.history.remove(steps.remove, at.browser, at.history, **QUIET)
    brought = at.bring.upload(steps.bring, [at.bring, at.browser], [*fills, at.status], **QUIET)
    then(brought, may_refuse=True)


def _form(at: Fields) -> set[Any]:
    """What a run is started from."""
    return {
        *(at.browser, at.run, at.film, at.link, at.captions, at.question, at.model, at.mode),
        *(at.tool_model, at.key, at.frames, at.turns, at.seconds, at.usd),
    }


def _named(at: Fields, step: Callable[[dict[str, Any]], Any]) -> Callable[[dict[Any, Any]], Any]:
    """The step, given values by the names of Fields instead of by component."""
    names = {component: name for name, component in vars(at).items()}

    def call(values: dict[Any, Any]) -> Any:
        return step({names[component]: value for component, value in values.items()})

    return call
