"""The Annotation tab: people decide what judges cannot, and see how far they and the judges agree.

One part is drawn by annotate.js and answers to one event; see annotate_steps. Beside it stand the sign-in of a Space
and the files of an export, which are Gradio's.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo import parts
from demo.annotate_people import has_sign_in
from demo.annotate_steps import AnnotateSteps
from demo.site import Site

QUIET: dict[str, Any] = {
    "concurrency_limit": None,
    "show_progress": "hidden",
    "api_visibility": "private",
}
SCRIPT = "window.sageAnnotate.mount(element, props, watch, (d) => trigger('act', d));"


def annotate_tab(site: Site, page: gr.Blocks) -> None:
    """Lays the tab out and wires it, inside its gr.Tab."""
    steps = AnnotateSteps(site)
    if has_sign_in(site.is_public):
        gr.LoginButton(elem_id="annotate-sign-in", size="sm")
    board = parts.part("annotate", '<div class="sg an"></div>', SCRIPT)
    with gr.Column(elem_id="annotate-files"):
        with gr.Row(elem_id="annotate-export"):
            named = gr.Checkbox(label="With the annotators' names", value=False, scale=1)
            button = gr.Button("Export labels", size="sm", scale=1)
        files = gr.File(label="Exported", file_count="multiple", interactive=False, height=190)
    board.act(steps.act, None, board, queue=False, show_progress="hidden", api_visibility="private")
    button.click(steps.take_away, [board, named], files, **QUIET)
    page.load(steps.load, None, board, **QUIET)
