"""Commands run in this process, with nothing of the developer's environment."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("HYPOCENTER_", "OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HYPOCENTER_DATA_DIR", str(tmp_path / "data"))
    for name in ("OTLP__GRPC", "OTLP__HTTP", "API__GRPC", "WEB__HTTP"):
        monkeypatch.setenv(f"HYPOCENTER_{name}", "127.0.0.1:0")
