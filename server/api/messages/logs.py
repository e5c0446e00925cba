"""Templates and kept records to LogTemplate and LogEntry."""

from hypocenter.v1 import log_pb2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey
from analyzers.summary import TemplateCount
from server.api.messages.services import to_service
from server.api.messages.timestamps import to_timestamp

# TemplateCount starts from here, so that any time is earlier.
_NEVER = 2**63 - 1
_HIGHEST_SEVERITY = 24


def to_log_entry(service: ServiceKey, template_id: str, exemplar: LogExemplar) -> log_pb2.LogEntry:
    return log_pb2.LogEntry(
        service_name=service.name,
        service=to_service(service),
        template_id=template_id,
        pod_name=exemplar.pod,
        scope_name=exemplar.scope,
        record=_record(exemplar),
    )


def to_log_template(service: ServiceKey, template_id: str, count: TemplateCount) -> log_pb2.LogTemplate:
    return log_pb2.LogTemplate(
        template_id=template_id,
        text=count.text,
        count=count.count,
        first_seen_time=to_timestamp(count.first_unix_nano if count.first_unix_nano != _NEVER else 0),
        last_seen_time=to_timestamp(count.last_unix_nano),
        service=to_service(service),
        max_severity_number=count.max_severity,
    )


def _record(exemplar: LogExemplar) -> LogRecord:
    record = LogRecord(
        time_unix_nano=exemplar.time_unix_nano,
        severity_number=_severity_number(exemplar.severity),
        body=AnyValue(string_value=exemplar.body),
        trace_id=exemplar.trace_id,
        span_id=exemplar.span_id,
    )
    if exemplar.exception_type:
        value = AnyValue(string_value=exemplar.exception_type)
        record.attributes.append(KeyValue(key="exception.type", value=value))
    return record


def _severity_number(severity: int) -> SeverityNumber.ValueType:
    """Numbers outside of the data model's 0 to 24 count as unspecified."""
    return SeverityNumber.ValueType(severity if 0 <= severity <= _HIGHEST_SEVERITY else 0)
