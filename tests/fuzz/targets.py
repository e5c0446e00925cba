"""What is fuzzed: functions of bytes that raise when a promise is broken, and nothing else whatever the bytes."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clients.conformance.codings import COMPRESS
from server.checkpoint import CheckpointError, CheckpointFolder
from server.config import ConfigError, load
from server.errors import InvalidInputError
from server.journal import START, Frame, FrameKind, Journal, JournalError, JournalSettings
from server.ledger import Signal
from server.otlp.content_coding import TooLargeError, coding_of, inflate
from server.otlp.encoding import Encoding, to_protobuf
from tests.server.node import Node

Target = Callable[[bytes], None]
_SECONDS_PER_MEBIBYTE = 1.0
# Of a shared machine that does something else for a moment.
_JITTER = 2.0
_INFLATED = 2**20
_CODINGS = tuple(COMPRESS)
_EVERY = 200


@contextmanager
def in_time(size: int) -> Iterator[None]:
    """At most a second per MiB."""
    began = time.thread_time()
    yield
    took = time.thread_time() - began
    assert took <= _JITTER + _SECONDS_PER_MEBIBYTE * size / 2**20, f"{took:.1f} s for {size} bytes"


def _says_what(error: Exception, *names: str) -> None:
    said = str(error)
    assert said
    assert len(said) < 200_000
    assert all(name and name in said for name in names), said


def good_logs() -> bytes:
    """One record that no other request has."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = "good"
    record = group.scope_logs.add().log_records.add(time_unix_nano=time.time_ns(), severity_number=9)
    record.body.string_value = "all is well"
    return request.SerializeToString()


class _Server:
    """A node that is asked again and again; every now and then it is stopped and started anew on what it kept."""

    def __init__(self) -> None:
        self._disk = tempfile.TemporaryDirectory(prefix="fuzz-")
        self._runs = 0
        self._node = Node(Path(self._disk.name))

    def take(self, signal: Signal, body: bytes) -> None:
        node = self._node
        with in_time(len(body)):
            with suppress(InvalidInputError):
                (node.intake.logs if signal is Signal.LOGS else node.intake.traces)(body)
            self._work()
        self._books_balance()
        self._runs += 1
        if self._runs % _EVERY == 0:
            self._still_serves()
            self._restart()

    def _work(self) -> None:
        """What waits is counted; then, as nothing more comes, the windows are closed and judged."""
        assert self._node.work(self._node.inbox.pending_requests + 1)
        failures = self._node.metrics.registry.get_sample_value("hypocenter_pipeline_failures_total")
        assert failures == 0, "the pipeline had to be saved by its supervision; its log says from what"

    def _books_balance(self) -> None:
        for signal in Signal:
            account = self._node.ledger.account(signal)
            assert account.balanced, account
            assert account.pending == 0
            assert set(account.dropped) <= {"own_telemetry"}, account

    def _still_serves(self) -> None:
        before = self._node.ledger.account(Signal.LOGS).counted
        self._node.intake.logs(good_logs())
        self._work()
        assert self._node.ledger.account(Signal.LOGS).counted == before + 1

    def _restart(self) -> None:
        """A checkpoint of whatever was learned can be written and read. Then with nothing learned, to stay small."""
        before = self._settled()
        self._node.stop()
        self._node = again = Node(Path(self._disk.name))
        assert self._settled() == before
        again.kill()
        self._disk.cleanup()
        self._disk = tempfile.TemporaryDirectory(prefix="fuzz-")
        self._node = Node(Path(self._disk.name))

    def _settled(self) -> list[tuple[int, int, int]]:
        accounts = [self._node.ledger.account(signal) for signal in Signal]
        return [(item.counted, item.duplicate, item.late) for item in accounts]


_servers: list[_Server] = []


def _server() -> _Server:
    if not _servers:
        _servers.append(_Server())
    return _servers[0]


def logs(data: bytes) -> None:
    _server().take(Signal.LOGS, data)


def traces(data: bytes) -> None:
    _server().take(Signal.TRACES, data)


def json_logs(data: bytes) -> None:
    _json(data, Signal.LOGS, ExportLogsServiceRequest)


def json_traces(data: bytes) -> None:
    _json(data, Signal.TRACES, ExportTraceServiceRequest)


def _json(data: bytes, signal: Signal, request: type[Message]) -> None:
    with in_time(len(data)):
        try:
            body = to_protobuf(data, Encoding.JSON, request)
        except InvalidInputError as error:
            _says_what(error, *(item.field for item in error.violations))
            return
    # What is accepted as JSON can be read as protobuf.
    request.FromString(body)
    _server().take(signal, body)


def codings(data: bytes) -> None:
    """The first byte says which coding the others have."""
    if not data:
        return
    coding = coding_of(_CODINGS[data[0] % len(_CODINGS)])
    with in_time(len(data) + _INFLATED):
        try:
            plain = inflate(data[1:], coding, _INFLATED)
        except (InvalidInputError, TooLargeError):
            return
    assert len(plain) <= _INFLATED


