"""Certificates and tokens, and the service as users start it, secured."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.server.security.certificates import Authority, Pair

INGEST, READ, OPERATE = "ingest-0123456789abcdef", "read-0123456789abcdefgh", "operate-0123456789abcde"
WRONG = "wrong-0123456789abcdefg"
ALL = (INGEST, READ, OPERATE, WRONG)
# Of messages to the service with TLS, in bytes.
LIMIT = 8 * 2**20
SECTIONS = ("OTLP", "API", "WEB")


@dataclass(frozen=True, slots=True)
class Secured:
    """A running service and the files it was started with."""

    server: RunningServer
    tokens: Path
    ca: Path
    client: Pair


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        if os.environ.get("CI"):
            pytest.fail("openssl is missing: install it")
        pytest.skip("needs openssl")
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="session")
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Authority:
    """An authority nobody here trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


def write_tokens(path: Path) -> Path:
    path.write_text(f"# who may\ningest {INGEST}\nread {READ}\n\noperate {OPERATE}\n")
    path.chmod(0o600)
    return path


def settings(key: str, value: object) -> dict[str, str]:
    """The same for every door."""
    return {f"HYPOCENTER_{section}__{key}": str(value) for section in SECTIONS}


@pytest.fixture(scope="module")
def with_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Tokens at every door, no TLS, one name allowed."""
    folder = tmp_path_factory.mktemp("tokens")
    tokens = write_tokens(folder / "tokens")
    wanted = {**settings("TOKENS_FILE", tokens), "HYPOCENTER_WEB__ALLOWED_HOSTS": "hypocenter.example, other.example"}
    yield from _running(folder, wanted)


@pytest.fixture(scope="module")
def with_both(tmp_path_factory: pytest.TempPathFactory, authority: Authority, pair: Pair) -> Iterator[Secured]:
    """Tokens and mutual TLS at every door."""
    folder = tmp_path_factory.mktemp("both")
    tokens = write_tokens(folder / "tokens")
    wanted = {
        **settings("TOKENS_FILE", tokens),
        **settings("TLS_CERT", pair.cert),
        **settings("TLS_KEY", pair.key),
        **settings("TLS_CLIENT_CA", authority.cert),
        "HYPOCENTER_OTLP__MAX_MESSAGE_BYTES": str(LIMIT),
    }
    for server in _running(folder, wanted):
        yield Secured(server, tokens, authority.cert, authority.issue("client"))


def _running(folder: Path, wanted: dict[str, str]) -> Iterator[RunningServer]:
    server = RunningServer(folder, {"HYPOCENTER_STORE__KIND": "memory", "HYPOCENTER_WINDOW__IDLE": "100ms", **wanted})
    try:
        yield server
        assert server.stop() == 0
    finally:
        if server.running:
            server.kill()
    assert "Traceback" not in server.stderr
    # The promise of every one of these tests.
    assert [token for token in ALL if token in server.stderr] == []
