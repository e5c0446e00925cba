"""OTLP/JSON, which is not protobuf's own JSON."""

from __future__ import annotations

import json
import time

from clients.conformance import json_samples, samples
from clients.conformance.http_speaker import JSON, LOGS, TRACES
from clients.conformance.receiver import Receiver
from clients.conformance.row import Check, Door, Level, Row, Seen, judged, skipped, told

# What hex never is, and base64 may be.
_NO_HEX = "zz" * 16


def _shapes(receiver: Receiver) -> Seen:
    logged = receiver.http.post(LOGS, json_samples.logs(), JSON)
    traced = receiver.http.post(TRACES, json_samples.traces(), JSON)
    return judged(logged.code == traced.code == 200, f"logs {logged.code}, traces {traced.code}")


def _same_type(receiver: Receiver) -> Seen:
    answer = receiver.http.post(TRACES, json_samples.traces(), JSON)
    try:
        document = json.loads(answer.body)
    except ValueError:
        return judged(False, f"{answer}, not JSON")
    good = answer.code == 200 and answer.content_type == JSON and not document.get("partialSuccess")
    return judged(good, f"{answer}, {json.dumps(document)[:60]}")


def _partial(receiver: Receiver) -> Seen:
    answer = receiver.http.post(TRACES, json_samples.traces({"traceId": "", "spanId": ""}), JSON)
    if answer.code != 200:
        return judged(False, str(answer))
    partial = json.loads(answer.body).get("partialSuccess") or {}
    if not int(partial.get("rejectedSpans", 0)):
        return skipped("takes spans without ids, so nothing was rejected")
    good = answer.content_type == JSON and int(partial["rejectedSpans"]) == 1 and bool(partial.get("errorMessage"))
    return judged(good, f"{answer}, rejectedSpans={partial['rejectedSpans']}")


def _hex(receiver: Receiver) -> Seen:
    """A receiver that reads base64 gets ids of 24 bytes: it takes what is no hex, or rejects what is."""
    now = time.time_ns()
    upper = {"traceId": f"{now | 0xABCDEF << 80:032X}", "spanId": f"{now % 2**60 | 0xA << 60:016X}"}
    lower = {"traceId": f"{now | 0xABCDEF << 81:032x}", "spanId": f"{now % 2**60 | 0xB << 60:016x}"}
    answers = {
        "upper case": receiver.http.post(TRACES, json_samples.traces(upper), JSON),
        "lower case": receiver.http.post(TRACES, json_samples.traces(lower), JSON),
    }
    good = all(a.code == 200 and not json.loads(a.body).get("partialSuccess") for a in answers.values())
    other = receiver.http.post(TRACES, json_samples.traces({"traceId": _NO_HEX}), JSON)
    refused = other.code == 400 or bool(json.loads(other.body).get("partialSuccess"))
    texts = [f"{name} {answer.code}" for name, answer in answers.items()]
    return judged(good and refused, ", ".join([*texts, f"not hex {other.code}"]))


def _unknown_fields(receiver: Receiver) -> Seen:
    bodies = (
        json_samples.logs({"later": {"deep": [1, None]}}, laterToo=[{}]),
        json_samples.traces({"later": "text"}, laterToo=None),
    )
    codes = [receiver.http.post(path, body, JSON).code for path, body in zip((LOGS, TRACES), bodies, strict=True)]
    return judged(codes == [200, 200], ", ".join(map(str, codes)))


def _integers(receiver: Receiver) -> Seen:
    now = time.time_ns()
    codes = {
        "string": receiver.http.post(LOGS, json_samples.logs({"timeUnixNano": str(now)}), JSON).code,
        "number": receiver.http.post(LOGS, json_samples.logs({"timeUnixNano": now}), JSON).code,
    }
    return judged(set(codes.values()) == {200}, ", ".join(f"{name} {code}" for name, code in codes.items()))


def _enums(receiver: Receiver) -> Seen:
    codes = [
        receiver.http.post(LOGS, json_samples.logs({"severityNumber": 17}), JSON).code,
        receiver.http.post(TRACES, json_samples.traces({"kind": 3, "status": {"code": 2}}), JSON).code,
    ]
    return judged(codes == [200, 200], ", ".join(map(str, codes)))


def _enum_names(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, json_samples.logs({"severityNumber": "SEVERITY_NUMBER_INFO"}), JSON)
    return told({200: "taken", 400: "refused"}.get(answer.code, str(answer)))


def _snake_case(receiver: Receiver) -> Seen:
    """A key that is not known is ignored, whatever stands behind it; one that is known can't hold this."""
    answer = receiver.http.post(LOGS, b'{"resource_logs": "no array"}', JSON)
    return told("ignored, as not known" if answer.code == 200 else f"read as a field: {answer.code}")


def _charset(receiver: Receiver) -> Seen:
    answer = receiver.http.post(LOGS, json_samples.logs(), f"{JSON}; charset=utf-8")
    return judged(answer.code == 200 and answer.content_type == JSON, str(answer))


def _empty(receiver: Receiver) -> Seen:
    codes = [receiver.http.post(path, b"{}", JSON).code for path in (LOGS, TRACES)]
    return judged(codes == [200, 200], ", ".join(map(str, codes)))


def _deep(receiver: Receiver) -> Seen:
    bombs = (b"[" * 100_000, b'{"resourceLogs":' * 20_000)
    answers = [receiver.http.post(LOGS, bomb, JSON) for bomb in bombs]
    after = receiver.http.post(LOGS, samples.logs().SerializeToString())
    good = after.code == 200 and all(a.code == 400 for a in answers)
    return judged(good, f"{', '.join(str(a.code) for a in answers)}; afterwards {after.code}")


_SECTION = "JSON Protobuf Encoding"
_ROWS: tuple[tuple[str, Level, str, str, Check], ...] = (
    ("16.shape", Level.MUST, _SECTION, "logs and traces as in the specification's examples", _shapes),
    ("16.hex", Level.MUST, _SECTION, "ids are hex, in either case, and never base64", _hex),
    ("16.unknown", Level.MUST, _SECTION, "unknown fields are ignored", _unknown_fields),
    ("16.integers", Level.MUST, _SECTION, "64-bit integers as strings and as numbers", _integers),
    ("16.enums", Level.MUST, _SECTION, "enums as numbers", _enums),
    ("16.names", Level.INFO, _SECTION, "enums by name are not valid", _enum_names),
    ("16.keys", Level.INFO, _SECTION, "keys in snake_case are not valid", _snake_case),
    ("16.charset", Level.SHOULD, _SECTION, "a charset behind the content type changes nothing", _charset),
    ("16.depth", Level.SHOULD, _SECTION, "JSON nested without end is 400 and does no harm", _deep),
    ("7", Level.SHOULD, "Full Success", "an empty request is a success", _empty),
    ("18", Level.MUST, "OTLP/HTTP Response", "JSON is answered with JSON, full success with nothing in it", _same_type),
    ("18.partial", Level.MUST, "OTLP/HTTP Response", "and partial success with 200 and JSON", _partial),
)
ROWS = tuple(
    Row(f"json.{name}", Door.HTTP, level, section, demanded, check) for name, level, section, demanded, check in _ROWS
)
