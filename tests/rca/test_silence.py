"""When everything falls silent at once it is the telemetry that is lost, not the services."""

from copy import deepcopy

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors import build_all
from analyzers.detectors.silence import SOURCE
from analyzers.service import service_key
from analyzers.summary import EdgeKey, Summary
from rca.graph import build_graph
from rca.tracker import IncidentTracker
from tests.analyzers.telemetry import CHECKOUT, CRON, FRONTEND, NOON, PAYMENT, SECOND, closed, traffic

LEARNED = 240
END = NOON + LEARNED * SECOND


def learned() -> Baseline:
    baseline = Baseline()
    for bucket in closed(traffic(LEARNED)):
        baseline.learn(bucket)
    return baseline


def found(window: Summary, baseline: Baseline) -> list[Anomaly]:
    return [item for detector in build_all() for item in detector.detect(window, baseline)]


def test_one_notice_and_not_one_incident_for_each_service() -> None:
    baseline, tracker, changed = learned(), IncidentTracker(), []
    for silent in range(15, 90, 5):
        window = Summary(END + (silent - 15) * SECOND, END + silent * SECOND)
        anomalies = found(window, baseline)
        assert {item.service for item in anomalies} == {SOURCE}
        changed += tracker.advance(anomalies, build_graph(window), window.end_unix_nano)
    (opened,) = tracker.live
    assert changed[0].create_unix_nano == END + 60 * SECOND
    assert opened.start_unix_nano == END
    assert opened.title == "telemetry source lost: 4 services that always send fell silent at once"


def test_a_single_service_that_falls_silent_is_no_lost_source() -> None:
    (window,) = closed(traffic(5, start=END))
    del window.services[PAYMENT]
    assert SOURCE not in {item.service for item in found(window, learned())}


def test_who_still_asks_and_gets_no_answer_tells_that_it_is_not_the_telemetry() -> None:
    window = Summary(END, END + 5 * SECOND)
    browser = service_key("browser")
    window.service(browser).spans = 10
    edge = window.edge(EdgeKey(browser, FRONTEND, inferred=True))
    for calls, errors, lost in ((10, 0, True), (10, 5, True), (10, 6, False), (2, 2, True)):
        edge.calls, edge.errors = calls, errors
        assert (SOURCE in {item.service for item in found(window, learned())}) == lost


def test_silence_is_not_learned_and_the_return_is_normal() -> None:
    baseline = learned()
    before = deepcopy(baseline.services)
    for number in range(100):
        start = END + number * 5 * SECOND
        silence = Summary(start, start + 5 * SECOND)
        assert baseline.silent(silence) == tuple(sorted((FRONTEND, CHECKOUT, PAYMENT, CRON)))
        baseline.learn(silence)
    assert baseline.services == before
    (back,) = closed(traffic(5, start=END + 500 * SECOND, seed=3))
    assert found(back, baseline) == []
