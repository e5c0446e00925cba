"""What is left of a stretch of time: counts, sketches and a few exemplars. Small, and mergeable.

a + b in any order gives the same, because only integers are added and exemplars are chosen by a total order. So two
workers, or a late batch, can be added to what is there already.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from analyzers.erring import Erring, added
from analyzers.exemplar import LogExemplar, SpanExemplar, keep_logs, keep_spans
from analyzers.service import ServiceKey
from analyzers.sketch import Sketch
from analyzers.stack_frames import is_frame


@dataclass(slots=True)
class TemplateCount:
    """How often one template was seen. Counts are records, with `log_count` as weight."""

    text: str
    count: int = 0
    # Of these, records with severity ERROR (17) or above.
    errors: int = 0
    max_severity: int = 0
    first_unix_nano: int = 2**63 - 1
    last_unix_nano: int = 0
    pods: dict[str, int] = field(default_factory=dict)
    exemplars: tuple[LogExemplar, ...] = ()

    def merge(self, other: "TemplateCount") -> None:
        self.count += other.count
        self.errors += other.errors
        self.max_severity = max(self.max_severity, other.max_severity)
        self.first_unix_nano = min(self.first_unix_nano, other.first_unix_nano)
        self.last_unix_nano = max(self.last_unix_nano, other.last_unix_nano)
        _add(self.pods, other.pods)
        self.exemplars = keep_logs(self.exemplars, other.exemplars)


@dataclass(slots=True)
class OperationStats:
    """One operation (span name) of one service."""

    calls: int = 0
    errors: int = 0
    # Failed spans none of whose children failed: where an error began.
    origin_errors: int = 0
    # Spans that nothing of the same service called: the unit of work.
    entries: int = 0
    duration: Sketch = field(default_factory=Sketch)
    # Time not spent in children.
    self_time: Sketch = field(default_factory=Sketch)
    pods: dict[str, int] = field(default_factory=dict)
    # Of `origin_errors`; and self times as sum of the logarithmic bins they fall into, and how many these are. So that
    # one pod can be told from its siblings. Not in buckets of older versions.
    failed_pods: dict[str, int] = field(default_factory=dict)
    bins_pods: dict[str, int] = field(default_factory=dict)
    timed_pods: dict[str, int] = field(default_factory=dict)
    # Log records written in these spans, by template.
    templates: dict[str, int] = field(default_factory=dict)
    slowest: tuple[SpanExemplar, ...] = ()
    failed: tuple[SpanExemplar, ...] = ()
    # Buckets with self times, and those of them with many far out (see `tails`). Not in buckets of older versions.
    timed: int = 0
    slow: int = 0

    def merge(self, other: "OperationStats") -> None:
        self.calls += other.calls
        self.errors += other.errors
        self.origin_errors += other.origin_errors
        self.entries += other.entries
        self.timed += other.timed
        self.slow += other.slow
        self.duration.merge(other.duration)
        self.self_time.merge(other.self_time)
        _add(self.pods, other.pods)
        _add(self.failed_pods, other.failed_pods)
        _add(self.bins_pods, other.bins_pods)
        _add(self.timed_pods, other.timed_pods)
        _add(self.templates, other.templates)
        self.slowest = keep_spans(self.slowest, other.slowest)
        self.failed = keep_spans(self.failed, other.failed)


@dataclass(frozen=True, slots=True, order=True)
class EdgeKey:
    """Who calls whom. `inferred`: only the caller's half was seen and the callee is named by its attributes.
    `consumed`: only the half of `server` was seen, which took from the queue `client`."""

    client: ServiceKey
    server: ServiceKey
    asynchronous: bool = False
    inferred: bool = False
    # Not in buckets of older versions.
    consumed: bool = False


@dataclass(slots=True)
class EdgeStats:
    """Calls over one edge. `gap` is the caller's duration minus the callee's: what lies between the two."""

    calls: int = 0
    errors: int = 0
    duration: Sketch = field(default_factory=Sketch)
    gap: Sketch = field(default_factory=Sketch)
    # Calls that failed for the caller and not for the callee. Not in buckets of older versions.
    lost: int = 0
    slowest: tuple[SpanExemplar, ...] = ()
    # As those of an operation.
    timed: int = 0
    slow: int = 0
    # Calls in the trace that made most of them, where there were several, and its id. Not in buckets of older versions.
    busiest: int = 0
    busiest_trace: bytes = b""

    def merge(self, other: "EdgeStats") -> None:
        self.calls += other.calls
        self.errors += other.errors
        self.lost += other.lost
        self.timed += other.timed
        self.slow += other.slow
        self.duration.merge(other.duration)
        self.gap.merge(other.gap)
        self.slowest = keep_spans(self.slowest, other.slowest)
        self.add_trace(other.busiest, other.busiest_trace)

    def add_trace(self, calls: int, trace_id: bytes) -> None:
        """Note a trace that made so many of the calls."""
        if trace_id == self.busiest_trace:
            self.busiest += calls
        elif (calls, trace_id) > (self.busiest, self.busiest_trace):
            self.busiest, self.busiest_trace = calls, trace_id


@dataclass(slots=True)
class ServiceSummary:
    """What one service did."""

    records: int = 0
    spans: int = 0
    # Records by severity number, 0 to 24.
    severities: dict[int, int] = field(default_factory=dict)
    templates: dict[str, TemplateCount] = field(default_factory=dict)
    operations: dict[str, OperationStats] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    pods: dict[str, int] = field(default_factory=dict)
    # What events of a changed configuration said, and how often. Not in buckets of older versions.
    events: dict[str, int] = field(default_factory=dict)
    # Traces it logged errors of, of which it is a sample. Not in buckets of older versions.
    erring: Erring = field(default_factory=dict)

    @property
    def entries(self) -> int:
        """Units of work done, as spans tell; 0 where there are none."""
        return sum(operation.entries for operation in self.operations.values())

    @property
    def sends(self) -> bool:
        """Whether it sent anything at all."""
        return bool(self.records or self.spans)

    @property
    def ordinary_records(self) -> int:
        """INFO, or of no severity: failures do not add to them, nor does whoever turns debugging on."""
        return sum(count for severity, count in self.severities.items() if not severity or 9 <= severity < 13)

    @property
    def work_records(self) -> int:
        """Those that tell how much is done where no spans do: debugging is turned on and off, unless there is nothing
        else."""
        debugging = sum(count for severity, count in self.severities.items() if 0 < severity < 9)
        return self.records - debugging or self.records

    @property
    def error_records(self) -> int:
        """Of severity ERROR and above, further lines of stack traces left out."""
        further = sum(seen.errors for seen in self.templates.values() if seen.errors and is_frame(seen.text))
        return sum(count for severity, count in self.severities.items() if severity >= 17) - further

    def merge(self, other: "ServiceSummary") -> None:
        self.records += other.records
        self.spans += other.spans
        _add(self.severities, other.severities)
        _add(self.versions, other.versions)
        _add(self.pods, other.pods)
        _add(self.events, other.events)
        self.erring = added(self.erring, other.erring)
        for template_id, count in other.templates.items():
            self.templates.setdefault(template_id, TemplateCount(count.text)).merge(count)
        for name, operation in other.operations.items():
            self.operations.setdefault(name, OperationStats()).merge(operation)


@dataclass(slots=True)
class Summary:
    """What the whole system did from `start_unix_nano` to `end_unix_nano` (exclusive)."""

    start_unix_nano: int
    end_unix_nano: int
    services: dict[ServiceKey, ServiceSummary] = field(default_factory=dict)
    edges: dict[EdgeKey, EdgeStats] = field(default_factory=dict)

    def service(self, key: ServiceKey) -> ServiceSummary:
        return self.services.setdefault(key, ServiceSummary())

    def erring(self, key: ServiceKey) -> Erring:
        """Traces it logged errors of; of a service that isn't there none, and it doesn't appear by this."""
        return self.services[key].erring if key in self.services else {}

    def edge(self, key: EdgeKey) -> EdgeStats:
        return self.edges.setdefault(key, EdgeStats())

    def merge(self, other: "Summary") -> None:
        self.start_unix_nano = min(self.start_unix_nano, other.start_unix_nano)
        self.end_unix_nano = max(self.end_unix_nano, other.end_unix_nano)
        for key, service in other.services.items():
            self.service(key).merge(service)
        for edge_key, edge in other.edges.items():
            self.edge(edge_key).merge(edge)


def union(parts: Iterable[Summary]) -> Summary:
    """One summary of all `parts`, which stay as they are. At least one is needed."""
    iterator = iter(parts)
    first = next(iterator)
    whole = Summary(first.start_unix_nano, first.end_unix_nano)
    whole.merge(first)
    for part in iterator:
        whole.merge(part)
    return whole


def _add(target: dict[str, int] | dict[int, int], source: dict[str, int] | dict[int, int]) -> None:
    into: dict[object, int] = target  # type: ignore[assignment]
    for key, value in source.items():
        into[key] = into.get(key, 0) + value
