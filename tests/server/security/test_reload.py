"""Certificates replaced under a running service: whoever connects afterwards sees the new one."""

import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from server.security.certificate import CertificateFiles, CertificateReader
from tests.running_server import RunningServer, wait_until
from tests.server.otlp import messages
from tests.server.security.certificates import Authority, Pair
from tests.server.security.conftest import settings


def put(pair: Pair, folder: Path) -> Pair:
    """A certificate where the service looks for it."""
    placed = Pair(folder / "cert.pem", folder / "key.pem")
    for source, target in ((pair.cert, placed.cert), (pair.key, placed.key)):
        new = target.with_suffix(".new")
        shutil.copyfile(source, new)
        new.replace(target)
    return placed


@pytest.fixture
def reloading(tmp_path: Path, pair: Pair) -> Iterator[tuple[RunningServer, Path]]:
    placed = put(pair, tmp_path)
    wanted = {**settings("TLS_CERT", placed.cert), **settings("TLS_KEY", placed.key)}
    server = RunningServer(tmp_path / "server", wanted)
    yield server, tmp_path
    assert server.stop() == 0


def shown(address: str, alpn: str) -> bytes:
    """The certificate that a real client is shown there, as DER."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as plain, context.wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True) or b""


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.cert.read_text())


def doors(server: RunningServer) -> list[tuple[str, str]]:
    return [
        (server.otlp_grpc, "h2"),
        (server.api_grpc, "h2"),
        (server.otlp_http, "http/1.1"),
        (server.web_http, "http/1.1"),
    ]


def test_every_door_shows_the_new_one_and_keeps_it_when_the_next_is_broken(
    reloading: tuple[RunningServer, Path], authority: Authority, pair: Pair
) -> None:
    server, folder = reloading
    assert [shown(*door) for door in doors(server)] == [der(pair)] * 4
    second = authority.issue("second")
    put(second, folder)
    for door in doors(server):
        wait_until(lambda door=door: shown(*door) == der(second), 10, lambda: server.stderr)  # type: ignore[misc]
    # A key that does not belong to the certificate.
    shutil.copyfile(pair.key, folder / "key.pem")
    wait_until(lambda: _complaints(server) == 3, 10, lambda: server.stderr)
    assert [shown(*door) for door in doors(server)] == [der(second)] * 4
    assert "the certificate known before stays" in server.stderr
    third = authority.issue("third")
    put(third, folder)
    for door in doors(server):
        wait_until(lambda door=door: shown(*door) == der(third), 10, lambda: server.stderr)  # type: ignore[misc]
    credentials = grpc.ssl_channel_credentials(authority.cert.read_bytes())
    with grpc.secure_channel(server.otlp_grpc, credentials) as channel:
        stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        stub.Export(messages.logs(messages.log()), timeout=10)


def _complaints(server: RunningServer) -> int:
    """One for each section; somebody must connect before anybody looks."""
    for door in doors(server):
        shown(*door)
    return server.stderr.count("the certificate known before stays")


def test_a_broken_file_is_counted_once_and_read_again_when_it_is_mended(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    placed = put(pair, tmp_path)
    failures: list[None] = []
    now = [0.0]
    files = CertificateFiles("otlp", str(placed.cert), str(placed.key))
    reader = CertificateReader(files, lambda: failures.append(None), lambda: now[0])
    first = reader.current()
    second = authority.issue("other")
    shutil.copyfile(second.cert, placed.cert)
    assert reader.current() is first
    for _ in range(3):
        now[0] += 2
        assert reader.current() is first
    assert len(failures) == 1
    shutil.copyfile(second.key, placed.key)
    now[0] += 2
    assert reader.current().chain == second.cert.read_bytes()
    assert reader.current().key == second.key.read_bytes()
    placed.key.unlink()
    now[0] += 2
    assert reader.current().key == second.key.read_bytes()
    assert len(failures) == 2
