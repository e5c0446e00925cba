"""What is read back of a request is what was counted of it: same records, same times, same templates."""

from hypothesis import given, settings
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from analyzers.columns import id_bytes
from analyzers.otlp import DecodeLimits, LogDecoder, Received
from analyzers.templates import TemplateMiner
from server.journal.raw_request import RawRequest, Shapes
from tests.fuzz.messages import LOGS, NOW

LIMITS = DecodeLimits(body_chars=50)
ALWAYS = (-(2**63), 2**63 - 1)


def counted(body: bytes) -> list[tuple[object, ...]]:
    batch = LogDecoder(LIMITS).decode([Received(body, NOW)])
    mined = TemplateMiner().mine(batch)
    return [
        (
            str(batch.resources[batch.resource[row]].service),
            batch.resources[batch.resource[row]].pod,
            batch.scopes[batch.scope[row]],
            int(batch.time_unix_nano[row]),
            int(batch.severity[row]),
            batch.body[row].as_py(),
            id_bytes(*batch.trace_id[row].tolist()),
            id_bytes(int(batch.span_id[row])),
            mined.templates[mined.template[row]],
        )
        for row in range(len(batch))
    ]


@settings(max_examples=150, deadline=None)
@given(LOGS)
def test_what_is_read_back_is_what_was_counted(request: ExportLogsServiceRequest) -> None:
    body = request.SerializeToString()
    lines = RawRequest(body, NOW, LIMITS, Shapes()).lines("", ALWAYS, b"", "", ())
    assert counted(body) == [
        (
            str(line.service),
            line.pod,
            line.scope,
            line.time_unix_nano,
            line.severity,
            line.body,
            line.trace_id,
            line.span_id,
            line.template,
        )
        for line in lines
    ]
