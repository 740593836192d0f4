"""What a checkpoint was trained with and has to be asked with: `sage.yaml` beside its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from sage.faults import Border, WorldError, crossing
from sage.types import Setup, Value

FILE = "sage.yaml"


class Profile(Value):
    """Settings of a run that such a model prescribes, whatever a person chose."""

    frames: int = Field(ge=1, le=1024)
    """Most frames of a glance."""
    focus: bool
    prompts: Literal["", "mini"]
    """A bundled set of templates; a checkpoint may name no folder."""
    max_tokens: int = Field(ge=256)

    def lay_over(self, setup: Setup) -> Setup:
        """The setup as this model needs it; fewer frames than the most stay as they are."""
        changes = self.model_dump() | {"frames": min(self.frames, setup.frames)}
        return setup.model_copy(update=changes)


def write_profile(profile: Profile, folder: Path) -> None:
    """Puts the profile beside a model's weights."""
    (folder / FILE).write_text(yaml.safe_dump(profile.model_dump(), sort_keys=False), "utf-8")


def read_profile(folder: Path) -> Profile | None:
    """The profile of the model in a folder; `None` when it has none. WorldError(MODEL) when it cannot be used."""
    path = folder / FILE
    if not path.is_file():
        return None
    with crossing(Border.MODEL, f"{path} cannot be read; nothing was started", OSError):
        text = path.read_text("utf-8")
    try:
        found: Any = yaml.safe_load(text)
        return Profile.model_validate(found)
    except (yaml.YAMLError, ValidationError) as error:
        raise WorldError(
            Border.MODEL,
            f"{path} is no profile of a model. Nothing was started. Remove or repair it.",
        ) from error
