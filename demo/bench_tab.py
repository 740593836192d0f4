"""The Benchmark tab: runs and their numbers, the questions behind a number, and two traces side by side.

The page asks the server by addresses that only look (see bench_media), and draws with the bench_*.js. What starts a
job or takes a file in is an event; on a public site there is none of these, and the tab shows the commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from demo import parts
from demo.ask_tab import QUIET
from demo.bench_start import small_model
from demo.bench_steps import BenchSteps
from demo.site import Site
from sage.bench.suites import REPOSITORIES

BOARD = '<div class="sg bn"></div>'
SCRIPT = "window.sageBench.mount(element, props, watch);"
DRAFT = '<div class="bn-draft"></div>'
CLOSED = """
<div class="bn-closed"><h2>Runs are started on your own machine</h2>
<p>This site is public, so nothing can be started or imported here. In a terminal:</p>
<pre class="tr-code" tabindex="0">python -m sage bench run mini --model sage-tiny --out runs/bench/agent
python -m sage bench judge runs/bench/agent --judge exact
python -m sage bench import FILE --out runs/bench/released
python app.py</pre>
<p>The app shows every run below <code>runs/bench</code>, and starts them as jobs.</p></div>
"""
SUITES = [
    ("mini: films made here", "mini"),
    *((name, name) for name in REPOSITORIES),
    ("a file of your own", "jsonl"),
]
MODES = [("Agent", "agent"), ("Direct: one glance", "direct"), ("Blind: no film", "blind")]
JUDGES = [("exact, at once", "exact"), ("none for now", "none")]
NAMES = (
    "suite",
    "file",
    "videos",
    "model",
    "mode",
    "questions",
    "workers",
    "judge",
    "devices",
)


def bench_tab(site: Site, page: gr.Blocks) -> None:
    """Lays the tab out and wires it, inside its gr.Tab."""
    steps = BenchSteps(site)
    if site.is_public:
        gr.HTML(
            html_template=CLOSED, js_on_load=None, apply_default_css=False, elem_id="bench-closed"
        )
        parts.part("bench", BOARD, SCRIPT)
        return
    status = parts.status_line("bench-status")
    form = _form(steps)
    taking = _import()
    board = parts.part("bench", BOARD, SCRIPT)
    _wire(form, steps, (board, status), page)
    taking["go"].click(
        steps.take_in,
        [taking["files"], taking["suite"], taking["model"]],
        [board, status, taking["files"]],
        **QUIET,
    )


def _form(steps: BenchSteps) -> dict[str, Any]:
    named: dict[str, Any] = {}

    def choose(name: str, choices: Any, label: str, scale: int, **more: Any) -> None:
        value = more.pop("value", choices[0][1])
        named[name] = gr.Dropdown(
            choices, value=value, label=label, scale=scale, elem_id=f"bench-{name}", **more
        )

    def write(name: str, label: str, hint: str, scale: int, **more: Any) -> None:
        named[name] = gr.Textbox(
            label=label,
            placeholder=hint,
            max_length=1000,
            scale=scale,
            elem_id=f"bench-{name}",
            **more,
        )

    with gr.Accordion("New run", open=False, elem_id="bench-form") as named["form"]:
        with gr.Row():
            choose("suite", SUITES, "Questions", 2)
            models = steps.models()
            choose("model", models, "Model", 3, allow_custom_value=True, value=small_model())
            choose("mode", MODES, "Mode", 2)
        with gr.Row():
            write("file", "File of questions", "questions.jsonl", 3, visible=False)
            write("videos", "Folder of videos", "/data/videos", 3, visible=False)
        with gr.Row():
            named["questions"] = gr.Number(
                label="How many",
                value=30,
                precision=0,
                minimum=0,
                elem_id="bench-questions",
                min_width=110,
            )
            named["workers"] = gr.Number(
                label="At once",
                value=4,
                precision=0,
                minimum=1,
                elem_id="bench-workers",
                min_width=110,
            )
            label = "Judge, or llm:MODEL, panel:A,B,C"
            choose("judge", JUDGES, label, 2, allow_custom_value=True)
            choose("devices", steps.devices(), "Runs on", 2)
        named["draft"] = parts.part(
            "bench-draft", DRAFT, "window.sageBench.draft(element, props, watch);"
        )
        named["start"] = gr.Button("Start", variant="primary", elem_id="bench-start")
    return named


def _import() -> dict[str, Any]:
    named: dict[str, Any] = {}
    with gr.Accordion("Import a result file", open=False, elem_id="bench-import"), gr.Row():
        named["files"] = gr.File(
            label="Evaluation, judged, or both",
            file_count="multiple",
            file_types=[".json", ".jsonl"],
            height=160,
            elem_id="bench-files",
            scale=3,
        )
        with gr.Column(scale=2):
            suites = list(REPOSITORIES)
            named["suite"] = gr.Dropdown(
                suites, value=suites[0], label="Whose questions", allow_custom_value=True
            )
            named["model"] = gr.Textbox(
                label="What answered", placeholder="else from the file's name", max_length=200
            )
            named["go"] = gr.Button("Import", size="sm", elem_id="bench-take")
    return named


def _wire(
    at: dict[str, Any], steps: BenchSteps, told: tuple[gr.HTML, gr.HTML], page: gr.Blocks
) -> None:
    """`told` are the board and the status line."""
    board, status = told
    fields = [at[name] for name in NAMES]

    def named(step: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
        return lambda *values: step(dict(zip(NAMES, values, strict=True)))

    at["suite"].change(_places, at["suite"], [at["file"], at["videos"]], **QUIET)
    gr.on(
        [page.load, *(field.change for field in fields)],
        named(steps.check),
        fields,
        at["draft"],
        trigger_mode="always_last",
        **QUIET,
    )
    at["start"].click(named(steps.start), fields, [board, status, at["draft"], at["form"]], **QUIET)


def _places(suite: str) -> list[Any]:
    """The fields of places that the suite needs."""
    return [gr.update(visible=suite == "jsonl"), gr.update(visible=suite != "mini")]
