"""From a spec to a model, and what is ready on this machine.

Nothing here touches the network or imports a heavy library before a model is opened, so the picker
can ask at every page load. Keys come from the environment, or as an argument for one object only;
a spec never holds one.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from sage.faults import Border, WorldError
from sage.models.base import Model
from sage.models.profile import Profile, read_profile

ASSETS = Path(__file__).parents[2] / "assets"
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-4o"
GEMINI_MODEL = "gemini-2.5-flash"
SERVER = re.compile(r"(?P<model>[^\s@]+)(?:@(?P<url>https?://[^\s@?#]+))?")
"""No `@` inside the address: it would hold a password."""
FORMS = (
    "offline",
    "sage-tiny",
    "hf:<repo or folder>",
    "openai:<model>@<base url>",
    "gemini:<model>",
    "scripted:<file>",
    "auto",
)


@dataclass(frozen=True)
class Status:
    """One line of the model picker."""

    spec: str
    ready: bool
    why: str
    """What it is when ready; else what is missing and what to do about it."""


def open_model(spec: str, *, key: str = "") -> Model:
    """Opens what `spec` names; WorldError(MODEL) with a sentence if that cannot be.

    `key` is a person's own key: it is used by the returned object only, in place of the
    environment's, and is stored nowhere.
    """
    chosen, _ = resolve(spec)
    if chosen == "offline":
        from sage.models.offline import OfflineModel  # noqa: PLC0415  each backend on demand

        return OfflineModel()
    if chosen == "sage-tiny":
        return _open_tiny()
    kind, _, rest = chosen.partition(":")
    if not rest or kind not in _OPENERS:
        raise _unknown(spec)
    return _OPENERS[kind](rest, key.strip())


def resolve(spec: str, *, is_mini: bool = False) -> tuple[str, str]:
    """The spec to open and why; `auto` (or nothing) becomes the first that is ready.

    For a film of the miniature world (`is_mini`) that is the bundled model which was made for these.
    """
    chosen = spec.strip()
    if chosen not in ("", "auto"):
        return chosen, "as asked"
    if is_mini and _tiny().ready:
        return "sage-tiny", "A film of the miniature world, and sage-tiny was made for these."
    ready = [status for status in _candidates() if status.ready]
    if ready:
        return ready[0].spec, ready[0].why
    return "offline", f"{OFFLINE.why} {TINY_LIMIT}" if _tiny().ready else OFFLINE.why


def profile_of(spec: str) -> Profile | None:
    """What the model of a settled spec prescribes, if it is one of this machine that prescribes anything."""
    kind, _, rest = spec.partition(":")
    if spec == "sage-tiny":
        return read_profile(ASSETS / spec)
    folder = Path(rest).expanduser() if kind == "hf" else None
    return read_profile(folder) if folder and folder.is_dir() else None


def statuses() -> list[Status]:
    """What the picker offers, the ready and the not ready, in the order `auto` looks at them."""
    offered = [status for status in _OFFERED.values() if Path(status.spec[3:]).is_dir()]
    return [*_candidates(), *offered, _tiny(), OFFLINE]


def offer(folder: Path, why: str) -> str:
    """Adds a model's folder to the picker, as long as this process lives; returns its spec."""
    spec = f"hf:{folder}"
    _OFFERED[spec] = Status(spec, True, why)
    return spec


def check_visitor(spec: str, *, key: str = "") -> None:
    """WorldError(MODEL) unless a stranger may choose `spec` on a shared server.

    A spec can name a file, a folder or an address, and the server's own key goes where the spec
    says. So a visitor gets what the picker offers as ready, and the two public services with an own key.
    """
    chosen = spec.strip()
    offered = {status.spec: status for status in statuses()}
    if chosen in ("", "auto") or (chosen in offered and offered[chosen].ready):
        return
    is_public = chosen.startswith("gemini:") or (chosen.startswith("openai:") and "@" not in chosen)
    if is_public and key.strip():
        return
    if chosen in offered:  # not a matter of permission: a checkpoint would be downloaded, say
        raise WorldError(
            Border.MODEL,
            f"{_quote(spec)} is not ready on this server. {offered[chosen].why} Nothing was started.",
        )
    raise WorldError(
        Border.MODEL,
        f"This server does not offer the model {_quote(spec)}. Nothing was started. "
        "Choose one of the list, type your own key for openai: or gemini:, or run SAGE yourself.",
    )


TINY_LIMIT = "sage-tiny, which is bundled, understands only films of the miniature world."
_OFFERED: dict[str, Status] = {}
OFFLINE = Status(
    "offline", True, "No key, no weights: answers from captions or speech by text search."
)


def _candidates() -> list[Status]:
    """What `auto` takes the first ready one of."""
    return [*_servers(), _openai(), _gemini(), *_local()]


def _servers() -> list[Status]:
    """Servers the environment names: SAGE_OPENAI="model@http://host:8000/v1, …"."""
    names = [name for name in re.split(r"[,\s]+", os.environ.get("SAGE_OPENAI", "")) if name]
    return [_server(name.removeprefix("openai:")) for name in names]


