"""What a sender is told, the same through both doors."""

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from server.errors import InvalidInputError, UnavailableError
from server.intake import Outcome


def logs_answer(outcome: Outcome) -> ExportLogsServiceResponse:
    """`partial_success` stays unset when there is nothing to say: senders take it for trouble."""
    response = ExportLogsServiceResponse()
    if outcome.rejected or outcome.message:
        response.partial_success.rejected_log_records = outcome.rejected
        response.partial_success.error_message = outcome.message
    return response


def traces_answer(outcome: Outcome) -> ExportTraceServiceResponse:
    """As `logs_answer`."""
    response = ExportTraceServiceResponse()
    if outcome.rejected or outcome.message:
        response.partial_success.rejected_spans = outcome.rejected
        response.partial_success.error_message = outcome.message
    return response


def status_of(error: InvalidInputError | UnavailableError) -> Status:
    """INVALID_ARGUMENT with BadRequest (final), or UNAVAILABLE with RetryInfo (come back later)."""
    detail = Any()
    if isinstance(error, InvalidInputError):
        violations = [
            BadRequest.FieldViolation(field=item.field, description=item.description) for item in error.violations
        ]
        detail.Pack(BadRequest(field_violations=violations))
        return Status(code=Code.INVALID_ARGUMENT, message=str(error), details=[detail])
    delay = Duration()
    delay.FromMilliseconds(int(error.retry_after * 1000))
    detail.Pack(RetryInfo(retry_delay=delay))
    return Status(code=Code.UNAVAILABLE, message=str(error), details=[detail])
