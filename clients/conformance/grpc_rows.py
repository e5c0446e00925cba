"""OTLP/gRPC: one row for each demand that can be seen from outside."""

from __future__ import annotations

import time

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from clients.conformance import samples
from clients.conformance.codings import COMPRESS, EMPTY_SNAPPY
from clients.conformance.grpc_speaker import LOGS, PROFILES, TRACES
from clients.conformance.receiver import Receiver
from clients.conformance.row import Check, Door, Level, Row, Seen, judged, skipped, told

_MEBIBYTE = 2**20
_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
_PARALLEL = 100
_PATIENCE_SECONDS = 10.0
_PINGS = 20


def _compression(receiver: Receiver) -> Seen:
    body = samples.logs(100).SerializeToString()
    kinds = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}
    answers = {name: receiver.grpc.export(LOGS, body, kind) for name, kind in kinds.items()}
    return judged(all(a.ok for a in answers.values()), ", ".join(f"{name} {a}" for name, a in answers.items()))


def _recommended(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.of_size(4 * _MEBIBYTE + 1))
    return judged(answer.ok, str(answer))


def _too_large(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.of_size(receiver.limit + 1))
    return judged(answer.code is _EXHAUSTED, str(answer))


def _bomb(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.of_size(receiver.limit + 1), grpc.Compression.Gzip)
    return judged(answer.code is _EXHAUSTED, str(answer))


def _not_retryable(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.of_size(receiver.limit + 1))
    if answer.code is not _EXHAUSTED:
        return skipped(f"was not refused with RESOURCE_EXHAUSTED: {answer}")
    return judged(not answer.retry_info, "RetryInfo in it" if answer.retry_info else "no RetryInfo")


def _parallel(receiver: Receiver) -> Seen:
    """Each with its own number of bad spans, so that answers that got mixed up show."""
    bodies = [samples.traces(1, number, number).SerializeToString() for number in range(_PARALLEL)]
    begun = time.monotonic()
    answers = receiver.grpc.export_all(TRACES, bodies)
    seconds = time.monotonic() - begun
    bad = next((a for a in answers if not a.ok), None)
    if bad is not None:
        return judged(False, f"{sum(not a.ok for a in answers)} of {_PARALLEL} failed, one with {bad}")
    rejected = [ExportTraceServiceResponse.FromString(a.body).partial_success.rejected_spans for a in answers]
    mixed = any(rejected) and rejected != list(range(_PARALLEL))
    text = f"{_PARALLEL} answered in {seconds:.1f} s{', answers mixed up' if mixed else ''}"
    return judged(not mixed and seconds < _PATIENCE_SECONDS, text)


