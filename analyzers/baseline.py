"""What is normal: learned from buckets nothing was wrong in, one service at a time, slowly forgotten."""

from collections.abc import Container
from dataclasses import dataclass, field

from analyzers.latencies import Latency
from analyzers.rates import Rate
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, ServiceSummary, Summary
from analyzers.written import WrittenBaseline

# Units of work below which what was learned is dropped: a month of silence at the usual half-life. It bounds memory,
# and keeps numbers away from where they lose their meaning.
_FAINT = 1e-30


_WARN = 13


@dataclass(slots=True)
class OperationBaseline:
    errors: Rate = field(default_factory=Rate)
    self_time: Latency = field(default_factory=Latency)
    duration: Latency = field(default_factory=Latency)
    written: WrittenBaseline = field(default_factory=WrittenBaseline)

    def learn(self, stats: OperationStats) -> None:
        self.written.learn(stats.templates, stats.calls)
        self.errors.learn(stats.origin_errors, stats.calls)
        self.self_time.learn(stats.self_time)
        self.duration.learn(stats.duration)

    def fade(self, factor: float) -> None:
        self.errors.fade(factor)
        self.self_time.fade(factor)
        self.duration.fade(factor)
        self.written.fade(factor)


@dataclass(slots=True)
class EdgeBaseline:
    # Calls per unit of work of the caller.
    calls: Rate = field(default_factory=Rate)
    errors: Rate = field(default_factory=Rate)
    gap: Latency = field(default_factory=Latency)
    duration: Latency = field(default_factory=Latency)

    def learn(self, stats: EdgeStats, work: float) -> None:
        self.calls.learn(stats.calls, work)
        self.errors.learn(stats.errors, stats.calls)
        self.gap.learn(stats.gap)
        self.duration.learn(stats.duration)

    def fade(self, factor: float) -> None:
        self.calls.fade(factor)
        self.errors.fade(factor)
        self.gap.fade(factor)
        self.duration.fade(factor)


@dataclass(slots=True)
class ServiceBaseline:
    first_unix_nano: int
    # Event time learned from, in nanoseconds.
    learned: int = 0
    # Units of work, or records where no spans are sent.
    work: float = 0.0
    templates: dict[str, Rate] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    # Templates that were ever written with severity WARN or above.
    severe: set[str] = field(default_factory=set)
    # Records of severity ERROR and above, per unit of work.
    errors: Rate = field(default_factory=Rate)
    operations: dict[str, OperationBaseline] = field(default_factory=dict)
    # Units of work per unit of work that entered the system.
    throughput: Rate = field(default_factory=Rate)
    # Templates seen for the first time, per bucket: how much of this service is still unknown.
    novelty: Rate = field(default_factory=Rate)
    # Whether spans count the work.
    traced: bool = False

    @property
    def burstiness(self) -> float:
        """Mean dispersion of its templates: how many records of one kind come at once."""
        rates = self.templates.values()
        return sum(rate.dispersion for rate in rates) / len(rates) if rates else 1.0

    def exposure(self, summary: ServiceSummary) -> float:
        """Units of work in `summary`, counted as they were when this was learned."""
        return float(summary.entries if self.traced else summary.records)


