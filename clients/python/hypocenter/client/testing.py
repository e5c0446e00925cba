"""A Hypocenter for tests: a real gRPC server on a free port of this machine, that remembers and fails on demand.

with RememberingServer() as server, Client(server.address) as client:
    server.put(Incident(name="incidents/a", title="checkout fails"))
    assert [i.title for i in client.list_incidents()] == ["checkout fails"]
    assert server.requests[-1] == ListIncidentsRequest()
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent import futures
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, TypeVar

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from hypocenter.v1 import (
    incident_pb2,
    incident_service_pb2,
    incident_service_pb2_grpc,
    log_pb2,
    log_service_pb2,
    log_service_pb2_grpc,
    root_cause_pb2,
    root_cause_service_pb2,
    root_cause_service_pb2_grpc,
    service_graph_pb2,
)

_DEFAULT_PAGE_SIZE = 50
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error: code, message, and messages to attach (ErrorInfo, BadRequest, RetryInfo)."""

    code: grpc.StatusCode
    message: str = "on demand"
    details: tuple[Message, ...] = ()


class RememberingServer:
    """The whole API over what was put in. Attributes are read and set by the test; `requests` is what came."""

    def __init__(self) -> None:
        self.incidents: dict[str, incident_pb2.Incident] = {}
        self.entries: list[log_pb2.LogEntry] = []
        # Of every page of entries.
        self.incomplete_reason = log_service_pb2.SearchLogsResponse.INCOMPLETE_REASON_UNSPECIFIED
        self.templates: list[log_pb2.LogTemplate] = []
        self.diagnosis = root_cause_pb2.Diagnosis()
        self.service_graph = service_graph_pb2.ServiceGraph()
        self.analysis = log_service_pb2.AnalyzeLogsResponse()
        self.answer: list[root_cause_service_pb2.AnswerQuestionResponse] = []
        self.requests: list[Message] = []
        self.metadata: list[dict[str, str | bytes]] = []
        # Resume tokens below this are too old.
        self.oldest_token = 0
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._events: list[incident_service_pb2.WatchIncidentsResponse] = []
        self._changed = threading.Condition()
        self._cut: tuple[int, Failure] = (0, Failure(grpc.StatusCode.UNAVAILABLE))
        self.watching = 0
        self._server: grpc.Server | None = None
        self.address = "127.0.0.1:0"

    def start(self) -> None:
        """Listen: the first time on a free port, later on the same one."""
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        log_service_pb2_grpc.add_LogServiceServicer_to_server(_Logs(self), server)
        incident_service_pb2_grpc.add_IncidentServiceServicer_to_server(_Incidents(self), server)
        root_cause_service_pb2_grpc.add_RootCauseServiceServicer_to_server(_Causes(self), server)
        self.address = f"127.0.0.1:{server.add_insecure_port(self.address)}"
        server.start()
        self._server = server

    def stop(self) -> None:
        """Stop listening and cut what is under way. What was remembered stays."""
        if self._server is not None:
            self.cut_watches(Failure(grpc.StatusCode.UNAVAILABLE, "stopping"))
            self._server.stop(grace=None).wait()
            self._server = None

    def __enter__(self) -> RememberingServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def put(
        self,
        incident: incident_pb2.Incident,
        event_type: incident_service_pb2.WatchIncidentsResponse.EventType = (
            incident_service_pb2.WatchIncidentsResponse.EVENT_TYPE_UPDATED
        ),
    ) -> None:
        """Store an incident and tell those who watch."""
        with self._changed:
            self.incidents[incident.name] = incident
            token = str(len(self._events) + 1)
            self._events.append(
                incident_service_pb2.WatchIncidentsResponse(
                    event_type=event_type, incident=incident, resume_token=token
                )
            )
            self._changed.notify_all()

    def fail(self, method: str, *failures: Failure) -> None:
        """Let the next calls of a method ("GetIncident") fail, one for each failure given."""
        self._failures[method].extend(failures)

    def cut_watches(self, failure: Failure) -> None:
        """End all running watches with this error."""
        with self._changed:
            self._cut = (self._cut[0] + 1, failure)
            self._changed.notify_all()

    def wait_until_unwatched(self, timeout: float) -> None:
        """Return when no watch is running, or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.watching == 0, timeout)

    def _receive(self, method: str, request: Message, context: grpc.ServicerContext) -> None:
        self.requests.append(request)
        self.metadata.append({entry[0]: entry[1] for entry in context.invocation_metadata() or ()})
        if self._failures[method]:
            abort(context, self._failures[method].popleft())

    def _find(self, name: str, context: grpc.ServicerContext) -> incident_pb2.Incident:
        if name not in self.incidents:
            info = error_details_pb2.ErrorInfo(reason="INCIDENT_NOT_FOUND", domain="hypocenter")
            abort(context, Failure(grpc.StatusCode.NOT_FOUND, f"there is no incident {name!r}", (info,)))
        return self.incidents[name]

    def _watch(
        self, request: incident_service_pb2.WatchIncidentsRequest, context: grpc.ServicerContext
    ) -> Iterator[incident_service_pb2.WatchIncidentsResponse]:
        response = incident_service_pb2.WatchIncidentsResponse
        context.add_callback(self._wake)
        with self._changed:
            cut, _ = self._cut
            seen = int(request.resume_token or len(self._events))
            current = [] if request.resume_token else list(self.incidents.values())
        if seen < self.oldest_token:
            abort(context, Failure(grpc.StatusCode.OUT_OF_RANGE, "the resume token is too old"))
        for incident in current:
            yield response(event_type=response.EVENT_TYPE_CREATED, incident=incident, resume_token=str(seen))
        yield response(event_type=response.EVENT_TYPE_SYNCED, resume_token=str(seen))
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._cut[0] != cut or len(self._events) > seen or not context.is_active()  # noqa: B023
                )
                if not context.is_active():
                    return
                if self._cut[0] != cut:
                    abort(context, self._cut[1])
                fresh = self._events[seen:]
            yield from fresh
            seen += len(fresh)

    def _count_watch(self, change: int) -> None:
        with self._changed:
            self.watching += change
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Logs(log_service_pb2_grpc.LogServiceServicer):
    def __init__(self, memory: RememberingServer) -> None:
        self._memory = memory

    def AnalyzeLogs(
        self, request: log_service_pb2.AnalyzeLogsRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.AnalyzeLogsResponse:
        self._memory._receive("AnalyzeLogs", request, context)
        return self._memory.analysis

    def SearchLogs(
        self, request: log_service_pb2.SearchLogsRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.SearchLogsResponse:
        self._memory._receive("SearchLogs", request, context)
        page, token = _page(self._memory.entries, request.page_size, request.page_token)
        return log_service_pb2.SearchLogsResponse(
            entries=page, next_page_token=token, incomplete_reason=self._memory.incomplete_reason
        )

    def ListLogTemplates(
        self, request: log_service_pb2.ListLogTemplatesRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.ListLogTemplatesResponse:
        self._memory._receive("ListLogTemplates", request, context)
        page, token = _page(self._memory.templates, request.page_size, request.page_token)
        return log_service_pb2.ListLogTemplatesResponse(templates=page, next_page_token=token)


class _Incidents(incident_service_pb2_grpc.IncidentServiceServicer):
    def __init__(self, memory: RememberingServer) -> None:
        self._memory = memory

    def GetIncident(
        self, request: incident_service_pb2.GetIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.GetIncidentResponse:
        self._memory._receive("GetIncident", request, context)
        return incident_service_pb2.GetIncidentResponse(incident=self._memory._find(request.name, context))

    def ListIncidents(
        self, request: incident_service_pb2.ListIncidentsRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.ListIncidentsResponse:
        self._memory._receive("ListIncidents", request, context)
        page, token = _page(list(self._memory.incidents.values()), request.page_size, request.page_token)
        return incident_service_pb2.ListIncidentsResponse(incidents=page, next_page_token=token)

    def SearchIncidents(
        self, request: incident_service_pb2.SearchIncidentsRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.SearchIncidentsResponse:
        self._memory._receive("SearchIncidents", request, context)
        found = [i for i in self._memory.incidents.values() if request.query.lower() in i.title.lower()]
        page, token = _page(found, request.page_size, request.page_token)
        match = incident_service_pb2.SearchIncidentsResponse.Match
        matches = [match(incident=incident, score=1.0) for incident in page]
        return incident_service_pb2.SearchIncidentsResponse(matches=matches, next_page_token=token)

    def UpdateIncident(
        self, request: incident_service_pb2.UpdateIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.UpdateIncidentResponse:
        self._memory._receive("UpdateIncident", request, context)
        incident = self._copy(request.incident.name, request.incident.etag, context)
        mask = request.update_mask
        if not mask.paths:
            mask = FieldMask(paths=["title", "severity", "labels", "resolution"])
        incident.MergeFrom(_masked(request.incident, mask))
        return incident_service_pb2.UpdateIncidentResponse(incident=self._store(incident))

    def AcknowledgeIncident(
        self, request: incident_service_pb2.AcknowledgeIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.AcknowledgeIncidentResponse:
        self._memory._receive("AcknowledgeIncident", request, context)
        incident = self._copy(request.name, request.etag, context)
        incident.state = incident_pb2.Incident.STATE_ACKNOWLEDGED
        return incident_service_pb2.AcknowledgeIncidentResponse(incident=self._store(incident))

    def ResolveIncident(
        self, request: incident_service_pb2.ResolveIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.ResolveIncidentResponse:
        self._memory._receive("ResolveIncident", request, context)
        incident = self._copy(request.name, request.etag, context)
        incident.state = incident_pb2.Incident.STATE_RESOLVED
        incident.resolution = request.resolution
        return incident_service_pb2.ResolveIncidentResponse(incident=self._store(incident))

    def WatchIncidents(
        self, request: incident_service_pb2.WatchIncidentsRequest, context: grpc.ServicerContext
    ) -> Iterator[incident_service_pb2.WatchIncidentsResponse]:
        self._memory._receive("WatchIncidents", request, context)
        self._memory._count_watch(1)
        try:
            yield from self._memory._watch(request, context)
        finally:
            self._memory._count_watch(-1)

    def _copy(self, name: str, etag: str, context: grpc.ServicerContext) -> incident_pb2.Incident:
        incident = incident_pb2.Incident()
        incident.CopyFrom(self._memory._find(name, context))
        if etag and etag != incident.etag:
            abort(context, Failure(grpc.StatusCode.ABORTED, "the incident changed meanwhile"))
        return incident

    def _store(self, incident: incident_pb2.Incident) -> incident_pb2.Incident:
        incident.etag = f"{incident.etag}+"
        self._memory.put(incident)
        return incident


class _Causes(root_cause_service_pb2_grpc.RootCauseServiceServicer):
    def __init__(self, memory: RememberingServer) -> None:
        self._memory = memory

    def AnalyzeRootCause(
        self, request: root_cause_service_pb2.AnalyzeRootCauseRequest, context: grpc.ServicerContext
    ) -> root_cause_service_pb2.AnalyzeRootCauseResponse:
        self._memory._receive("AnalyzeRootCause", request, context)
        return root_cause_service_pb2.AnalyzeRootCauseResponse(diagnosis=self._memory.diagnosis)

    def GetServiceGraph(
        self, request: root_cause_service_pb2.GetServiceGraphRequest, context: grpc.ServicerContext
    ) -> root_cause_service_pb2.GetServiceGraphResponse:
        self._memory._receive("GetServiceGraph", request, context)
        return root_cause_service_pb2.GetServiceGraphResponse(service_graph=self._memory.service_graph)

    def AnswerQuestion(
        self, request: root_cause_service_pb2.AnswerQuestionRequest, context: grpc.ServicerContext
    ) -> Iterator[root_cause_service_pb2.AnswerQuestionResponse]:
        self._memory._receive("AnswerQuestion", request, context)
        yield from self._memory.answer


def _page(items: Sequence[Item], size: int, token: str) -> tuple[Sequence[Item], str]:
    start = int(token or 0)
    end = start + (size or _DEFAULT_PAGE_SIZE)
    return items[start:end], str(end) if end < len(items) else ""


def _masked(incident: incident_pb2.Incident, mask: FieldMask) -> incident_pb2.Incident:
    chosen = incident_pb2.Incident()
    mask.MergeMessage(incident, chosen)
    return chosen


def abort(context: grpc.ServicerContext, failure: Failure) -> NoReturn:
    """End a call with the failure and what is attached to it."""
    attached = []
    for detail in failure.details:
        packed = Any()
        packed.Pack(detail)
        attached.append(packed)
    if attached:
        status = status_pb2.Status(code=failure.code.value[0], message=failure.message, details=attached)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(failure.code, failure.message)
    raise AssertionError("abort returned")
