"""From what a person fills in to a job: settings checked field by field, the YAML, the exact command.

Three layers, later over earlier: a recipe of `configs/`, the fields of the form, and free YAML. Model, data and folder
are always the form's. Nothing is started here, and nothing heavy is loaded.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import Field, ValidationError

from sage.config import ConfigError
from sage.mini.make import EXAMPLES
from sage.models.local import find_weights
from sage.train.grpo_settings import GrpoSettings
from sage.train.job_files import CONFIG, Info
from sage.train.settings import TINY, SftSettings
from sage.types import Value

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
HUB = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?::(?P<file>[^\s:]+\.jsonl))?")
DATA_HUB = "hf://datasets/"
SFT_FILES = ("sft.jsonl", "pack/sft.jsonl", "sft/train.jsonl")
RL_FOLDERS = ("", "rl", "pack", "pack/rl")
Training = Literal["sft", "grpo", "direct"]


class Knob(NamedTuple):
    """A setting that people change: its place in the settings, and its name on the page."""

    path: str
    label: str
    why: str


KNOBS: dict[str, tuple[Knob, ...]] = {
    "grpo": (
        Knob("rate", "Learning rate", "the highest"),
        Knob("steps", "Steps", "in all"),
        Knob("max_steps", "Stop after", "steps; 0: at the end"),
        Knob("questions", "Questions a step", "each a group"),
        Knob("group", "Episodes a question", "compared"),
        Knob("kl", "KL penalty", "for leaving the start"),
        Knob("temperature", "Temperature", "of sampling"),
        Knob("turns", "Turns at most", "an episode"),
        Knob("save_every", "Save every", "steps"),
        Knob("seed", "Seed", "of all chance"),
    ),
    "sft": (
        Knob("main.rate", "Learning rate", "the highest"),
        Knob("main.epochs", "Epochs", "of the main stage"),
        Knob("main.steps", "Steps", "instead of epochs; 0: those"),
        Knob("max_steps", "Stop after", "steps a stage; 0: at the end"),
        Knob("main.batch", "Rows a step", "of the main stage"),
        Knob("data.mini.films", "Films", "miniature ones"),
        Knob("max_tokens", "Longest row", "tokens; longer: dropped"),
        Knob("micro_tokens", "Tokens at once", "lower: less memory"),
        Knob("save_every", "Save every", "steps"),
        Knob("seed", "Seed", "of all chance"),
    ),
}
KNOBS["direct"] = KNOBS["sft"]


class Draft(Value):
    """The form."""

    recipe: Training = "sft"
    preset: str = ""
    """Name of a file in `configs`, without its ending."""
    name: str = ""
    base: str = TINY
    """tiny, a folder, or a repository of the hub."""
    data: Literal["mini", "path", "hub"] = "mini"
    where: str = ""
    """Of the data: a folder, a file, or `owner/name:file.jsonl`."""
    devices: str = "cpu"
    values: dict[str, Any] = Field(default_factory=dict)
    """Of the knobs, by path; `None`: as the recipe says."""
    extra: str = ""
    """YAML laid over everything but model, data and folder."""


class Trouble(NamedTuple):
    """What is wrong with one field."""

    field: str
    says: str


class Plan(NamedTuple):
    """A draft that can be started: nothing is wrong with it."""

    info: Info
    config: str
    """YAML of the job, `out` and all."""
    settings: SftSettings | GrpoSettings


def presets(recipe: str) -> list[str]:
    """Recipes of `configs` for a kind of training, the small ones first."""
    found = [path.stem for path in CONFIGS.glob(f"{recipe}-*.yaml")]
    return sorted(found, key=lambda name: ("tiny" not in name, name))


def preset_values(recipe: str, preset: str) -> dict[str, Any]:
    """What the knobs are where the form says nothing."""
    kind = GrpoSettings if recipe == "grpo" else SftSettings
    data = {"out": "x", "model": "x", **_preset(preset)}
    shown = kind.model_validate(data).model_dump()
    return {knob.path: _get(shown, knob.path) for knob in KNOBS[recipe]}


def check(draft: Draft, out: Path) -> tuple[Plan | None, list[Trouble]]:
    """The plan of a draft whose job will be in `out`; or what is wrong, field by field."""
    troubles: list[Trouble] = []
    data = _merged(draft, troubles)
    _put_base(draft, data, troubles)
    _put_data(draft, data, troubles)
    data["out"] = str(out)
    kind = GrpoSettings if draft.recipe == "grpo" else SftSettings
    try:
        settings = kind.model_validate(data)
    except ValidationError as error:
        return None, [*troubles, *(_explain(draft.recipe, kind, e) for e in error.errors())]
    troubles += _at_odds(settings)
    if troubles:
        return None, troubles
    config = out / CONFIG
    words = ("train", draft.recipe, "--config", str(config))
    devices = tuple(part.strip() for part in draft.devices.split(","))
    info = Info(
        recipe=draft.recipe,
        name=" ".join(draft.name.split())[:120],
        command=command_of(words, devices),
        cwd=str(Path.cwd()),
        devices=devices,
    )
    return Plan(info, yaml.safe_dump(data, sort_keys=False, allow_unicode=True), settings), []


def command_of(words: Sequence[str], devices: Sequence[str]) -> tuple[str, ...]:
    """The words that start it here; accelerate's launcher where there is more than one card."""
    if len(devices) == 1:
        return (sys.executable, "-m", "sage", *words)
    from sage.train.estimate import launch  # noqa: PLC0415  loads torch

    first, *rest = shlex.split(launch(words, len(devices), 1))
    return (str(Path(sys.executable).with_name(first)), *rest)


