"""The life of incidents, over the wire."""

import secrets
from collections.abc import Iterator

import grpc
from hypocenter.v1 import incident_pb2, incident_service_pb2, incident_service_pb2_grpc

from rca.incident import Incident
from server.api.backend import Backend
from server.api.incident_edit import check_resolution, read_edit
from server.api.incident_fields import incident_filter, incident_order
from server.api.incident_moves import IncidentMoves
from server.api.incident_watch import IncidentWatch, WatchBudget
from server.api.messages.incidents import to_incident
from server.api.names import find_incident, parse_incident
from server.api.paging import Page
from server.errors import FieldViolation, InvalidInputError

_BASIC = incident_pb2.INCIDENT_VIEW_BASIC
_FULL = incident_pb2.INCIDENT_VIEW_FULL
_QUERY_CHARS = 1024
# How many of the best matches a search looks through before the filter.
_SEARCH_LIMIT = 1000


class IncidentService(incident_service_pb2_grpc.IncidentServiceServicer):
    """Answers from the store; changes go through the backend. Raises what `server.api.errors` knows."""

    def __init__(self, backend: Backend, budget: WatchBudget) -> None:
        self._backend = backend
        self._moves = IncidentMoves(backend)
        self._budget = budget
        # Resume tokens count the changes of this process.
        self._epoch = secrets.token_hex(4)

    def GetIncident(
        self, request: incident_service_pb2.GetIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.GetIncidentResponse:
        view = _view(request.view, _FULL)
        incident = find_incident(self._backend.store, request.name, "name")
        return incident_service_pb2.GetIncidentResponse(incident=to_incident(incident, view))

    def ListIncidents(
        self, request: incident_service_pb2.ListIncidentsRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.ListIncidentsResponse:
        view = _view(request.view, _BASIC)
        matches = incident_filter(request.filter).matches
        order = incident_order(request.order_by)

        def position(incident: Incident) -> tuple[int | str, ...]:
            return (*order.key(incident), incident.incident_id)

        page = Page(request, request.page_size, request.page_token, position)
        found = sorted(filter(matches, self._backend.store.list()), key=position)
        incidents, token = page.take(found, lambda incident: to_incident(incident, view))
        return incident_service_pb2.ListIncidentsResponse(incidents=incidents, next_page_token=token)

    def SearchIncidents(
        self, request: incident_service_pb2.SearchIncidentsRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.SearchIncidentsResponse:
        if not request.query.strip():
            raise InvalidInputError(FieldViolation("query", "is required: words to look for"))
        if len(request.query) > _QUERY_CHARS:
            raise InvalidInputError(FieldViolation("query", f"must have at most {_QUERY_CHARS} characters"))
        matches = incident_filter(request.filter).matches
        page = Page(request, request.page_size, request.page_token, _best_first, default=10, maximum=100)
        scored = self._backend.store.search(request.query, _SEARCH_LIMIT)
        found = sorted((match for match in scored if matches(match[0])), key=_best_first)
        found_messages, token = page.take(found, _to_match)
        return incident_service_pb2.SearchIncidentsResponse(matches=found_messages, next_page_token=token)

    def UpdateIncident(
        self, request: incident_service_pb2.UpdateIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.UpdateIncidentResponse:
        incident_id = parse_incident(request.incident.name, "incident.name")
        incident = self._moves.edit(incident_id, request.incident.etag, read_edit(request))
        return incident_service_pb2.UpdateIncidentResponse(incident=to_incident(incident, _FULL))

    def AcknowledgeIncident(
        self, request: incident_service_pb2.AcknowledgeIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.AcknowledgeIncidentResponse:
        incident = self._moves.acknowledge(parse_incident(request.name, "name"), request.etag)
        return incident_service_pb2.AcknowledgeIncidentResponse(incident=to_incident(incident, _FULL))

    def ResolveIncident(
        self, request: incident_service_pb2.ResolveIncidentRequest, context: grpc.ServicerContext
    ) -> incident_service_pb2.ResolveIncidentResponse:
        incident_id = parse_incident(request.name, "name")
        violations = check_resolution(request.resolution, "resolution")
        if violations:
            raise InvalidInputError(*violations)
        incident = self._moves.resolve(incident_id, request.etag, request.resolution)
        return incident_service_pb2.ResolveIncidentResponse(incident=to_incident(incident, _FULL))

    def WatchIncidents(
        self, request: incident_service_pb2.WatchIncidentsRequest, context: grpc.ServicerContext
    ) -> Iterator[incident_service_pb2.WatchIncidentsResponse]:
        watch = IncidentWatch(request, _view(request.view, _BASIC), self._epoch, self._budget)
        return watch.run(self._backend.feed, self._backend.store, context)


def _view(view: incident_pb2.IncidentView, default: incident_pb2.IncidentView) -> incident_pb2.IncidentView:
    if view not in incident_pb2.IncidentView.values():
        raise InvalidInputError(FieldViolation("view", "must be BASIC or FULL"))
    return view or default


def _best_first(match: tuple[Incident, float]) -> tuple[float, str]:
    incident, score = match
    return -float(score), incident.incident_id


def _to_match(match: tuple[Incident, float]) -> incident_service_pb2.SearchIncidentsResponse.Match:
    incident, score = match
    return incident_service_pb2.SearchIncidentsResponse.Match(incident=to_incident(incident, _BASIC), score=score)