_PAYLOADS = tuple(bytes([65 + number]) * (number * 37 % 900) for number in range(40))
_FRAMES = tuple(
    Frame(FrameKind.IDLE if number % 7 == 6 else FrameKind(1 + number % 2), payload, number, number, number % 3)
    for number, payload in enumerate(_PAYLOADS)
)
_SETTINGS = JournalSettings(segment_bytes=4096)
_written: dict[str, bytes] = {}


def _segments() -> Mapping[str, bytes]:
    """A journal of several segments, by file name."""
    if not _written:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            journal = Journal(Path(folder), _SETTINGS)
            for frame in _FRAMES:
                journal.append(frame)
            journal.close()
            _written.update((path.name, path.read_bytes()) for path in sorted(Path(folder).glob("*.journal")))
    return _written


def journal(data: bytes) -> None:
    """Four bytes are one deed done to the files of a journal: what, which file, where."""
    files = dict(_segments())
    names = sorted(files)
    for deed in (data[start : start + 4] for start in range(0, len(data) - 3, 4)):
        name, other = names[deed[1] % len(names)], names[deed[2] % len(names)]
        content = files.get(name, b"")
        at = int.from_bytes(deed[2:4], "big") % (len(content) + 1)
        match deed[0] % 7:
            case 0:
                files[name] = (
                    content[:at] + bytes([content[at] ^ 1 << deed[1] % 8]) + content[at + 1 :]
                    if (at < len(content))
                    else content
                )
            case 1:
                files[name] = content[:at]
            case 2:
                files[name] = content[:at] + deed + content[at:]
            case 3:
                files[name], files[other] = files.get(other, b""), content
            case 4:
                files[name] = files.get(other, b"")
            case 5:
                files.pop(name, None)
            case 6:
                files[name] = content[:at] + content[at + deed[3] :]
    _read_journal(files)


def _read_journal(files: Mapping[str, bytes]) -> None:
    appended = Frame(FrameKind.LOGS, b"new", 7, 1)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        try:
            found = Journal(Path(folder), _SETTINGS)
        except JournalError as error:
            _says_what(error, str(folder))
            return
        try:
            known = set(_FRAMES)
            read = list(found.read(START))
            assert {frame for frame, _ in read} <= known
            assert sorted(position for _, position in read) == [position for _, position in read]
            end = found.append(appended)
            assert list(found.read(START))[-1] == (appended, end)
        finally:
            found.close()


_checkpoints: list[bytes] = []


def _checkpoint() -> bytes:
    if not _checkpoints:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            node = Node(Path(folder))
            for _ in range(3):
                node.intake.logs(good_logs())
            node.stop()
            _checkpoints.append((Path(folder) / "checkpoint" / "state").read_bytes())
    return _checkpoints[0]


def checkpoint(data: bytes) -> None:
    """Four bytes are one deed: what, how much, where."""
    content = _checkpoint()
    for deed in (data[start : start + 4] for start in range(0, len(data) - 3, 4)):
        at = int.from_bytes(deed[2:4], "big") % (len(content) + 1)
        match deed[0] % 4:
            case 0 if at < len(content):
                content = content[:at] + bytes([content[at] ^ 1 << deed[1] % 8]) + content[at + 1 :]
            case 1:
                content = content[:at]
            case 2:
                content = content[:at] + deed + content[at:]
            case 3:
                content = data
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        (Path(folder) / "state").write_bytes(content)
        try:
            CheckpointFolder(Path(folder)).load()
        except CheckpointError as error:
            _says_what(error, str(folder))
            return
    # All but the number of the format, of which there may be older ones.
    assert content[8:] == _checkpoint()[8:]


def config_file(data: bytes) -> None:
    # Written by an operator, not by strangers: the parser is slow at thousands of open brackets, and may be.
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, in_time(10 * 2**20):
        path = Path(folder) / "config.yaml"
        path.write_bytes(data)
        try:
            load(path, {})
        except ConfigError as error:
            _says_what(error)


def config_environment(data: bytes) -> None:
    """A line is a key and its value, with what stands before every key left out."""
    lines = (line.partition("=") for line in data.decode("utf-8", "surrogateescape").split("\n"))
    environment = {f"HYPOCENTER_{name}": value for name, _, value in lines}
    with in_time(len(data)):
        try:
            load(None, environment)
        except ConfigError as error:
            _says_what(error)


TARGETS: Mapping[str, Target] = {
    target.__name__: target
    for target in (
        logs,
        traces,
        json_logs,
        json_traces,
        codings,
        journal,
        checkpoint,
        config_file,
        config_environment,
    )
}


def quiet() -> None:
    """Damage is logged, as it should be; not a million times."""
    logging.disable(logging.CRITICAL)
