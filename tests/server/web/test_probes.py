import json
from dataclasses import replace

import pytest
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from server.progress import Progress
from tests.server.web import shop
from tests.server.web.conftest import Service
from tests.server.web.visitor import Visitor


def test_status_has_each_signal_on_top(visitor: Visitor) -> None:
    answer = visitor.ask("/status")
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.text) == {
        "logs": {
            "received": 184_220,
            "counted": 183_900,
            "rejected": 12,
            "duplicate": 200,
            "dropped": {"too_old": 3, "attributes": 0},
            "pending": 105,
            "late": 41,
        },
        "traces": {
            "received": 9,
            "counted": 9,
            "rejected": 0,
            "duplicate": 0,
            "dropped": {},
            "pending": 0,
            "late": 0,
        },
        "balanced": True,
        "ready": True,
        "watermark_unix_nano": shop.START + 4 * shop.MINUTE,
        "judged_unix_nano": shop.START + 4 * shop.MINUTE,
        "catching_up": False,
        "behind_seconds": 0.0,
        "started_unix_nano": shop.START - 60 * shop.MINUTE,
        "version": "0.1.0",
        "incidents_open": 1,
        "throttling": [],
        "native_ingest": "in use",
    }


def test_status_says_why_senders_are_told_to_wait(service: Service, visitor: Visitor) -> None:
    service.status = replace(shop.STATUS, throttling=("memory", "disk"))
    assert json.loads(visitor.ask("/status").text)["throttling"] == ["memory", "disk"]


def test_how_far_it_is_behind_is_told(service: Service, visitor: Visitor) -> None:
    body = json.loads(visitor.ask("/healthz").text)
    assert (body["catching_up"], body["behind_seconds"]) == (False, 0.0)
    service.status = replace(shop.STATUS, progress=Progress(shop.START, shop.START - shop.MINUTE, True, 75.5))
    for path in ("/status", "/healthz"):
        body = json.loads(visitor.ask(path).text)
        assert (body["catching_up"], body["behind_seconds"]) == (True, 75.5)
    assert json.loads(visitor.ask("/status").text)["judged_unix_nano"] == shop.START - shop.MINUTE


@pytest.mark.parametrize("change", [{"received": 184_221}, {"pending": 104}, {"dropped": {"too_old": 4}}])
@pytest.mark.parametrize("name", ["logs", "traces"])
def test_one_record_astray_in_any_signal_is_told(service: Service, visitor: Visitor, change: object, name: str) -> None:
    service.status = replace(shop.STATUS, **{name: shop.signal(**change)})  # type: ignore[arg-type]
    assert json.loads(visitor.ask("/status").text)["balanced"] is False
    assert json.loads(visitor.ask("/healthz").text)["balanced"] is False
    assert "not at the moment" in visitor.ask("/").text


def test_late_records_are_no_part_of_the_equation() -> None:
    assert replace(shop.STATUS, logs=shop.signal(late=0)).balanced


def test_healthz_shows_the_equation(visitor: Visitor) -> None:
    body = json.loads(visitor.ask("/healthz").text)
    assert body["alive"] is True
    assert body["equation"] == (
        "logs: 184220 received = 183900 counted + 12 rejected + 200 duplicate + 3 dropped + 105 pending;"
        " traces: 9 received = 9 counted + 0 rejected + 0 duplicate + 0 dropped + 0 pending"
    )


def test_readyz_follows_the_service(service: Service, visitor: Visitor) -> None:
    assert visitor.ask("/readyz").status == 200
    service.ready = False
    assert visitor.ask("/readyz").status == 503
    assert visitor.ask("/healthz").status == 200


def test_metrics_are_what_a_scraper_reads(service: Service, visitor: Visitor) -> None:
    Counter("records", "Records received.", ["signal"], registry=service.registry).labels("logs").inc(7)
    answer = visitor.ask("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    assert ("records_total", {"signal": "logs"}, 7.0) in [(item.name, item.labels, item.value) for item in samples]


def test_metrics_in_openmetrics_when_asked_for(visitor: Visitor) -> None:
    answer = visitor.ask("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
