"""What the events of the Ask tab do: each step turns values of the form into values of the page."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.route_utils import get_root_url

from demo import says
from demo.export import bring_run
from demo.history import history_value
from demo.media import media_url, poster_url
from demo.order import make_order
from demo.runs import Snapshot
from demo.says import to_json
from demo.site import Site
from demo.view import dump, view
from sage.faults import WorldError
from sage.models import catalog

POLL_S = 0.15
"""How often a watching page looks for something new."""
QUEUE = "/gradio_api/queue/join"
"""Where events come in; Gradio takes it off the address to find the page's own."""
MADE_UP = 2048
"""Longest text that is looked at as the name of a run."""


class Steps:
    """The steps, for one site. Each visitor's state is in the page, never here."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def examples_value(self) -> str:
        """The bundled films as the cards take them."""
        return to_json(
            [
                {
                    "title": e.title,
                    "about": e.about,
                    "questions": [{"text": q.text, "needs": q.needs} for q in e.questions],
                    "poster": poster_url(e.id),
                }
                for e in self._site.shelf.examples
            ]
        )

    # ---- opening the page

    def load(self, browser: dict[str, str] | None, request: gr.Request) -> list[Any]:
        """What a page shows first: the run of its address, else its last, else a saved one."""
        browser = dict(browser or {})
        browser.setdefault("me", secrets.token_hex(16))
        asked = str(dict(request.query_params).get("run", ""))[:MADE_UP]
        if asked and not self._site.folder(asked):
            gr.Warning("There is no such run here. It may have been deleted.", duration=10)
        for run in (asked, browser.get("run", ""), self._site.shelf.first_run()):
            if run and self._site.folder(run):
                return [browser, *self.fill(run)]
        return [browser, "", "", "", gr.skip(), gr.skip(), gr.skip()]

    def models(self) -> tuple[Any, Any]:
        """Both pickers, with what is ready first and why the rest is not."""
        found = sorted(catalog.statuses(), key=lambda status: not status.ready)
        spec, _ = catalog.resolve("auto")
        choices = [(says.model(status), status.spec) for status in found]
        auto = (f"auto · now {spec}", "auto")
        same = ("the same model", "")
        return gr.update(choices=[auto, *choices]), gr.update(choices=[same, *choices])

    def explain(self, spec: str | None, key: str | None) -> str:
        """One line below the picker: what the chosen model is, or what it lacks."""
        if not spec or spec == "auto":
            usual, shapes = (catalog.resolve("auto", is_mini=mini)[0] for mini in (False, True))
            return "" if usual == shapes else f"Questions about films of shapes go to {shapes}."
        known = {status.spec: status for status in catalog.statuses()}.get(spec)
        if known is None:
            return "" if spec.count(":") else "No such model. Pick one of the list."
        return known.why if known.ready or not key else "Your own key will be used."

    # ---- choosing what to look at

    def pick(self, event: gr.EventData) -> list[Any]:
        """An example's film and question."""
        example = self._site.shelf.at(_number(event, "i"))
        if example is None:
            return [gr.skip()] * 6
        number = min(max(_number(event, "q"), 0), len(example.questions) - 1)
        return ["", example.token, "", example.questions[number].text, gr.skip(), gr.skip()]

    def take(self, upload: str | None) -> list[Any]:
        """An uploaded film: kept, probed, and made playable beside everything else."""
        if not upload:
            return [gr.skip()] * 8
        films = self._site.films
        try:
            token = films.adopt(Path(upload), Path(upload).name)
        except WorldError as error:
            return [*[gr.skip()] * 6, None, says.status("error", str(error))]
        try:
            self._site.probed(token)
        except WorldError as error:
            films.drop(token)
            return [*[gr.skip()] * 6, None, says.status("error", str(error))]
        self._site.preparations.start(token)
        here = says.status("idle", "The film is here.")
        return ["", token, "", gr.skip(), gr.skip(), gr.skip(), None, here]

    def open(self, browser: dict[str, str] | None, event: gr.EventData) -> list[Any]:
        """A run of the history."""
        run = _text(event, "run")
        if not self._site.folder(run):
            return [gr.skip()] * 6
        return self.fill(run)

    def bring(self, upload: str | None, browser: dict[str, str] | None) -> list[Any]:
        """A run that was saved as JSON or ZIP, here or elsewhere; it is checked and gets a new id."""
        if not upload:
            return [gr.skip()] * 7
        owner = (browser or {}).get("me", "")
        try:
            run = bring_run(
                Path(upload), self._site.runs, owner=owner, film_of=self._site.film_like
            )
        except WorldError as error:
            return [*[gr.skip()] * 6, says.status("error", str(error))]
        return [*self.fill(run), says.status("done", "The saved run is open.")]

    def fill(self, run: str) -> list[Any]:
        """The form as the run was asked: run, film, link, question, model, mode."""
        try:
            now = self._site.snapshot(run)
        except WorldError:
            now = None
        if now is None:
            return ["", "", "", gr.skip(), gr.skip(), gr.skip()]
        ticket = self._site.runs.ticket(run)
        trace, link = now.trace, ticket.link
        asked = trace.question.text
        if run.startswith(("saved-", "sample-")):
            return [run, now.film, link, asked, gr.skip(), gr.skip()]
        return [run, now.film, link, asked, trace.setup.model, trace.setup.mode.value]

    # ---- running

    def start(self, form: dict[str, Any]) -> list[Any]:
        """Starts a run: run, browser, ask, stop, status. What is missing is said, nothing lost."""
        browser = dict(form["browser"] or {})
        try:
            order = make_order(self._site, form)
            run = self._site.runs.start(order, key=form["key"] or "")
        except WorldError as error:
            return [*[gr.skip()] * 4, says.status("error", str(error))]
        browser["run"] = run
        running = says.status("running", "Starting…")
        return [run, browser, gr.update(interactive=False), gr.update(interactive=True), running]

    def stop(self, run: str) -> None:
        """Asks the run to stop. The watch shows it: two writers of one line would overtake."""
        self._site.runs.stop(run)

    async def tail(self, run: str, film: str, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Shows a run as long as it lives; ends when it does, or when the page watches another."""
        page = request.session_hash or secrets.token_hex(8)
        number = self._site.watch(page)
        seen, played = None, ""
        while self._site.is_watching(page, number):
            now = await asyncio.to_thread(self._site.now, run, film)
            ready = self._site.preparations.get(now.film)
            # Judged before it is shown: what changes in between has to be shown as well.
            is_last = now.done and (ready is None or ready.done)
            moment = (
                now.version,
                ready and (ready.done, ready.error, says.percent(ready.share)),
                is_last,
            )
            if moment != seen and self._site.is_watching(page, number):
                seen = moment
                address = self._site.film_address(now.film)
                player = _player(address, request) if address != played or not played else gr.skip()
                played = address
                yield self._shown(run, now, player)
            if is_last:
                return
            await asyncio.sleep(POLL_S)

    async def tail_after(
        self, run: str, film: str, said: str | None, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        """As `tail`, after a step that may have refused: its sentence stays until something moves."""
        is_refused = says.is_error(said)
        async for shown in self.tail(run, film, request):
            if is_refused:
                shown[2], is_refused = gr.skip(), False
            yield shown

    def _shown(self, run: str, now: Snapshot, player: Any) -> list[Any]:
        shown = dump(view(now.trace, live=now.live, media=lambda path: media_url(run, path)))
        ended = now.done or now.live.get("status") == "stopping"
        again = "Ask again" if now.done and now.trace.stop in says.UNFINISHED else "Ask"
        ask = gr.update(interactive=ended, value=again)
        stop = gr.update(interactive=not ended)
        bar = to_json({"run": run}) if run else ""
        said = says.of_run(now, self._site.preparations.get(now.film))
        return [shown, shown, said, player, ask, stop, bar, now.film]

    # ---- history

    def history(self, browser: dict[str, str] | None) -> str:
        """Past runs: on a public site only those of this browser."""
        return history_value(self._site, (browser or {}).get("me", ""))

    def remove(self, browser: dict[str, str] | None, event: gr.EventData) -> str:
        """Deletes a run that has ended; on a public site only the own ones."""
        me = (browser or {}).get("me", "")
        run = _text(event, "run")
        owner = self._site.runs.ticket(run).owner
        if not self._site.is_public or (me and owner == me):
            self._site.runs.delete(run)
        return history_value(self._site, me)


def _player(address: str, request: gr.Request) -> str | None:
    """The film for gr.Video, which passes whole addresses on as they are and copies files."""
    if not address:
        return None
    web = request.request
    if web is None:
        return None
    root = os.environ.get("GRADIO_ROOT_PATH") or web.scope.get("root_path", "")
    return f"{get_root_url(web, QUEUE, root)}/{address}"


def _number(event: gr.EventData, name: str) -> int:
    value = (event._data or {}).get(name)
    return value if isinstance(value, int) else -1


def _text(event: gr.EventData, name: str) -> str:
    value = (event._data or {}).get(name)
    return value[:MADE_UP] if isinstance(value, str) else ""
