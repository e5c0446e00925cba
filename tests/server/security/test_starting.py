"""`hypocenter serve` refuses, in one line and with exit code 2, what would not be secure or can't be meant."""

import socket
from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.server.security.certificates import Pair
from tests.server.security.conftest import write_tokens
from tests.server.test_process import IN_MEMORY, refused


@pytest.mark.parametrize("key", ["otlp.grpc", "otlp.http", "api.grpc", "web.http"])
def test_an_open_door(key: str, tmp_path: Path) -> None:
    variable = f"HYPOCENTER_{key.upper().replace('.', '__')}"
    line = refused(tmp_path / "data", {**IN_MEMORY, variable: "0.0.0.0:0"})
    assert line.startswith(f"hypocenter: {key}: 0.0.0.0:0 can be reached from other machines")
    assert f"{key.split('.')[0]}.insecure: true" in line
    assert not (tmp_path / "data").exists()


def test_files_that_are_missing(tmp_path: Path, pair: Pair) -> None:
    none = str(tmp_path / "none")
    line = refused(tmp_path / "data", {"HYPOCENTER_WEB__TOKENS_FILE": none})
    assert line == f"hypocenter: web.tokens_file: {none} can't be read: No such file or directory"
    line = refused(tmp_path / "data", {"HYPOCENTER_API__TLS_CERT": str(pair.cert)})
    assert line.startswith("hypocenter: api: TLS needs both tls_cert and tls_key")


def test_tokens_are_enough_to_listen_to_others(tmp_path: Path) -> None:
    wanted = {**IN_MEMORY, "HYPOCENTER_API__GRPC": "0.0.0.0:0"}
    server = RunningServer(tmp_path, {**wanted, "HYPOCENTER_API__TOKENS_FILE": str(write_tokens(tmp_path / "tokens"))})
    try:
        with socket.create_connection(("127.0.0.1", int(server.api_grpc.rpartition(":")[2])), timeout=10):
            pass
        assert server.stop() == 0
    finally:
        if server.running:
            server.kill()
    assert "api.grpc: tokens for 0.0.0.0:0 travel in the clear" in server.stderr
