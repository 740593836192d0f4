"""One app process for the browser tests of a session, films and scripts for it, and its controls.

conftest.py brings the fixtures to all tests of the app.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.films import make_film
from tests.replies import answer, extract, listen

ROOT = Path(__file__).parents[2]
READY_S = float(os.environ.get("SAGE_TEST_READY_S", "120"))
PASSWORD = "The password is kittiwake."
LINES = [(1.0, 3.0, "Good evening."), (20.0, 23.0, PASSWORD), (30.0, 33.0, "Good night.")]


LEFT = ["AbortError", "Connection errored out"]
"""What Gradio writes to the console when a page is left while it still listens."""
CUT = [*LEFT, "Failed to fetch", "network error"]
"""The same of one whose server went away in the middle of a request."""


@dataclass(frozen=True)
class App:
    """A running app: its address, its data folder, the address of a web server, a scratch folder."""

    url: str
    data: Path
    web: str
    scratch: Path
    film: Path

    def script(self, name: str, *replies: str | dict) -> str:
        """Spec of a scripted model that gives these replies."""
        path = self.scratch / f"{name}.json"
        path.write_text(json.dumps(replies), encoding="utf-8")
        return f"scripted:{path}"

    def quick(self, name: str = "quick") -> str:
        """Listens, looks closer, answers with a time."""
        return self.script(
            name,
            listen("00:15", "00:30", stage=1),
            extract("00:19", "00:24"),
            answer("The password is kittiwake, said at 00:20."),
        )

    def slow(self, name: str, *, seconds: float = 30.0) -> str:
        """Listens, then thinks for a long time."""
        late = {"text": answer("too late"), "delay_s": seconds}
        return self.script(name, listen("00:15", "00:30", stage=1), late)

    def paced(self, name: str, *, seconds: float = 0.8) -> str:
        """Listens four times, a while each, then answers."""
        texts = [listen(f"{i}", f"{i + 3}", stage=1 if i == 0 else 2) for i in range(4)]
        texts.append(answer("Done at 00:20."))
        return self.script(name, *[{"text": text, "delay_s": seconds} for text in texts])


class Controls:
    """What a person does on the Ask tab."""

    def __init__(self, page, app: App) -> None:
        self.page = page
        self.app = app

    def open(self, query: str = "") -> Controls:
        if self.page.url.startswith("http"):
            self.page.watched.allowed += LEFT
        self.page.goto(f"{self.app.url}/{query}")
        return self._ready()

    def reload(self) -> Controls:
        self.page.watched.allowed += LEFT
        self.page.reload()
        return self._ready()

    def _ready(self) -> Controls:
        self.page.wait_for_selector("button#ask")
        self.page.wait_for_function("document.querySelector('.sp-status-text').textContent")
        return self

    def give_film(self, path: Path | None = None) -> Controls:
        self.page.locator("#upload input[type=file]").set_input_files(path or self.app.film)
        self.page.wait_for_selector("#player video")
        self.status("The film is here")
        return self

    def choose(self, spec: str) -> Controls:
        box = self.page.locator("#model input")
        box.fill(spec)
        box.press("Enter")
        return self

    def ask(self, question: str = "What is the password?") -> Controls:
        box = self.page.locator("#question textarea")
        box.fill(question)
        box.press("Enter")
        return self

    def status(self, fragment: str, timeout_s: float = 30.0) -> str:
        """Waits until the status line holds the fragment and returns it whole."""
        self.page.wait_for_function(
            "part => document.querySelector('.sp-status-text').textContent.includes(part)",
            arg=fragment,
            timeout=timeout_s * 1000,
        )
        return self.page.locator(".sp-status-text").inner_text()

    def run(self) -> str:
        """Id of the run that is shown, once there is one."""
        self.page.wait_for_function("new URL(location.href).searchParams.get('run')")
        return self.page.evaluate("new URL(location.href).searchParams.get('run')")

    def turns(self) -> list[int]:
        """Numbers of the turn cards, in their order."""
        return self.page.evaluate("(window.sage.state.view || {turns: []}).turns.map((t) => t.i)")

    def time(self) -> float:
        return self.page.evaluate("document.querySelector('#player video').currentTime")


class Web(BaseHTTPRequestHandler):
    """Redirects to where nobody may go, and serves a film."""

    film = b""

    def do_GET(self) -> None:
        if self.path.startswith("/redirect"):
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/film.mp4")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(self.film)))
        self.end_headers()
        self.wfile.write(self.film)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command: list[str], port: int, log: Path, **env: str) -> subprocess.Popen:
    """Starts an app and waits until it answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "GRADIO_TEMP_DIR": str(log.parent / "gradio"), **env},
        )
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
            return process
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(log.read_text())


@pytest.fixture(scope="session")
def app(tmp_path_factory) -> Iterator[App]:
    """The session's app, with a film of 40 s and a web server that it may ask."""
    scratch = tmp_path_factory.mktemp("app")
    film = make_film(scratch / "Evening talk.mp4", duration_s=40, fps=5, captions=LINES)
    Web.film = film.read_bytes()
    web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    Thread(target=web.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{web.server_port}"
    port = free_port()
    data = scratch / "data"
    command = ["-m", "tests.demo.serve", "--data", str(data), "--port", str(port)]
    process = start([*command, "--allow", address], port, scratch / "log.txt")
    yield App(f"http://127.0.0.1:{port}", data, f"http://{address}", scratch, film)
    process.terminate()
    process.wait(10)
    web.shutdown()


@pytest.fixture
def controls(page, app: App) -> Controls:
    """An open Ask tab."""
    return Controls(page, app).open()
