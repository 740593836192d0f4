"""Data sets of the hub as files of this machine: `hf://datasets/owner/name`, with `/file.jsonl` for rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sage.faults import Border, crossing
from sage.train.grpo_settings import GrpoSettings
from sage.train.settings import SftSettings
from sage.types import Value

HUB = "hf://datasets/"
S = TypeVar("S", bound=Value)


def fetch_sets(settings: S, tell: Callable[[str], None]) -> S:
    """The settings with sets of the hub fetched and named by their folders; WorldError(NETWORK)."""
    if isinstance(settings, GrpoSettings):
        films = {
            name: one.model_copy(update={"folder": str(_fetch(one.folder, tell))})
            for name, one in (("films", settings.films), ("eval_films", settings.eval_films))
            if one.folder.startswith(HUB)
        }
        return settings.model_copy(update=films)
    if isinstance(settings, SftSettings) and settings.data.file.startswith(HUB):
        data = settings.data.model_copy(update={"file": str(_fetch(settings.data.file, tell))})
        return settings.model_copy(update={"data": data})
    return settings


def _fetch(address: str, tell: Callable[[str], None]) -> Path:
    import huggingface_hub  # noqa: PLC0415  heavy
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    owner, name, *inside = address.removeprefix(HUB).split("/")
    what = f"The set {owner}/{name} of the hub could not be fetched; nothing was trained"
    errors: tuple[Any, ...] = (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError)
    tell(f"fetching {owner}/{name} from the hub")
    with crossing(Border.NETWORK, what, *errors):
        # Media lie beside the rows, so all of it is wanted.
        folder = huggingface_hub.snapshot_download(f"{owner}/{name}", repo_type="dataset")
    return Path(folder).joinpath(*inside)
