import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from sage.__main__ import app
from sage.doctor import examine

KEYS = (
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "SERPER_API_KEY",
    "BRAVE_API_KEY",
    "TAVILY_API_KEY",
)


class Keeper(BaseHTTPRequestHandler):
    """Lists models to whoever has the key."""

    def do_GET(self):
        ok = self.headers.get("Authorization") == "Bearer good"
        self.send_response(200 if ok else 401)
        self.end_headers()
        self.wfile.write(b'{"data": []}')

    def log_message(self, *_):
        pass


@pytest.fixture
def bare(monkeypatch):
    for name in (*KEYS, "SAGE_OPENAI", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}/v1"
    httpd.shutdown()


def check(name: str):
    return next(c for c in examine() if c.name == name)


def test_a_machine_with_nothing_can_still_answer_offline(bare):
    result = CliRunner().invoke(app, ["doctor", "--json"])
    report = json.loads(result.output)
    assert (result.exit_code, report["can_answer"]) == (0, True)
    states = {c["name"]: c["state"] for c in report["checks"]}
    assert states["offline"] == states["PyAV"] == states["ffmpeg"] == "ok"
    assert states["OpenAI"] == states["Serper"] == "missing"


def test_what_is_missing_says_what_mends_it(bare):
    for found in examine():
        assert found.fix or found.state == "ok" or found.name == "GPU"


@pytest.mark.parametrize(
    ("key", "state", "told"),
    [("good", "ok", "accepts"), ("bad", "broken", "does not accept the key")],
)
def test_a_bad_key_is_told_from_a_good_one(bare, server, key, state, told):
    bare.setenv("OPENAI_API_KEY", key)
    bare.setenv("OPENAI_BASE_URL", server)
    found = check("OpenAI")
    assert (found.state, told in found.detail) == (state, True)
    assert key not in found.detail + found.fix


def test_a_network_that_refuses_is_told_from_a_bad_key(bare):
    bare.setenv("OPENAI_API_KEY", "good")
    bare.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    found = check("OpenAI")
    assert (found.state, "refused the connection" in found.detail) == ("broken", True)


def test_a_configured_server_that_is_down_says_how_to_start_it(bare):
    bare.setenv("SAGE_OPENAI", "org/model@http://127.0.0.1:9/v1")
    assert check("server org/model").fix == "vllm serve org/model"


def test_a_person_reads_one_line_a_check(bare):
    output = CliRunner().invoke(app, ["doctor"]).output
    assert any(line.startswith("ok") and "ffmpeg" in line for line in output.splitlines())
    assert "→ export OPENAI_API_KEY=…" in output
