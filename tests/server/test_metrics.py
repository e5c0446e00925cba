"""The equation and the gauges as a scraper reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from server.ledger import Account, Ledger, Signal
from server.metrics import GaugeCollector, LedgerCollector, Metrics, TallyCollector

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(registry: CollectorRegistry) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_the_equation_as_metrics() -> None:
    ledger, registry = Ledger(), CollectorRegistry()
    registry.register(LedgerCollector(ledger))
    ledger.receive(Signal.LOGS, 10, 3)
    ledger.settle(Signal.LOGS, 7, rejected=3, counted=4, late=2, dropped={"own_telemetry": 2, "failed": 1})
    ledger.receive(Signal.TRACES, 7)
    samples = scrape(registry)
    outcomes = {
        outcome: samples[key("hypocenter_records_total", signal="logs", outcome=outcome)]
        for outcome in ("received", "counted", "rejected", "duplicate", "late")
    }
    assert outcomes == {"received": 13, "counted": 4, "rejected": 3, "duplicate": 0, "late": 2}
    assert samples[key("hypocenter_dropped_records_total", signal="logs", reason="own_telemetry")] == 2
    assert samples[key("hypocenter_dropped_records_total", signal="logs", reason="failed")] == 1
    assert samples[key("hypocenter_pending_records", signal="logs")] == 3
    assert samples[key("hypocenter_pending_records", signal="traces")] == 7
    for signal in Signal:
        assert samples[key("hypocenter_unaccounted_records", signal=signal)] == 0


class LeakyLedger(Ledger):
    """One that has lost a record."""

    def account(self, signal: Signal) -> Account:
        return Account(received=10, counted=4, rejected=1, duplicate=1, dropped={"failed": 1}, pending=2, late=0)


def test_a_difference_is_itself_a_metric() -> None:
    registry = CollectorRegistry()
    registry.register(LedgerCollector(LeakyLedger()))
    assert scrape(registry)[key("hypocenter_unaccounted_records", signal="logs")] == 1


def test_gauges_are_read_when_scraped() -> None:
    registry, waiting = CollectorRegistry(), [1, 2, 3]
    registry.register(GaugeCollector({"hypocenter_waiting": ("What waits.", lambda: len(waiting))}))
    assert scrape(registry) == {key("hypocenter_waiting"): 3}
    waiting.clear()
    assert scrape(registry) == {key("hypocenter_waiting"): 0}


def test_a_tally_is_a_counter_with_one_label_known_beforehand() -> None:
    registry, refused = CollectorRegistry(), {"inbox": 2, "memory": 0}
    registry.register(TallyCollector("hypocenter_refused", "Requests.", "reason", lambda: refused))
    found = scrape(registry)
    assert found[key("hypocenter_refused_total", reason="inbox")] == 2
    assert found[key("hypocenter_refused_total", reason="memory")] == 0
    refused["memory"] = 5
    assert scrape(registry)[key("hypocenter_refused_total", reason="memory")] == 5


def test_every_process_has_metrics_of_its_own() -> None:
    one, other = Metrics(), Metrics()
    one.windows.inc()
    one.anomalies.labels("error_share").inc(2)
    one.incidents.labels("high").inc()
    one.analysis.labels("detect").observe(0.003)
    samples = scrape(one.registry)
    assert samples[key("hypocenter_windows_closed_total")] == 1
    assert samples[key("hypocenter_anomalies_total", detector="error_share")] == 2
    assert samples[key("hypocenter_incidents_opened_total", severity="high")] == 1
    assert samples[key("hypocenter_analysis_seconds_bucket", stage="detect", le="0.005")] == 1
    assert scrape(other.registry)[key("hypocenter_windows_closed_total")] == 0
