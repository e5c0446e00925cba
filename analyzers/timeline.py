"""Event time: which bucket a record belongs to, and when a bucket is complete."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from analyzers.addresses import Addresses, Answering
from analyzers.aliases import Aliases, AliasState
from analyzers.archive import LOOSE, Archive
from analyzers.assembly import AssemblerState, AssemblyLimits, TraceAssembler
from analyzers.buckets import rows_of_each
from analyzers.catch_up import Arrival, CatchUp, CatchUpSettings, CatchUpState
from analyzers.changes import note_event
from analyzers.columns import Int64, LogBatch, SpanBatch
from analyzers.erring import added, erring
from analyzers.passed import Passed
from analyzers.recent import stretch_of
from analyzers.service import ServiceKey
from analyzers.spool import InMemory, Spool
from analyzers.summary import Summary, union
from analyzers.tally import CountLimits, Tally
from analyzers.templates import MinedBatch
from analyzers.witness import Heard, Witnesses

_BUCKET = 5_000_000_000
# Groups of records that are tallied before they are added to their bucket, where limits bound them.
_MOST_GROUPS = 50_000


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """All in nanoseconds of event time."""

    # What is judged together: a union of buckets.
    duration: int = 15_000_000_000
    # How far behind the newest record a record may be and still be in time.
    lateness: int = 10_000_000_000
    # How long closed buckets are held for look-ups and late records.
    retention: int = 3_600_000_000_000
    # A silence longer than this is skipped instead of being walked through bucket by bucket.
    longest_gap: int = 300_000_000_000
    # By the clock on the wall: how long nothing closes after a sign that somebody is catching up, and how long in all.
    patience: int = 30_000_000_000
    longest_hold: int = 300_000_000_000

    @property
    def buckets(self) -> int:
        """Buckets in a window: as few as keep each at 5 s or below."""
        return max(1, -(-self.duration // _BUCKET))

    @property
    def bucket(self) -> int:
        """Width of a bucket."""
        return max(1, self.duration // self.buckets)


@dataclass(slots=True)
class TimelineState:
    """All a timeline remembers, but for its closed buckets."""

    newest: int
    open_from: int | None
    silent_from: int | None
    late_records: int
    late_spans: int
    folded_records: int
    open: dict[int, Summary]
    assembler: AssemblerState
    heard: list[Heard]
    # Not in checkpoints of older versions.
    catch_up: CatchUpState = field(default_factory=CatchUpState)
    aliases: AliasState = field(default_factory=AliasState)
    addresses: list[tuple[ServiceKey, Answering]] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cut:
    """`end` deliveries are to be added before buckets are closed that end at `complete_unix_nano` or earlier."""

    end: int
    complete_unix_nano: int


class Timeline:
    """The buckets of the whole system, open and closed, behind one watermark.

    The watermark is the newest time of any service less the lateness. A bucket closes when the watermark passes its
    end, or later while somebody is catching up. What comes after the watermark has passed is counted as late; what
    comes to a closed bucket is kept with it all the same, and it is not judged again.
    """

    def __init__(
        self,
        settings: WindowSettings,
        counts: CountLimits | None = None,
        assembly: AssemblyLimits | None = None,
        spool: Spool = InMemory,
    ) -> None:
        """`spool` takes in closed buckets that are hardly looked at any more."""
        self.settings = settings
        assembly = assembly or AssemblyLimits()
        self.assembler = TraceAssembler(assembly)
        self.catch_up = CatchUp(
            CatchUpSettings(
                settings.lateness, settings.bucket, settings.patience, settings.longest_hold, assembly.open_spans
            )
        )
        self.aliases = Aliases()
        self.addresses = Addresses()
        self.witnesses = Witnesses(aliases=self.aliases)
        self.late_records = 0
        self.late_spans = 0
        self.folded_records = 0
        self._counts = counts or CountLimits()
        self._newest = 0
        # Start of the first bucket that is not closed yet; None before the first one was.
        self._open_from: int | None = None
        # Start of the first bucket whose records are in time, though those before may be open still. It moves when
        # buckets are closed, so that the order of what is added in between does not matter.
        self._in_time_from = 0
        # Start of the silence that goes on at `_open_from`; None before the first bucket with records was closed.
        self._silent_from: int | None = None
        self._open: dict[int, Summary] = {}
        # What is to be added to open buckets before anybody looks at them.
        self._tallies: dict[int, Tally] = {}
        self.archive = Archive(settings.bucket, settings.retention, max(LOOSE, stretch_of(settings.buckets)), spool)

    @property
    def newest_unix_nano(self) -> int:
        """Newest event time seen; 0 before the first record."""
        return self._newest

    @property
    def watermark_unix_nano(self) -> int:
        return max(0, self._newest - self.settings.lateness)

    @property
    def pending_spans(self) -> int:
        """Spans that wait for their bucket to close."""
        return self.assembler.held

    def add_logs(self, batch: LogBatch, mined: MinedBatch) -> None:
        if not len(batch):
            return
        buckets = self._bucket_starts(batch.time_unix_nano)
        self.late_records += int(batch.weight[buckets < self._in_time_from].sum())
        for start, rows in rows_of_each(buckets):
            self._tally(start, batch, mined, rows)
        for row, name in batch.event.items():
            service = self._bucket(int(buckets[row])).service(batch.resources[batch.resource[row]].service)
            text = mined.templates[mined.template[row]].text
            note_event(service.events, name, text, int(batch.weight[row]))
        self.witnesses.add(batch, mined, buckets, self._open_from or 0)
        self._see(int(batch.time_unix_nano.max()))

    def add_spans(self, batch: SpanBatch) -> None:
        if not len(batch):
            return
        starts = self._bucket_starts(batch.end_unix_nano)
        self.assembler.hold(batch, starts)
        self.late_spans += int(np.count_nonzero(starts < self._in_time_from))
        for start in np.unique(starts[starts < (self._open_from or 0)]).tolist():
            late = self._bucket(start)
            self.assembler.assemble(start, late)
            self.addresses.apply(late)
        self._see(int(batch.end_unix_nano.max()))

    def cuts(self, arrivals: Iterable[Arrival]) -> list[Cut]:
        """Take note of deliveries that are to be added, in the order in which they came. Returns after how many of
        them buckets become complete, or what comes would be late, and the number of all."""
        width, newest = self.settings.bucket, self._newest
        cuts: list[Cut] = []
        number, before = 0, (self.watermark_unix_nano // width, self.catch_up.state.complete // width)
        for number, arrival in enumerate(arrivals, 1):
            complete = self.catch_up.see(arrival)
            newest = max(newest, arrival.newest_unix_nano)
            now = (max(0, newest - self.settings.lateness) // width, complete // width)
            if now != before:
                cuts.append(Cut(number, complete))
                before = now
        if not cuts or cuts[-1].end < number:
            cuts.append(Cut(number, self.catch_up.state.complete))
        return cuts

    def close_ready(self, complete_unix_nano: int | None = None) -> Iterator[Summary]:
        """Close and return every bucket that the watermark has passed, oldest first; none that ends after the given
        time."""
        until = self.watermark_unix_nano
        self._in_time_from = max(self._in_time_from, self._first_in_time())
        yield from self._close_until(until if complete_unix_nano is None else min(until, complete_unix_nano))

    def close_all(self) -> Iterator[Summary]:
        """Close everything seen so far, because nothing more comes (wall-clock idleness, end of a replay)."""
        self.catch_up.end()
        yield from self._close_until(self._newest + self.settings.bucket)
        self._in_time_from = max(self._in_time_from, self._open_from or 0)

    def state(self) -> TimelineState:
        """What it remembers; not a copy."""
        self._pour_all()
        heard, passed = self.witnesses.state()
        return TimelineState(
            self._newest,
            self._open_from,
            self._silent_from,
            self.late_records,
            self.late_spans,
            self.folded_records,
            self._open,
            self.assembler.state(),
            heard,
            self.catch_up.state,
            self.aliases.state(),
            self.addresses.state(),
            passed,
        )

    def restore(self, state: TimelineState, closed: Iterable[Summary]) -> None:
        """Go on where `state` was taken, with the closed buckets of that time."""
        self._newest, self._open_from, self._silent_from = state.newest, state.open_from, state.silent_from
        self.late_records, self.late_spans = state.late_records, state.late_spans
        self.folded_records = state.folded_records
        self._open = state.open
        self._in_time_from = max(self._open_from or 0, self._first_in_time())
        self.archive.restore(closed)
        self.assembler.restore(state.assembler)
        self.witnesses.restore(state.heard, state.passed)
        self.catch_up.state = state.catch_up
        self.aliases.restore(state.aliases)
        self.addresses.restore(state.addresses)

    def _first_in_time(self) -> int:
        return self.watermark_unix_nano // self.settings.bucket * self.settings.bucket

    def _is_closed(self, start: int) -> bool:
        return self._open_from is not None and start < self._open_from

    def held(self) -> tuple[int, int]:
        """Start of the oldest and end of the newest bucket; (0, 0) when there is none."""
        start, end = self.archive.held()
        if not self._open:
            return start, end
        return min(start or min(self._open), *self._open), max(self._open) + self.settings.bucket

    def between(self, start_unix_nano: int, end_unix_nano: int) -> Summary | None:
        """The union of the held buckets that overlap the range; None when nothing is held of it."""
        self._pour_all()
        open_ones = (
            part
            for _, part in sorted(self._open.items())
            if part.start_unix_nano < end_unix_nano and part.end_unix_nano > start_unix_nano
        )
        parts = chain(self.archive.between(start_unix_nano, end_unix_nano), open_ones)
        first = next(parts, None)
        if first is None:
            return None
        whole = union(chain((first,), parts))
        self._apply(whole)
        return whole

    def file(self, closed: Summary) -> None:
        """File what a closed bucket holds under the names that are known now."""
        self._apply(closed)
        self.archive.mark_changed({closed.start_unix_nano})

    def _apply(self, summary: Summary) -> None:
        self.aliases.apply(summary)
        self.addresses.apply(summary)

    def _close_until(self, time_unix_nano: int) -> Iterator[Summary]:
        """What is closed, empty buckets among them, depends on the records alone, not on the order of batches."""
        width = self.settings.bucket
        # Nothing that is in time can still come before this.
        settled = (time_unix_nano // width) * width
        while (upcoming := self._upcoming()) is not None:
            if self._open_from is None:
                self._open_from = min(upcoming, settled)
            start = self._open_from
            if start >= settled:
                return
            if upcoming > start and self._is_gap(upcoming):
                if not self._is_gap(settled):
                    # What may still come decides whether this is a gap to skip or a silence to walk through.
                    return
                self._open_from = min(upcoming, settled)
                continue
            summary = self._open.pop(start, None) or Summary(start, start + width)
            self._pour(start, summary)
            assembled = self.assembler.assemble(start, summary)
            self.witnesses.join(assembled.ended, summary)
            self.aliases.settle(summary)
            self.addresses.settle(summary, assembled.answered)
            _forget_erring(summary)
            self._open_from = start + width
            if upcoming == start:
                self._silent_from = self._open_from
            self.archive.add(summary)
            yield summary

    def _is_gap(self, until_unix_nano: int) -> bool:
        return self._silent_from is None or until_unix_nano - self._silent_from >= self.settings.longest_gap

    def _upcoming(self) -> int | None:
        """Start of the first bucket with records that is not closed; None when there is none."""
        known = self._open.keys() | self.assembler.buckets
        return min((item for item in known if self._open_from is None or item >= self._open_from), default=None)

    def _tally(self, start: int, batch: LogBatch, mined: MinedBatch, rows: Int64) -> None:
        bucket = self._bucket(start)
        tally = self._tallies.setdefault(start, Tally())
        tally.add(batch, mined, rows)
        for key, found in erring(batch, rows, bucket.erring):
            service = bucket.service(key)
            service.erring = added(service.erring, found)
        if self._is_closed(start) or len(tally) > _MOST_GROUPS:
            self._pour(start, bucket)

    def _pour(self, start: int, bucket: Summary) -> None:
        """Add what was tallied to its bucket."""
        tally = self._tallies.pop(start, None)
        if tally is not None:
            self.folded_records += tally.pour(bucket, self._counts)

    def _pour_all(self) -> None:
        for start, bucket in self._open.items():
            self._pour(start, bucket)

    def _bucket_starts(self, times: Int64) -> Int64:
        width = np.int64(self.settings.bucket)
        return (times // width) * width

    def _bucket(self, start: int) -> Summary:
        if self._is_closed(start):
            return self.archive.late(start)
        summary = self._open.get(start)
        if summary is None:
            summary = self._open[start] = Summary(start, start + self.settings.bucket)
        return summary

    def _see(self, time_unix_nano: int) -> None:
        self._newest = max(self._newest, time_unix_nano)


def _forget_erring(summary: Summary) -> None:
    """Nobody asks for it where there are spans."""
    if any(service.spans for service in summary.services.values()):
        for service in summary.services.values():
            service.erring = {}
