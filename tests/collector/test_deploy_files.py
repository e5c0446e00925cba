"""The files under deploy/ agree with each other and with what Hypocenter and the Collector really read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.collector.build import MANIFEST, REPOSITORY
from tests.collector.collector_process import USER_CONFIG
from tests.collector.hypocenter_process import BASIC_SETTINGS

DEPLOY = REPOSITORY / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"
COMPOSE = DEPLOY / "compose.yaml"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


@pytest.mark.parametrize("path", [DOCKERFILE, COMPOSE, *KUBERNETES], ids=lambda path: path.name)
def test_settings_exist(path: Path) -> None:
    """A misspelt setting keeps the container from starting. BASIC_SETTINGS are what Hypocenter is started with."""
    used = set(re.findall(r"\bHYPOCENTER_(?!SERVICE_HOST)[A-Z][A-Z_]*", _code(path)))
    assert used <= BASIC_SETTINGS


def test_the_container_sets_every_address_and_the_data_directory() -> None:
    assert set(re.findall(r"\bHYPOCENTER_[A-Z_]+", _code(DOCKERFILE))) == BASIC_SETTINGS


def test_collector_variables_exist() -> None:
    environment = yaml.safe_load(COMPOSE.read_text())["services"]["collector"]["environment"]
    assert set(environment) <= _collector_variables(_code(USER_CONFIG))


def test_collector_variables_are_documented_with_their_defaults() -> None:
    documented = set(re.findall(r"^#   ([A-Z_]+) .* default (\S+)$", USER_CONFIG.read_text(), re.MULTILINE))
    assert documented == set(re.findall(r"\$\{env:([A-Z_]+):-([^}]*)\}", _code(USER_CONFIG)))


def test_the_collector_image_is_the_version_tested_with() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text())
    image = yaml.safe_load(COMPOSE.read_text())["services"]["collector"]["image"]
    assert image.rpartition(":")[2] == manifest["dist"]["version"]


def test_the_shop_takes_the_arguments_it_is_given() -> None:
    shop = yaml.safe_load(COMPOSE.read_text())["services"]["shop"]
    options = {argument for argument in shop["command"] if argument.startswith("--")}
    program = [sys.executable, *shop["entrypoint"][1:], "--help"]
    answer = subprocess.run(program, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    assert options <= set(re.findall(r"--[a-z-]+", answer.stdout))


def test_core_and_contrib_components_have_one_version() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text())
    kinds = ("receivers", "processors", "exporters", "extensions")
    modules = [component["gomod"].split() for kind in kinds for component in manifest[kind]]
    others = {module: version for module, version in modules if version != f"v{manifest['dist']['version']}"}
    assert [module.rpartition("/")[2] for module in others] == ["logdedupprocessor"]


def test_ports_of_container_and_service_are_the_same() -> None:
    """Names tie the Service to the container: a targetPort that no container names is a connection refused."""
    kinds = {document["kind"]: document for path in KUBERNETES for document in yaml.safe_load_all(path.read_text())}
    container = kinds["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    offered = {port["name"]: port["containerPort"] for port in container["ports"]}
    service = {port["targetPort"]: port["port"] for port in kinds["Service"]["spec"]["ports"]}
    exposed = next(line for line in DOCKERFILE.read_text().splitlines() if line.startswith("EXPOSE"))
    assert offered == service
    assert set(offered.values()) == {int(port) for port in exposed.split()[1:]}


def test_the_pod_has_no_rights_and_one_writer() -> None:
    kinds = {document["kind"]: document for path in KUBERNETES for document in yaml.safe_load_all(path.read_text())}
    deployment = kinds["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    container = pod["containers"][0]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:" in DOCKERFILE.read_text()
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    claims = [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v]
    assert claims == [kinds["PersistentVolumeClaim"]["metadata"]["name"]]


def _code(path: Path) -> str:
    """The file without its whole-line comments."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))


def _collector_variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{env:([A-Z_]+)", text))