def _server(rest: str) -> Status:
    if SERVER.fullmatch(rest):
        return Status(f"openai:{rest}", True, "The server that SAGE_OPENAI names.")
    shown = _quote(rest).strip("“”")
    return Status(f"openai:{shown}", False, "SAGE_OPENAI must hold <model>@<http(s) address>.")


def _openai() -> Status:
    base = os.environ.get("OPENAI_BASE_URL", "")
    spec = f"openai:{OPENAI_MODEL}"
    if base and not base.startswith(OPENAI_URL):
        why = "OPENAI_BASE_URL names a server but no model; set SAGE_OPENAI=<model>@<base url>."
        return Status(spec, False, why)
    if os.environ.get("OPENAI_API_KEY"):
        return Status(spec, True, "OPENAI_API_KEY is set.")
    return Status(spec, False, "No key: set OPENAI_API_KEY, or type your own key.")


def _gemini() -> Status:
    spec = f"gemini:{GEMINI_MODEL}"
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        if os.environ.get(name):
            return Status(spec, True, f"{name} is set.")
    return Status(spec, False, "No key: set GEMINI_API_KEY, or type your own key.")


def _local() -> list[Status]:
    """Released checkpoints: those in the cache, else the one that would be fetched."""
    cached = find_checkpoints()
    has_gpu = find_gpu()
    if not cached:
        fix = "name it as --model once to download it" if has_gpu else "needs an NVIDIA GPU"
        why = f"No SAGE-MM checkpoint in the Hugging Face cache; {fix}."
        return [Status("hf:allenai/SAGE-MM-Qwen3-VL-8B-SFT_RL", False, why)]
    why = "In the cache, and this machine has an NVIDIA GPU."
    if not has_gpu:
        why = "In the cache, but no NVIDIA GPU was found; name it as --model to try it on the CPU."
    return [Status(f"hf:{repo}", has_gpu, why) for repo in cached]


def _tiny() -> Status:
    if (ASSETS / "sage-tiny" / "config.json").is_file():
        return Status("sage-tiny", True, "Bundled; understands only films of the miniature world.")
    why = "Not in assets/sage-tiny; this copy was made without it. Train it, or use another model."
    return Status("sage-tiny", False, why)


def find_gpu() -> bool:
    """Whether an NVIDIA driver is there, told without loading torch."""
    return Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))


def find_checkpoints() -> list[str]:
    """Repositories of SAGE-MM checkpoints in the Hugging Face cache, RL-trained and larger first."""
    found = []
    for folder in _hub_cache().glob("models--*--SAGE-MM-*"):
        if any(folder.glob("snapshots/*/config.json")):
            found.append(folder.name.removeprefix("models--").replace("--", "/"))
    return sorted(found, key=lambda repo: ("_RL" not in repo, "8B" not in repo, repo))


def _hub_cache() -> Path:
    if explicit := os.environ.get("HF_HUB_CACHE"):
        return Path(explicit)
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    return Path(os.environ.get("HF_HOME") or default) / "hub"


def _open_tiny() -> Model:
    if not _tiny().ready:
        raise WorldError(Border.MODEL, f"sage-tiny cannot be opened. {_tiny().why}")
    from sage.models.local import LocalModel  # noqa: PLC0415  heavy

    return LocalModel(str(ASSETS / "sage-tiny"), name="sage-tiny")


def _open_hf(rest: str, _key: str) -> Model:
    from sage.models.local import LocalModel  # noqa: PLC0415  heavy

    return LocalModel(rest, name=f"hf:{rest}")


def _open_openai(rest: str, key: str) -> Model:
    from sage.models.openai import OpenAIModel  # noqa: PLC0415  each backend on demand

    found = SERVER.fullmatch(rest)
    if not found:
        raise WorldError(
            Border.MODEL,
            f"{_quote('openai:' + rest)} is not <model>@<http(s) address>. Nothing was started. "
            "Write e.g. openai:Qwen/Qwen3-VL-8B-Instruct@http://127.0.0.1:8000/v1; "
            "a key belongs in OPENAI_API_KEY, not in the address.",
        )
    url = found["url"] or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
    return OpenAIModel(found["model"], url, key=key or os.environ.get("OPENAI_API_KEY", ""))


def _open_gemini(rest: str, key: str) -> Model:
    from sage.models.gemini import GeminiModel  # noqa: PLC0415  each backend on demand

    own = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY", "")
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "")
    return GeminiModel(rest, key=key or own, base_url=url)


def _open_scripted(rest: str, _key: str) -> Model:
    from sage.models.scripted import ScriptedModel  # noqa: PLC0415  each backend on demand

    return ScriptedModel(Path(rest))


_OPENERS = {
    "hf": _open_hf,
    "openai": _open_openai,
    "gemini": _open_gemini,
    "scripted": _open_scripted,
}


def _unknown(spec: str) -> WorldError:
    return WorldError(
        Border.MODEL,
        f"There is no model {_quote(spec)}. Nothing was started. Choose one of: {', '.join(FORMS)}.",
    )


def _quote(text: str) -> str:
    """A short, printable form; an address with a password in it does not get out."""
    shown = re.sub(r"://\S*@", "://…@", text)
    return f"“{''.join(c if c.isprintable() else '·' for c in shown)[:120]}”"
