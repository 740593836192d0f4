"""gr.Video for films that our own route serves."""

from __future__ import annotations

import gradio as gr
from gradio.data_classes import FileData


def player() -> gr.Video:
    """The player. It takes the whole address of a film, or nothing.

    Gradio would fetch an address into its cache; told that the file is already there, it passes
    the address on. Not a subclass: for one Gradio writes a stub file into the source folder.
    """
    video = gr.Video(elem_id="player", show_label=False, interactive=False, buttons=[])
    video.postprocess = _as_it_is  # type: ignore[method-assign, assignment]
    return video


def _as_it_is(value: str | None) -> FileData | None:
    return FileData(path=value, url=value, orig_name="film.mp4") if value else None
