"""The API definition is clean, and the committed code is what it generates."""

import fcntl
import filecmp
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

# The first on a machine has the tools installed; whichever that is.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = {
    "LogService": {"AnalyzeLogs", "SearchLogs", "ListLogTemplates"},
    "IncidentService": {
        "GetIncident",
        "ListIncidents",
        "SearchIncidents",
        "UpdateIncident",
        "AcknowledgeIncident",
        "ResolveIncident",
        "WatchIncidents",
    },
    "RootCauseService": {"AnalyzeRootCause", "GetServiceGraph", "AnswerQuestion"},
}
BUF = "@bufbuild/buf@1.75.0"
# Third-party files are in the descriptor set because ours import them; ours have no exceptions.
LINT = {"version": "v2", "lint": {"use": ["STANDARD"], "ignore": ["google", "opentelemetry"]}}


def tool(name: str, remedy: str) -> str:
    """The path of a tool; without it the test fails in CI and is skipped elsewhere."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is missing: {remedy}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh `make proto`, outside the tree."""
    tool("go", "install Go 1.26 or newer")
    out = tmp_path_factory.mktemp("generated")
    (ROOT / ".cache").mkdir(exist_ok=True)
    # Another process of the test run may be at it.
    with (ROOT / ".cache" / "proto.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for target in (".venv-proto/.installed", f"{ROOT}/.cache/go-tools/.installed"):
            run("make", "--silent", target)
    path = f"{ROOT}/.venv-proto/bin:{ROOT}/.cache/go-tools:{os.environ['PATH']}"
    command = ["proto/generate.py", str(out / "work"), str(out / "python"), str(out / "go")]
    done = subprocess.run(
        [f"{ROOT}/.venv-proto/bin/python", *command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("folder", ["python/hypocenter/v1", "go/hypocenterv1"])
def test_committed_code_is_up_to_date(generated: Path, folder: str) -> None:
    here, there = generated / folder, ROOT / "clients" / folder
    names = sorted(item.name for item in here.iterdir())
    kept = {item.name for item in there.iterdir()} - {"__pycache__", "py.typed"}
    assert kept == set(names), "run `make proto` and commit what it makes"
    _, different, missing = filecmp.cmpfiles(here, there, names, shallow=False)
    assert not different + missing, "run `make proto` and commit what it makes"


def test_buf_lint_is_clean(generated: Path) -> None:
    npx = tool("npx", "install Node 20 or newer")
    image = generated / "api.binpb"
    run(
        f"{ROOT}/.venv-proto/bin/python",
        "-m",
        "grpc_tools.protoc",
        "--proto_path=proto",
        f"--descriptor_set_in={generated / 'work' / 'dependencies.binpb'}",
        "--include_source_info",
        "--include_imports",
        f"--descriptor_set_out={image}",
        *sorted(str(item.relative_to(ROOT)) for item in (ROOT / "proto/hypocenter/v1").glob("*.proto")),
    )
    done = subprocess.run(
        [npx, "--yes", BUF, "lint", str(image), "--config", json.dumps(LINT)],
        cwd=generated,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contract_is_all_there(generated: Path) -> None:
    """Every service and method that clients hold."""
    image = descriptor_pb2.FileDescriptorSet()
    path = generated / "contract.binpb"
    run(
        f"{ROOT}/.venv-proto/bin/python",
        "-m",
        "grpc_tools.protoc",
        "--proto_path=proto",
        f"--descriptor_set_in={generated / 'work' / 'dependencies.binpb'}",
        f"--descriptor_set_out={path}",
        *sorted(str(item.relative_to(ROOT)) for item in (ROOT / "proto/hypocenter/v1").glob("*_service.proto")),
    )
    image.ParseFromString(path.read_bytes())
    found = {
        service.name: {method.name for method in service.method} for file in image.file for service in file.service
    }
    assert {name: found.get(name, set()) & methods for name, methods in CONTRACT.items()} == CONTRACT
