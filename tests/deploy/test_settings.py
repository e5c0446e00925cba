"""Settings under deploy/ are keys that Hypocenter reads, with values it takes.

tests/collector/test_deploy_files.py has the rest of these files: ports, rights, the Collector's own variables.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.config import Config, known_keys, load
from server.security.guards import ExposedError, build_guards

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
VARIABLES = {f"HYPOCENTER_{key.upper().replace('.', '__')}" for key in known_keys()}


def dockerfile() -> dict[str, str]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.startswith("ENV ")]
    return dict(pair for line in lines for pair in re.findall(r"(\w+)=(\S+)", line))


def compose(service: str) -> dict[str, str]:
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][service]
    found: dict[str, str] = document.get("environment", {})
    return found


def kubernetes() -> dict[str, str]:
    deployment: Any = yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item["value"] for item in container.get("env", [])}


@pytest.mark.parametrize(
    "path", [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()], ids=lambda path: path.name
)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    """Also where only a comment names it. Two levels are what makes a setting of one of our variables."""
    named = set(re.findall(r"\bHYPOCENTER_[A-Z]+__[A-Z_]*[A-Z]\b", path.read_text()))
    assert named <= VARIABLES


@pytest.mark.parametrize("environment", [dockerfile(), compose("hypocenter"), kubernetes()])
def test_what_containers_are_given_is_a_configuration(environment: dict[str, str]) -> None:
    ours = {name for name in environment if name.startswith("HYPOCENTER_")}
    assert ours <= VARIABLES
    load(None, environment)


def test_the_container_listens_to_others_and_keeps_its_data_on_the_volume() -> None:
    image = load(None, dockerfile())
    addresses = (image.otlp.grpc, image.otlp.http, image.api.grpc, image.web.http)
    defaults = Config()
    ports = [
        address.rsplit(":", 1)[1]
        for address in (defaults.otlp.grpc, defaults.otlp.http, defaults.api.grpc, defaults.web.http)
    ]
    assert addresses == tuple(f"0.0.0.0:{port}" for port in ports)
    for others in (compose("hypocenter"), kubernetes()):
        assert load(None, {**dockerfile(), **others}).data_dir == image.data_dir
    volumes = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["hypocenter"]["volumes"]
    assert [volume.split(":")[1] for volume in volumes] == [image.data_dir]


def test_containers_start_although_their_doors_are_open_and_only_because_they_say_so() -> None:
    for others in ({}, compose("hypocenter"), kubernetes()):
        build_guards(load(None, {**dockerfile(), **others}), lambda *_: None, lambda: None)
    said = [name for name in dockerfile() if name.endswith("__INSECURE")]
    assert len(said) == 3
    for name in said:
        without = {key: value for key, value in dockerfile().items() if key != name}
        with pytest.raises(ExposedError):
            build_guards(load(None, without), lambda *_: None, lambda: None)


def test_by_default_only_this_machine_is_listened_to() -> None:
    defaults = Config()
    for address in (defaults.otlp.grpc, defaults.otlp.http, defaults.api.grpc, defaults.web.http):
        assert address.startswith("127.0.0.1:")
