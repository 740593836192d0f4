"""A small app that mounts the timeline and the cards beside a player, and shows whichever view a test pushes."""

from __future__ import annotations

import itertools
import json
import socket
from fractions import Fraction
from pathlib import Path

import numpy as np

from demo.assets import css, head
from demo.cards import cards
from demo.timeline import timeline
from demo.view import view

RUNS = (f"20261126-120000-{n:016x}" for n in itertools.count(1))
KEPT = "20261126-120000-keep"
"""Runs whose id starts like this keep it when they are pushed."""
LAYOUT = """
main, .gradio-container { width: 100%; max-width: 1400px !important; margin: 0 auto; }
@media (max-width: 899px) { #sides { flex-direction: column; } }
"""


class App:
    """Serves the two components; `show(view)` sets what the page's next click on `next` brings."""

    def __init__(self, folder: Path) -> None:
        import gradio as gr

        self.folder = folder
        self.text = ""
        gr.set_static_paths([folder])
        with gr.Blocks() as blocks, gr.Row(elem_id="sides"):
            with gr.Column(scale=58):
                gr.Video(str(folder / "film.mp4"), elem_id="player", height=300, buttons=[])
                line = timeline()
            with gr.Column(scale=42):
                gr.Textbox(label="Question", elem_id="question")
                turns = cards()
                push = gr.Button("next", elem_id="next")
            take = {"fn": lambda: (self.text, self.text), "outputs": [line, turns]}
            push.click(**take, show_progress="hidden")
            blocks.load(**take, show_progress="hidden")
        self.blocks = blocks
        self.url = _launch(blocks)

    def show(self, view: dict) -> None:
        self.text = json.dumps(view)

    def address(self, name: str) -> str:
        return f"/gradio_api/file={self.folder / name}"

    def close(self) -> None:
        self.blocks.close()


def _launch(blocks) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, url, _ = blocks.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        head=head(),
        css=css() + LAYOUT,
        run_history=False,
        ssr_mode=False,
    )
    return url


def write_film(path: Path, duration_s: int, step_s: int = 10) -> None:
    """A film whose colour drifts, of one key picture each `step_s` seconds."""
    import av

    with av.open(str(path), "w") as file:
        options = {"preset": "ultrafast", "g": "1"}
        stream = file.add_stream("libx264", rate=Fraction(1, step_s), options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for at_s in range(0, duration_s, step_s):
            image = picture(at_s / duration_s)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode())


def picture(share: float, width: int = 320, height: int = 180) -> np.ndarray:
    """A gradient whose hue tells the place in the film."""
    x = np.linspace(0, 1, width)[None, :, None]
    y = np.linspace(0, 1, height)[:, None, None]
    warm = np.array([200, 180, 110]) * (1 - share) + np.array([90, 190, 120]) * share
    cold = np.array([40, 70, 120]) * (1 - share) + np.array([110, 40, 60]) * share
    mix = 0.6 * x + 0.4 * y
    return (cold * (1 - mix) + warm * mix).astype(np.uint8)


def write_thumbs(folder: Path, n: int) -> list[str]:
    """JPEGs in order of their place in the film; returns their names."""
    from PIL import Image

    names = []
    for i in range(n):
        names.append(f"frame{i:03d}.jpg")
        Image.fromarray(picture(i / max(1, n - 1), 160, 90)).save(folder / names[-1], quality=80)
    return names


def push_to(app: App, page, trace, **live) -> dict:
    """Shows a trace as an update from the server does; a fresh run id resets what the page holds."""
    trace = trace if trace.run.startswith(KEPT) else trace.model_copy(update={"run": next(RUNS)})
    data = view(trace, live=live or None, media=app.address)
    app.show(data)
    page.click("#next")
    page.wait_for_function(
        "([run, n]) => sage.state.view && sage.state.view.run === run && sage.state.view.turns.length === n",
        arg=[trace.run, len(trace.turns)],
    )
    page.mouse.move(5, 5)
    return data


def player_at(page, seconds: float) -> None:
    """Waits until the player is there, to a tenth of a second."""
    script = "t => !sage.video().seeking && Math.abs(sage.video().currentTime - t) <= 0.1"
    page.wait_for_function(script, arg=seconds)


def lit(page, selector: str) -> list[str]:
    """Texts of the highlighted ones."""
    return page.eval_on_selector_all(
        f"{selector}.is-lit", "all => all.map(n => n.textContent.trim())"
    )
