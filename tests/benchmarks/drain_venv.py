"""A virtual environment of its own for stock Drain3, whose pins would fight with the project's packages."""

import fcntl
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.options import CACHE, REPOSITORY

_FOLDER = CACHE / "bench-venv"
# The wire packages are those of the project, for the servicer with Drain3 in it.
_REQUIREMENTS = ("drain3==0.9.11",)
_SHARED = ("grpcio", "protobuf", "opentelemetry-proto")
_SECONDS = 600


@dataclass(frozen=True, slots=True)
class DrainResult:
    """`groups[i]` is the cluster of line i."""

    groups: Sequence[int]
    cpu_seconds: float


def drain_python(install: bool) -> Path | None:
    """Its interpreter; made on first use, from PyPI, unless `install` is false. None when it isn't there."""
    python = _FOLDER / "bin" / "python"
    done = _FOLDER / "installed"
    wanted = "\n".join([*_REQUIREMENTS, *(f"{name}=={importlib.metadata.version(name)}" for name in _SHARED)])
    if done.exists() and done.read_text() == wanted:
        return python
    if not install:
        return None
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "bench-venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", _FOLDER], check=True, timeout=_SECONDS)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *wanted.split("\n")], check=True, timeout=_SECONDS, cwd=REPOSITORY)
        except subprocess.SubprocessError:
            return None
        done.write_text(wanted)
    return python


def mine_with_drain(python: Path, lines: Sequence[str], masked: bool = True) -> DrainResult:
    """One run of stock Drain3 over the lines, in one thread of a process of its own."""
    finished = subprocess.run(
        [python, "-m", "tests.benchmarks.stock_drain"],
        cwd=REPOSITORY,
        input=json.dumps({"masked": masked, "lines": list(lines)}),
        capture_output=True,
        text=True,
        check=True,
        timeout=_SECONDS,
    )
    found = json.loads(finished.stdout)
    return DrainResult(found["groups"], found["cpu_seconds"])
