"""Analysis of and search over logs, over the wire."""

from dataclasses import dataclass

import grpc
from hypocenter.v1 import log_pb2, log_service_pb2, log_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from analyzers.service import ServiceKey
from analyzers.summary import TemplateCount
from server.api.backend import Backend
from server.api.kept_answers import KeptAnswers, check_deadline
from server.api.limits import ApiLimits
from server.api.log_search import FoundLog, found_log, log_filter, position, raw_logs, search_logs, together
from server.api.messages.assessments import to_analysis
from server.api.messages.logs import to_log_entry, to_log_template
from server.api.names import matching_services
from server.api.paging import Page, Position
from server.api.time_range import check_range, read_range
from server.errors import FieldViolation, InvalidInputError
from server.journal.raw_lines import RawLineReader, Stopped

_QUERY_CHARS = 1024
_Answer = log_service_pb2.SearchLogsResponse
_REASONS = {
    Stopped.BYTES: _Answer.INCOMPLETE_REASON_BYTES,
    Stopped.SECONDS: _Answer.INCOMPLETE_REASON_TIME,
    Stopped.BUSY: _Answer.INCOMPLETE_REASON_BUSY,
}


class LogService(log_service_pb2_grpc.LogServiceServicer):
    """Raises what `server.api.errors` knows."""

    def __init__(
        self, backend: Backend, max_analyze_records: int, limits: ApiLimits, raw_lines: RawLineReader | None = None
    ) -> None:
        """Without `raw_lines`, only the few records kept of each template are found."""
        self._backend = backend
        self._raw_lines = raw_lines
        self._max_analyze_records = max_analyze_records
        self._answers = KeptAnswers(limits)

    def AnalyzeLogs(
        self, request: log_service_pb2.AnalyzeLogsRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.AnalyzeLogsResponse:
        check_deadline(context)
        violations = self._check_detectors(request)
        source = request.WhichOneof("source")
        if source is None:
            violations.append(FieldViolation("source", "is required: set logs or selector"))
        elif source == "logs":
            violations.extend(self._check_logs(request))
        else:
            violations.extend(check_range(request.selector, "selector.", required=True))
        if violations:
            raise InvalidInputError(*violations)
        return self._answers.answer(request, context, lambda: self._analyze(request))

    def SearchLogs(
        self, request: log_service_pb2.SearchLogsRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.SearchLogsResponse:
        if len(request.query) > _QUERY_CHARS:
            raise InvalidInputError(FieldViolation("query", f"must have at most {_QUERY_CHARS} characters"))
        conditions = log_filter(request.filter)
        page = Page(request, request.page_size, request.page_token, position)
        until = -page.after[0] if page.after and isinstance(page.after[0], int) else None
        found = search_logs(self._backend, request.query, conditions, until)
        reason = _Answer.INCOMPLETE_REASON_UNSPECIFIED
        if self._raw_lines is not None:
            after = page.after

            def wanted(log: FoundLog) -> bool:
                return after is None or position(log) > after

            # One more tells whether there is another page.
            raw = raw_logs(self._raw_lines, request.query, conditions, until, wanted, page.size + 1)
            found = together(map(found_log, raw.lines), found)
            if raw.stopped.early:
                reason = _REASONS[raw.stopped]
        entries, token = page.take(found, _to_entry)
        return _Answer(entries=entries, next_page_token=token, incomplete_reason=reason)

    def ListLogTemplates(
        self, request: log_service_pb2.ListLogTemplatesRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.ListLogTemplatesResponse:
        page = Page(request, request.page_size, request.page_token, _most_frequent_first)
        summary = self._backend.summary(*self._backend.held())
        services = summary.services if summary is not None else {}
        chosen = matching_services(request.service_name, services) if request.service_name else sorted(services)
        seen = [
            _HeldTemplate(service, template_id, count)
            for service in chosen
            for template_id, count in services[service].templates.items()
        ]
        seen.sort(key=_most_frequent_first)
        templates, token = page.take(seen, _to_template)
        return log_service_pb2.ListLogTemplatesResponse(templates=templates, next_page_token=token)

    def _check_detectors(self, request: log_service_pb2.AnalyzeLogsRequest) -> list[FieldViolation]:
        known = self._backend.detector_names
        return [
            FieldViolation(f"detectors[{place}]", f"{name[:40]!r} is unknown; known are {', '.join(known)}")
            for place, name in enumerate(request.detectors)
            if name not in known
        ]

    def _check_logs(self, request: log_service_pb2.AnalyzeLogsRequest) -> list[FieldViolation]:
        most = self._max_analyze_records
        count = sum(len(scope.log_records) for resource in request.logs.resource_logs for scope in resource.scope_logs)
        if count <= most:
            return []
        return [FieldViolation("logs", f"has {count} records, more than {most}; send it in parts")]

    def _analyze(self, request: log_service_pb2.AnalyzeLogsRequest) -> log_service_pb2.AnalyzeLogsResponse:
        detectors = tuple(dict.fromkeys(request.detectors))
        if request.WhichOneof("source") == "logs":
            return to_analysis(self._backend.assess(request.logs, detectors))
        start, end = read_range(request.selector, self._backend.held())
        services = tuple(dict.fromkeys(request.selector.service_names))
        return to_analysis(self._backend.assess_held(services, start, end, detectors))


@dataclass(frozen=True, slots=True)
class _HeldTemplate:
    service: ServiceKey
    template_id: str
    count: TemplateCount


def _most_frequent_first(seen: _HeldTemplate) -> Position:
    return (-seen.count.count, seen.template_id, seen.service.name, seen.service.namespace, seen.service.environment)


def _to_template(seen: _HeldTemplate) -> log_pb2.LogTemplate:
    return to_log_template(seen.service, seen.template_id, seen.count)


def _to_entry(log: FoundLog) -> log_pb2.LogEntry:
    entry = to_log_entry(log.service, log.template_id, log.exemplar)
    if log.attributes:
        # All of them instead of the few that are kept.
        attributes = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in log.attributes]
        del entry.record.attributes[:]
        entry.record.attributes.extend(attributes)
    return entry
