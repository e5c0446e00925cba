"""A scenario from its folder, with errors that say where and what."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from server.evaluation.simulation.scenario import Scenario

FILE = "scenario.yaml"


class ScenarioError(Exception):
    """A scenario can't be used; the message names the file, the key and the remedy."""


def read_scenario(folder: Path) -> Scenario:
    """The scenario of a folder, or of the file itself. Raises `ScenarioError`.

    `topology` may be the path of a file beside it; `changes` is laid over that topology, key by key, where null takes
    a key away.
    """
    path = folder / FILE if folder.is_dir() else folder
    values = _mapping(path)
    topology, changes = values.get("topology"), values.pop("changes", None)
    if isinstance(topology, str):
        values["topology"] = topology = _mapping(path.parent / topology)
    if changes is not None:
        if not isinstance(topology, dict) or not isinstance(changes, dict):
            raise ScenarioError(f"{path}: changes: must be keys to lay over a topology; name one under topology")
        values["topology"] = _laid_over(topology, changes)
    values.setdefault("kind", path.parent.name)
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        raise ScenarioError("\n".join(f"{path}: {line}" for line in _lines(error))) from error


def _mapping(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ScenarioError(f"{path}: is not YAML ({reason}); put texts with a colon or a brace in quotes") from error
    if not isinstance(values, dict):
        raise ScenarioError(f"{path}: must hold keys, such as topology, load and expected")
    return values


def _laid_over(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _laid_over(result[key], value)
        else:
            result[key] = value
    return result


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors(include_url=False):
        where = ".".join(str(part) for part in item["loc"])
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            text = "is not a key that is known here; see tests/scenarios/README.md"
        lines.append(f"{where}: {text}" if where else text)
    return lines
