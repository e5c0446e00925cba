"""OTLP/HTTP in protobuf, and what holds for both encodings."""

from __future__ import annotations

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from clients.conformance import json_samples, samples
from clients.conformance.codings import COMPRESS
from clients.conformance.http_speaker import JSON, LOGS, PROTOBUF, TRACES, HttpAnswer
from clients.conformance.receiver import Receiver
from clients.conformance.row import Check, Door, Level, Row, Seen, judged, skipped, told

_ORIGIN = "https://elsewhere.example"


def _paths(receiver: Receiver) -> Seen:
    logged = receiver.http.post(LOGS, samples.logs().SerializeToString())
    traced = receiver.http.post(TRACES, samples.traces().SerializeToString())
    return judged(logged.code == traced.code == 200, f"{LOGS} {logged.code}, {TRACES} {traced.code}")


def _compression(receiver: Receiver) -> Seen:
    body = samples.logs(100).SerializeToString()
    codes = {
        "none": receiver.http.post(LOGS, body).code,
        "gzip": receiver.http.post(LOGS, COMPRESS["gzip"](body), coding="gzip").code,
    }
    return judged(set(codes.values()) == {200}, ", ".join(f"{name} {code}" for name, code in codes.items()))


def _other_codings(receiver: Receiver) -> Seen:
    body = samples.logs(100).SerializeToString()
    codes = {name: receiver.http.post(LOGS, COMPRESS[name](body), coding=name).code for name in ("deflate", "zstd")}
    return told(", ".join(f"{name} {code}" for name, code in codes.items()))


def _full_success(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, samples.logs().SerializeToString())
    if answer.code != 200:
        return judged(False, str(answer))
    unset = not ExportLogsServiceResponse.FromString(answer.body).HasField("partial_success")
    return judged(unset, "200, partial_success " + ("unset" if unset else "set"))


def _empty(receiver: Receiver) -> Seen:
    codes = [receiver.http.post(path, b"").code for path in (LOGS, TRACES)]
    return judged(codes == [200, 200], ", ".join(map(str, codes)))


def _partial(receiver: Receiver) -> Seen:
    answer = receiver.http.post(TRACES, samples.traces(2, 3).SerializeToString())
    if answer.code != 200:
        return judged(False, str(answer))
    partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
    if not partial.rejected_spans:
        return skipped("takes spans without ids, so nothing was rejected")
    text = f"200, rejected_spans={partial.rejected_spans}, {partial.error_message[:60]!r}"
    return judged(partial.rejected_spans == 3 and bool(partial.error_message), text)


def _method(receiver: Receiver) -> Seen:
    answer = receiver.http.request("GET", LOGS, {"Content-Type": PROTOBUF})
    return judged(answer.code == 405, str(answer))


def _content_type(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, b"", "text/plain")
    return judged(answer.code == 415, str(answer))


def _path(receiver: Receiver) -> Seen:
    answer = receiver.http.post("/v1/nothing", b"")
    return judged(answer.code == 404, str(answer))


def _protobuf(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, samples.logs().SerializeToString())
    return judged(answer.code == 200 and answer.content_type == PROTOBUF, str(answer))


def _recommended(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, samples.of_size(4 * 2**20 + 1))
    return judged(answer.code == 200, str(answer))


def _too_large(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, samples.of_size(receiver.limit + 1))
    return judged(answer.code == 413, str(answer))


def _bomb(receiver: Receiver) -> Seen:
    plain = samples.of_size(receiver.limit + 1)
    answer = receiver.http.post(LOGS, COMPRESS["gzip"](plain), coding="gzip")
    return judged(answer.code == 413, str(answer))


def _status_protobuf(receiver: Receiver) -> Seen:
    return _status(receiver.http.post(LOGS, b"\xff\xff"), PROTOBUF)


def _status_json(receiver: Receiver) -> Seen:
    return _status(receiver.http.post(LOGS, b"{", JSON), JSON)


def _status(answer: HttpAnswer, encoding: str) -> Seen:
    status = answer.status()
    good = answer.code >= 400 and answer.content_type == encoding and status is not None
    return judged(good, f"{answer}, {status.message[:60]!r}" if status is not None else f"{answer}, no Status")


def _status_elsewhere(receiver: Receiver) -> Seen:
    """Of refusals that a web framework likes to answer by itself."""
    answers = {
        "404": receiver.http.post("/v1/nothing", b"", JSON),
        "405": receiver.http.request("GET", LOGS, {"Content-Type": PROTOBUF}),
        "413": receiver.http.post(LOGS, COMPRESS["gzip"](samples.of_size(receiver.limit + 1)), coding="gzip"),
        "415": receiver.http.post(LOGS, b"", "text/plain"),
    }
    without = [name for name, answer in answers.items() if answer.code >= 400 and answer.status() is None]
    tried = [name for name, answer in answers.items() if answer.code >= 400]
    return judged(not without, f"none on {', '.join(without)}" if without else f"on {', '.join(tried)}")


