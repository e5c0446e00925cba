"""The log records of one bucket, grouped in columns until somebody looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzers.columns import Int64, LogBatch, id_bytes
from analyzers.exemplar import KEPT, WARN, LogExemplar, keep_logs
from analyzers.service import Resource
from analyzers.summary import ServiceSummary, Summary, TemplateCount
from analyzers.templates import OTHER, MinedBatch, Template, template_of

_ERROR = 17
_EXEMPLAR_CHARS = 500
_OTHER = template_of(OTHER)
# A group's number: resource, template and severity side by side.
_SEVERITY_BITS, _TEMPLATE_BITS = 5, 32
_NEVER, _EVER = 2**63 - 1, -1


@dataclass(frozen=True, slots=True)
class CountLimits:
    """Templates of one service in one bucket; what is more is counted under "<other>"."""

    templates: int = 1000


class Tally:
    """Counts by resource, template and severity. Python is touched once for a new group and for an example worth
    keeping, never for a record."""

    def __init__(self) -> None:
        # Records, as they weigh.
        self.records = 0
        self._resources: dict[Resource, int] = {}
        self._templates: dict[Template, int] = {}
        # By group, ascending: number, records, first and last time, and the time and trace id from which on no record
        # is an example any more.
        self._keys = _column()
        self._counts = _column()
        self._oldest = _column()
        self._newest = _column()
        self._enough = _column()
        self._enough_id = _column().astype(np.uint64)
        self._exemplars: dict[int, tuple[LogExemplar, ...]] = {}

    def __len__(self) -> int:
        """Groups there are."""
        return len(self._keys)

    def add(self, batch: LogBatch, mined: MinedBatch, rows: Int64) -> None:
        """Count some rows of `batch`."""
        resource = np.array([self._resources.setdefault(item, len(self._resources)) for item in batch.resources])
        template = np.array([self._templates.setdefault(item, len(self._templates)) for item in mined.templates])
        key = resource[batch.resource[rows]] << _TEMPLATE_BITS | template[mined.template[rows]]
        key = key << _SEVERITY_BITS | batch.severity[rows]
        order = np.argsort(key)
        ordered, rows = key[order], rows[order]
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        times, weights = batch.time_unix_nano[rows], batch.weight[rows]
        numbers = ordered[first]
        self._merge(
            numbers,
            np.add.reduceat(weights, first),
            np.minimum.reduceat(times, first),
            np.maximum.reduceat(times, first),
        )
        self.records += int(weights.sum())
        sizes = np.diff(np.r_[first, len(rows)])
        self._keep(batch, rows, np.repeat(np.searchsorted(self._keys, numbers), sizes))

    def pour(self, summary: Summary, limits: CountLimits) -> int:
        """Add everything to `summary`; returns how many records were folded into "<other>" because of the limit."""
        resources, templates, folded = list(self._resources), list(self._templates), 0
        # The most frequent first, so that what is folded is the rest; ties by name, lest arrival decide.
        groups = sorted(
            (-count, templates[key >> _SEVERITY_BITS & _ALL_TEMPLATES].template_id, key, oldest, newest)
            for key, count, oldest, newest in zip(
                self._keys.tolist(), self._counts.tolist(), self._oldest.tolist(), self._newest.tolist(), strict=True
            )
        )
        for negative, _, key, oldest, newest in groups:
            count, severity = -negative, key & _ALL_SEVERITIES
            resource = resources[key >> _SEVERITY_BITS + _TEMPLATE_BITS]
            template = templates[key >> _SEVERITY_BITS & _ALL_TEMPLATES]
            service = summary.service(resource.service)
            entry = service.templates.get(template.template_id)
            if entry is None:
                if len(service.templates) >= limits.templates:
                    template = _OTHER
                    folded += count
                entry = service.templates.setdefault(template.template_id, TemplateCount(template.text))
            _add_group(entry, severity, count, oldest, newest)
            _add_records(service, entry, resource, severity, count)
            entry.exemplars = keep_logs(entry.exemplars, self._exemplars.get(key, ()))
        return folded

    def _merge(self, keys: Int64, counts: Int64, oldest: Int64, newest: Int64) -> None:
        """Make room for groups not seen before, then add."""
        place = np.searchsorted(self._keys, keys)
        fresh = np.ones(len(keys), dtype=np.bool_)
        if len(self._keys):
            fresh = self._keys[np.minimum(place, len(self._keys) - 1)] != keys
        if fresh.any():
            where = place[fresh]
            self._keys = np.insert(self._keys, where, keys[fresh])
            self._counts = np.insert(self._counts, where, 0)
            self._oldest = np.insert(self._oldest, where, _NEVER)
            self._newest = np.insert(self._newest, where, _EVER)
            self._enough = np.insert(self._enough, where, _NEVER)
            self._enough_id = np.insert(self._enough_id, where, 0)
            place = np.searchsorted(self._keys, keys)
        self._counts[place] += counts
        self._oldest[place] = np.minimum(self._oldest[place], oldest)
        self._newest[place] = np.maximum(self._newest[place], newest)

    def _keep(self, batch: LogBatch, rows: Int64, group: Int64) -> None:
        """Keep the oldest few of each group as examples; of equal time those with the smallest trace id or text,
        since arrival must not decide."""
        times, ids = batch.time_unix_nano[rows], batch.trace_id[rows, 0].byteswap()
        last, last_id = self._enough[group], self._enough_id[group]
        # Without ids the texts decide.
        better = np.flatnonzero((times < last) | ((times == last) & ((ids < last_id) | (ids + last_id == 0))))
        if not len(better):
            return
        rows, group, times, ids = rows[better], group[better], times[better], ids[better]
        texts = pc.rank(batch.body.take(pa.array(rows)), tiebreaker="dense").to_numpy()
        order = np.lexsort((texts, ids, times, group))
        columns = np.column_stack((group, times, ids.view(np.int64), texts.view(np.int64)))[order]
        # Of equal ones the first speaks for all.
        distinct = np.flatnonzero(np.r_[True, (columns[1:] != columns[:-1]).any(axis=1)])
        rows, group = rows[order][distinct], group[order][distinct]
        first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        rank = np.arange(len(group)) - np.repeat(first, np.diff(np.r_[first, len(group)]))
        # One example of what is no trouble is enough to show it.
        chosen = rank < np.where(batch.severity[rows] >= WARN, KEPT, 1)
        found = zip(group[chosen].tolist(), _exemplars(batch, rows[chosen]), strict=True)
        for place, examples in groupby(found, itemgetter(0)):
            key = int(self._keys[place])
            wanted = KEPT if key & _ALL_SEVERITIES >= WARN else 1
            kept = keep_logs(self._exemplars.get(key, ()), (example for _, example in examples))[:wanted]
            self._exemplars[key] = kept
            if len(kept) == wanted:
                self._enough[place] = kept[-1].time_unix_nano
                self._enough_id[place] = int.from_bytes(kept[-1].trace_id[:8], "big")


_ALL_SEVERITIES = (1 << _SEVERITY_BITS) - 1
_ALL_TEMPLATES = (1 << _TEMPLATE_BITS) - 1


def _column() -> Int64:
    return np.zeros(0, dtype=np.int64)


def _add_group(entry: TemplateCount, severity: int, count: int, oldest: int, newest: int) -> None:
    entry.count += count
    entry.max_severity = max(entry.max_severity, severity)
    if severity >= _ERROR:
        entry.errors += count
    entry.first_unix_nano = min(entry.first_unix_nano, oldest)
    entry.last_unix_nano = max(entry.last_unix_nano, newest)


def _add_records(service: ServiceSummary, entry: TemplateCount, resource: Resource, severity: int, count: int) -> None:
    service.records += count
    service.severities[severity] = service.severities.get(severity, 0) + count
    if resource.version:
        service.versions[resource.version] = service.versions.get(resource.version, 0) + count
    if resource.pod:
        service.pods[resource.pod] = service.pods.get(resource.pod, 0) + count
        entry.pods[resource.pod] = entry.pods.get(resource.pod, 0) + count


def _exemplars(batch: LogBatch, rows: Int64) -> Iterator[LogExemplar]:
    columns = zip(
        rows.tolist(),
        batch.time_unix_nano[rows].tolist(),
        batch.body.take(pa.array(rows)).to_pylist(),
        batch.severity[rows].tolist(),
        batch.resource[rows].tolist(),
        batch.scope[rows].tolist(),
        batch.trace_id[rows].tolist(),
        batch.span_id[rows].tolist(),
        strict=True,
    )
    for row, time, body, severity, resource, scope, trace_id, span_id in columns:
        yield LogExemplar(
            time_unix_nano=time,
            body=body[:_EXEMPLAR_CHARS],
            severity=severity,
            pod=batch.resources[resource].pod,
            scope=batch.scopes[scope],
            trace_id=id_bytes(*trace_id),
            span_id=id_bytes(span_id),
            exception_type=batch.exception_type.get(row, ""),
        )


def count_logs(batch: LogBatch, mined: MinedBatch, summary: Summary, limits: CountLimits) -> int:
    """Add every record to one summary; returns how many were folded into "<other>" because of the limit."""
    if not len(batch):
        return 0
    tally = Tally()
    tally.add(batch, mined, np.arange(len(batch)))
    return tally.pour(summary, limits)
