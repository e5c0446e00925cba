"""The log records of one bucket, grouped in columns until somebody looks."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from analyzers.columns import Int64, LogBatch
from analyzers.examples import Examples
from analyzers.exemplar import KEPT, LogExemplar, keep_logs
from analyzers.service import Resource
from analyzers.summary import ServiceSummary, Summary, TemplateCount
from analyzers.templates import OTHER, MinedBatch, Template, template_of

_ERROR = 17
# Examples are put up with several times as many as can be kept before the others are dropped.
_SPARE = 4
_OTHER = template_of(OTHER)
# A group's number: resource, template and severity side by side.
_SEVERITY_BITS, _TEMPLATE_BITS = 5, 32
_NEVER, _EVER = 2**63 - 1, -1


@dataclass(frozen=True, slots=True)
class CountLimits:
    """Templates of one service in one bucket; what is more is counted under "<other>"."""

    templates: int = 1000


class Tally:
    """Counts by resource, template and severity. Python is touched once for a group when somebody looks, never for a
    record."""

    def __init__(self) -> None:
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
        # Records that may be examples.
        self._examples: list[Examples] = []

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
        place = self._merge(
            numbers,
            np.add.reduceat(weights, first),
            np.minimum.reduceat(times, first),
            np.maximum.reduceat(times, first),
        )
        self._keep(batch, rows, np.repeat(place, np.diff(np.r_[first, len(rows)])))

    def pour(self, summary: Summary, limits: CountLimits) -> int:
        """Add everything to `summary`; returns how many records were folded into "<other>" because of the limit."""
        exemplars: dict[int, list[LogExemplar]] = {}
        if self._examples:
            for group, exemplar in Examples.joined(self._examples).best()[0].exemplars():
                exemplars.setdefault(group, []).append(exemplar)
        resources, templates, folded = list(self._resources), list(self._templates), 0
        columns = (self._keys, self._counts, self._oldest, self._newest)
        groups = zip(*(column.tolist() for column in columns), strict=True)
        for number, mine in groupby(groups, _resource_of):
            resource = resources[number]
            service = summary.service(resource.service)
            found = list(mine)
            if len(service.templates) + len(found) > limits.templates:
                # The most frequent first, so that what is folded is the rest; ties by name, lest arrival decide.
                found.sort(key=lambda group: (-group[1], templates[_template_of(group[0])].template_id, group[0]))
            records = 0
            for key, count, oldest, newest in found:
                template = templates[_template_of(key)]
                entry = service.templates.get(template.template_id)
                if entry is None:
                    if len(service.templates) >= limits.templates:
                        template = _OTHER
                        folded += count
                    entry = service.templates.setdefault(template.template_id, TemplateCount(template.text))
                severity = key & _ALL_SEVERITIES
                service.severities[severity] = service.severities.get(severity, 0) + count
                records += count
                _add_group(entry, severity, count, oldest, newest)
                if resource.pod:
                    entry.pods[resource.pod] = entry.pods.get(resource.pod, 0) + count
                if shown := exemplars.get(key):
                    entry.exemplars = keep_logs(entry.exemplars, shown)
            _add_records(service, resource, records)
        return folded

    def _merge(self, keys: Int64, counts: Int64, oldest: Int64, newest: Int64) -> Int64:
        """Make room for groups not seen before, then add; returns the place of each."""
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
        return place

    def _keep(self, batch: LogBatch, rows: Int64, place: Int64) -> None:
        """Keep those that may be examples of their group."""
        times, ids = batch.time_unix_nano[rows], batch.trace_id[rows, 0].byteswap()
        last, last_id = self._enough[place], self._enough_id[place]
        # Without ids the texts decide.
        better = np.flatnonzero((times < last) | ((times == last) & ((ids < last_id) | ((ids | last_id) == 0))))
        if not len(better):
            return
        found, rank = Examples.of(batch, rows[better], self._keys[place[better]]).best()
        full = np.flatnonzero(rank == found.wanted - 1)
        where = np.searchsorted(self._keys, found.group[full])
        # As many as are wanted are at least that old.
        self._enough[where], self._enough_id[where] = found.time[full], found.order_id[full]
        self._examples.append(found)
        if sum(map(len, self._examples)) > _SPARE * (KEPT * len(self) + _SPARE):
            self._examples = [Examples.joined(self._examples).best()[0]]


def _resource_of(group: tuple[int, int, int, int]) -> int:
    return group[0] >> _SEVERITY_BITS + _TEMPLATE_BITS


def _template_of(key: int) -> int:
    return key >> _SEVERITY_BITS & _ALL_TEMPLATES


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


def _add_records(service: ServiceSummary, resource: Resource, records: int) -> None:
    service.records += records
    if resource.version:
        service.versions[resource.version] = service.versions.get(resource.version, 0) + records
    if resource.pod:
        service.pods[resource.pod] = service.pods.get(resource.pod, 0) + records


def count_logs(batch: LogBatch, mined: MinedBatch, summary: Summary, limits: CountLimits) -> int:
    """Add every record to one summary; returns how many were folded into "<other>" because of the limit."""
    if not len(batch):
        return 0
    tally = Tally()
    tally.add(batch, mined, np.arange(len(batch)))
    return tally.pour(summary, limits)
