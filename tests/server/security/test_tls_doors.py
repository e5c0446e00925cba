"""Mutual TLS and tokens at every door of a running service, and the clients that come with it."""

import json
import os
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from hypocenter.client import Client, PermissionDenied, Tls, Unauthenticated, Unavailable
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from tests.running_server import REPOSITORY, RunningServer
from tests.server.otlp import messages
from tests.server.security.certificates import Authority, Pair
from tests.server.security.conftest import INGEST, LIMIT, OPERATE, READ, WRONG, Secured, settings, write_tokens
from tests.server.security.page import HTML, Page

PROGRAM = Path(sys.executable).with_name("hypocenter")


def tls(ca: Path, client: Pair | None) -> Tls:
    key, chain = (client.key.read_bytes(), client.cert.read_bytes()) if client else (None, None)
    return Tls(ca.read_bytes(), key, chain)


def context(ca: Path, client: Pair | None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=ca)
    if client:
        made.load_cert_chain(client.cert, client.key)
    return made


def sent(address: str, given: Tls, token: str) -> Message:
    credentials = grpc.ssl_channel_credentials(given.root_certificates, given.private_key, given.certificate_chain)
    with grpc.secure_channel(address, credentials) as channel:
        stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        answer: Message = stub.Export(
            messages.logs(messages.log()), timeout=10, metadata=(("authorization", f"Bearer {token}"),)
        )
    return answer


@pytest.fixture(scope="module")
def encrypted(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, pair: Pair
) -> Iterator[tuple[RunningServer, Authority]]:
    """TLS for whoever comes, at every door, and no tokens."""
    folder = tmp_path_factory.mktemp("tls")
    wanted = {
        **settings("TLS_CERT", pair.cert),
        **settings("TLS_KEY", pair.key),
        "HYPOCENTER_STORE__KIND": "memory",
        "HYPOCENTER_API__GRPC": "localhost:0",
    }
    server = RunningServer(folder, wanted)
    try:
        yield server, authority
        assert server.stop() == 0
    finally:
        if server.running:
            server.kill()
    assert "Traceback" not in server.stderr


def test_tls_without_more(encrypted: tuple[RunningServer, Authority]) -> None:
    server, authority = encrypted
    sent(server.otlp_grpc, tls(authority.cert, None), WRONG)
    with Client(server.api_grpc, tls=tls(authority.cert, None)) as client:
        assert list(client.list_incidents()) == []
    page = Page(server.web_http, HTML, context(authority.cert, None))
    assert page.ask("/").code == page.ask("/metrics").code == 200
    assert "https://127.0.0.1" in server.stderr


def test_plain_speakers_are_turned_away(encrypted: tuple[RunningServer, Authority]) -> None:
    server, _ = encrypted
    with Client(server.api_grpc) as client, pytest.raises(Unavailable):
        list(client.list_incidents(timeout=2))
    for address in (server.otlp_http, server.web_http):
        with pytest.raises(OSError, match=r"reset|closed|without response"):
            Page(address).ask("/healthz")


def test_who_shows_no_certificate_of_ours_is_not_heard(with_both: Secured, stranger: Authority) -> None:
    server = with_both.server
    for client in (None, stranger.issue("client")):
        with Client(server.api_grpc, tls=tls(with_both.ca, client), token=READ) as api, pytest.raises(Unavailable):
            list(api.list_incidents(timeout=2))
        with pytest.raises(grpc.RpcError):
            sent(server.otlp_grpc, tls(with_both.ca, client), INGEST)
        for address in (server.otlp_http, server.web_http):
            with pytest.raises(OSError, match=r"(?i)tls|ssl|reset|closed|broken"):
                Page(address, context=context(with_both.ca, client)).ask("/healthz")


def test_a_server_that_is_somebody_else_is_not_believed(with_both: Secured, stranger: Authority) -> None:
    given = tls(stranger.cert, with_both.client)
    with Client(with_both.server.api_grpc, tls=given, token=READ) as client, pytest.raises(Unavailable):
        list(client.list_incidents(timeout=2))


def test_otlp_over_both(with_both: Secured) -> None:
    server, given = with_both.server, tls(with_both.ca, with_both.client)
    page = Page(server.web_http, {"Authorization": f"Bearer {READ}"}, context(with_both.ca, with_both.client))
    before = page.received()
    sent(server.otlp_grpc, given, INGEST)
    with pytest.raises(grpc.RpcError) as caught:
        sent(server.otlp_grpc, given, WRONG)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    http = Page(server.otlp_http, {"Content-Type": "application/x-protobuf"}, page.context)
    for token, code in ((INGEST, 200), (WRONG, 401), (READ, 403)):
        assert http.ask("/v1/logs", {"Authorization": f"Bearer {token}"}, {}).code == code
    assert page.received() == before + 1


def test_the_python_client(with_both: Secured) -> None:
    given = tls(with_both.ca, with_both.client)
    address = with_both.server.api_grpc
    with Client(address, tls=given, token=READ) as reader:
        assert list(reader.list_incidents()) == []
        with pytest.raises(PermissionDenied, match="operate"):
            reader.acknowledge_incident("0000000000000000")
    for token in (None, WRONG):
        with Client(address, tls=given, token=token) as other, pytest.raises(Unauthenticated):
            list(other.list_incidents())


