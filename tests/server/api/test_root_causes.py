"""Root causes, the graph, and answers to questions."""

from functools import partial

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.v1 import service_graph_pb2
from hypocenter.v1.root_cause_service_pb2 import (
    AnalyzeRootCauseRequest,
    AnswerQuestionRequest,
    GetServiceGraphRequest,
    Symptom,
)
from hypocenter.v1.root_cause_service_pb2_grpc import RootCauseServiceStub

from analyzers.service import ServiceKey, service_key
from rca.questions import Cited
from server.errors import UnavailableError
from tests.server.api.memory_backend import MemoryBackend
from tests.server.api.refusal import refusal, refused_fields
from tests.server.api.samples import CART, PAYMENT, SECOND, STAGING_CART, T0, TRACE, bucket, incident

DATABASE = service_key("db", "shop", "production")
FRONT = service_key("front", "shop", "production")


@pytest.fixture
def held(backend: MemoryBackend) -> MemoryBackend:
    """front -> cart -> payment, then payment -> db known from payment alone, and a cart in staging."""
    backend.buckets = [
        bucket(0, {CART: {}, FRONT: {}, STAGING_CART: {}}, edges=((FRONT, CART, False), (CART, PAYMENT, False))),
        bucket(60, {PAYMENT: {}}, edges=((PAYMENT, DATABASE, True),)),
    ]
    return backend