def shown_command(command: Sequence[str]) -> str:
    """The command as a person would type it."""
    words = ["python" if word == sys.executable else word for word in command]
    return shlex.join(words)


def bench_command(model: str, out: Path) -> tuple[str, ...]:
    """What measures a model on the miniature benchmark."""
    words = ("bench", "run", "mini", "--model", model, "--out", str(out))
    return (sys.executable, "-m", "sage", *words)


def facts_of(settings: SftSettings | GrpoSettings) -> list[str]:
    """Rows and steps as far as they are known without reading or loading anything."""
    if isinstance(settings, GrpoSettings):
        films = settings.films.folder or f"{settings.films.n:,} films of the miniature world"
        return [
            f"data      {films}",
            f"steps     {settings.last_step:,} of {settings.questions} questions × {settings.group} episodes",
        ]
    data = settings.data
    films = data.file or f"{data.mini.films:,} films of the miniature world"
    limit = f", at most {settings.max_steps:,} steps a stage" if settings.max_steps else ""
    warmup = f"{settings.warmup.rows:,} exercises, then " if settings.warmup else ""
    main = settings.main
    length = f"{main.epochs} epoch{'s' if main.epochs > 1 else ''}"
    length = f"{main.steps:,} steps" if main.steps else length
    return [f"data      {films}", f"steps     {warmup}{length} of {main.batch} rows a step{limit}"]


# ---- the layers


def _merged(draft: Draft, troubles: list[Trouble]) -> dict[str, Any]:
    data = _preset(draft.preset)
    for knob in KNOBS[draft.recipe]:
        value = draft.values.get(knob.path)
        if value is not None:
            _put(data, knob.path, value)
    try:
        extra = yaml.safe_load(draft.extra) or {}
    except yaml.YAMLError as error:
        troubles.append(Trouble("extra", f"No valid YAML: {' '.join(str(error).split())}"))
        return data
    if not isinstance(extra, dict):
        troubles.append(Trouble("extra", "It must hold names and values, like `keep: 3`."))
        return data
    return _over(data, extra)


def _preset(name: str) -> dict[str, Any]:
    path = CONFIGS / f"{name}.yaml"
    if not name or path.parent != CONFIGS or not path.is_file():
        return {}
    found = yaml.safe_load(path.read_text("utf-8"))
    return dict(found) if isinstance(found, dict) else {}


def _put_base(draft: Draft, data: dict[str, Any], troubles: list[Trouble]) -> None:
    base = draft.base.strip()
    data["model"] = base
    if base == TINY:
        if draft.recipe == "grpo":
            says = "GRPO needs a checkpoint that already speaks the format: one of an SFT job, say."
            troubles.append(Trouble("base", says))
        return
    if not base:
        troubles.append(Trouble("base", "Choose a checkpoint, or give a folder or a hub name."))
    elif Path(base).expanduser().is_dir():
        data["model"] = str(Path(base).expanduser().resolve())
        if find_weights(data["model"]) is None:
            says = f"{base} is no model: it lacks config.json or weights."
            troubles.append(Trouble("base", says))
    elif not REPOSITORY.fullmatch(base):
        says = f"{base} is neither a folder of this machine nor a hub name like owner/name."
        troubles.append(Trouble("base", says))


