"""Closed buckets, for look-ups and for records that come late: fine at first, merged into coarse ones as they age."""

from collections.abc import Iterable, Iterator

from analyzers.shelf import Shelf
from analyzers.spool import InMemory, Spool
from analyzers.summary import Summary, union

# Fine buckets that make one coarse bucket.
_FINE_PER_COARSE = 12
# Coarse buckets' worth of fine buckets that are kept as they are.
_FINE_SPAN = 10
# Coarse buckets kept beyond retention, for records later than that.
_SPARE = 2
# Fine buckets that are not packed: late records are mostly for these, and a look at what just happened is as well.
LOOSE = 24


class Archive:
    """Holds what happened within `retention` nanoseconds of event time. Memory is bounded by the number of buckets,
    and a bucket by the limits on what it counts. All but the newest buckets are kept packed.

    Late records are kept beside a bucket until it is packed, and read together with it: whoever judges the bucket and
    learns from it has it as it was closed. Records that come late have missed the spans they were written in, so that
    calls would seem to write less than they do."""

    def __init__(self, bucket: int, retention: int, loose: int = LOOSE, spool: Spool = InMemory) -> None:
        """`bucket`: width of a fine bucket. `loose`: so many of the newest ones stay the objects that were added;
        `spool` takes in the others, packed."""
        self._bucket = bucket
        self._coarse_width = bucket * _FINE_PER_COARSE
        self._retention = retention
        self._loose = loose * bucket
        self._fine = Shelf(spool)
        self._coarse = Shelf(spool)
        # What came late to a fine bucket, by its start.
        self._late: dict[int, Summary] = {}
        # Everything before this is coarse.
        self._coarse_until = 0
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self.starts())

    def add(self, closed: Summary) -> None:
        """Take in a bucket that was just closed, newest so far."""
        start = closed.start_unix_nano
        _thin(closed)
        self._fine.put(closed)
        self._changed.add(start)
        self._age(start)
        self._pack(start)

    def late(self, start: int) -> Summary:
        """What came late to the fine bucket that starts there, to be added to before anything else is asked of the
        archive; or the coarse bucket that is there by now."""
        if start < self._coarse_until:
            return self._open(self._coarse, start - start % self._coarse_width, self._coarse_width)
        self._changed.add(start)
        return self._late.setdefault(start, Summary(start, start + self._bucket))

    def at(self, start: int) -> Summary:
        """The bucket that starts there with all that came late to it, to be changed at once."""
        if start < self._coarse_until:
            return self.late(start)
        self._settle(start)
        return self._open(self._fine, start, self._bucket)

    def held(self) -> tuple[int, int]:
        """Start of the oldest and end of the newest bucket; (0, 0) when there is none."""
        starts = self.starts()
        return (starts[0], max(map(self._end, starts))) if starts else (0, 0)

    def between(self, start_unix_nano: int, end_unix_nano: int) -> Iterator[Summary]:
        """Those that overlap the range, oldest first, to be read: some are copies, made one at a time."""
        for start in self.starts():
            if start < end_unix_nano and self._end(start) > start_unix_nano and (bucket := self.get(start)):
                yield bucket

    def starts(self) -> list[int]:
        """Where all of them start, ascending."""
        return sorted(self._coarse.starts() | self._fine.starts() | self._late.keys())

    def get(self, start: int) -> Summary | None:
        """The bucket that starts there, to be read: it may be a copy."""
        bucket = (self._fine if start in self._fine else self._coarse).get(start)
        late = self._late.get(start)
        if late is None:
            return bucket
        return late if bucket is None else union((bucket, late))

    def restore(self, buckets: Iterable[Summary]) -> None:
        """Go on with these."""
        for shelf in (self._fine, self._coarse):
            shelf.clear()
        self._coarse_until = 0
        self._late.clear()
        newest = 0
        for bucket in buckets:
            if bucket.end_unix_nano - bucket.start_unix_nano > self._bucket:
                self._coarse.put(bucket)
                self._coarse_until = max(self._coarse_until, bucket.end_unix_nano)
            else:
                self._fine.put(bucket)
                newest = max(newest, bucket.start_unix_nano)
            self._pack(newest)
        self._changed.clear()

    def take_changed(self) -> set[int]:
        """Starts of the buckets that are new or were added to since the last call."""
        changed = self._changed.intersection(self.starts())
        self._changed = set()
        return changed

    def mark_changed(self, starts: set[int]) -> None:
        """Give back what `take_changed` returned, because it could not be used."""
        self._changed |= starts

    def _age(self, newest: int) -> None:
        until = newest - _FINE_SPAN * self._coarse_width
        until -= until % self._coarse_width
        if until <= self._coarse_until:
            return
        self._coarse_until = until
        for start in [start for start in self._late if start < until]:
            self._settle(start)
        groups: dict[int, list[int]] = {}
        for start in sorted(start for start in self._fine.starts() if start < until):
            groups.setdefault(start - start % self._coarse_width, []).append(start)
        for start, parts in groups.items():
            merged = Summary(start, start + self._coarse_width)
            for part in (self._coarse.get(start), *map(self._fine.remove, parts)):
                if part is not None:
                    merged.merge(part)
            _thin(merged)
            self._coarse.put(merged)
            self._changed.add(start)
        self._forget(newest)

    def _open(self, shelf: Shelf, start: int, width: int) -> Summary:
        """The bucket on that shelf, to be added to; a new one where there was none."""
        self._changed.add(start)
        summary = shelf.take(start)
        if summary is None:
            summary = Summary(start, start + width)
            shelf.put(summary)
            self._forget(max(self._fine.starts(), default=start))
        return summary

    def _settle(self, start: int) -> None:
        """Add what came late to a copy of its bucket: the bucket itself may still be in use."""
        late = self._late.pop(start, None)
        if late is None:
            return
        bucket = self._fine.get(start)
        whole = late if bucket is None else union((bucket, late))
        _thin(whole)
        self._fine.put(whole)

    def _pack(self, newest: int) -> None:
        for start in [start for start in self._late if start < newest - self._loose]:
            self._settle(start)
        self._fine.pack(newest - self._loose)
        self._coarse.pack(newest - self._loose)

    def _end(self, start: int) -> int:
        if start in self._late:
            return self._late[start].end_unix_nano
        return (self._fine if start in self._fine else self._coarse).end(start)

    def _forget(self, newest: int) -> None:
        most = self._retention // self._coarse_width + _SPARE
        starts = sorted(self._coarse.starts())
        for start in starts[: max(0, len(starts) - most)]:
            self._coarse.forget(start)
        for start in starts:
            if start < newest - self._retention - self._coarse_width:
                self._coarse.forget(start)


def _thin(summary: Summary) -> None:
    """One example of what is no error is enough to show it."""
    for service in summary.services.values():
        for template in service.templates.values():
            if not template.errors:
                template.exemplars = template.exemplars[:1]
