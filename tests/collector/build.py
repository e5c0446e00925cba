"""The Collector binary of a manifest, by default deploy/collector/builder.yaml, built once.

`python -m tests.collector.build [MANIFEST]` builds it and prints its path. A cold build takes about four minutes on two
cores; the result is kept until the manifest changes, under $HYPOCENTER_CACHE or the repository's .cache/.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = REPOSITORY / "deploy" / "collector" / "builder.yaml"
BUILD_SECONDS = 1200


class GoMissingError(RuntimeError):
    """There is no Go toolchain to build a Collector with."""


class BuildFailedError(RuntimeError):
    """The Collector's builder did not produce a binary; the message ends with its last words."""


def collector_binary(environment: Mapping[str, str] = os.environ, manifest: Path = MANIFEST) -> Path:
    """The binary for the manifest as it is now, built if need be.

    Safe to call from several processes at once: one builds, the others wait for it.
    Raises GoMissingError or BuildFailedError.
    """
    binary = binary_path(environment, manifest)
    if binary.exists():
        return binary
    if shutil.which("go", path=environment.get("PATH")) is None:
        raise GoMissingError("no `go` on PATH: the OpenTelemetry Collector of these tests can't be built")
    binary.parent.mkdir(parents=True, exist_ok=True)
    with binary.with_name("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            document = yaml.safe_load(manifest.read_bytes())
            for component in _local_components(document):
                component["path"] = str((manifest.parent / component["path"]).resolve())
            _build(document, binary, environment)
    return binary


def binary_path(environment: Mapping[str, str], manifest: Path = MANIFEST) -> Path:
    """Where the manifest's binary is kept. A change of comments moves nothing: only what the builder reads counts,
    that is the manifest and the Go modules beside it that it names by `path`."""
    document = yaml.safe_load(manifest.read_bytes())
    read = [repr(document).encode(), *map(Path.read_bytes, _local_sources(document, manifest))]
    digest = hashlib.sha256(b"".join(read)).hexdigest()[:16]
    configured = environment.get("HYPOCENTER_CACHE", "")
    cache = Path(configured) if configured else REPOSITORY / ".cache"
    return cache / "collector" / digest / "otelcol"


def _local_components(document: dict[str, Any]) -> list[dict[str, str]]:
    listed = [section for section in document.values() if isinstance(section, list)]
    return [component for section in listed for component in section if "path" in component]


def _local_sources(document: dict[str, Any], manifest: Path) -> list[Path]:
    folders = [manifest.parent / component["path"] for component in _local_components(document)]
    return sorted(path for folder in folders for path in folder.iterdir() if path.name.endswith((".go", ".mod")))


def _build(document: dict[str, Any], binary: Path, environment: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix="source-") as sources:
        document["dist"]["output_path"] = sources
        edited = Path(sources) / "builder.yaml"
        edited.write_text(yaml.safe_dump(document))
        version = document["dist"]["version"]
        builder = f"go.opentelemetry.io/collector/cmd/builder@v{version}"
        flags = f"{environment.get('GOFLAGS', '')} -buildvcs=false".strip()
        finished = subprocess.run(
            ["go", "run", builder, "--config", str(edited)],
            cwd=sources,
            env={**environment, "GOFLAGS": flags, "GOTOOLCHAIN": "local", "GOWORK": "off"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        if finished.returncode != 0:
            raise BuildFailedError(f"{builder} exited with {finished.returncode}:\n{finished.stdout[-4000:]}")
        # Renamed last, so that a binary that is there is whole.
        (Path(sources) / document["dist"]["name"]).replace(binary)


if __name__ == "__main__":
    print(collector_binary(manifest=Path(sys.argv[1]) if sys.argv[1:] else MANIFEST))
