"""gr.Video for films that our own route serves."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.data_classes import FileData


class Player(gr.Video):
    """Takes the address of a film. Gradio's own would fetch or copy it; a film stays where it is."""

    is_template = True

    def postprocess(self, value: str | Path | None) -> FileData | None:
        if not value:
            return None
        return FileData(path=str(value), url=str(value), orig_name="film.mp4")


def player() -> Player:
    """The player beside the timeline, which is its keyboard-accessible slider."""
    return Player(elem_id="player", show_label=False, interactive=False, buttons=[])
