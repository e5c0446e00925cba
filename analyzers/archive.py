"""Closed buckets, for look-ups and for records that come late: fine at first, merged into coarse ones as they age."""

from collections.abc import Mapping

from analyzers.summary import Summary, union

# Fine buckets that make one coarse bucket.
_FINE_PER_COARSE = 12
# Coarse buckets' worth of fine buckets that are kept as they are.
_FINE_SPAN = 10
# Coarse buckets kept beyond retention, for records later than that.
_SPARE = 2


class Archive:
    """Holds what happened within `retention` nanoseconds of event time. Memory is bounded by the number of buckets,
    and a bucket by the limits on what it counts."""

    def __init__(self, bucket: int, retention: int) -> None:
        """`bucket`: width of a fine bucket."""
        self._bucket = bucket
        self._coarse_width = bucket * _FINE_PER_COARSE
        self._retention = retention
        self._fine: dict[int, Summary] = {}
        self._coarse: dict[int, Summary] = {}
        # Everything before this is coarse.
        self._coarse_until = 0
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._fine) + len(self._coarse)

    def add(self, closed: Summary) -> None:
        """Take in a bucket that was just closed, newest so far."""
        start = closed.start_unix_nano
        late = self._fine.get(start)
        if late is not None and late is not closed:
            closed.merge(late)
        _thin(closed)
        self._fine[start] = closed
        self._changed.add(start)
        self._age(start)

    def at(self, start: int) -> Summary:
        """The bucket for late records whose fine bucket starts there; they are merged into what this returns."""
        if start >= self._coarse_until:
            known, width = self._fine, self._bucket
        else:
            start -= start % self._coarse_width
            known, width = self._coarse, self._coarse_width
        self._changed.add(start)
        summary = known.get(start)
        if summary is None:
            summary = known[start] = Summary(start, start + width)
            self._forget(max(self._fine, default=start))
        return summary

    def held(self) -> tuple[int, int]:
        """Start of the oldest and end of the newest bucket; (0, 0) when there is none."""
        buckets = self.buckets()
        if not buckets:
            return 0, 0
        return min(buckets), max(bucket.end_unix_nano for bucket in buckets.values())

    def between(self, start_unix_nano: int, end_unix_nano: int) -> list[Summary]:
        """Those that overlap the range, oldest first; not copies."""
        return [
            bucket
            for _, bucket in sorted(self.buckets().items())
            if bucket.start_unix_nano < end_unix_nano and bucket.end_unix_nano > start_unix_nano
        ]

    def buckets(self) -> dict[int, Summary]:
        """All of them by start; not copies."""
        return {**self._coarse, **self._fine}

    def restore(self, buckets: Mapping[int, Summary]) -> None:
        """Go on with these."""
        coarse = {start: item for start, item in buckets.items() if item.end_unix_nano - start > self._bucket}
        self._coarse = coarse
        self._fine = {start: item for start, item in buckets.items() if start not in coarse}
        self._coarse_until = max((item.end_unix_nano for item in coarse.values()), default=0)
        self._changed.clear()

    def take_changed(self) -> set[int]:
        """Starts of the buckets that are new or were added to since the last call."""
        changed = {start for start in self._changed if start in self._fine or start in self._coarse}
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
        groups: dict[int, list[Summary]] = {}
        for start in sorted(start for start in self._fine if start < until):
            groups.setdefault(start - start % self._coarse_width, []).append(self._fine.pop(start))
        for start, parts in groups.items():
            known = self._coarse.get(start)
            merged = union([Summary(start, start + self._coarse_width), *([known] if known else []), *parts])
            _thin(merged)
            self._coarse[start] = merged
            self._changed.add(start)
        self._forget(newest)

    def _forget(self, newest: int) -> None:
        most = self._retention // self._coarse_width + _SPARE
        for start in sorted(self._coarse)[: max(0, len(self._coarse) - most)]:
            del self._coarse[start]
        for start in [start for start in self._coarse if start < newest - self._retention - self._coarse_width]:
            del self._coarse[start]


def _thin(summary: Summary) -> None:
    """One example of what is no error is enough to show it."""
    for service in summary.services.values():
        for template in service.templates.values():
            if not template.errors:
                template.exemplars = template.exemplars[:1]
