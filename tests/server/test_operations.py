"""Backup, restore and forget as an operator uses them, on a service that runs and on one that does not."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from clients.replay import OtlpSender, Pace, WallClock, replay, to_otlp_requests
from server.cli import main
from server.operations.backup import MANIFEST, BackupError, read_manifest
from server.operations.restore import restore
from tests.conftest import StartServer
from tests.running_server import RunningServer, wait_until
from tests.server.outage import SECOND, Outage, record

SETTINGS = {
    "HYPOCENTER_JOURNAL__CHECKPOINT_EVERY": "500ms",
    "HYPOCENTER_JOURNAL__SEGMENT_BYTES": "100000",
    "HYPOCENTER_WINDOW__IDLE": "300ms",
    "HYPOCENTER_BASELINE__MIN_HISTORY": "30s",
}
SECRET = "hunter2isasecret"
Command = Callable[..., str]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """What `hypocenter` with these words says, on both streams, in this process; tests/readme runs the program."""
    for name in os.environ:
        if name.startswith(("HYPOCENTER_", "OTEL_")):
            monkeypatch.delenv(name)

    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = "".join(capsys.readouterr())
        assert ended.value.code == code, said
        return said

    return run


def outage(server: RunningServer, start_unix_nano: int) -> None:
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        requests = to_otlp_requests(record(Outage(start_unix_nano=start_unix_nano)))
        replay(requests, OtlpSender(channel), Pace(None, 0, WallClock()))


def logs(service: str, body: str, number: int, now: int, trace_id: bytes = b"") -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = service
    part = group.scope_logs.add()
    for row in range(10):
        item = part.log_records.add(time_unix_nano=now + number * 100 + row, severity_number=9, trace_id=trace_id)
        item.body.string_value = body
    return request


def send(server: RunningServer, *requests: ExportLogsServiceRequest) -> None:
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        for request in requests:
            stub.Export(request, timeout=5)


def settled(server: RunningServer) -> None:
    wait_until(lambda: not server.status()["logs"]["pending"], 20, lambda: str(server.status()))


def files_holding(folder: Path, text: str) -> list[str]:
    needles = (text.encode(), text.encode().hex().encode())
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def test_a_backup_under_load_restored_elsewhere_has_its_counts_and_incidents(
    start_server: StartServer, command: Command, tmp_path: Path
) -> None:
    server = start_server(SETTINGS)
    outage(server, time.time_ns() - 1000 * SECOND)
    server.settle()
    incidents = list(server.incidents())
    assert incidents
    stop = threading.Event()

    def load() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            send(server, logs("loaded", f"line {number}", number, time.time_ns() - 1000 * SECOND))

    sender = threading.Thread(target=load)
    sender.start()
    try:
        said = command("backup", str(tmp_path / "backup"), "--data-dir", str(server.data_dir))
    finally:
        stop.set()
        sender.join()
    server.kill()
    manifest = read_manifest(tmp_path / "backup")
    assert f"{manifest.logs} log records and {manifest.spans} spans" in said
    assert manifest.logs > 0
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "backup").rglob("*")} == {0}
    assert not list(server.data_dir.glob("backup-*"))

    elsewhere = tmp_path / "elsewhere"
    command("restore", str(tmp_path / "backup"), "--data-dir", str(elsewhere / "data"))
    restored = RunningServer(elsewhere, SETTINGS)
    try:
        settled(restored)
        status = restored.status()
        assert status["balanced"]
        assert status["logs"]["received"] == manifest.logs
        assert status["traces"]["received"] == manifest.spans
        assert status["logs"]["counted"] + sum(status["logs"]["dropped"].values()) == manifest.logs
        assert {item.name for item in restored.incidents()} >= {item.name for item in incidents}
    finally:
        assert restored.stop() == 0


def test_what_restore_refuses(start_server: StartServer, command: Command, tmp_path: Path) -> None:
    server = start_server(SETTINGS)
    send(server, logs("kept", "a line", 1, time.time_ns()))
    settled(server)
    backup, data = tmp_path / "backup", str(server.data_dir)
    command("backup", str(backup), "--data-dir", data)
    assert "is not an empty folder" in command("backup", str(backup), "--data-dir", data, code=1)
    assert "stop it first" in command("restore", str(backup), "--data-dir", data, "--force", code=2)
    assert server.stop() == 0
    assert "is not empty; --force" in command("restore", str(backup), "--data-dir", data, code=2)
    before = {path: path.read_bytes() for path in server.data_dir.rglob("*") if path.is_file()}
    state = backup / "checkpoint" / "state"
    whole = state.read_bytes()
    state.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "checkpoint/state is damaged" in command("restore", str(backup), "--data-dir", data, "--force", code=2)
    assert before == {path: path.read_bytes() for path in server.data_dir.rglob("*") if path.is_file()}
    state.write_bytes(whole)
    command("restore", str(backup), "--data-dir", data, "--force")
    assert start_server(SETTINGS).status()["logs"]["counted"] == 10


def test_a_backup_is_complete_or_none(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no complete backup"):
        restore(tmp_path, tmp_path / "data")
    (tmp_path / MANIFEST).write_text('{"format":99,"create_unix_nano":0,"logs":0,"spans":0,"files":[]}')
    with pytest.raises(BackupError, match="newer version"):
        restore(tmp_path, tmp_path / "data")
    outside = '{"path":"../../etc/passwd","size":0,"sha256":""}'
    (tmp_path / MANIFEST).write_text(f'{{"format":1,"create_unix_nano":0,"logs":0,"spans":0,"files":[{outside}]}}')
    with pytest.raises(BackupError, match="not within"):
        restore(tmp_path, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_forgotten_service_is_nowhere_any_more(start_server: StartServer, command: Command, running: bool) -> None:
    server = start_server(SETTINGS)
    now = time.time_ns()
    for number in range(20):
        send(server, logs(SECRET, f"{SECRET} said {number}", number, now), logs("other", "other line", number, now))
    settled(server)
    wait_until(lambda: bool(server.metric("hypocenter_windows_closed_total")), 20, lambda: server.stderr)
    if not running:
        assert server.stop() == 0
    assert files_holding(server.data_dir, SECRET)
    said = command("forget", "--service", SECRET, "--data-dir", str(server.data_dir))
    assert "200 log records and spans out of" in said
    if running:
        assert files_holding(server.data_dir, SECRET) == []
        send(server, logs("other", "other line", 30, now))
        settled(server)
        server.kill()
    assert files_holding(server.data_dir, SECRET) == []
    assert files_holding(server.data_dir, "other line")
    audit = [line for line in server.stderr.splitlines() if "audit: " in line]
    assert len(audit) == running
    assert SECRET not in server.stderr
    again = start_server(SETTINGS)
    settled(again)
    status = again.status()
    assert status["balanced"]
    assert status["logs"]["counted"] == 400 + 10 * running


def test_a_forgotten_trace_and_a_forgotten_hour(start_server: StartServer, command: Command) -> None:
    server = start_server(SETTINGS)
    now = time.time_ns()
    trace_id = bytes(range(1, 17))
    send(server, logs("one", SECRET, 1, now, trace_id), logs("one", "ordinary", 2, now))
    settled(server)
    data = str(server.data_dir)
    assert "10 log records" in command("forget", "--trace", trace_id.hex(), "--data-dir", data)
    assert files_holding(server.data_dir / "journal", SECRET) == []
    assert files_holding(server.data_dir / "journal", "ordinary")
    times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1e9 + shift)) for shift in (-600, 600)]
    assert "10 log records" in command("forget", "--from", times[0], "--to", times[1], "--data-dir", data)
    assert files_holding(server.data_dir, "ordinary") == []
    assert server.status()["balanced"]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--service", "a", "--trace", "00" * 16), ("--trace", "xyz"), ("--from", "2026-01-01"), ("--from", "soon")],
    ids=" ".join,
)
def test_what_can_not_be_meant(command: Command, arguments: tuple[str, ...], tmp_path: Path) -> None:
    command("forget", *arguments, "--data-dir", str(tmp_path), code=2)


def test_a_request_that_others_could_have_written_is_refused(start_server: StartServer) -> None:
    server = start_server(SETTINGS)
    send(server, logs("kept", "a line", 1, time.time_ns()))
    settled(server)
    folder = server.data_dir / "requests"
    assert folder.stat().st_mode & 0o777 == 0o700
    new = folder / "new"
    new.write_text('{"service":"kept"}')
    os.chmod(new, 0o666)  # noqa: PTH101
    new.rename(folder / "one.request")
    wait_until((folder / "one.answer").exists, 10, lambda: server.stderr)
    assert "not this user's own" in (folder / "one.answer").read_text()
    assert files_holding(server.data_dir, "a line")
    assert server.metric("hypocenter_refused_operations_total") == 1
    assert "audit: refused one.request" in server.stderr


def test_a_folder_that_others_may_write_to_is_not_looked_into(start_server: StartServer, command: Command) -> None:
    server = start_server(SETTINGS)
    send(server, logs(SECRET, "a line", 1, time.time_ns()))
    settled(server)
    folder = server.data_dir / "requests"
    folder.chmod(0o770)
    wait_until(lambda: server.metric("hypocenter_refused_operations_total") == 1, 10, lambda: server.stderr)
    forget = ("forget", "--service", SECRET, "--data-dir", str(server.data_dir))
    assert "mode 0700" in command(*forget, code=2)
    own = folder / "one.request"
    own.write_text(f'{{"service":"{SECRET}"}}')
    own.chmod(0o600)
    # Several turns of whoever looks there: it is said and counted once.
    time.sleep(1)
    assert own.exists()
    assert files_holding(server.data_dir, "a line")
    assert server.stderr.count("requests of operators are not served") == 1
    folder.chmod(0o700)
    wait_until((folder / "one.answer").exists, 20, lambda: server.stderr)
    assert files_holding(server.data_dir, "a line") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("verb", [("forget", "--service", "kept"), ("backup", "elsewhere")], ids=" ".join)
def test_it_is_for_the_user_of_the_service_alone(
    start_server: StartServer, command: Command, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    server = start_server(SETTINGS)
    assert server.stop() == 0
    os.chown(server.data_dir / "journal" / "lock", 65_534, 65_534)
    words = [str(tmp_path / word) if word == "elsewhere" else word for word in verb]
    assert "as the user of the service" in command(*words, "--data-dir", str(server.data_dir), code=2)
