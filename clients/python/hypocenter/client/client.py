"""The client: one method for each method of the API."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from types import TracebackType
from typing import Protocol, TypeVar

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.client.channel import Tls, bearer, open_channel
from hypocenter.client.errors import from_rpc_error
from hypocenter.client.retry import ONCE, RetryPolicy, call
from hypocenter.client.search import LogSearch
from hypocenter.client.watch import watch
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
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

DEFAULT_TARGET = "127.0.0.1:4319"


class _PagedRequest(Protocol):
    page_token: str


class _PagedResponse(Protocol):
    next_page_token: str


_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_Listing = TypeVar("_Listing", bound=_PagedRequest)
_Page = TypeVar("_Page", bound=_PagedResponse)


class Client:
    """A client of one Hypocenter, safe to share between threads. Close it, or use it in a `with`.

    | argument | meaning |
    |---|---|
    | target   | HOST:PORT of the API |
    | tls      | certificates; without it the system's roots are used, except on this machine |
    | insecure | plaintext to another machine; a token then travels readable |
    | token    | sent as `authorization: Bearer TOKEN` |
    | timeout  | seconds for one call with its retries, unless the method is given its own |
    | retry    | how idempotent calls are repeated; AnalyzeLogs only with a request_id, moves and writes never |

    Methods raise the errors of `hypocenter.client.errors`, and return messages of `hypocenter.v1`. Listing methods
    return iterators that fetch further pages as they are read.
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        tls: Tls | None = None,
        insecure: bool = False,
        token: str | None = None,
        timeout: float = 30.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        if timeout <= 0:
            raise ValueError(f"timeout must be more than 0 seconds, not {timeout}")
        self._timeout = timeout
        self._retry = retry or RetryPolicy()
        self._metadata = bearer(token)
        self._channel = open_channel(target, tls=tls, insecure=insecure)
        self._logs = log_service_pb2_grpc.LogServiceStub(self._channel)
        self._incidents = incident_service_pb2_grpc.IncidentServiceStub(self._channel)
        self._causes = root_cause_service_pb2_grpc.RootCauseServiceStub(self._channel)

    def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def analyze_logs(
        self,
        logs: LogsData | None = None,
        *,
        selector: log_service_pb2.LogSelector | None = None,
        detectors: Sequence[str] = (),
        request_id: str = "",
        allow_language_model: bool = False,
        timeout: float | None = None,
    ) -> log_service_pb2.AnalyzeLogsResponse:
        """Assess logs that are sent along, or that the server holds (`selector`): exactly one of the two.

        With a `request_id` the call is repeated while the server is away, and a repeated call gets the first answer.
        """
        request = log_service_pb2.AnalyzeLogsRequest(
            logs=logs,
            selector=selector,
            detectors=detectors,
            request_id=request_id,
            allow_language_model=allow_language_model,
        )
        return self._call(self._logs.AnalyzeLogs, request, timeout, self._retry if request_id else ONCE)

    def search_logs(
        self, query: str = "", *, filter: str = "", page_size: int = 0, timeout: float | None = None
    ) -> LogSearch:
        """Log entries that are still held and match, newest first. Look at `incomplete_reason` once they are read."""
        request = log_service_pb2.SearchLogsRequest(query=query, filter=filter, page_size=page_size)
        return LogSearch(self._pages(self._logs.SearchLogs, request, timeout))

    def list_log_templates(
        self, service_name: str = "", *, page_size: int = 0, timeout: float | None = None
    ) -> Iterator[log_pb2.LogTemplate]:
        """Templates of one service, or of all, most frequent first."""
        request = log_service_pb2.ListLogTemplatesRequest(service_name=service_name, page_size=page_size)
        for page in self._pages(self._logs.ListLogTemplates, request, timeout):
            yield from page.templates

    def get_incident(
        self,
        name: str,
        *,
        view: incident_pb2.IncidentView = incident_pb2.INCIDENT_VIEW_UNSPECIFIED,
        timeout: float | None = None,
    ) -> incident_pb2.Incident:
        """The incident called `name` ("incidents/{id}")."""
        request = incident_service_pb2.GetIncidentRequest(name=name, view=view)
        return self._call(self._incidents.GetIncident, request, timeout, self._retry).incident

    def list_incidents(
        self,
        *,
        filter: str = "",
        order_by: str = "",
        view: incident_pb2.IncidentView = incident_pb2.INCIDENT_VIEW_UNSPECIFIED,
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Iterator[incident_pb2.Incident]:
        """Incidents that match, newest first unless `order_by` says otherwise. `timeout` is for each page."""
        request = incident_service_pb2.ListIncidentsRequest(
            filter=filter, order_by=order_by, view=view, page_size=page_size
        )
        for page in self._pages(self._incidents.ListIncidents, request, timeout):
            yield from page.incidents

    def search_incidents(
        self, query: str, *, filter: str = "", page_size: int = 0, timeout: float | None = None
    ) -> Iterator[incident_service_pb2.SearchIncidentsResponse.Match]:
        """Incidents that match the words, best first, with their scores."""
        request = incident_service_pb2.SearchIncidentsRequest(query=query, filter=filter, page_size=page_size)
        for page in self._pages(self._incidents.SearchIncidents, request, timeout):
            yield from page.matches

    def update_incident(
        self,
        incident: incident_pb2.Incident,
        *,
        update_mask: Sequence[str] | None = None,
        timeout: float | None = None,
    ) -> incident_pb2.Incident:
        """Write title, severity, labels or resolution: those in the mask, or all that are set. Returns the result.

        With an `etag` in the incident, Conflict when it changed meanwhile.
        """
        mask = None if update_mask is None else FieldMask(paths=update_mask)
        request = incident_service_pb2.UpdateIncidentRequest(incident=incident, update_mask=mask)
        return self._call(self._incidents.UpdateIncident, request, timeout, ONCE).incident

    def acknowledge_incident(self, name: str, *, etag: str = "", timeout: float | None = None) -> incident_pb2.Incident:
        """Say that somebody is on it. Returns the incident as it is then."""
        request = incident_service_pb2.AcknowledgeIncidentRequest(name=name, etag=etag)
        return self._call(self._incidents.AcknowledgeIncident, request, timeout, ONCE).incident

    def resolve_incident(
        self, name: str, resolution: str = "", *, etag: str = "", timeout: float | None = None
    ) -> incident_pb2.Incident:
        """Close an incident and keep what ended it. Returns the incident as it is then."""
        request = incident_service_pb2.ResolveIncidentRequest(name=name, resolution=resolution, etag=etag)
        return self._call(self._incidents.ResolveIncident, request, timeout, ONCE).incident

    def watch_incidents(
        self,
        *,
        filter: str = "",
        resume_token: str = "",
        view: incident_pb2.IncidentView = incident_pb2.INCIDENT_VIEW_UNSPECIFIED,
        reconnect_within: float = 300.0,
    ) -> Generator[incident_service_pb2.WatchIncidentsResponse]:
        """The incidents that match, one SYNCED message, then changes without end.

        A cut stream goes on after the last resume token, for up to `reconnect_within` seconds without a server.
        OutOfRange when the token is too old: watch again without one. Closing the iterator ends the watch.
        """
        request = incident_service_pb2.WatchIncidentsRequest(filter=filter, resume_token=resume_token, view=view)
        return watch(
            lambda request: self._incidents.WatchIncidents(request, metadata=self._metadata),
            request,
            self._retry,
            reconnect_within,
        )

    def analyze_root_cause(
        self,
        incident: str | None = None,
        *,
        symptom: root_cause_service_pb2.Symptom | None = None,
        timeout: float | None = None,
    ) -> root_cause_pb2.Diagnosis:
        """Rank the causes of an incident ("incidents/{id}") or of a symptom: exactly one of the two."""
        request = root_cause_service_pb2.AnalyzeRootCauseRequest(incident=incident, symptom=symptom)
        return self._call(self._causes.AnalyzeRootCause, request, timeout, self._retry).diagnosis

    def get_service_graph(
        self,
        *,
        service_name: str = "",
        depth: int = 0,
        start_time: Timestamp | None = None,
        end_time: Timestamp | None = None,
        timeout: float | None = None,
    ) -> service_graph_pb2.ServiceGraph:
        """Who called whom in a time range, around one service or in the whole system."""
        request = root_cause_service_pb2.GetServiceGraphRequest(
            start_time=start_time, end_time=end_time, service_name=service_name, depth=depth
        )
        return self._call(self._causes.GetServiceGraph, request, timeout, self._retry).service_graph

    def answer_question(
        self, question: str, *, incident: str = "", timeout: float | None = None
    ) -> Generator[root_cause_service_pb2.AnswerQuestionResponse]:
        """The answer in parts, text and citations, as they come. Never repeated: a model may have been paid."""
        request = root_cause_service_pb2.AnswerQuestionRequest(question=question, incident=incident)
        stream = self._causes.AnswerQuestion(request, timeout=self._seconds(timeout), metadata=self._metadata)
        try:
            yield from stream
        except grpc.RpcError as raised:
            raise from_rpc_error(raised) from raised
        finally:
            stream.cancel()

    def _seconds(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else timeout

    def _call(
        self,
        method: grpc.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None,
        policy: RetryPolicy,
    ) -> _Response:
        return call(lambda left: method(request, timeout=left, metadata=self._metadata), policy, self._seconds(timeout))

    def _pages(
        self, method: grpc.UnaryUnaryMultiCallable[_Listing, _Page], request: _Listing, timeout: float | None
    ) -> Iterator[_Page]:
        while True:
            page = self._call(method, request, timeout, self._retry)
            yield page
            # An empty page may still have a next one: only the empty token is the end.
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
