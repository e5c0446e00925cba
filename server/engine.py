"""What is known: windows, baseline, incidents that may still change. One lock, one writer."""

import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from analyzers.adoption import adopt
from analyzers.anomaly import Anomaly, strongest
from analyzers.assembly import AssemblyLimits
from analyzers.baseline import Baseline
from analyzers.catch_up import Arrival
from analyzers.census import Census, Instances
from analyzers.columns import LogBatch, SpanBatch
from analyzers.detectors import Detector, build_all, sensitive
from analyzers.recent import Recent
from analyzers.service import ServiceKey
from analyzers.spool import InMemory, Spool
from analyzers.summary import Summary
from analyzers.tails import mark
from analyzers.tally import CountLimits
from analyzers.templates import MinedBatch
from analyzers.timeline import Cut, Timeline, TimelineState, WindowSettings
from rca.diagnosis import Diagnosis
from rca.explanation import diagnose
from rca.gaps import completed
from rca.graph import ServiceGraph, Topology, build_graph
from rca.hints import told
from rca.incident import Incident, State
from rca.joint import CHANCE
from rca.rules import Rule, load_rules
from rca.store.base import IncidentStore
from rca.tracker import IncidentTracker, TrackerSettings
from server.config import Config


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one closed window came to. `changed` are incidents as they are now; those with news want a diagnosis."""

    window: Summary
    anomalies: tuple[Anomaly, ...]
    graph: ServiceGraph
    changed: tuple[Incident, ...]


@dataclass(slots=True)
class EngineState:
    """All an engine remembers, but for the closed buckets of its timeline."""

    timeline: TimelineState
    baseline: Baseline
    census: dict[ServiceKey, int]
    live: tuple[Incident, ...]
    before: tuple[Anomaly, ...]
    # Starts of the buckets of the newest window, which are not learned from yet.
    recent: tuple[int, ...]
    # Not in checkpoints of older versions.
    instances: dict[ServiceKey, Instances] = field(default_factory=dict)
    # Those of `stretch` as they were closed, where more came since: neither judged nor learned.
    as_closed: dict[int, Summary] = field(default_factory=dict)
    # Starts of the buckets of the newest stretch.
    stretch: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineParts:
    timeline: Timeline
    baseline: Baseline
    tracker: IncidentTracker
    census: Census
    # For windows, and the more sensitive ones for a time a person or an incident points at.
    detectors: Sequence[Detector]
    sensitive: Sequence[Detector]
    rules: Sequence[Rule]
    # How much of a service must have been seen before it is judged, nanoseconds of event time.
    min_history: int


class Engine:
    """The state behind the pure functions. The pipeline writes, anybody may read; both under `lock`."""

    def __init__(self, parts: EngineParts) -> None:
        self.lock = threading.RLock()
        self.timeline = parts.timeline
        self.baseline = parts.baseline
        self.tracker = parts.tracker
        self.census = parts.census
        self.detectors = tuple(parts.detectors)
        self._sensitive = tuple(parts.sensitive)
        self._rules = tuple(parts.rules)
        self._min_history = parts.min_history
        self._recent = Recent(parts.timeline.settings.buckets)

    def add_logs(self, batch: LogBatch, mined: MinedBatch) -> int:
        """Returns how many of the records were late."""
        with self.lock:
            before = self.timeline.late_records
            if len(batch):
                resources = self.census.resources(batch.resources, int(batch.time_unix_nano.max()))
                self.timeline.add_logs(replace(batch, resources=resources), mined)
            return self.timeline.late_records - before

    def add_spans(self, batch: SpanBatch) -> int:
        with self.lock:
            before = self.timeline.late_spans
            if len(batch):
                newest = int(batch.end_unix_nano.max())
                resources = self.census.resources(batch.resources, newest)
                peers = self.census.peers(batch.peers, newest)
                self.timeline.add_spans(replace(batch, resources=resources, peers=peers))
            return self.timeline.late_spans - before

    def cuts(self, arrivals: Iterable[Arrival]) -> list[Cut]:
        """After how many of several deliveries buckets become complete, and that of all: added up to there and closed,
        they come to the same as one by one."""
        with self.lock:
            return self.timeline.cuts(arrivals)

    def close_ready(self, complete_unix_nano: int | None = None) -> Iterator[Summary]:
        """Close buckets that are complete and end no later than that, oldest first, each when it is asked for."""
        yield from self._each(self.timeline.close_ready(complete_unix_nano))

    def close_all(self) -> Iterator[Summary]:
        """The same of all that were begun."""
        yield from self._each(self.timeline.close_all())

    def expects_more(self, now_unix_nano: int) -> bool:
        """Whether a silence is none yet, because somebody is catching up."""
        with self.lock:
            return self.timeline.catch_up.expects_more(now_unix_nano)

    def state(self) -> EngineState:
        """What is known; not a copy, so encode it under `lock`."""
        return EngineState(
            self.timeline.state(),
            self.baseline,
            self.census.state(),
            self.tracker.live,
            self.tracker.before,
            tuple(bucket.start_unix_nano for bucket in self._recent.waiting),
            self.census.instances(),
            {
                bucket.start_unix_nano: bucket
                for bucket in self._recent
                if self.timeline.archive.get(bucket.start_unix_nano) is not bucket
            },
            tuple(bucket.start_unix_nano for bucket in self._recent),
        )

    def restore(self, state: EngineState, closed: Iterable[Summary]) -> None:
        """Go on where `state` was taken. Limits and half-lives are those of today's configuration."""
        with self.lock:
            self.timeline.restore(state.timeline, closed)
            self.baseline.services, self.baseline.edges = state.baseline.services, state.baseline.edges
            self.baseline.resampled = state.baseline.resampled
            self.census.restore(state.census, state.instances)
            self.tracker.restore(state.live, state.before)
            archive = self.timeline.archive
            starts = state.stretch or state.recent
            recent = [state.as_closed.get(start) or archive.get(start) for start in starts]
            stretch = [bucket for bucket in recent if bucket is not None]
            self._recent.restore(stretch, [bucket for bucket in stretch if bucket.start_unix_nano in state.recent])

    def judge(self, bucket: Summary) -> Judgement:
        """Judge the window that ends with `bucket`, then learn from what is held back no longer."""
        with self.lock:
            if bucket.start_unix_nano != self._recent.end_unix_nano:
                for earlier, met in self._recent.broken_off():
                    self.baseline.learn(earlier, self._troubled(earlier), met)
            for service in self.census.take_gone():
                self.baseline.forget(service)
            if found := self.timeline.aliases.take_new():
                for alias in found:
                    adopt(self.baseline, alias)
            if addresses := self.timeline.addresses.take_new():
                self.baseline.readdress(addresses)
            if found or addresses:
                for earlier in self._recent:
                    self.timeline.file(earlier)
            self.baseline.see(bucket)
            mark(bucket, self.baseline)
            self._recent.add(bucket)
            window = self._recent.window()
            try:
                anomalies = strongest((*self._judged(self.detectors, window), *self._lasting()))
                graph = build_graph(window)
                changed = tuple(self.tracker.advance(anomalies, graph, bucket.end_unix_nano, self.baseline.edges))
                for service in self.tracker.take_accepted():
                    self.baseline.forget(service)
            finally:
                # Also when judging fails: each bucket is met once, and learned.
                if (left := self._recent.left()) is not None:
                    self.baseline.meet(left, self._troubled(left))
                self._learn(self._recent.settled(self.baseline.learned))
            return Judgement(window, anomalies, graph, changed)

    def diagnose(
        self,
        start_unix_nano: int,
        end_unix_nano: int,
        around: Iterable[ServiceKey] = (),
        apart: Container[ServiceKey] = (),
    ) -> tuple[Diagnosis, tuple[Anomaly, ...]]:
        """Rank causes over everything held of the range; with `around`, only what could reach those services, and what
        those `apart` show is left out. The anomalies are those that are more than hints."""
        with self.lock:
            whole = self.timeline.between(start_unix_nano, end_unix_nano)
            whole = whole or Summary(start_unix_nano, end_unix_nano)
            graph = build_graph(whole)
            anomalies = self._judged(self._sensitive, whole)
            changes, aliases = self.baseline.changes(), self.timeline.aliases.known
        near = tuple(around)
        if near:
            topology = Topology(graph)
            anomalies = tuple(
                item
                for item in anomalies
                if item.service not in apart and any(topology.connected(item.service, service) for service in near)
            )
        diagnosis = diagnose(anomalies, graph, self._rules, end_unix_nano, changes=changes)
        history = partial(self.baseline.history, now_unix_nano=end_unix_nano)
        return completed(diagnosis, history, aliases), told(anomalies)

    def held(self) -> tuple[int, int]:
        """Start and end of what is held, event time in nanoseconds; (0, 0) when nothing is."""
        with self.lock:
            return self.timeline.held()

    def summary(self, start_unix_nano: int, end_unix_nano: int) -> Summary | None:
        with self.lock:
            return self.timeline.between(start_unix_nano, end_unix_nano)

    def _each(self, buckets: Iterator[Summary]) -> Iterator[Summary]:
        """Many may have been held: readers get their turn between two of them."""
        while True:
            with self.lock:
                bucket = next(buckets, None)
            if bucket is None:
                return
            yield bucket

    def _judged(self, detectors: Iterable[Detector], window: Summary) -> tuple[Anomaly, ...]:
        now = window.end_unix_nano
        return tuple(
            item
            for detector in detectors
            for item in detector.detect(window, self.baseline)
            if self._old_enough(item.service, now) and (item.peer is None or self._old_enough(item.peer, now))
        )

    def _old_enough(self, service: ServiceKey, now: int) -> bool:
        # A peer known from its callers alone has no history of its own; its callers' counts.
        return service not in self.baseline.services or self.baseline.history(service, now) >= self._min_history

    def _lasting(self) -> Iterator[Anomaly]:
        """What is too faint for a window and shows in the whole stretch, while it goes on."""
        stretch = self._recent.stretch()
        found = [] if stretch is None else [x for x in self._judged(self.detectors, stretch) if x.evidence > CHANCE]
        if not found:
            return
        still = {item.key: item.surprise for item in self._judged(self._sensitive, self._recent.lately())}
        yield from (item for item in found if item.surprise * still.get(item.key, 0.0) > 0)

    def _learn(self, buckets: Iterable[Summary]) -> None:
        for bucket in buckets:
            self.baseline.learn(bucket, self._troubled(bucket), met=True)

    def _troubled(self, bucket: Summary) -> frozenset[ServiceKey]:
        return self.tracker.troubled(bucket.start_unix_nano, bucket.end_unix_nano)


