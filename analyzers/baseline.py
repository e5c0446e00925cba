"""What is normal: learned from buckets nothing was wrong in, one service at a time, slowly forgotten."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from analyzers.addresses import movable
from analyzers.changes import Change
from analyzers.latencies import Latency
from analyzers.queues import produced, sent_into
from analyzers.rates import ESTABLISHED, Rate
from analyzers.sampling import middle_share, resampled
from analyzers.service import ServiceKey
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import EdgeKey, EdgeStats, ServiceSummary, Summary

# Units of work below which what was learned is dropped: a month of silence at the usual half-life. It bounds memory,
# and keeps numbers away from where they lose their meaning.
_FAINT = 1e-30
# Times its usual share of the calls that the busiest trace must make of them for them to be one thing.
_UNUSUAL = 2.0
# Share of all steady services that must be silent for the telemetry to be lost and not the services.
_NEARLY_ALL = 0.8
# Calls of those that must fail for it not to be the telemetry.
_SEVERAL = 3


@dataclass(slots=True)
class EdgeBaseline:
    # Calls per unit of work of the caller; what is taken from a queue, per message produced into it.
    calls: Rate = field(default_factory=Rate)
    errors: Rate = field(default_factory=Rate)
    gap: Latency = field(default_factory=Latency)
    duration: Latency = field(default_factory=Latency)
    # Not in checkpoints of older versions.
    lost: Rate = field(default_factory=Rate)
    # Calls of the trace that made most of them, of each bucket; and all since these are counted. Not in checkpoints of
    # older versions.
    busiest: float = 0.0
    made_by_all: float = 0.0
    # Units of work of the caller before its first call. Not in checkpoints of older versions.
    before: float = 0.0

    def passing(self, work: float) -> bool:
        """Whether there were calls for so short a time, after there were none, that they may be over, as a job is."""
        return self.before >= work > self.calls.exposure / ESTABLISHED

    def repeated(self, stats: EdgeStats) -> int:
        """Calls of which one trace made more than usual, but for one: a job that reads a table row by row is one thing,
        however many calls it takes. 0 where the busiest trace always makes most of them."""
        return stats.busiest - 1 if stats.busiest > self._most_of_one(stats) else 0

    def _most_of_one(self, stats: EdgeStats) -> float:
        """Calls that a single trace may make of these, as is usual."""
        usual = self.busiest / self.made_by_all if self.made_by_all > 0 else 1.0
        return max(1.0, _UNUSUAL * usual * stats.calls)

    def made(self, stats: EdgeStats, work: float) -> float:
        """Calls made; of those beyond what is usual for the work, those `repeated` left out."""
        usual = self.calls.expected(work)
        return float(stats.calls) if stats.calls <= usual else max(usual, float(stats.calls - self.repeated(stats)))

    def learn(self, stats: EdgeStats, work: float) -> None:
        # What is not usual becomes so little by little.
        made, busiest = self.made(stats, work), min(stats.busiest, self._most_of_one(stats))
        self.calls.learn(made, work, beyond=stats.calls - made)
        self.busiest += busiest
        self.made_by_all += made
        self.errors.learn(stats.errors, stats.calls)
        self.lost.learn(stats.lost, stats.calls)
        self.gap.learn(stats.gap, stats.slow)
        self.duration.learn(stats.duration, stats.slow)

    def fade(self, factor: float) -> None:
        self.busiest *= factor
        self.made_by_all *= factor
        self.before *= factor
        self.calls.fade(factor)
        self.errors.fade(factor)
        self.lost.fade(factor)
        self.gap.fade(factor)
        self.duration.fade(factor)


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
    # Starts of buckets that were met and not learned from yet, of which other traces are kept than at first. Not in
    # checkpoints of older versions.
    resampled: set[int] = field(default_factory=set)

    def history(self, service: ServiceKey, now_unix_nano: int) -> int:
        """Nanoseconds of event time since the service's first record; 0 for an unknown service."""
        known = self.services.get(service)
        return max(0, now_unix_nano - known.first_unix_nano) if known else 0

    def see(self, bucket: Summary) -> None:
        """Note when services first appeared, and what was changed of them. Everything else is learned later, by `meet`
        and `learn`."""
        for key, summary in sorted(bucket.services.items()):
            known = self.services.get(key)
            if known is None:
                known = self.services[key] = ServiceBaseline(bucket.start_unix_nano, traced=summary.entries > 0)
            elif summary.entries and not known.traced and not known.learned:
                known.traced = True
            if known.running.note(summary.versions, summary.pods, summary.events, bucket.start_unix_nano):
                known.reworded_unix_nano = bucket.start_unix_nano

    def changes(self) -> dict[ServiceKey, tuple[Change, ...]]:
        """What was changed of each service, oldest first; routine left out."""
        return {key: known.running.telling for key, known in self.services.items() if known.running.changes}

    def silent(self, bucket: Summary) -> tuple[ServiceKey, ...]:
        """Services that always sent something and send nothing now, when these are nearly all there are; else none. Nor
        where one of them leaves those unanswered who still send: then it is not their telemetry."""
        steady = [key for key, known in sorted(self.services.items()) if known.steady]
        gone = tuple(key for key in steady if not ((seen := bucket.services.get(key)) and seen.sends))
        if len(gone) < 2 or len(gone) < _NEARLY_ALL * len(steady):
            return ()
        return () if self._unanswered(bucket, frozenset(gone)) else gone

    def _unanswered(self, bucket: Summary, gone: Container[ServiceKey]) -> bool:
        """Whether most calls of these fail that go well as a rule, as far as others tell who still send."""
        calls = failed = 0
        for edge, stats in bucket.edges.items():
            known = self.edges.get(edge)
            if edge.server in gone and (known is None or 2.0 * known.errors.count <= known.errors.exposure):
                calls, failed = calls + stats.calls, failed + stats.errors
        return failed >= _SEVERAL and 2 * failed > calls

    def work_entered(self, bucket: Summary) -> float:
        """Units of work that entered the system: entries of services that nothing else called, nor usually does; where
        no spans are ever sent, all records."""
        if not any(summary.spans for summary in bucket.services.values()):
            traced = any(known.traced for known in self.services.values())
            return 0.0 if traced else float(sum(summary.work_records for summary in bucket.services.values()))
        called = {edge.server for edge in bucket.edges} | self._usually_called()
        return float(sum(summary.entries for key, summary in bucket.services.items() if key not in called))

    def _usually_called(self) -> set[ServiceKey]:
        """Services most of whose work came from others: when nobody asks them for anything, their jobs still run."""
        calls: dict[ServiceKey, float] = {}
        for edge, known in self.edges.items():
            calls[edge.server] = calls.get(edge.server, 0.0) + known.calls.count
        return {key for key, count in calls.items() if key in self.services and count > self.services[key].begun / 2}

    def kept(self, bucket: Summary) -> tuple[float, float]:
        """Share of the traces that is kept, as a multiple of what it was when this was learned: in `bucket` alone, and
        over the last minute before it and in it.

        Logs are not sampled: ordinary records tell how much work was done, and so of how much there are spans. One
        service that logs more or less, or ends fewer spans, is in trouble; when it is so with the middle one of all, it
        is the sampling. Each counts by what it does, and for no more than usual: else one that suddenly writes much
        would outweigh all others.
        """
        now, lately = [], []
        for key, known in self.services.items():
            summary = bucket.services.get(key)
            if known.traced and known.settled:
                traced, done = (0, 0.0) if summary is None else (summary.entries, known.done(summary))
                # How many there are of few records is a matter of chance.
                weight = (
                    min(done, known.usual_work(bucket)) * known.lines.count / (known.lines.count + known.lines.exposure)
                )
                now.append((float(traced), done, weight))
                lately.append((known.traces.count + traced, known.traces.exposure + done, weight))
        return middle_share(now), middle_share(lately)

    def forget(self, service: ServiceKey) -> None:
        """Drop all that is known of it."""
        self.services.pop(service, None)
        for edge in [edge for edge in self.edges if service in (edge.client, edge.server)]:
            del self.edges[edge]

    def readdress(self, answering: Mapping[ServiceKey, ServiceKey]) -> None:
        """What is known of calls of an address becomes known of calls of the service that answers there."""
        for edge in [edge for edge in self.edges if movable(edge) and edge.server in answering]:
            if (service := answering[edge.server]) != edge.client:
                self.edges.setdefault(replace(edge, server=service), self.edges.pop(edge))

    def settle(self) -> None:
        """All that was learned from is normal, because somebody says so: nothing of it is held back."""
        for service in self.services.values():
            for written in service.writings:
                written.settle()

    @property
    def learned(self) -> int:
        """Event time learned from, in nanoseconds, of the service that is known longest."""
        return max((known.learned for known in self.services.values()), default=0)

    def meet(self, bucket: Summary, troubled: Container[ServiceKey] = ()) -> None:
        """Note of one closed bucket what need not wait until it is known whether all was well: how logs are worded,
        but for errors, which stay news until they are learned; and what share of the traces is kept."""
        if self.silent(bucket):
            return
        elapsed = bucket.end_unix_nano - bucket.start_unix_nano
        if self._resampled(bucket):
            self.resampled.add(bucket.start_unix_nano)
        for key, baseline in sorted(self.services.items()):
            summary = bucket.services.get(key) or ServiceSummary()
            baseline.ask(summary, bucket.start_unix_nano, bucket.end_unix_nano)
            if key not in troubled:
                baseline.meet(summary, elapsed, self.max_templates, errors=False)
                baseline.sample(summary, elapsed)

    def learn(self, bucket: Summary, troubled: Container[ServiceKey] = (), met: bool = False) -> None:
        """Learn from one closed bucket, leaving out the services something was wrong with; `met` before or not.

        Nothing is learned, and nothing forgotten, from telemetry that was lost.
        """
        self.see(bucket)
        # What is normal is learned as of the sampling that was there first, and by what was kept when it was met.
        anew = bucket.start_unix_nano in self.resampled if met else self._resampled(bucket)
        self.resampled.discard(bucket.start_unix_nano)
        if self.silent(bucket):
            return
        elapsed = bucket.end_unix_nano - bucket.start_unix_nano
        entered, sent = self.work_entered(bucket), produced(bucket)
        for key, baseline in sorted(self.services.items()):
            if 0 < baseline.reworded_unix_nano <= bucket.start_unix_nano:
                baseline.reword()
            if key in troubled:
                continue
            summary = bucket.services.get(key) or ServiceSummary()
            baseline.meet(summary, elapsed, self.max_templates, errors=True)
            baseline.learn(summary, elapsed, entered, anew, self.max_operations)
            if not met:
                baseline.sample(summary, elapsed)
        for edge in sorted(self.edges.keys() | bucket.edges.keys()):
            if edge.client in troubled or edge.server in troubled:
                continue
            if edge not in self.edges and len(self.edges) >= self.max_edges:
                continue
            caller = bucket.services.get(edge.client)
            stats = bucket.edges.get(edge) or EdgeStats()
            work = sent_into(edge.client, sent) if edge.consumed else caller.entries if caller else 0
            known = self.edges.get(edge)
            if known is None:
                known = self.edges[edge] = EdgeBaseline(before=self._work_before(edge, work))
            known.learn(stats, float(work))
        self._fade(elapsed)

    def _resampled(self, bucket: Summary) -> bool:
        """What a bucket alone tells of the share that is kept is chance."""
        return resampled(self.kept(bucket)[1])

    def _work_before(self, edge: EdgeKey, work: float) -> float:
        """What was learned of the caller before the bucket with so much of its work in it."""
        caller = self.services.get(edge.client)
        return max(0.0, caller.work - work) if caller is not None and not edge.consumed else 0.0

    def _fade(self, elapsed: int) -> None:
        factor = 0.5 ** (elapsed / self.half_life)
        for service in self.services.values():
            service.began *= factor
            service.fresh *= factor
            for rate in (
                service.errors,
                service.throughput,
                service.novelty,
                service.present,
                service.lines,
                *service.clocked.values(),
                *service.templates.values(),
            ):
                rate.fade(factor)
            service.written.fade(factor)
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