def _undecodable(receiver: Receiver) -> Seen:
    codes = {
        "protobuf": receiver.http.post(LOGS, b"\x0a\x7fcut short").code,
        "JSON": receiver.http.post(LOGS, b'{"resourceLogs": [', JSON).code,
        "gzip": receiver.http.post(LOGS, COMPRESS["gzip"](samples.logs().SerializeToString())[:-9], coding="gzip").code,
    }
    return judged(set(codes.values()) == {400}, ", ".join(f"{name} {code}" for name, code in codes.items()))


def _bad_request(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, b"\xff\xff")
    return judged(answer.bad_request, "BadRequest in the details" if answer.bad_request else "no BadRequest")


def _throttling(receiver: Receiver) -> Seen:
    return skipped("needs a receiver that is behind, which can't be brought about from outside")


def _both(receiver: Receiver) -> Seen:
    answers = (
        receiver.http.post(LOGS, samples.logs().SerializeToString(), PROTOBUF),
        receiver.http.post(LOGS, json_samples.logs(), JSON),
    )
    return judged(all(a.code == 200 for a in answers), ", ".join(map(str, answers)))


def _port(receiver: Receiver) -> Seen:
    return told(f"port {receiver.http.address.rpartition(':')[2]}")


def _unknown_field(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, samples.with_unknown_field(samples.logs().SerializeToString()))
    return judged(answer.code == 200, str(answer))


def _every_kind(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, samples.every_kind().SerializeToString())
    return judged(answer.code == 200, str(answer))


def _cors(receiver: Receiver) -> Seen:
    headers = {"Origin": _ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = receiver.http.request("OPTIONS", LOGS, headers).headers.get("access-control-allow-origin")
    return told(f"allows {allowed}" if allowed else "off")


_REQUEST, _FAILURES = "OTLP/HTTP Request", "OTLP/HTTP Failures"
_ROWS: tuple[tuple[str, Level, str, str, Check], ...] = (
    ("1", Level.MUST, "Protocol Details", "compression none and gzip are both accepted", _compression),
    ("1.more", Level.INFO, "Protocol Details", "deflate and zstd", _other_codings),
    ("6", Level.MUST, "Full Success", "partial_success is unset", _full_success),
    ("7", Level.SHOULD, "Full Success", "an empty request is a success", _empty),
    ("8", Level.MUST, "Partial Success", "200; 2 spans and 3 without ids: rejected_spans=3, and why", _partial),
    ("13", Level.INFO, "OTLP/HTTP Default Port", "4318 by default", _port),
    ("14.paths", Level.MUST, _REQUEST, "POST /v1/logs and /v1/traces", _paths),
    ("14.method", Level.SHOULD, _REQUEST, "GET is 405", _method),
    ("14.type", Level.SHOULD, _REQUEST, "an unknown content type is 415", _content_type),
    ("14.path", Level.SHOULD, _REQUEST, "an unknown path is 404", _path),
    ("15", Level.MUST, "Binary Protobuf Encoding", f"{PROTOBUF} both ways", _protobuf),
    ("17.size", Level.SHOULD, _REQUEST, "a body of 4 MiB + 1 is accepted (64 MiB recommended)", _recommended),
    ("17.limit", Level.MUST, _REQUEST, "a body beyond the limit is 413", _too_large),
    ("17.bomb", Level.MUST, _REQUEST, "the limit holds after decompression too", _bomb),
    ("19.protobuf", Level.MUST, _FAILURES, "a refusal has a google.rpc.Status in protobuf", _status_protobuf),
    ("19.json", Level.MUST, _FAILURES, "or in JSON for who sends JSON", _status_json),
    ("19.all", Level.MUST, _FAILURES, "on 404, 405, 413 and 415 too", _status_elsewhere),
    ("21", Level.MUST, "Bad Data", "cut protobuf, JSON and gzip are 400", _undecodable),
    ("21.detail", Level.SHOULD, "Bad Data", "with BadRequest in the details", _bad_request),
    ("22", Level.SHOULD, "OTLP/HTTP Throttling", "overload is 429 or 503, with Retry-After", _throttling),
    ("23", Level.SHOULD, "OTLP/HTTP Connection", "protobuf and JSON on one port", _both),
    ("24", Level.MUST, "Future Versions and Interoperability", "unknown fields are ignored", _unknown_field),
    ("25", Level.SHOULD, "proto 1.9.0 (#707)", "values of every kind, empty and mixed ones too", _every_kind),
    ("27", Level.INFO, "none: CORS", "off by default", _cors),
)
ROWS = tuple(
    Row(f"http.{name}", Door.HTTP, level, section, demanded, check) for name, level, section, demanded, check in _ROWS
)