def at(second: int) -> Timestamp:
    return Timestamp(seconds=T0 // SECOND + second)


def nodes(stub: RootCauseServiceStub, request: GetServiceGraphRequest) -> list[str]:
    return [node.service_name for node in stub.GetServiceGraph(request).service_graph.nodes]


def test_the_graph_of_everything_held(causes: RootCauseServiceStub, held: MemoryBackend) -> None:
    graph = causes.GetServiceGraph(GetServiceGraphRequest()).service_graph
    assert [node.service_name for node in graph.nodes] == ["cart", "db", "front", "payment", "cart"]
    assert graph.start_time.ToNanoseconds() == T0
    assert graph.end_time.ToNanoseconds() == T0 + 65 * SECOND
    kinds = {node.service_name: node.kind for node in graph.nodes}
    assert kinds["db"] == service_graph_pb2.ServiceNode.KIND_INFERRED
    assert kinds["payment"] == service_graph_pb2.ServiceNode.KIND_INSTRUMENTED
    edges = {(edge.client, edge.server): edge for edge in graph.edges}
    assert set(edges) == {("front", "cart"), ("cart", "payment"), ("payment", "db")}
    joined = edges["cart", "payment"]
    assert (joined.request_count, joined.failed_request_count) == (2, 1)
    assert joined.basis == service_graph_pb2.ServiceEdge.BASIS_SPANS
    assert joined.p50_duration.ToNanoseconds() == pytest.approx(2_000_000, rel=0.1)
    assert edges["payment", "db"].basis == service_graph_pb2.ServiceEdge.BASIS_PEER_ATTRIBUTE
    assert edges["payment", "db"].server_service.deployment_environment_name == "production"


def test_a_part_of_the_time(causes: RootCauseServiceStub, held: MemoryBackend) -> None:
    assert nodes(causes, GetServiceGraphRequest(start_time=at(60))) == ["db", "payment"]
    assert nodes(causes, GetServiceGraphRequest(end_time=at(5))) == ["cart", "front", "payment", "cart"]
    assert nodes(causes, GetServiceGraphRequest(start_time=at(1000), end_time=at(2000))) == []


@pytest.mark.parametrize(
    ("name", "depth", "found"),
    [
        ("payment", 1, ["cart", "db", "payment"]),
        ("payment", 0, ["cart", "db", "front", "payment"]),
        ("production/shop/cart", 1, ["cart", "front", "payment"]),
        ("staging/shop/cart", 2, ["cart"]),
        ("db", 10, ["cart", "db", "front", "payment"]),
    ],
)
def test_around_a_service(
    causes: RootCauseServiceStub, held: MemoryBackend, name: str, depth: int, found: list[str]
) -> None:
    assert nodes(causes, GetServiceGraphRequest(service_name=name, depth=depth)) == found


def test_a_silent_service_is_known_an_unknown_is_not_found(causes: RootCauseServiceStub, held: MemoryBackend) -> None:
    silent = GetServiceGraphRequest(service_name="db", start_time=at(0), end_time=at(5))
    assert nodes(causes, silent) == []
    error = refusal(lambda: nodes(causes, GetServiceGraphRequest(service_name="nobody")))
    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


def test_bad_graph_requests(causes: RootCauseServiceStub, held: MemoryBackend) -> None:
    for request, fields in (
        (GetServiceGraphRequest(start_time=at(5), end_time=at(4)), ["end_time"]),
        (GetServiceGraphRequest(depth=11), ["depth"]),
        (GetServiceGraphRequest(depth=-1), ["depth"]),
        (GetServiceGraphRequest(service_name="cart"), ["service_name"]),
    ):
        assert refused_fields(partial(nodes, causes, request)) == fields
    error = refusal(lambda: nodes(causes, GetServiceGraphRequest(service_name="cart")))
    assert "staging/shop/cart" in error.field_violations[0].description


def test_an_incident_is_explained(causes: RootCauseServiceStub, held: MemoryBackend) -> None:
    held.put(incident("going-on"))
    answer = causes.AnalyzeRootCause(AnalyzeRootCauseRequest(incident="incidents/going-on"))
    assert answer.diagnosis.inconclusive_reason == "too little seen"
    assert held.asked.diagnose_incident == ["going-on"]


@pytest.mark.parametrize(("name", "service"), [("payment", PAYMENT), ("production/shop/cart", CART), ("", None)])
def test_a_symptom_is_explained(
    causes: RootCauseServiceStub, held: MemoryBackend, name: str, service: ServiceKey | None
) -> None:
    symptom = Symptom(service_name=name, start_time=at(0), end_time=at(5))
    answer = causes.AnalyzeRootCause(AnalyzeRootCauseRequest(symptom=symptom))
    assert answer.diagnosis.diagnose_time.ToNanoseconds() == T0 + 5 * SECOND
    assert held.asked.diagnose == [(T0, T0 + 5 * SECOND, service)]


def test_bad_subjects(causes: RootCauseServiceStub, held: MemoryBackend) -> None:
    for request, fields in (
        (AnalyzeRootCauseRequest(), ["subject"]),
        (AnalyzeRootCauseRequest(incident="a"), ["incident"]),
        (AnalyzeRootCauseRequest(symptom=Symptom()), ["symptom.start_time", "symptom.end_time"]),
        (AnalyzeRootCauseRequest(symptom=Symptom(start_time=at(2), end_time=at(1))), ["symptom.end_time"]),
        (
            AnalyzeRootCauseRequest(symptom=Symptom(service_name="cart", start_time=at(0), end_time=at(1))),
            ["symptom.service_name"],
        ),
    ):
        assert refused_fields(partial(causes.AnalyzeRootCause, request)) == fields
    for request in (
        AnalyzeRootCauseRequest(incident="incidents/none"),
        AnalyzeRootCauseRequest(symptom=Symptom(service_name="nobody", start_time=at(0), end_time=at(1))),
    ):
        assert refusal(partial(causes.AnalyzeRootCause, request)).code is grpc.StatusCode.NOT_FOUND


def test_an_answer_comes_with_its_citations(causes: RootCauseServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a"))
    backend.answer_parts = ["Payment.", Cited(incident_id="a"), Cited(template_id="t1"), "Cart.", Cited(trace_id=TRACE)]
    request = AnswerQuestionRequest(question="what broke?", incident="incidents/a")
    parts = list(causes.AnswerQuestion(request))
    assert [part.text or part.citation.WhichOneof("source") for part in parts] == [
        "Payment.",
        "incident",
        "template_id",
        "Cart.",
        "trace_id",
    ]
    assert parts[1].citation.incident == "incidents/a"
    assert parts[4].citation.trace_id == TRACE.hex()
    assert list(causes.AnswerQuestion(AnswerQuestionRequest(question="and?"))) == parts
    assert backend.asked.answer == [("what broke?", "a"), ("and?", "")]


def test_an_answer_that_breaks_off_says_so(causes: RootCauseServiceStub, backend: MemoryBackend) -> None:
    backend.answer_parts = ["Payment.", UnavailableError("the model is away", 3)]
    stream = causes.AnswerQuestion(AnswerQuestionRequest(question="what broke?"))
    assert next(stream).text == "Payment."
    error = refusal(lambda: next(stream))
    assert (error.code, error.retry_delay) == (grpc.StatusCode.UNAVAILABLE, 3)


@pytest.mark.parametrize("question", ["", " \n", "x" * 4097, "為" * 1366])
def test_bad_questions(causes: RootCauseServiceStub, question: str) -> None:
    request = AnswerQuestionRequest(question=question)
    assert refused_fields(lambda: list(causes.AnswerQuestion(request))) == ["question"]


def test_a_question_about_no_incident(causes: RootCauseServiceStub) -> None:
    bad = AnswerQuestionRequest(question="why?", incident="a")
    assert refused_fields(lambda: list(causes.AnswerQuestion(bad))) == ["incident"]
    unknown = AnswerQuestionRequest(question="why?", incident="incidents/a")
    assert refusal(lambda: list(causes.AnswerQuestion(unknown))).code is grpc.StatusCode.NOT_FOUND
