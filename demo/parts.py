"""The small gr.HTML parts of the page, each with a constant template; page.js draws their values.

A value is one JSON text, or plain text. Data never goes into a template, because Gradio runs
templates as code.
"""

from __future__ import annotations

import gradio as gr


def part(name: str, inner: str, script: str, *, value: str = "") -> gr.HTML:
    """One part: `inner` is its constant markup, `script` what draws it."""
    return gr.HTML(
        value=value,
        html_template=inner,
        js_on_load=script,
        apply_default_css=False,
        elem_id=name,
    )


def status_line(name: str = "status") -> gr.HTML:
    """Says what happens, aloud as well; value: JSON of kind and text."""
    inner = (
        '<div class="sp-status" data-kind="idle"><span class="sp-dot"></span>'
        '<span class="sp-status-text" role="status" aria-live="polite"></span></div>'
    )
    return part(name, inner, "window.sagePage.status(element, props, watch);")


def hint(name: str) -> gr.HTML:
    """A line of plain text below a field; hidden when empty."""
    inner = '<p class="sp-text sp-quiet" hidden></p>'
    return part(name, inner, "window.sagePage.text(element, props, watch);")


def example_cards(value: str) -> gr.HTML:
    """The bundled films; triggers `pick` with the numbers of film and question."""
    script = "window.sagePage.examples(element, props, watch, (d) => trigger('pick', d));"
    return part("examples", '<div class="sp-examples"></div>', script, value=value)


def run_bar() -> gr.HTML:
    """Link and exports of the run that is shown."""
    inner = '<div class="sp-runbar" hidden></div>'
    return part("runbar", inner, "window.sagePage.runbar(element, props, watch);")


def history_table() -> gr.HTML:
    """Past runs; triggers `open` and `remove` with a run's id."""
    script = (
        "window.sagePage.history(element, props, watch,"
        " (d) => trigger('open', d), (d) => trigger('remove', d));"
    )
    return part("history", '<div class="sp-history"></div>', script)
