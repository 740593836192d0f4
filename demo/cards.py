"""The answer and the turn cards, as a gr.HTML with a constant template.

Its value is the text of `demo.view.dump(view(...))`; cards.js draws it. Data never goes into the
template, because Gradio runs templates as code. Update it with `show_progress="hidden"` only, or
the whole block fades on each event.
"""

from __future__ import annotations

import gradio as gr

ELEM_ID = "cards"


def cards() -> gr.HTML:
    """The component; its scripts and styles come from `demo.assets`."""
    return gr.HTML(
        value="",
        html_template='<div class="sg sg-cards"></div>',
        js_on_load="window.sage.mount('cards', element, props, watch);",
        apply_default_css=False,
        elem_id=ELEM_ID,
    )
