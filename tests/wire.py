"""A local HTTP server that speaks the wire formats of OpenAI and Gemini, misbehaving on request.

It serves chat completions and `/models` under `/v1`, and generateContent and the Files API under
`/v1beta`. Replies to generations come from a script of `Step`s, in order; a `Step` can be a reply,
an error status, a hang, a cut connection or a broken body. Whatever arrives is kept in `seen`.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Step:
    """What the server does with one generation."""

    text: str = ""
    finish: str = "stop"
    """stop, length, safety; blocked (Gemini: the prompt itself was refused)."""
    tokens: tuple[int, int] | None = (11, 7)
    """Prompt and reply; `None`: no usage is told."""
    delay_s: float = 0.0
    status: int = 200
    error: dict[str, Any] | None = None
    """Goes into the error body: message, code, param, status, details."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent as it is instead of a reply."""
    cut: bool = False
    """The connection is closed before a word; with a `body`, in the middle of it."""


@dataclass(frozen=True)
class Seen:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WireServer:
    """Use as a context manager; `openai_url` and `gemini_url` are base URLs for the SDKs."""

    def __init__(self, *steps: Step | str, key: str = "") -> None:
        """`key`: when given, other keys are refused the way each service does it."""
        self.script = deque(Step(step) if isinstance(step, str) else step for step in steps)
        self.answer: Callable[[dict[str, Any]], str] | None = None
        """Writes the reply from the request's body once the script is used up."""
        self.seen: list[Seen] = []
        self.dropped = 0
        """Callers that hung up before their reply."""
        self.files: dict[str, bytes] = {}
        self.polls_until_active = 1
        self.file_state = "ACTIVE"
        self.file_life_s = 48 * 3600.0
        self.key = key
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._polls: dict[str, int] = {}
        outer = self

        class Bound(Conversation):
            wire = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    gemini_url = url

    def add(self, *steps: Step | str) -> None:
        self.script.extend(Step(step) if isinstance(step, str) else step for step in steps)

    @property
    def generations(self) -> list[Seen]:
        return [s for s in self.seen if s.path.endswith(("/chat/completions", ":generateContent"))]

    def next_step(self, body: bytes) -> Step:
        with self.lock:
            if self.script:
                return self.script.popleft()
        if self.answer:
            return Step(self.answer(json.loads(body)))
        return Step(status=400, error={"message": "the test scripted no reply"})

    def describe_file(self, name: str) -> dict[str, Any]:
        """The state of an uploaded file; ACTIVE only after some polls, as with films."""
        with self.lock:
            self._polls[name] = self._polls.get(name, -1) + 1
            is_ready = self._polls[name] >= self.polls_until_active
        expires = datetime.now(UTC) + timedelta(seconds=self.file_life_s)
        return {
            "name": name,
            "uri": f"{self.url}/v1beta/{name}",
            "mimeType": "video/mp4",
            "sizeBytes": str(len(self.files[name])),
            "state": self.file_state if is_ready else "PROCESSING",
            "expirationTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class Conversation(BaseHTTPRequestHandler):
    """One connection."""

    wire: WireServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._take()
        path = self.path.split("?")[0]
        if not self._is_welcome():
            return
        if path.endswith("/models"):
            names = [{"id": "wire-1", "name": "models/wire-1", "object": "model"}]
            self._send(200, {"object": "list", "data": names, "models": names})
        elif path.startswith("/v1beta/files/"):
            self._file(path)
        else:
            self._send(404, {"error": {"message": "nothing here", "code": 404}})

    def do_DELETE(self) -> None:
        self._take()
        self.wire.files.pop(self.path.removeprefix("/v1beta/"), None)
        self._send(200, {})

    def do_POST(self) -> None:
        body = self._take()
        path = self.path.split("?")[0]
        if not self._is_welcome():
            return
        if path == "/upload/v1beta/files":
            place = {"X-Goog-Upload-URL": f"{self.wire.url}/put/{len(self.wire.files)}"}
            self._send(200, {}, {**place, "X-Goog-Upload-Status": "active"})
        elif path.startswith("/put/"):
            name = f"files/wire-{path.rsplit('/', 1)[1]}"
            self.wire.files[name] = body
            described = {"file": self.wire.describe_file(name)}
            self._send(200, described, {"X-Goog-Upload-Status": "final"})
        elif path.endswith("/chat/completions") or path.endswith(":generateContent"):
            self._generate(self.wire.next_step(body), is_gemini=path.endswith("generateContent"))
        else:
            self._send(404, {"error": {"message": "nothing here", "code": 404}})

    def _take(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.wire.lock:
            self.wire.seen.append(Seen(self.command, self.path, headers, body))
        return body

    def _is_welcome(self) -> bool:
        if not self.wire.key or self.path.startswith("/put/"):
            return True
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        given = self.headers.get("x-goog-api-key") or bearer
        if given == self.wire.key:
            return True
        if "/v1beta/" in self.path:
            reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo"}
            error = {
                "code": 400,
                "message": f"API key not valid: {given}. Please pass a valid API key.",
                "status": "INVALID_ARGUMENT",
                "details": [{**reason, "reason": "API_KEY_INVALID"}],
            }
            self._send(400, {"error": error})
        else:
            message = f"Incorrect API key provided: {given}."
            self._send(401, {"error": {"message": message, "code": "invalid_api_key"}})
        return False

    def _file(self, path: str) -> None:
        name = path.removeprefix("/v1beta/")
        if name in self.wire.files:
            self._send(200, self.wire.describe_file(name))
        else:
            self._send(404, {"error": {"code": 404, "message": "no file", "status": "NOT_FOUND"}})

    def _generate(self, step: Step, *, is_gemini: bool) -> None:
        if step.delay_s and self._is_left_alone(step.delay_s):
            return
        if step.cut:
            self._cut(step.body)
        elif step.body is not None:
            self._send_bytes(step.status, step.body, step.headers)
        elif step.status != 200:
            error = {"code": step.status, "message": "scripted", **(step.error or {})}
            self._send(step.status, {"error": error}, step.headers)
        elif is_gemini:
            self._send(200, write_gemini(step), step.headers)
        else:
            self._send(200, write_openai(step), step.headers)

    def _is_left_alone(self, seconds: float) -> bool:
        """Waits; true when the caller hangs up, or the test ends, before that."""
        self.connection.settimeout(0.05)
        for _ in range(int(seconds / 0.05)):
            if self.wire.closing.is_set():
                return True
            try:
                if self.connection.recv(1) == b"":
                    self.wire.dropped += 1
                    self.close_connection = True
                    return True
            except TimeoutError:
                continue
            except OSError:
                self.wire.dropped += 1
                return True
        self.connection.settimeout(None)
        return False

    def _cut(self, body: bytes | None) -> None:
        if body is not None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) + 100))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        self.close_connection = True

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(value).encode(), headers or {})

    def _send_bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.wire.dropped += 1


def write_openai(step: Step) -> dict[str, Any]:
    """A chat completion."""
    finish = {"safety": "content_filter", "blocked": "content_filter"}.get(step.finish, step.finish)
    message = {"role": "assistant", "content": step.text, "refusal": None}
    value: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "wire-1",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
    }
    if step.tokens:
        sent, got = step.tokens
        value["usage"] = {
            "prompt_tokens": sent,
            "completion_tokens": got,
            "total_tokens": sent + got,
        }
    return value


def write_gemini(step: Step) -> dict[str, Any]:
    """A generateContent response; a part of the reply's tokens went into thoughts."""
    value: dict[str, Any] = {"modelVersion": "wire-1"}
    if step.finish == "blocked":
        value["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
    else:
        finish = {"length": "MAX_TOKENS", "safety": "SAFETY"}.get(step.finish, "STOP")
        parts = [{"text": step.text}] if step.text else []
        content = {"role": "model", "parts": parts}
        value["candidates"] = [{"content": content, "finishReason": finish, "index": 0}]
    if step.tokens:
        sent, got = step.tokens
        thoughts = min(3, got)
        value["usageMetadata"] = {
            "promptTokenCount": sent,
            "candidatesTokenCount": got - thoughts,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": sent + got,
        }
    return value