def build_engine(config: Config, store: IncidentStore | None, spool: Spool = InMemory) -> Engine:
    """The state without doors around it; with a store, incidents that may still change are taken up again. `spool`
    takes in closed buckets that are hardly looked at any more."""
    live = [item for item in store.list() if item.state is not State.RESOLVED] if store is not None else []
    window = config.window
    return Engine(
        EngineParts(
            timeline=Timeline(
                WindowSettings(
                    duration=window.duration,
                    lateness=window.lateness,
                    retention=window.retention,
                    patience=window.patience,
                    longest_hold=window.longest_hold,
                ),
                CountLimits(templates=config.limits.templates),
                AssemblyLimits(
                    open_spans=config.limits.open_spans,
                    operations=config.limits.operations,
                    edges=config.limits.edges,
                ),
                spool,
            ),
            baseline=Baseline(half_life=config.baseline.half_life, max_templates=config.baseline.max_templates),
            tracker=IncidentTracker(
                TrackerSettings(
                    quiet=config.incident.quiet,
                    reopen=config.incident.reopen,
                    resolve=config.incident.resolve,
                    new_normal=config.incident.new_normal,
                ),
                live,
            ),
            detectors=build_all(),
            sensitive=sensitive(),
            census=Census(config.limits.services, pods=config.limits.pods, versions=config.limits.versions),
            rules=load_rules(),
            min_history=config.baseline.min_history,
        )
    )
