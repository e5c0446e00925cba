"""AnalyzeLogs: what is passed on, what is refused, what a repeated id gets."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.client.errors import from_rpc_error
from hypocenter.v1 import incident_pb2, log_service_pb2
from hypocenter.v1.log_service_pb2 import AnalyzeLogsRequest, LogSelector
from hypocenter.v1.log_service_pb2_grpc import LogServiceStub

from rca.assessment import Assessment, Basis, RecordResult, SeenTemplate
from rca.diagnosis import Evidence
from rca.incident import Severity
from server.errors import UnavailableError
from tests.server.api.memory_backend import ORDINARY, MemoryBackend
from tests.server.api.refusal import refusal, refused_fields
from tests.server.api.samples import PAYMENT, SECOND, T0, anomaly, exemplar, logs, template

FOUND = Assessment(
    is_anomaly=True,
    severity=Severity.CRITICAL,
    anomaly_type="connection_refused",
    root_cause="payment refuses connections",
    affected_services=(PAYMENT,),
    remediation_steps=("start payment",),
    confidence=0.9,
    explanation="two of three records",
    evidence=(Evidence("severity", 1.0, "errors"),),
    basis=Basis.COLD,
    anomalies=(anomaly(),),
    templates=(SeenTemplate(PAYMENT, "t1", template("refused <*>", exemplar(1, "refused a"))),),
    record_results=(
        RecordResult(True, Severity.HIGH, "t1", 0.8, "connection_refused"),
        RecordResult(False, None, "t2", 0),
    ),
    analyzed_record_count=2,
)


def at(second: int) -> Timestamp:
    return Timestamp(seconds=T0 // SECOND + second)


def test_logs_are_judged_and_the_answer_is_whole(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    backend.assessment = FOUND
    sent = logs("refused a", "all well")
    answer = logs_api.AnalyzeLogs(AnalyzeLogsRequest(logs=sent, detectors=["new_template", "new_template"]))
    assert backend.asked.assess == [(sent, ("new_template",))]
    assert answer.analyzed_record_count == 2
    assert answer.assessment.severity == incident_pb2.SEVERITY_CRITICAL
    assert answer.assessment.basis == log_service_pb2.Assessment.BASIS_COLD
    assert (answer.assessment.is_anomaly, answer.assessment.anomaly_type) == (True, "connection_refused")
    assert answer.assessment.root_cause == "payment refuses connections"
    assert list(answer.assessment.affected_services) == ["payment"]
    assert list(answer.assessment.remediation_steps) == ["start payment"]
    assert (answer.assessment.confidence, answer.assessment.explanation) == (0.9, "two of three records")
    assert answer.assessment.evidence[0].signal == "severity"
    assert answer.anomalies[0].anomaly_id == anomaly().anomaly_id
    assert (answer.templates[0].text, answer.templates[0].count) == ("refused <*>", 1)
    first, second = answer.record_results
    assert (first.is_anomaly, first.severity, first.template_id) == (True, incident_pb2.SEVERITY_HIGH, "t1")
    assert (first.score, first.anomaly_type) == (0.8, "connection_refused")
    assert (second.is_anomaly, second.severity) == (False, incident_pb2.SEVERITY_UNSPECIFIED)


def test_a_selector_asks_for_what_is_held(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    selector = LogSelector(service_names=["cart", "payment", "cart"], start_time=at(0), end_time=at(60))
    answer = logs_api.AnalyzeLogs(AnalyzeLogsRequest(selector=selector, detectors=["error_share"]))
    assert backend.asked.assess_held == [(("cart", "payment"), T0, T0 + 60 * SECOND, ("error_share",))]
    assert not answer.assessment.is_anomaly


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (AnalyzeLogsRequest(), ["source"]),
        (AnalyzeLogsRequest(detectors=["new_template", "guess"]), ["detectors[1]", "source"]),
        (AnalyzeLogsRequest(logs=logs(*"123456")), ["logs"]),
        (AnalyzeLogsRequest(logs=logs("x"), request_id="ä" * 65), ["request_id"]),
        (AnalyzeLogsRequest(selector=LogSelector()), ["selector.start_time", "selector.end_time"]),
        (AnalyzeLogsRequest(selector=LogSelector(start_time=at(0))), ["selector.end_time"]),
        (AnalyzeLogsRequest(selector=LogSelector(start_time=at(5), end_time=at(5))), ["selector.end_time"]),
        (AnalyzeLogsRequest(selector=LogSelector(start_time=at(6), end_time=at(5))), ["selector.end_time"]),
        (
            AnalyzeLogsRequest(
                selector=LogSelector(start_time=Timestamp(seconds=-1), end_time=Timestamp(seconds=10**10))
            ),
            ["selector.start_time", "selector.end_time"],
        ),
        (
            AnalyzeLogsRequest(selector=LogSelector(start_time=Timestamp(nanos=-5), end_time=at(5))),
            ["selector.start_time.nanos"],
        ),
    ],
)
def test_bad_requests(
    logs_api: LogServiceStub, backend: MemoryBackend, request_: AnalyzeLogsRequest, fields: list[str]
) -> None:
    assert refused_fields(lambda: logs_api.AnalyzeLogs(request_)) == fields
    assert backend.asked.assess == []


def test_no_records_are_no_mistake(logs_api: LogServiceStub) -> None:
    answer = logs_api.AnalyzeLogs(AnalyzeLogsRequest(logs=logs()))
    assert answer.analyzed_record_count == 0


def test_a_repeated_id_gets_the_first_answer(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    backend.assessment = FOUND
    first = logs_api.AnalyzeLogs(AnalyzeLogsRequest(logs=logs("x"), request_id="one"))
    backend.assessment = ORDINARY
    again = logs_api.AnalyzeLogs(AnalyzeLogsRequest(logs=logs("x"), request_id="one"))
    other = logs_api.AnalyzeLogs(AnalyzeLogsRequest(logs=logs("x"), request_id="two"))
    assert again == first
    assert other != first
    assert len(backend.asked.assess) == 2
    for changed in (
        AnalyzeLogsRequest(logs=logs("y"), request_id="one"),
        AnalyzeLogsRequest(logs=logs("x"), detectors=["error_share"], request_id="one"),
    ):
        assert refused_fields(partial(logs_api.AnalyzeLogs, changed)) == ["request_id"]


def test_calls_with_the_id_of_one_under_way_wait_for_it(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    backend.assessment = FOUND
    backend.may_assess.clear()
    request = AnalyzeLogsRequest(logs=logs("x"), request_id="one")
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(logs_api.AnalyzeLogs, request) for _ in range(6)]
        assert backend.assessing.wait(10)
        changed = AnalyzeLogsRequest(logs=logs("y"), request_id="one")
        assert refused_fields(lambda: logs_api.AnalyzeLogs(changed)) == ["request_id"]
        assert not any(answer.done() for answer in answers)
        backend.may_assess.set()
        assert len({answer.result(10).SerializeToString() for answer in answers}) == 1
    assert len(backend.asked.assess) == 1


def test_a_waiting_call_keeps_its_deadline(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    backend.may_assess.clear()
    request = AnalyzeLogsRequest(logs=logs("x"), request_id="one")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(logs_api.AnalyzeLogs, request)
        assert backend.assessing.wait(10)
        with pytest.raises(grpc.RpcError) as raised:
            logs_api.AnalyzeLogs(request, timeout=0.2)
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        backend.may_assess.set()
        first.result(10)
    assert len(backend.asked.assess) == 1


def test_a_failure_is_not_kept(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    backend.failure = UnavailableError("busy", 2.5)
    request = AnalyzeLogsRequest(logs=logs("x"), request_id="one")
    error = refusal(lambda: logs_api.AnalyzeLogs(request))
    assert (error.code, error.reason, error.retry_delay) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", 2.5)
    backend.failure = None
    backend.assessment = replace(FOUND, analyzed_record_count=7)
    assert logs_api.AnalyzeLogs(request).analyzed_record_count == 7


def test_what_nobody_foresaw_is_internal_and_stays_in_the_log(
    logs_api: LogServiceStub, backend: MemoryBackend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.failure = ZeroDivisionError("the password is swordfish")
    error = refusal(lambda: logs_api.AnalyzeLogs(AnalyzeLogsRequest(logs=logs("x"))))
    assert (error.code, error.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "swordfish" not in str(error)
    assert error.metadata["error_id"] in caplog.text
    assert "swordfish" in caplog.text


def test_bytes_that_are_no_request_are_the_callers_fault(channel: grpc.Channel) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/hypocenter.v1.LogService/AnalyzeLogs")
    with pytest.raises(grpc.RpcError) as raised:
        call(b"\xff\xff\xff")
    error = from_rpc_error(raised.value)
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
