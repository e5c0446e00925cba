"""What is normal: learned from buckets nothing was wrong in, one service at a time, slowly forgotten."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from analyzers.addresses import movable
from analyzers.changes import Change, Running
from analyzers.latencies import Latency
from analyzers.mixture import bounds
from analyzers.queues import produced, sent_into
from analyzers.rates import Rate
from analyzers.sampling import fewest, middle_share, most, resampled
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, ServiceSummary, Summary
from analyzers.templates import strangers
from analyzers.written import WrittenBaseline

# Units of work below which what was learned is dropped: a month of silence at the usual half-life. It bounds memory,
# and keeps numbers away from where they lose their meaning.
_FAINT = 1e-30

_WARN, _ERROR = 13, 17
# What is left of how a version words its logs once another one runs.
_REWORDED = 1e-3
# Until so much is learned of a service nothing is said of the share, and what its records tell of its work is forgotten
# with this half-life: whatever starts says much that it never says again. And until there was so much work: of a few
# units, the number of their records is a matter of chance.
_SETTLED, _SETTLING, _ENOUGH = 60 * 1_000_000_000, 10 * 1_000_000_000, 30.0
# Half-life of what is known of the share kept lately.
_LATELY = 30 * 1_000_000_000
# One request may make many calls of a service or none: work comes in lumps.
_UNEVEN = 3.0
# Share of its buckets in which a steady service sent something, and how many must be known; share of all steady ones
# that must be silent for the telemetry to be lost and not the services.
_STEADY, _STEADY_BUCKETS, _NEARLY_ALL = 0.95, 11.0, 0.8


@dataclass(slots=True)
class OperationBaseline:
    errors: Rate = field(default_factory=Rate)
    self_time: Latency = field(default_factory=Latency)
    duration: Latency = field(default_factory=Latency)
    written: WrittenBaseline = field(default_factory=WrittenBaseline)
    # Units of work that began with it. Not in checkpoints of older versions.
    begun: float = 0.0

    def learn(self, stats: OperationStats) -> None:
        self.begun += stats.entries
        self.written.learn(stats.templates, stats.calls)
        self.errors.learn(stats.origin_errors, stats.calls)
        self.self_time.learn(stats.self_time, stats.slow)
        self.duration.learn(stats.duration)

    def fade(self, factor: float) -> None:
        self.begun *= factor
        self.errors.fade(factor)
        self.self_time.fade(factor)
        self.duration.fade(factor)
        self.written.fade(factor)


@dataclass(slots=True)
class EdgeBaseline:
    # Calls per unit of work of the caller; what is taken from a queue, per message produced into it.
    calls: Rate = field(default_factory=Rate)
    errors: Rate = field(default_factory=Rate)
    gap: Latency = field(default_factory=Latency)
    duration: Latency = field(default_factory=Latency)
    # Not in checkpoints of older versions.
    lost: Rate = field(default_factory=Rate)

    def learn(self, stats: EdgeStats, work: float) -> None:
        self.calls.learn(stats.calls, work)
        self.errors.learn(stats.errors, stats.calls)
        self.lost.learn(stats.lost, stats.calls)
        self.gap.learn(stats.gap, stats.slow)
        self.duration.learn(stats.duration, stats.slow)

    def fade(self, factor: float) -> None:
        self.calls.fade(factor)
        self.errors.fade(factor)
        self.lost.fade(factor)
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
    throughput: Rate = field(default_factory=lambda: Rate(least=_UNEVEN))
    # Templates seen for the first time, per bucket: how much of this service is still unknown.
    novelty: Rate = field(default_factory=Rate)
    # Whether spans count the work.
    traced: bool = False
    # Buckets in which it sent anything at all, of all learned.
    present: Rate = field(default_factory=Rate)
    # Not in checkpoints of older versions.
    running: Running = field(default_factory=Running)
    # Records below WARN per unit of work, where spans count it. Not in checkpoints of older versions.
    lines: Rate = field(default_factory=Rate)
    # Templates by the second: some are written by the clock, whatever is done. Not in checkpoints of older versions.
    clocked: dict[str, Rate] = field(default_factory=dict)
    # What goes together where no spans tell who wrote it. Not in checkpoints of older versions.
    written: WrittenBaseline = field(default_factory=WrittenBaseline)
    # Units of work that were traced of those its records tell of, of late.
    traces: Rate = field(default_factory=Rate)

    @property
    def burstiness(self) -> float:
        """Mean dispersion of its templates: how many records of one kind come at once. By work or by the clock,
        whichever tells better when they come: work that few traces tell of is itself a matter of chance."""
        found = [min(rate.dispersion, self.clocked.get(key, rate).dispersion) for key, rate in self.templates.items()]
        return sum(found) / len(found) if found else 1.0

    def note_changes(self, summary: ServiceSummary, now_unix_nano: int) -> None:
        """A new version may word its logs anew, and write more or fewer: what was known is as good as forgotten."""
        if self.running.note(summary.versions, summary.pods, summary.events, now_unix_nano):
            for rate in (*self.templates.values(), *self.clocked.values(), self.lines):
                rate.fade(_REWORDED)
            for written in self.writings:
                written.fade(_REWORDED)

    @property
    def writings(self) -> tuple[WrittenBaseline, ...]:
        """What it writes, all in all and by operation."""
        return (self.written, *(operation.written for operation in self.operations.values()))

    def released(self, now_unix_nano: int) -> bool:
        """Whether it was changed so lately that new wording is to be expected."""
        return self.running.last(now_unix_nano) is not None

    @property
    def settled(self) -> bool:
        """Whether its records tell how much work it does."""
        return self.learned >= _SETTLED and self.lines.count > 0 and self.lines.exposure >= _ENOUGH

    @property
    def steady(self) -> bool:
        """Whether it is known long enough, and nearly always sent something."""
        return self.present.buckets >= _STEADY_BUCKETS and self.present.count >= _STEADY * self.present.exposure

    def exposure(self, summary: ServiceSummary) -> float:
        """Units of work in `summary`, counted as they were when this was learned."""
        return float(summary.entries if self.traced else summary.records)

    def usual_work(self, whole: Summary) -> float:
        """Units of work in as long a time; something must have been learned."""
        return self.work / self.learned * (whole.end_unix_nano - whole.start_unix_nano)

    def done(self, summary: ServiceSummary) -> float:
        """Units of work done, as its ordinary records tell; 0 where they tell nothing."""
        return summary.ordinary_records * self.lines.exposure / self.lines.count if self.lines.count > 0 else 0.0

    def exposures(self, summary: ServiceSummary, kept: tuple[float, float]) -> tuple[float, float]:
        """The least and the most units of work that there may be in `summary`, as `kept` tells of the sampling.

        A rise counts against the most and a fall against the least: a share that was estimated accuses nobody. Where
        it changed, chance also decides how much of this service's work is in it.
        """
        counted = self.exposure(summary)
        if not self.traced:
            return counted, counted
        found = [counted]
        for share in kept:
            if share <= 0:
                found.append(self.done(summary))
            elif resampled(share):
                found += (fewest(counted) / share, most(counted) / share)
            else:
                found.append(counted / share)
        return min(found), max(found)

    def mixture(self, summary: ServiceSummary) -> tuple[float, float]:
        """`bounds` by the operations its work begins with; those that are new are taken to be as the others."""
        kinds = self.kinds(summary)
        usual, now = sum(usual for usual, _ in kinds), sum(now for _, now in kinds)
        return bounds(kinds, now / usual) if usual and now else (1.0, 1.0)

    def kinds(self, summary: ServiceSummary) -> list[tuple[float, float]]:
        """Units of work by the operation they begin with: as many as were learned from, and as there are now."""
        seen = summary.operations
        return [
            (known.begun, float(seen[name].entries) if name in seen else 0.0)
            for name, known in self.operations.items()
            if known.begun
        ]


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
            self.services[key].note_changes(summary, bucket.start_unix_nano)

    def changes(self) -> dict[ServiceKey, tuple[Change, ...]]:
        """What was changed of each service, oldest first; routine left out."""
        return {key: known.running.telling for key, known in self.services.items() if known.running.changes}

    def silent(self, bucket: Summary) -> tuple[ServiceKey, ...]:
        """Services that always sent something and send nothing now, when these are nearly all there are; else none."""
        steady = [key for key, known in sorted(self.services.items()) if known.steady]
        gone = tuple(key for key in steady if not _sends(bucket.services.get(key)))
        return gone if len(gone) >= 2 and len(gone) >= _NEARLY_ALL * len(steady) else ()

    def work_entered(self, bucket: Summary) -> float:
        """Units of work that entered the system: entries of services that nothing else called; where no spans are ever
        sent, all records."""
        if not any(summary.spans for summary in bucket.services.values()):
            traced = any(known.traced for known in self.services.values())
            return 0.0 if traced else float(sum(summary.records for summary in bucket.services.values()))
        called = {edge.server for edge in bucket.edges}
        return float(sum(summary.entries for key, summary in bucket.services.items() if key not in called))

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

    def learn(self, bucket: Summary, troubled: Container[ServiceKey] = ()) -> None:
        """Learn from one closed bucket, leaving out the services something was wrong with.

        Nothing is learned, and nothing forgotten, from telemetry that was lost.
        """
        self.see(bucket)
        if self.silent(bucket):
            return
        entered, sent = self.work_entered(bucket), produced(bucket)
        # What is normal is learned as of the sampling that was there first.
        anew = any(resampled(share) for share in self.kept(bucket))
        for key, baseline in sorted(self.services.items()):
            if key in troubled:
                continue
            summary = bucket.services.get(key) or ServiceSummary()
            _learn_service(baseline, summary, bucket, entered, anew, self.max_templates, self.max_operations)
        for edge in sorted(self.edges.keys() | bucket.edges.keys()):
            if edge.client in troubled or edge.server in troubled:
                continue
            if edge not in self.edges and len(self.edges) >= self.max_edges:
                continue
            caller = bucket.services.get(edge.client)
            stats = bucket.edges.get(edge) or EdgeStats()
            work = sent_into(edge.client, sent) if edge.consumed else caller.entries if caller else 0
            self.edges.setdefault(edge, EdgeBaseline()).learn(stats, float(work))
        self._fade(bucket.end_unix_nano - bucket.start_unix_nano)

    def _fade(self, elapsed: int) -> None:
        factor = 0.5 ** (elapsed / self.half_life)
        for service in self.services.values():
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


def _sends(summary: ServiceSummary | None) -> bool:
    return summary is not None and bool(summary.records or summary.spans)


def _faint(rate: Rate) -> bool:
    """Whether what was known once is as good as forgotten."""
    return 0.0 < rate.exposure < _FAINT


def _learn_service(
    baseline: ServiceBaseline,
    summary: ServiceSummary,
    bucket: Summary,
    entered: float,
    anew: bool,
    max_templates: int,
    max_operations: int,
) -> None:
    exposure = baseline.exposure(summary)
    baseline.learned += bucket.end_unix_nano - bucket.start_unix_nano
    baseline.work += exposure
    baseline.throughput.learn(exposure, entered)
    baseline.present.learn(1.0 if _sends(summary) else 0.0, 1.0)
    if baseline.traced:
        if baseline.settled:
            baseline.traces.learn(exposure, baseline.done(summary))
        baseline.traces.fade(0.5 ** ((bucket.end_unix_nano - bucket.start_unix_nano) / _LATELY))
        if anew:
            exposure = baseline.done(summary)
        else:
            if baseline.learned < _SETTLED:
                baseline.lines.fade(0.5 ** ((bucket.end_unix_nano - bucket.start_unix_nano) / _SETTLING))
            baseline.lines.note(summary.ordinary_records, exposure)
    baseline.errors.note(summary.error_records, exposure)
    seconds = (bucket.end_unix_nano - bucket.start_unix_nano) / 1e9
    fresh = {count.text for template_id, count in summary.templates.items() if template_id not in baseline.templates}
    # One that differs from known ones in a word that varies is no new wording.
    new = len(strangers(fresh, baseline.texts.values())) if fresh else 0
    for template_id, count in sorted(summary.templates.items()):
        if template_id not in baseline.templates and len(baseline.templates) < max_templates:
            # Unseen in all that was learned before: that is knowledge too.
            baseline.templates[template_id] = Rate(0.0, max(0.0, baseline.work - exposure))
            baseline.texts[template_id] = count.text
            # Other wording comes with the hour; that an error never came before is no question of the time.
            if count.max_severity >= _ERROR:
                baseline.clocked[template_id] = Rate(0.0, baseline.novelty.exposure * seconds)
        if count.max_severity >= _WARN and template_id in baseline.templates:
            baseline.severe.add(template_id)
    baseline.novelty.learn(new, 1.0)
    for template_id, rate in baseline.templates.items():
        seen = summary.templates.get(template_id)
        written = seen.count if seen else 0
        rate.note(written, exposure)
        baseline.clocked.setdefault(template_id, Rate()).learn(written, seconds)
    if not baseline.traced:
        baseline.written.learn({key: seen.count for key, seen in summary.templates.items()}, summary.records)
        baseline.written.drop_refuted()
    for name, stats in sorted(summary.operations.items()):
        if name in baseline.operations or len(baseline.operations) < max_operations:
            baseline.operations.setdefault(name, OperationBaseline()).learn(stats)
