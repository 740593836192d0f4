"""The Training tab: a form for new jobs, the list of jobs, and one of them in full.

The page only shows and asks. What is running is on disk (see sage.train.jobs), so any number of browsers see the same,
and none of them matters to it. On a public site the tab explains itself and shows the commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from demo import ask_tab, parts
from demo.ask_steps import Steps
from demo.ask_tab import QUIET, Fields
from demo.site import Site
from demo.train_steps import SLOTS, TrainSteps
from sage.train import job_devices
from sage.train.job_plan import presets

RECIPES = [("SFT", "sft"), ("GRPO", "grpo"), ("DIRECT baseline", "direct")]
DATA = [
    ("Miniature films, made as needed", "mini"),
    ("A folder of a data run, or a JSONL file", "path"),
    ("A set of the hub", "hub"),
]
CLOSED = """
<div class="tr-closed"><h2>Training runs on your own machine</h2>
<p>This site is public, so nothing can be started here. With SAGE on a machine of your own, this tab starts, watches,
stops and resumes jobs; a terminal does the same:</p>
<pre class="tr-code" tabindex="0">python -m sage train sft --config configs/sft-tiny.yaml
python -m sage train grpo --config configs/grpo-tiny.yaml
python -m sage train direct --config configs/direct-tiny.yaml
python app.py</pre>
<p>The first trains a tiny model from nothing, the second reinforces it, the third is the baseline that answers without
tools; the app shows all of them.
Add <code>--dry-run</code> to be told rows, steps, memory and time first, and <code>name=value</code> to change a
setting. A run that was stopped goes on by the same command.</p></div>
"""
TRAIN = '<div class="tr"></div>'
DRAFT = '<div class="tr-draft"></div>'
FIRST = "sft"


def train_tab(site: Site, at: Fields, ask: Steps, tabs: gr.Tabs, page: gr.Blocks) -> None:
    """Lays the tab out and wires it, inside its gr.Tab; another one may be lit by `tabs`."""
    if site.is_public:
        gr.HTML(
            html_template=CLOSED, js_on_load=None, apply_default_css=False, elem_id="train-closed"
        )
        return
    steps = TrainSteps(site, ask)
    status = parts.status_line("train-status")
    form = _form(steps)
    train = _train()
    _wire_form(form, steps, (status, train), page)
    train.act(steps.act, None, [train, status], **QUIET)
    train.base(steps.base, None, [form["base"], status], **QUIET)
    used = [at.model, at.tool_model, tabs, status]
    train.use(steps.use, None, used, **QUIET)
    opened = train.open(steps.open, None, [*ask_tab.filled(at), tabs], **QUIET)
    ask_tab.follow(opened, at, ask)


def _train() -> gr.HTML:
    """The list and the chosen job; triggers `act`, `use`, `base` and `open`."""
    script = (
        "window.sageTrain.mount(element, props, watch, (d) => {"
        " if (d.do === 'use') trigger('use', d);"
        " else if (d.do === 'base') trigger('base', d);"
        " else if (d.do === 'open') trigger('open', d);"
        " else trigger('act', d); });"
    )
    return parts.part("train", TRAIN, script)


def _form(steps: TrainSteps) -> dict[str, Any]:
    named: dict[str, Any] = {"folder": gr.State("")}
    is_empty = not steps.jobs.all()
    with gr.Accordion("New job", open=is_empty, elem_id="train-form") as named["form"]:
        named |= _choices(steps)
        named |= _settings(steps)
        script = "window.sageTrain.draft(element, props, watch);"
        named["draft"] = parts.part("train-draft", DRAFT, script)
        with gr.Row(elem_id="train-doing"):
            named["start"] = gr.Button("Start", variant="primary", elem_id="train-start")
            named["preflight"] = gr.Button("What will it take?", elem_id="train-preflight")
        named["show"] = gr.Textbox(
            label="Show a run that was started elsewhere",
            placeholder="its folder, then Enter",
            elem_id="train-show",
            max_length=1000,
        )
    return named


def _choices(steps: TrainSteps) -> dict[str, Any]:
    """What to train, from what, on what."""
    named: dict[str, Any] = {}
    names, bases = presets(FIRST), steps.bases(FIRST)
    devices = job_devices.device_sets()

    def choose(name: str, choices: Any, label: str, scale: int, **more: Any) -> None:
        more |= {"label": label, "scale": scale, "elem_id": f"train-{name}"}
        value = choices[0][1] if isinstance(choices[0], tuple) else choices[0]
        named[name] = gr.Dropdown(choices, value=value, **more)

    with gr.Row():
        named["recipe"] = gr.Radio(
            RECIPES, value=FIRST, label="What", elem_id="train-recipe", scale=3
        )
        choose("preset", names, "Settings start from", 2)
        named["name"] = gr.Textbox(
            label="Name",
            placeholder="told apart by it",
            max_length=120,
            elem_id="train-name",
            scale=2,
        )
    with gr.Row():
        label = "Starts from: a checkpoint, a folder, or owner/name of the hub"
        choose("base", bases, label, 3, allow_custom_value=True)
        choose("data", DATA, "Data", 2)
        named["where"] = gr.Textbox(
            label="Where", visible=False, elem_id="train-where", max_length=1000, scale=3
        )
        choose("devices", devices, "Runs on", 2)
    return named


def _settings(steps: TrainSteps) -> dict[str, Any]:
    """The settings that people change, and a field for all others."""
    named: dict[str, Any] = {}
    shown = steps.knobs(FIRST, presets(FIRST)[0])
    for row in (range(SLOTS // 2), range(SLOTS // 2, SLOTS)):
        with gr.Row(elem_classes="train-knobs"):
            for n in row:
                told = {k: v for k, v in shown[n].items() if k in ("label", "info", "value")}
                named[f"knob{n}"] = gr.Number(elem_id=f"train-knob{n}", min_width=120, **told)
    with gr.Accordion("All other settings, as YAML", open=False):
        named["extra"] = gr.Textbox(
            show_label=False,
            placeholder="keep: 3\nsize:\n  layers: 2",
            lines=4,
            max_lines=20,
            max_length=20_000,
            elem_id="train-extra",
        )
    return named


def _wire_form(
    at: dict[str, Any], steps: TrainSteps, told: tuple[gr.HTML, gr.HTML], page: gr.Blocks
) -> None:
    """`told` are the status line and the list of jobs."""
    status, train = told
    knobs = [at[f"knob{n}"] for n in range(SLOTS)]
    names = ("recipe", "preset", "name", "base", "data", "where", "devices", "extra")
    fields = [*(at[name] for name in names), *knobs]
    form = {*fields, at["folder"]}
    by_name = {component: name for name, component in at.items()}

    def named(step: Callable[[dict[str, Any]], Any]) -> Callable[[dict[Any, Any]], Any]:
        return lambda values: step({by_name[c]: value for c, value in values.items()})

    def preflight(values: dict[Any, Any]) -> Iterator[str]:
        yield from steps.preflight({by_name[c]: value for c, value in values.items()})

    checked = [at["draft"], at["folder"]]
    # What there is to start from changes while the app runs.
    page.load(steps.refresh, at["recipe"], at["base"], **QUIET)
    at["recipe"].input(steps.recipe, at["recipe"], [at["preset"], at["base"], *knobs], **QUIET)
    at["preset"].input(steps.knobs, [at["recipe"], at["preset"]], knobs, **QUIET)
    at["data"].change(_where, at["data"], at["where"], **QUIET)
    # One event for all, so that an earlier answer never replaces a later one.
    gr.on(
        [page.load, *(field.change for field in fields)],
        named(steps.check),
        form,
        checked,
        trigger_mode="always_last",
        **QUIET,
    )
    begun = [train, status, at["draft"], at["folder"], at["form"]]
    at["start"].click(named(steps.start), form, begun, **QUIET)
    at["preflight"].click(preflight, form, at["draft"], **QUIET)
    at["show"].submit(steps.show, at["show"], [train, status, at["show"]], **QUIET)


def _where(data: str) -> Any:
    """The field for the place of the data, with what is wanted in it."""
    hints = {
        "path": "/data/run-3, or rows.jsonl",
        "hub": "owner/name:file.jsonl, for GRPO owner/name",
    }
    return gr.update(visible=data != "mini", placeholder=hints.get(data, ""))
