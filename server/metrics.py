"""Numbers about ourselves, for Prometheus."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.ledger import Ledger, Signal


class Metrics:
    """Counters that are written to where things happen. One registry per process, none global."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.windows = Counter("hypocenter_windows_closed", "Windows judged.", registry=self.registry)
        self.anomalies = Counter(
            "hypocenter_anomalies", "Findings that count, by detector.", ["detector"], registry=self.registry
        )
        self.incidents = Counter(
            "hypocenter_incidents_opened", "Incidents opened, by severity.", ["severity"], registry=self.registry
        )
        self.analysis = Histogram(
            "hypocenter_analysis_seconds",
            "Time spent, by stage.",
            ["stage"],
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10),
            registry=self.registry,
        )
        self.times = Counter(
            "hypocenter_mended_times", "Records whose own time was not usable.", ["fault"], registry=self.registry
        )
        self.truncated = Counter("hypocenter_truncated_bodies", "Bodies cut to the limit.", registry=self.registry)
        self.unnamed = Counter(
            "hypocenter_unnamed_resources", "Resources without service.name.", registry=self.registry
        )
        self.store_failures = Counter(
            "hypocenter_store_failures", "Incidents that could not be saved at once.", registry=self.registry
        )
        self.checkpoint_failures = Counter(
            "hypocenter_checkpoint_failures", "Checkpoints that could not be written.", registry=self.registry
        )
        self.refused_credentials = Counter(
            "hypocenter_refused_credentials",
            "Calls and logins without the token they need, by what was wrong.",
            ["door", "reason"],
            registry=self.registry,
        )
        self.refused_requests = Counter(
            "hypocenter_refused_requests",
            "Requests at the OTLP doors that were not taken in, by why.",
            ["door", "reason"],
            registry=self.registry,
        )
        self.token_failures = Counter(
            "hypocenter_token_file_failures", "Files of tokens that could not be read anew.", registry=self.registry
        )
        self.certificate_failures = Counter(
            "hypocenter_certificate_failures", "Changed certificates that could not be used.", registry=self.registry
        )
        self.refused_operations = Counter(
            "hypocenter_refused_operations",
            "Requests for a backup or for erasing that the service's user did not make alone, or that were none.",
            registry=self.registry,
        )
        self.failures = Counter(
            "hypocenter_pipeline_failures",
            "Deliveries and windows that made the pipeline fail.",
            registry=self.registry,
        )


class LedgerCollector(Collector):
    """The equation as metrics, read at scrape time so that both sides belong together."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterable[Metric]:
        records = CounterMetricFamily(
            "hypocenter_records", "Records and spans, by what became of them.", labels=["signal", "outcome"]
        )
        dropped = CounterMetricFamily(
            "hypocenter_dropped_records", "Acknowledged and not counted, by reason.", labels=["signal", "reason"]
        )
        pending = GaugeMetricFamily("hypocenter_pending_records", "Acknowledged, not yet counted.", labels=["signal"])
        balance = GaugeMetricFamily(
            "hypocenter_unaccounted_records",
            "Received less everything known; anything but 0 is a bug.",
            labels=["signal"],
        )
        for signal in Signal:
            account = self._ledger.account(signal)
            for outcome in ("received", "counted", "rejected", "duplicate", "late"):
                records.add_metric([signal, outcome], getattr(account, outcome))
            for reason, number in sorted(account.dropped.items()):
                dropped.add_metric([signal, reason], number)
            pending.add_metric([signal], account.pending)
            balance.add_metric([signal], account.difference)
        return [records, dropped, pending, balance]


class TallyCollector(Collector):
    """One counter with one label, whose values exist anyway and are known beforehand; read at scrape time."""

    def __init__(self, name: str, help_text: str, label: str, read: Callable[[], Mapping[str, int]]) -> None:
        """`name` without the "_total" that is put behind it."""
        self._name = name
        self._help = help_text
        self._label = label
        self._read = read

    def collect(self) -> Iterable[Metric]:
        counter = CounterMetricFamily(self._name, self._help, labels=[self._label])
        for value, number in self._read().items():
            counter.add_metric([value], number)
        return [counter]


class GaugeCollector(Collector):
    """Values that exist anyway, read at scrape time."""

    def __init__(self, gauges: dict[str, tuple[str, Callable[[], float]]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        for name, (help_text, read) in sorted(self._gauges.items()):
            gauge = GaugeMetricFamily(name, help_text)
            gauge.add_metric([], read())
            yield gauge
