"""The page: heading, tabs, theme, and the server it is served by."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import gradio as gr

from demo import assets
from demo.annotate_media import make_annotate_routes
from demo.annotate_tab import annotate_tab
from demo.ask_tab import ask_tab
from demo.bench_media import make_bench_routes
from demo.bench_tab import bench_tab
from demo.export import make_export_route
from demo.media import make_captions_route, make_closed_routes, make_poster_route, make_routes
from demo.site import Site
from demo.train_routes import make_train_routes
from demo.train_tab import train_tab

FOLDER = Path(__file__).parent
HEADING = (
    '<header class="sp-header"><h1>SAGE</h1><p>Ask a video. An agent skims it, decides where to '
    "look closer, and shows what its answer rests on.</p></header>"
)


def build_page(site: Site) -> gr.Blocks:
    """All tabs; the Ask tab is the first."""
    with gr.Blocks(
        title="SAGE · ask a video",
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(3600, 24 * 3600),  # uploads; films that were asked about are kept elsewhere
    ) as page:
        gr.HTML(html_template=HEADING, js_on_load=None, apply_default_css=False, elem_id="heading")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Ask", id="ask"):
                fields, steps = ask_tab(site, page)
            with gr.Tab("Training", id="training"):
                train_tab(site, fields, steps, tabs, page)
            with gr.Tab("Benchmark", id="benchmark"):
                bench_tab(site, page)
            with gr.Tab("Annotation", id="annotation"):
                annotate_tab(site, page)
    page.queue(default_concurrency_limit=8, max_size=64)
    return page


def launch_page(page: gr.Blocks, site: Site, *, host: str, port: int) -> str:
    """Serves the page and returns its address at once; the server runs in its own thread."""
    routes = [
        *make_routes(site.folder, site.films.playable),
        make_export_route(site.folder),
        make_poster_route(site.poster),
        make_captions_route(site.lines),
        *make_train_routes(site),
        *make_bench_routes(site),
        *make_annotate_routes(site.desk, site.case_media),
        *make_closed_routes(),
    ]
    if not site.is_public:
        site.jobs.keep_going()
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        max_threads=200,
        max_file_size="2gb",
        show_error=False,
        footer_links=["settings"],
        app_kwargs={"routes": routes},
        theme=make_theme(),
        head=make_head(),
        css=assets.css() + (FOLDER / "page.css").read_text(encoding="utf-8"),
    )
    return address


def make_head() -> str:
    """Our scripts, inline, so that they run before any part of the page is made."""
    code = (FOLDER / "page.js").read_text(encoding="utf-8").replace("</", r"<\/")
    return f"{assets.head()}\n<script>\n{code}\n</script>"


def make_theme() -> Any:
    """One accent, system fonts; nothing is fetched."""
    return gr.themes.Soft(
        primary_hue="indigo",
        neutral_hue="slate",
        radius_size="md",
        spacing_size="sm",
        text_size="md",
        font=("system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    ).set(
        body_background_fill="white",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_title_background_fill="none",
        block_title_background_fill_dark="none",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_400",
        block_title_text_size="*text_sm",
        block_title_padding="0 0 2px",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_shadow="none",
        input_shadow_focus="none",
        input_border_color_focus="*primary_500",
        button_large_text_weight="600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
    )
