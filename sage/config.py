"""YAML and dotted overrides -> a frozen value. An unknown key is an error that names the key and the known ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)


class ConfigError(Exception):
    """A setting that cannot be taken; the message names it."""


def load_config(kind: type[T], path: Path | None = None, overrides: list[str] | None = None) -> T:
    """Reads `path` (may be None), lays `a.b=value` overrides over it, and checks all of it.

    Values of overrides are YAML: `limits.turns=6`, `focus=false`. Raises ConfigError.
    """
    data = _read(path) if path else {}
    for override in overrides or []:
        key, sign, value = override.partition("=")
        if not sign or not key:
            raise ConfigError(f"'{override}' is not of the form name=value")
        _put(data, key.split("."), _yaml(value, override))
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(kind, e) for e in error.errors())) from error


def save_config(value: BaseModel, path: Path) -> None:
    """Writes the resolved settings; `load_config` reads them back equal."""
    path.write_text(yaml.safe_dump(value.model_dump(mode="json"), sort_keys=False), "utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        data = _yaml(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path} must hold names and values")
    return data


def _yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is no valid YAML: {error}") from error


def _put(data: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = data.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"'{'.'.join(keys)}' goes through '{key}', which is a plain value")
        data = inner
    data[keys[-1]] = value


def _explain(kind: type[BaseModel], error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = ", ".join(kind.model_fields)
        return f"'{name}' is not a setting; known are: {known}"
    return f"'{name}': {error['msg']}"
