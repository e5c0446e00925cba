"""Logs into summaries: grouped for the whole batch in native code, Python only once per group."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

from analyzers.columns import Int64, LogBatch
from analyzers.exemplar import KEPT, LogExemplar, keep_logs
from analyzers.service import Resource
from analyzers.summary import ServiceSummary, Summary, TemplateCount
from analyzers.templates import OTHER, MinedBatch, template_of

_ERROR = 17
_MAX_SEVERITY = 24
_EXEMPLAR_CHARS = 500
_OTHER = template_of(OTHER)
_place = itemgetter(0)


@dataclass(frozen=True, slots=True)
class CountLimits:
    """Templates of one service in one bucket; what is more is counted under "<other>"."""

    templates: int = 1000


def count_logs(
    batch: LogBatch, mined: MinedBatch, buckets: Int64, summary_of: Callable[[int], Summary], limits: CountLimits
) -> int:
    """Add every record to the summary of its bucket; `buckets[i]` is the start of row i's bucket.

    Returns how many records were folded into "<other>" because of the limit.
    """
    if not len(batch):
        return 0
    severity = np.clip(batch.severity, 0, _MAX_SEVERITY).astype(np.int64)
    starts, bucket_code = np.unique(buckets, return_inverse=True)
    # Mixed radix: one integer per (bucket, resource), and one per (bucket, resource, template, severity).
    place = bucket_code.astype(np.int64) * len(batch.resources) + batch.resource
    key = (place * len(mined.templates) + mined.template) * (_MAX_SEVERITY + 1) + severity
    order = np.lexsort((batch.time_unix_nano, key))
    sorted_key = key[order]
    firsts = np.flatnonzero(np.r_[True, sorted_key[1:] != sorted_key[:-1]])
    ends = np.r_[firsts[1:], len(order)]
    rows = order[firsts]
    groups = zip(
        place[rows].tolist(),
        mined.template[rows].tolist(),
        severity[rows].tolist(),
        np.add.reduceat(batch.weight[order], firsts).tolist(),
        firsts.tolist(),
        ends.tolist(),
        batch.time_unix_nano[rows].tolist(),
        batch.time_unix_nano[order[ends - 1]].tolist(),
        strict=True,
    )
    folded = 0
    for here, inside in groupby(groups, _place):
        resource = batch.resources[here % len(batch.resources)]
        service = summary_of(int(starts[here // len(batch.resources)])).service(resource.service)
        templates, severities, pod = service.templates, service.severities, resource.pod
        records = 0
        for _, code, level, count, first, end, oldest, newest in inside:
            template = mined.templates[code]
            entry = templates.get(template.template_id)
            if entry is None:
                if len(templates) >= limits.templates:
                    template = _OTHER
                    folded += count
                entry = templates.setdefault(template.template_id, TemplateCount(template.text))
            records += count
            severities[level] = severities.get(level, 0) + count
            _add_group(entry, level, count, oldest, newest)
            if pod:
                entry.pods[pod] = entry.pods.get(pod, 0) + count
            kept = entry.exemplars
            # Later ones than enough that are kept already can't take their place.
            if len(kept) < KEPT or oldest <= kept[-1].time_unix_nano:
                entry.exemplars = keep_logs(kept, _oldest(batch, order[first:end].tolist(), resource))
        _add_records(service, resource, records)
    return folded


def _add_group(entry: TemplateCount, severity: int, count: int, oldest: int, newest: int) -> None:
    entry.count += count
    if severity > entry.max_severity:
        entry.max_severity = severity
    if severity >= _ERROR:
        entry.errors += count
    if oldest < entry.first_unix_nano:
        entry.first_unix_nano = oldest
    if newest > entry.last_unix_nano:
        entry.last_unix_nano = newest


def _add_records(service: ServiceSummary, resource: Resource, records: int) -> None:
    service.records += records
    if resource.version:
        service.versions[resource.version] = service.versions.get(resource.version, 0) + records
    if resource.pod:
        service.pods[resource.pod] = service.pods.get(resource.pod, 0) + records


def _oldest(batch: LogBatch, rows: Sequence[int], resource: Resource) -> Iterable[LogExemplar]:
    """At least as many different ones as are kept, if there are, and all of equal time, lest arrival decide."""
    if len(rows) <= KEPT:
        return [_exemplar(batch, row, resource) for row in rows]
    oldest: set[LogExemplar] = set()
    newest = 0
    for row in rows:
        time = int(batch.time_unix_nano[row])
        if len(oldest) >= KEPT and time > newest:
            break
        newest = time
        oldest.add(_exemplar(batch, row, resource))
    return oldest


def _exemplar(batch: LogBatch, row: int, resource: Resource) -> LogExemplar:
    return LogExemplar(
        time_unix_nano=int(batch.time_unix_nano[row]),
        body=batch.body[row][:_EXEMPLAR_CHARS],
        severity=int(batch.severity[row]),
        pod=resource.pod,
        scope=batch.scopes[int(batch.scope[row])],
        trace_id=batch.trace_id[row],
        span_id=batch.span_id[row],
        exception_type=batch.exception_type.get(row, ""),
    )