def test_the_cookie_is_for_tls_alone(with_both: Secured) -> None:
    page = Page(with_both.server.web_http, context=context(with_both.ca, with_both.client))
    answer = page.log_in(READ)
    assert answer.code == 303
    cookie = answer.cookies["__Host-hypocenter"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        True,
        True,
        "strict",
        "/",
        "",
    )
    assert page.ask("/", HTML).code == 200


def cli(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HYPOCENTER_")}
    answer = subprocess.run(
        [PROGRAM, *arguments],
        cwd=REPOSITORY,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert "Traceback" not in answer.stderr
    assert not any(token in answer.stdout + answer.stderr for token in (INGEST, READ, OPERATE, WRONG))
    return answer.returncode, answer.stdout, answer.stderr


@pytest.fixture(scope="module")
def known(with_both: Secured) -> dict[str, str]:
    """The environment in which a command finds the service, without a token."""
    return {
        "HYPOCENTER_ADDRESS": with_both.server.api_grpc,
        "HYPOCENTER_WEB": f"https://{with_both.server.web_http}",
        "HYPOCENTER_OTLP": with_both.server.otlp_grpc,
        "HYPOCENTER_CA_FILE": str(with_both.ca),
        "HYPOCENTER_CERT_FILE": str(with_both.client.cert),
        "HYPOCENTER_KEY_FILE": str(with_both.client.key),
    }


def test_commands(known: dict[str, str], tmp_path: Path) -> None:
    reader = {**known, "HYPOCENTER_TOKEN": READ}
    assert cli(reader, "incidents", "list")[0] == 0
    code, out, _ = cli(reader, "status", "--json")
    assert (code, json.loads(out)["holds"]) == (0, True)
    code, _, err = cli(reader, "incidents", "ack", "0000000000000000")
    assert code == 1
    assert err.startswith("error: PERMISSION_DENIED: the role operate is needed")
    code, _, err = cli({**known, "HYPOCENTER_TOKEN": OPERATE}, "incidents", "ack", "0000000000000000")
    assert err.startswith("error: NOT_FOUND")
    rows = tmp_path / "logs.jsonl"
    rows.write_text(json.dumps({"time_unix_nano": 1_795_170_000_000_000_000, "service": "a", "body": "b"}))
    assert cli({**known, "HYPOCENTER_TOKEN": INGEST}, "replay", str(tmp_path))[0] == 0
    code, _, err = cli(reader, "replay", str(tmp_path))
    assert code == 1
    assert "PERMISSION_DENIED" in err


def test_commands_without_a_token_are_told_what_is_missing(known: dict[str, str]) -> None:
    for command in (("incidents", "list"), ("status",)):
        code, _, err = cli(known, *command)
        assert code == 1
        assert "set HYPOCENTER_TOKEN" in err
        assert len(err.splitlines()) == 1


def test_conformance_of_a_secured_door(known: dict[str, str], with_both: Secured) -> None:
    addresses = ("--grpc", with_both.server.otlp_grpc, "--http", with_both.server.otlp_http)
    code, out, err = cli(
        {**known, "HYPOCENTER_TOKEN": INGEST}, "conformance", "--json", "--limit", str(LIMIT), *addresses
    )
    document = json.loads(out)
    assert (code, document["conformant"]) == (0, True), err
    assert [row for row in document["rows"] if row["verdict"] == "fail"] == []
    assert "20 of 20 answered" in {row["seen"] for row in document["rows"]}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"HYPOCENTER_CERT_FILE": "a"}, "HYPOCENTER_CERT_FILE and HYPOCENTER_KEY_FILE belong together"),
        ({"HYPOCENTER_KEY_FILE": "a", "HYPOCENTER_INSECURE": "1"}, "HYPOCENTER_KEY_FILE and HYPOCENTER_INSECURE"),
        ({"HYPOCENTER_CERT_FILE": "/none", "HYPOCENTER_KEY_FILE": "/none"}, "HYPOCENTER_CERT_FILE: cannot read"),
        ({"HYPOCENTER_CA_FILE": str(Path(__file__))}, "not PEM certificates"),
        ({"HYPOCENTER_TOKEN": "a\nb"}, "HYPOCENTER_TOKEN holds what no header can carry"),
    ],
)
def test_an_environment_that_cannot_be_meant(environment: dict[str, str], message: str) -> None:
    code, _, err = cli({"HYPOCENTER_ADDRESS": "127.0.0.1:1", **environment}, "incidents", "list")
    assert code == 2
    assert err.startswith(f"error: {message}")


def test_a_token_does_not_travel_in_the_clear_to_others() -> None:
    code, _, err = cli({"HYPOCENTER_TOKEN": READ, "HYPOCENTER_WEB": "http://192.0.2.1:8080"}, "status")
    assert code == 2
    assert "in the clear" in err


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    tokens = write_tokens(tmp_path / "tokens")
    before = os.umask(0)
    try:
        server = RunningServer(tmp_path, settings("TOKENS_FILE", tokens))
    finally:
        os.umask(before)
    try:
        with grpc.insecure_channel(server.otlp_grpc) as channel:
            stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
            metadata = (("authorization", f"Bearer {INGEST}"),)
            stub.Export(messages.logs(messages.log()), timeout=10, metadata=metadata)
        assert server.stop() == 0
    finally:
        if server.running:
            server.kill()
    found = [server.data_dir, *server.data_dir.rglob("*")]
    assert len(found) > 5
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in found}
    assert modes == {str(path): 0o700 if path.is_dir() else 0o600 for path in found}
    assert not any(
        token in path.read_bytes().decode("latin-1") for path in found if path.is_file() for token in (INGEST, READ)
    )