def _put_data(draft: Draft, data: dict[str, Any], troubles: list[Trouble]) -> None:
    where = draft.where.strip()
    is_grpo = draft.recipe == "grpo"
    if draft.data == "mini":
        if is_grpo:
            _put(data, "films.folder", "")
            _put(data, "eval_films.folder", "")
        else:
            _put(data, "data.file", "")
            _put(data, "data.mini.mode", "direct" if draft.recipe == "direct" else "auto")
        return
    found = _on_hub(where, is_grpo) if draft.data == "hub" else _on_disk(where, is_grpo)
    if isinstance(found, Trouble):
        troubles.append(found)
    elif is_grpo:
        _put(data, "films.folder", found)
        data["eval_every"] = 0 if not _get(data, "eval_films.folder") else data.get("eval_every", 0)
    else:
        _put(data, "data.file", found)
        _put(data, "data.media", "")


def _on_hub(where: str, is_grpo: bool) -> str | Trouble:
    match = HUB.fullmatch(where)
    if not match or (not is_grpo and not match["file"]):
        form = "owner/name" if is_grpo else "owner/name:file.jsonl"
        return Trouble("where", f"A set of the hub is named as {form}.")
    return f"{DATA_HUB}{match['name']}" + ("" if is_grpo else f"/{match['file']}")


def _on_disk(where: str, is_grpo: bool) -> str | Trouble:
    path = Path(where).expanduser()
    if not where or not path.exists():
        says = f"{where} is not here." if where else "Give a folder or a file."
        return Trouble("where", says)
    path = path.resolve()
    if is_grpo:
        found = [path / part for part in RL_FOLDERS if (path / part / EXAMPLES).is_file()]
        says = f"{where} holds no {EXAMPLES}, which GRPO takes its questions from."
        return str(found[0]) if found else Trouble("where", says)
    if path.is_dir():
        files = [path / name for name in SFT_FILES if (path / name).is_file()]
        files = files or sorted(path.glob("*.jsonl"))[:2]
        if len(files) != 1:
            says = f"{where} holds {'no' if not files else 'several'} JSONL of rows; name the file."
            return Trouble("where", says)
        path = files[0]
    return _first_row(path) or str(path)


def _first_row(path: Path) -> Trouble | None:
    """What is wrong with the file as rows, by its first line; all of it is read when the job starts."""
    try:
        with path.open("rb") as file:
            line = json.loads(file.readline())
        if "reply" in line or isinstance(line["messages"], list):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return Trouble("where", f"{path.name} is no JSONL of rows: its first line has no `messages`.")


def _at_odds(settings: SftSettings | GrpoSettings) -> list[Trouble]:
    """What only shows in all of it."""
    if isinstance(settings, GrpoSettings) and settings.films.folder:
        from sage.train.bench import check as check_grpo  # noqa: PLC0415  loads torch

        try:
            check_grpo(settings)
        except ConfigError as error:
            return [Trouble("extra", str(error))]
    return []


def _explain(recipe: str, kind: type[Value], error: Any) -> Trouble:
    name = ".".join(str(part) for part in error["loc"])
    label = next((knob.label for knob in KNOBS[recipe] if knob.path == name), "")
    if error["type"] == "extra_forbidden":
        known = ", ".join(kind.model_fields)
        return Trouble(name, f"“{name}” is not a setting. Known are: {known}.")
    said = error["msg"][:1].lower() + error["msg"][1:]
    return Trouble(name, f"{label or name}: {said}.")


def _over(data: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`extra` laid over `data`, name by name."""
    laid = dict(data)
    for name, value in extra.items():
        inner = laid.get(name)
        both = isinstance(value, dict) and isinstance(inner, dict)
        laid[str(name)] = _over(inner, value) if both else value  # type: ignore[arg-type]
    return laid


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        inner = data.get(name)
        data[name] = dict(inner) if isinstance(inner, dict) else {}
        data = data[name]
    data[last] = value


def _get(data: Mapping[str, Any], path: str) -> Any:
    found: Any = data
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