@dataclass(slots=True)
class Baseline:
    """What is normal for the whole system. Detectors read it and never change it."""

    services: dict[ServiceKey, ServiceBaseline] = field(default_factory=dict)
    edges: dict[EdgeKey, EdgeBaseline] = field(default_factory=dict)
    # Half-life of what was learned, in nanoseconds of event time.
    half_life: int = 6 * 3_600_000_000_000
    # Templates and operations remembered of one service, and edges of all; what is more is not learned.
    max_templates: int = 5000
    max_operations: int = 2000
    max_edges: int = 50_000

    def history(self, service: ServiceKey, now_unix_nano: int) -> int:
        """Nanoseconds of event time since the service's first record; 0 for an unknown service."""
        known = self.services.get(service)
        return max(0, now_unix_nano - known.first_unix_nano) if known else 0

    def see(self, bucket: Summary) -> None:
        """Note when services first appeared. Everything else is learned later, by `learn`."""
        for key, summary in sorted(bucket.services.items()):
            known = self.services.get(key)
            if known is None:
                self.services[key] = ServiceBaseline(bucket.start_unix_nano, traced=summary.entries > 0)
            elif summary.entries and not known.traced and not known.learned:
                known.traced = True

    def forget(self, service: ServiceKey) -> None:
        """Drop all that is known of it."""
        self.services.pop(service, None)
        for edge in [edge for edge in self.edges if service in (edge.client, edge.server)]:
            del self.edges[edge]

    def learn(self, bucket: Summary, troubled: Container[ServiceKey] = ()) -> None:
        """Learn from one closed bucket, leaving out the services something was wrong with."""
        self.see(bucket)
        entered = system_work(bucket)
        for key, baseline in sorted(self.services.items()):
            if key in troubled:
                continue
            summary = bucket.services.get(key) or ServiceSummary()
            _learn_service(baseline, summary, bucket, entered, self.max_templates, self.max_operations)
        for edge in sorted(self.edges.keys() | bucket.edges.keys()):
            if edge.client in troubled or edge.server in troubled:
                continue
            if edge not in self.edges and len(self.edges) >= self.max_edges:
                continue
            caller = bucket.services.get(edge.client)
            stats = bucket.edges.get(edge) or EdgeStats()
            self.edges.setdefault(edge, EdgeBaseline()).learn(stats, float(caller.entries) if caller else 0.0)
        self._fade(bucket.end_unix_nano - bucket.start_unix_nano)

    def _fade(self, elapsed: int) -> None:
        factor = 0.5 ** (elapsed / self.half_life)
        for service in self.services.values():
            for rate in (service.errors, service.throughput, service.novelty, *service.templates.values()):
                rate.fade(factor)
            for operation in service.operations.values():
                operation.fade(factor)
            for name in [name for name, operation in service.operations.items() if _faint(operation.errors)]:
                del service.operations[name]
        for edge in self.edges.values():
            edge.fade(factor)
        for key in [key for key, edge in self.edges.items() if _faint(edge.errors)]:
            del self.edges[key]
        for gone in [key for key, service in self.services.items() if _faint(service.errors)]:
            del self.services[gone]


def _faint(rate: Rate) -> bool:
    """Whether what was known once is as good as forgotten."""
    return 0.0 < rate.exposure < _FAINT


def system_work(bucket: Summary) -> float:
    """Units of work that entered the system: entries of services that nothing else called."""
    called = {edge.server for edge in bucket.edges}
    return float(sum(summary.entries for key, summary in bucket.services.items() if key not in called))


def _learn_service(
    baseline: ServiceBaseline,
    summary: ServiceSummary,
    bucket: Summary,
    entered: float,
    max_templates: int,
    max_operations: int,
) -> None:
    exposure = baseline.exposure(summary)
    baseline.learned += bucket.end_unix_nano - bucket.start_unix_nano
    baseline.work += exposure
    baseline.throughput.learn(exposure if baseline.traced else 0.0, entered)
    baseline.errors.learn(summary.error_records, exposure)
    fresh = 0
    for template_id, count in sorted(summary.templates.items()):
        if template_id not in baseline.templates and len(baseline.templates) < max_templates:
            fresh += 1
            # Unseen in all that was learned before: that is knowledge too.
            baseline.templates[template_id] = Rate(0.0, max(0.0, baseline.work - exposure))
            baseline.texts[template_id] = count.text
        if count.max_severity >= _WARN and template_id in baseline.templates:
            baseline.severe.add(template_id)
    baseline.novelty.learn(fresh, 1.0)
    for template_id, rate in baseline.templates.items():
        seen = summary.templates.get(template_id)
        rate.learn(seen.count if seen else 0, exposure)
    for name, stats in sorted(summary.operations.items()):
        if name in baseline.operations or len(baseline.operations) < max_operations:
            baseline.operations.setdefault(name, OperationBaseline()).learn(stats)
