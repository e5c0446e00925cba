"""Why something broke, over the wire."""

from collections.abc import Iterator

import grpc
from hypocenter.v1 import root_cause_service_pb2, root_cause_service_pb2_grpc

from rca.diagnosis import Diagnosis
from rca.graph import Topology
from rca.questions import Cited
from server.api.backend import Backend
from server.api.messages.diagnoses import to_diagnosis
from server.api.messages.graphs import to_service_graph
from server.api.messages.incidents import to_name
from server.api.names import find_incident, find_service
from server.api.time_range import check_range, read_range
from server.errors import FieldViolation, InvalidInputError

_QUESTION_BYTES = 4096
_DEFAULT_DEPTH = 2
_GREATEST_DEPTH = 10


class RootCauseService(root_cause_service_pb2_grpc.RootCauseServiceServicer):
    """Raises what `server.api.errors` knows."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def AnalyzeRootCause(
        self, request: root_cause_service_pb2.AnalyzeRootCauseRequest, context: grpc.ServicerContext
    ) -> root_cause_service_pb2.AnalyzeRootCauseResponse:
        match request.WhichOneof("subject"):
            case "incident":
                incident = find_incident(self._backend.store, request.incident, "incident")
                diagnosis = self._backend.diagnose_incident(incident)
            case "symptom":
                diagnosis = self._explain_symptom(request.symptom)
            case _:
                raise InvalidInputError(FieldViolation("subject", "is required: set incident or symptom"))
        return root_cause_service_pb2.AnalyzeRootCauseResponse(diagnosis=to_diagnosis(diagnosis))

    def GetServiceGraph(
        self, request: root_cause_service_pb2.GetServiceGraphRequest, context: grpc.ServicerContext
    ) -> root_cause_service_pb2.GetServiceGraphResponse:
        violations = check_range(request)
        if not 0 <= request.depth <= _GREATEST_DEPTH:
            violations.append(FieldViolation("depth", f"must be 0 to {_GREATEST_DEPTH}"))
        if violations:
            raise InvalidInputError(*violations)
        held = self._backend.held()
        graph = self._backend.graph(*read_range(request, held))
        if request.service_name:
            # A service that was silent in the range is no mistake of the caller.
            known = self._backend.graph(*held).services | graph.services
            centre = find_service(request.service_name, known, "service_name")
            graph = Topology(graph).around(centre, request.depth or _DEFAULT_DEPTH)
        return root_cause_service_pb2.GetServiceGraphResponse(service_graph=to_service_graph(graph))

    def AnswerQuestion(
        self, request: root_cause_service_pb2.AnswerQuestionRequest, context: grpc.ServicerContext
    ) -> Iterator[root_cause_service_pb2.AnswerQuestionResponse]:
        if not request.question.strip():
            raise InvalidInputError(FieldViolation("question", "is required"))
        if len(request.question.encode()) > _QUESTION_BYTES:
            raise InvalidInputError(FieldViolation("question", f"must have at most {_QUESTION_BYTES} bytes"))
        incident = find_incident(self._backend.store, request.incident, "incident") if request.incident else None
        for part in self._backend.answer(request.question, incident):
            if not context.is_active():
                return
            if isinstance(part, str):
                yield root_cause_service_pb2.AnswerQuestionResponse(text=part)
            else:
                yield root_cause_service_pb2.AnswerQuestionResponse(citation=_to_citation(part))

    def _explain_symptom(self, symptom: root_cause_service_pb2.Symptom) -> Diagnosis:
        violations = check_range(symptom, "symptom.", required=True)
        if violations:
            raise InvalidInputError(*violations)
        held = self._backend.held()
        service = None
        if symptom.service_name:
            known = self._backend.graph(*held).services
            service = find_service(symptom.service_name, known, "symptom.service_name")
        return self._backend.diagnose(*read_range(symptom, held), service)


def _to_citation(cited: Cited) -> root_cause_service_pb2.Citation:
    if cited.incident_id:
        return root_cause_service_pb2.Citation(incident=to_name(cited.incident_id))
    if cited.template_id:
        return root_cause_service_pb2.Citation(template_id=cited.template_id)
    return root_cause_service_pb2.Citation(trace_id=cited.trace_id.hex())
