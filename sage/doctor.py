"""`python -m sage doctor`: what this machine can do; one line a check: ok, what is missing, what mends it.

Keys and servers are tried over the network, all at once and each for a few seconds at most: a key that is
refused is told apart from a network that is.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.text import Text

from sage.models.catalog import OPENAI_URL, find_checkpoints, find_gpu, resolve
from sage.terminal import clean
from sage.tools.speech import readiness

TIMEOUT_S = 6.0
LEAST_DISK = 5e9
BRAVE = "https://api.search.brave.com/res/v1/web/search?q=sage&count=1"


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    state: str
    """ok, missing (works without) or broken."""
    detail: str
    fix: str = ""
    """A command or a sentence that mends it."""
    answers: bool = False
    """This alone lets some model answer."""


def examine() -> list[Check]:
    """All checks, in the order of the report."""
    tasks: list[Callable[[], Check]] = [
        _python,
        _disk,
        _ffmpeg,
        _decoder,
        _gpu,
        _offline,
        _checkpoints,
        _speech,
        _yt_dlp,
        _openai,
        _gemini,
        *(_server(spec) for spec in _servers()),
        *(_search_key(*row) for row in _SEARCH),
        _auto,
    ]
    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(lambda task: task(), tasks))


def print_report(checks: list[Check], *, as_json: bool = False) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        ready = any(c.answers for c in checks)
        body = {"can_answer": ready, "checks": [asdict(c) for c in checks]}
        console.out(json.dumps(body, ensure_ascii=False))
        return
    marks = {
        "ok": ("ok     ", "green"),
        "missing": ("missing", "yellow"),
        "broken": ("broken ", "red"),
    }
    for check in checks:
        word, style = marks[check.state]
        line = Text(f"{word}  ", style=style)
        line.append(f"{check.name:<16}", style="bold").append(clean(check.detail), style="")
        if check.fix:
            line.append(f"\n{'':<25}→ {clean(check.fix)}", style="cyan")
        console.print(line)


def _python() -> Check:
    version = platform.python_version()
    if sys.version_info >= (3, 11):  # noqa: UP036  an older one may start this all the same
        return Check("Python", "ok", version)
    return Check("Python", "broken", f"{version} is too old", "install Python 3.11 or 3.12")


def _disk() -> Check:
    folder = Path(os.environ.get("SAGE_CACHE") or tempfile.gettempdir())
    folder = folder if folder.exists() else Path.cwd()
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.0f} GB free at {folder}"
    if free > LEAST_DISK:
        return Check("Disk", "ok", detail)
    return Check("Disk", "missing", detail, "free some space, or set SAGE_CACHE to a larger disk")


def _ffmpeg() -> Check:
    fix = f"{sys.executable} -m pip install imageio-ffmpeg"
    try:
        import imageio_ffmpeg  # noqa: PLC0415  only here

        path = imageio_ffmpeg.get_ffmpeg_exe()
        told = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20)
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        return Check("ffmpeg", "broken", f"cannot be run: {error}", fix)
    return Check("ffmpeg", "ok", told.stdout.split(" Copyright")[0].strip())


def _decoder() -> Check:
    fix = f"{sys.executable} -m pip install av"
    # A broken native library ends the process, so it is loaded in another one.
    command = [sys.executable, "-c", "import av; print(av.__version__)"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.SubprocessError as error:
        return Check("PyAV", "broken", str(error), fix)
    if told.returncode:
        last = (told.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return Check("PyAV", "broken", last, f"{fix} --force-reinstall")
    return Check("PyAV", "ok", told.stdout.strip())


def _gpu() -> Check:
    if not find_gpu():
        return Check("GPU", "missing", "no NVIDIA GPU; large local models need one", "")
    try:
        query = ["nvidia-smi", "--query-gpu=name,memory.free,memory.total", "--format=csv,noheader"]
        told = subprocess.run(query, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        return Check("GPU", "broken", f"the driver does not answer: {error}", "nvidia-smi")
    if told.returncode:
        return Check("GPU", "broken", told.stdout.strip() or told.stderr.strip(), "nvidia-smi")
    return Check("GPU", "ok", "; ".join(told.stdout.split("\n")).strip("; "))


def _offline() -> Check:
    if importlib.util.find_spec("av") is None:
        fix = f"{sys.executable} -m pip install -r requirements.txt"
        return Check("offline", "broken", "needs a decoder to read a film", fix)
    return Check(
        "offline", "ok", "answers from captions or speech, without key or weights", answers=True
    )


def _checkpoints() -> Check:
    found = find_checkpoints()
    fix = "hf download allenai/SAGE-MM-Qwen3-VL-8B-SFT_RL"
    if not found:
        return Check("checkpoints", "missing", "no SAGE-MM checkpoint on this machine", fix)
    state = ", ".join(found)
    return Check("checkpoints", "ok", state, answers=find_gpu())


def _speech() -> Check:
    if importlib.util.find_spec("faster_whisper") is None:
        fix = f"{sys.executable} -m pip install faster-whisper"
        return Check(
            "speech", "missing", "faster-whisper is not installed; captions still work", fix
        )
    is_ready, why = readiness("auto")
    if is_ready:
        return Check("speech", "ok", f"captions, and {why}")
    fix = "hf download Systran/faster-whisper-base"
    return Check("speech", "missing", f"captions work; {why}", fix)


def _yt_dlp() -> Check:
    try:
        version = importlib.metadata.version("yt-dlp")
    except importlib.metadata.PackageNotFoundError:
        fix = f"{sys.executable} -m pip install 'yt-dlp[default]'"
        return Check("yt-dlp", "missing", "not installed; only direct links work", fix)
    runtimes = [name for name in ("deno", "node", "qjs", "bun") if shutil.which(name)]
    if not runtimes:
        detail = f"{version}, but YouTube also needs a JavaScript runtime"
        return Check("yt-dlp", "missing", detail, "install deno (https://deno.com)")
    return Check("yt-dlp", "ok", f"{version} with {runtimes[0]}")


def _openai() -> Check:
    key = os.environ.get("OPENAI_API_KEY", "")
    base = os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
    if not key:
        return Check("OpenAI", "missing", "no key", "export OPENAI_API_KEY=…")
    headers = {"Authorization": f"Bearer {key}"}
    return _try("OpenAI", f"{base.rstrip('/')}/models", headers, "OPENAI_API_KEY", answers=True)


def _gemini() -> Check:
    key = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY", "")
    if not key:
        return Check("Gemini", "missing", "no key", "export GEMINI_API_KEY=…")
    base = os.environ.get("GOOGLE_GEMINI_BASE_URL") or "https://generativelanguage.googleapis.com"
    url = f"{base.rstrip('/')}/v1beta/models"
    return _try("Gemini", url, {"x-goog-api-key": key}, "GEMINI_API_KEY", answers=True)


def _servers() -> list[str]:
    return [s for s in os.environ.get("SAGE_OPENAI", "").replace(",", " ").split() if "@" in s]


def _server(spec: str) -> Callable[[], Check]:
    def check() -> Check:
        model, _, base = spec.removeprefix("openai:").rpartition("@")
        key = os.environ.get("OPENAI_API_KEY", "")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        found = _try(
            f"server {model}", f"{base.rstrip('/')}/models", headers, "OPENAI_API_KEY", answers=True
        )
        if found.state == "broken" and "refused the connection" in found.detail:
            return Check(found.name, "broken", found.detail, f"vllm serve {model}")
        return found

    return check


_SEARCH = (
    ("Serper", "SERPER_API_KEY", "https://google.serper.dev/account", "X-API-KEY", ""),
    ("Brave", "BRAVE_API_KEY", BRAVE, "X-Subscription-Token", ""),
    ("Tavily", "TAVILY_API_KEY", "https://api.tavily.com/usage", "Authorization", "Bearer "),
)


def _search_key(
    name: str, variable: str, url: str, header: str, prefix: str
) -> Callable[[], Check]:
    def check() -> Check:
        key = os.environ.get(variable, "")
        if not key:
            detail = "no key; web search works without one, less reliably"
            return Check(name, "missing", detail, f"export {variable}=…")
        return _try(name, url, {header: prefix + key}, variable)

    return check


def _auto() -> Check:
    spec, why = resolve("auto")
    return Check("auto", "ok", f"takes {spec}: {why}")


def _try(
    name: str, url: str, headers: dict[str, str], variable: str, *, answers: bool = False
) -> Check:
    """Asks once, without redirects; a bad key, a refused network and a silent server are told apart."""
    host = httpx.URL(url).host
    try:
        reply = httpx.get(url, headers=headers, timeout=TIMEOUT_S)
    except httpx.TimeoutException:
        return Check(
            name, "broken", f"{host} did not answer within {TIMEOUT_S:.0f} s", "check the network"
        )
    except httpx.ConnectError as error:
        return Check(
            name, "broken", _why_no_connection(host, error), "check the network or a proxy"
        )
    except httpx.HTTPError as error:
        return Check(
            name, "broken", f"{host}: {type(error).__name__}", "check the network or a proxy"
        )
    if reply.status_code in (401, 403) or (
        reply.status_code == 400 and "key" in reply.text.lower()
    ):
        detail = f"{host} answers, but does not accept the key (HTTP {reply.status_code})"
        return Check(name, "broken", detail, f"put a valid key in {variable}")
    if reply.status_code == 429:
        return Check(name, "ok", "the key is accepted, but its quota is used up", answers=answers)
    if reply.status_code >= 400:
        return Check(
            name, "broken", f"{host} answers HTTP {reply.status_code}", "check the address"
        )
    return Check(name, "ok", f"{host} accepts the key", answers=answers)


def _why_no_connection(host: str, error: httpx.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError) or "refused" in str(cause).lower():
            return f"{host} refused the connection"
        if isinstance(cause, socket.gaierror):
            return f"{host} cannot be found: no network, or no name service"
        cause = cause.__cause__ or cause.__context__
    return f"{host} cannot be reached: {error}"