def _small_answer(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(TRACES, samples.traces(0, 100_000).SerializeToString())
    good = (answer.ok or answer.code is _EXHAUSTED) and len(answer.body) < 4 * _MEBIBYTE
    return judged(good, f"{answer}, {len(answer.body)} bytes")


def _full_success(receiver: Receiver) -> Seen:
    logged = receiver.grpc.export(LOGS, samples.logs(2).SerializeToString())
    traced = receiver.grpc.export(TRACES, samples.traces(2).SerializeToString())
    if not (logged.ok and traced.ok):
        return judged(False, f"logs {logged}, traces {traced}")
    unset = not (
        ExportLogsServiceResponse.FromString(logged.body).HasField("partial_success")
        or ExportTraceServiceResponse.FromString(traced.body).HasField("partial_success")
    )
    return judged(unset, "OK, partial_success " + ("unset" if unset else "set"))


def _empty(receiver: Receiver) -> Seen:
    answers = [receiver.grpc.export(method, b"") for method in (LOGS, TRACES)]
    return judged(all(a.ok for a in answers), ", ".join(map(str, answers)))


def _envelope(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.empty_envelope().SerializeToString())
    return judged(answer.ok, str(answer))


def _partial(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(TRACES, samples.traces(2, 3).SerializeToString())
    if not answer.ok:
        return judged(False, str(answer))
    partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
    if not partial.rejected_spans:
        return skipped("takes spans without ids, so nothing was rejected")
    text = f"rejected_spans={partial.rejected_spans}, {partial.error_message[:60]!r}"
    return judged(partial.rejected_spans == 3 and bool(partial.error_message), text)


def _warning(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.logs(1, service="").SerializeToString())
    partial = ExportLogsServiceResponse.FromString(answer.body).partial_success
    if answer.ok and not partial.rejected_log_records and not partial.error_message:
        return told("no warning")
    good = answer.ok and not partial.rejected_log_records
    return judged(good, f"{answer}, rejected={partial.rejected_log_records}, {partial.error_message[:60]!r}")


def _undecodable(receiver: Receiver) -> Seen:
    answers = [receiver.grpc.export(LOGS, body) for body in (b"\xff\xff", b"\x0a\x7fcut short")]
    good = all(a.code is grpc.StatusCode.INVALID_ARGUMENT for a in answers)
    return judged(good, str(answers[0]))


def _bad_request(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, b"\xff\xff")
    return judged(answer.bad_request, "BadRequest in the details" if answer.bad_request else "no BadRequest")


def _throttling(receiver: Receiver) -> Seen:
    return skipped("needs a receiver that is behind, which can't be brought about from outside")


def _port(receiver: Receiver) -> Seen:
    return told(f"port {receiver.grpc.address.rpartition(':')[2]}")


def _unknown_field(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.with_unknown_field(samples.logs().SerializeToString()))
    return judged(answer.ok, str(answer))


def _every_kind(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.every_kind().SerializeToString())
    return judged(answer.ok, str(answer))


def _deep(receiver: Receiver) -> Seen:
    answer = receiver.grpc.export(LOGS, samples.nested(2000))
    after = receiver.grpc.export(LOGS, samples.logs().SerializeToString())
    return judged(after.ok, f"{answer}; afterwards {after}")


def _unknown_service(receiver: Receiver) -> Seen:
    return told(str(receiver.grpc.export(PROFILES, b"")))


def _keepalive(receiver: Receiver) -> Seen:
    with receiver.grpc.by_hand() as connection:
        answered, said = connection.pings(_PINGS)
    return told(f"{answered} of {_PINGS} answered" + (f", then GOAWAY {said}" if answered < _PINGS else ""))


def _codec(receiver: Receiver, name: str, compressed: bytes) -> Seen:
    with receiver.grpc.by_hand() as connection:
        found = connection.call(LOGS, receiver.grpc.address, name, compressed)
    code = next((c.name for c in grpc.StatusCode if str(c.value[0]) == found.get("grpc-status")), "no grpc-status")
    return told(f"{code} {found.get('grpc-message', '')[:80]}".strip())


def _zstd(receiver: Receiver) -> Seen:
    return _codec(receiver, "zstd", COMPRESS["zstd"](samples.logs().SerializeToString()))


def _snappy(receiver: Receiver) -> Seen:
    return _codec(receiver, "snappy", EMPTY_SNAPPY)


_GRPC_RESPONSE = "OTLP/gRPC Response"
_ROWS: tuple[tuple[str, Level, str, str, Check], ...] = (
    ("1", Level.MUST, "Protocol Details", "compression none and gzip are both accepted", _compression),
    (
        "2.size",
        Level.SHOULD,
        "OTLP/gRPC Request",
        "a message of 4 MiB + 1 is accepted (64 MiB recommended)",
        _recommended,
    ),
    ("2.limit", Level.MUST, "OTLP/gRPC Request", "a message beyond the limit is RESOURCE_EXHAUSTED", _too_large),
    ("2.bomb", Level.MUST, "OTLP/gRPC Request", "the limit holds after decompression too", _bomb),
    ("3", Level.MUST, "OTLP/gRPC Request", "beyond the limit is not retryable: no RetryInfo", _not_retryable),
    ("4", Level.SHOULD, "OTLP/gRPC Concurrent Requests", "100 at a time, each gets its own answer", _parallel),
    ("5", Level.MUST, _GRPC_RESPONSE, "100000 bad spans are answered in less than 4 MiB", _small_answer),
    ("6", Level.MUST, "Full Success", "partial_success is unset", _full_success),
    ("7.empty", Level.SHOULD, "Full Success", "an empty request is a success", _empty),
    ("7.envelope", Level.SHOULD, "Full Success", "a resource with no record is a success", _envelope),
    ("8", Level.MUST, "Partial Success", "2 spans and 3 without ids: rejected_spans=3, and why", _partial),
    ("9", Level.MAY, "Partial Success", "a warning has rejected=0 and a message", _warning),
    ("11.code", Level.SHOULD, "Failures", "undecodable bytes are INVALID_ARGUMENT", _undecodable),
    ("11.detail", Level.SHOULD, "Failures", "with BadRequest in the details", _bad_request),
    ("12", Level.SHOULD, "OTLP/gRPC Throttling", "overload is UNAVAILABLE with RetryInfo", _throttling),
    ("13", Level.INFO, "OTLP/gRPC Default Port", "4317 by default", _port),
    ("24", Level.MUST, "Future Versions and Interoperability", "unknown fields are ignored", _unknown_field),
    ("25.kinds", Level.SHOULD, "proto 1.9.0 (#707)", "values of every kind, empty and mixed ones too", _every_kind),
    ("25.depth", Level.SHOULD, "proto 1.9.0 (#707)", "a value 2000 deep does no harm", _deep),
    ("27", Level.INFO, "none: a signal not served", "UNIMPLEMENTED", _unknown_service),
    ("ping", Level.INFO, "none: gRPC keepalive", "20 pings in a row on an idle connection are answered", _keepalive),
    ("zstd", Level.INFO, "none: gRPC compression", "accepted, or UNIMPLEMENTED", _zstd),
    ("snappy", Level.INFO, "none: gRPC compression", "accepted, or UNIMPLEMENTED", _snappy),
)
ROWS = tuple(
    Row(f"grpc.{name}", Door.GRPC, level, section, demanded, check) for name, level, section, demanded, check in _ROWS
)
