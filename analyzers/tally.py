"""The log records of one bucket, grouped in columns until somebody looks."""

import numpy as np
import pyarrow as pa

from analyzers.columns import Int64, LogBatch
from analyzers.examples import Examples, oldest, ordered, starts, wanted
from analyzers.exemplar import KEPT
from analyzers.pouring import CountLimits, Grouped, pour
from analyzers.service import Resource
from analyzers.summary import Summary
from analyzers.templates import MinedBatch, Template

__all__ = ["CountLimits", "Tally", "count_logs"]

# Examples are put up with several times as many as can be kept before the others are dropped.
_SPARE = 4
# A group's number: resource, template and severity side by side.
_SEVERITY_BITS, _TEMPLATE_BITS = 5, 32
_ALL_SEVERITIES, _ALL_TEMPLATES = (1 << _SEVERITY_BITS) - 1, (1 << _TEMPLATE_BITS) - 1
_NEVER, _EVER = 2**63 - 1, -1
_ROOM = 256


class Tally:
    """Counts by resource, template and severity. Python is touched once for a template of a service when somebody
    looks, never for a record."""

    def __init__(self) -> None:
        self._resources: dict[Resource, int] = {}
        self._templates: list[Template] = []
        # By id.
        self._numbers: dict[str, int] = {}
        self._scopes: dict[str, int] = {}
        self._exceptions: dict[str, int] = {"": 0}
        # Numbers of the groups, ascending, and their places in the columns that follow.
        self._known, self._places = _column(0, 0), _column(0, 0)
        # By place, with room for more: number, records, first and last time, and the time and trace id from which on no
        # record is an example any more.
        self._keys = _column(_ROOM, 0)
        self._counts = _column(_ROOM, 0)
        self._oldest = _column(_ROOM, _NEVER)
        self._newest = _column(_ROOM, _EVER)
        self._enough = _column(_ROOM, _NEVER)
        self._enough_id = np.zeros(_ROOM, dtype=np.uint64)
        # Records that may be examples; groups by place.
        self._examples: list[Examples] = []

    def __len__(self) -> int:
        """Groups there are."""
        return len(self._known)

    def add(self, batch: LogBatch, mined: MinedBatch, rows: Int64) -> None:
        """Count some rows of `batch`; at least one."""
        key = self._group_of(batch, mined, rows)
        order = np.argsort(key)
        key, rows = key.take(order), rows.take(order)
        first = starts(key)
        times = batch.time_unix_nano.take(rows)
        place = self._places_of(key.take(first))
        self._counts[place] += np.add.reduceat(batch.weight.take(rows), first)
        self._oldest[place] = np.minimum(self._oldest.take(place), np.minimum.reduceat(times, first))
        self._newest[place] = np.maximum(self._newest.take(place), np.maximum.reduceat(times, first))
        self._keep(batch, rows, times, np.repeat(place, np.diff(np.append(first, len(rows)))))

    def pour(self, summary: Summary, limits: CountLimits) -> int:
        """Add everything to `summary`; returns how many records were folded into "<other>" because of the limit."""
        if not len(self):
            return 0
        groups, keys = len(self), self._keys[: len(self)]
        grouped = Grouped(
            list(self._resources),
            self._templates,
            list(self._scopes),
            list(self._exceptions),
            keys >> _SEVERITY_BITS + _TEMPLATE_BITS,
            keys >> _SEVERITY_BITS & _ALL_TEMPLATES,
            keys & _ALL_SEVERITIES,
            self._counts[:groups],
            self._oldest[:groups],
            self._newest[:groups],
        )
        return pour(grouped, self._best(), summary, limits)

    def _group_of(self, batch: LogBatch, mined: MinedBatch, rows: Int64) -> Int64:
        """The number of each row's group."""
        resources = self._resources
        resource = np.array([resources.setdefault(item, len(resources)) for item in batch.resources])
        template = np.array([self._number(item) for item in mined.templates])
        key = resource.take(batch.resource.take(rows)) << _TEMPLATE_BITS | template.take(mined.template.take(rows))
        numbered: Int64 = key << _SEVERITY_BITS | batch.severity.take(rows)
        return numbered

    def _number(self, template: Template) -> int:
        # Its id alone: strings know their hash.
        number = self._numbers.setdefault(template.template_id, len(self._templates))
        if number == len(self._templates):
            self._templates.append(template)
        return number

    def _places_of(self, keys: Int64) -> Int64:
        """The place of each group, made where it is new; `keys` ascend and differ."""
        at = np.searchsorted(self._known, keys)
        known = len(self)
        fresh = np.ones(len(keys), dtype=np.bool_)
        if known:
            fresh = self._known.take(np.minimum(at, known - 1)) != keys
        if fresh.any():
            where, new = at[fresh], keys[fresh]
            places = np.arange(known, known + len(new))
            self._known, self._places = np.insert(self._known, where, new), np.insert(self._places, where, places)
            self._make_room(len(self))
            self._keys[places] = new
            at += np.cumsum(fresh) - fresh
        return self._places.take(at)

    def _make_room(self, groups: int) -> None:
        room = len(self._keys)
        if groups <= room:
            return
        more = max(groups, 2 * room) - room
        self._keys = np.append(self._keys, _column(more, 0))
        self._counts = np.append(self._counts, _column(more, 0))
        self._oldest = np.append(self._oldest, _column(more, _NEVER))
        self._newest = np.append(self._newest, _column(more, _EVER))
        self._enough = np.append(self._enough, _column(more, _NEVER))
        self._enough_id = np.append(self._enough_id, np.zeros(more, dtype=np.uint64))

    def _keep(self, batch: LogBatch, rows: Int64, times: Int64, place: Int64) -> None:
        """Keep those that may be examples of their group."""
        some = np.flatnonzero(times <= self._enough.take(place))
        rows, times, place = rows.take(some), times.take(some), place.take(some)
        ids, last_id = ordered(batch.trace_id[:, 0].take(rows)), self._enough_id.take(place)
        # Without ids the texts decide.
        better = np.flatnonzero((times < self._enough.take(place)) | (ids < last_id) | ((ids | last_id) == 0))
        if not len(better):
            return
        rows, times, place, ids = rows.take(better), times.take(better), place.take(better), ids.take(better)
        most = wanted(batch.severity.take(rows))
        chosen, rank = oldest(place, times, ids, most, lambda places: batch.body.take(pa.array(rows.take(places))))
        # As many as are wanted are at least that old.
        last = chosen[rank == most.take(chosen) - 1]
        self._enough[place.take(last)], self._enough_id[place.take(last)] = times.take(last), ids.take(last)
        rows = rows.take(chosen)
        scopes, exceptions = self._scopes, self._exceptions
        scope = np.array([scopes.setdefault(item, len(scopes)) for item in batch.scopes])
        exception = np.zeros(len(rows), dtype=np.int64)
        if batch.exception_type:
            names = [batch.exception_type.get(row, "") for row in rows.tolist()]
            exception = np.array([exceptions.setdefault(name, len(exceptions)) for name in names])
        self._examples.append(
            Examples(
                place.take(chosen),
                times.take(chosen),
                batch.trace_id.take(rows, axis=0),
                batch.span_id.take(rows),
                batch.body.take(pa.array(rows)),
                scope.take(batch.scope.take(rows)),
                exception,
            )
        )
        if sum(map(len, self._examples)) > _SPARE * (KEPT * len(self) + _SPARE):
            self._examples = [self._best()]

    def _best(self) -> Examples:
        return Examples.joined(self._examples).best(self._keys[: len(self)] & _ALL_SEVERITIES)


def _column(size: int, value: int) -> Int64:
    return np.full(size, value, dtype=np.int64)


def count_logs(batch: LogBatch, mined: MinedBatch, summary: Summary, limits: CountLimits) -> int:
    """Add every record to one summary; returns how many were folded into "<other>" because of the limit."""
    if not len(batch):
        return 0
    tally = Tally()
    tally.add(batch, mined, np.arange(len(batch)))
    return tally.pour(summary, limits)
