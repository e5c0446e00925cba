"""Logs into summaries: grouped for the whole batch in native code, Python only once per group."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int64, LogBatch
from analyzers.exemplar import KEPT, LogExemplar, keep_logs
from analyzers.service import Resource
from analyzers.summary import ServiceSummary, Summary, TemplateCount
from analyzers.templates import OTHER, MinedBatch, Template, template_of

_ERROR = 17
_MAX_SEVERITY = 24
_EXEMPLAR_CHARS = 500
_OTHER = template_of(OTHER)


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
    # Mixed radix: one integer per (bucket, resource, template, severity).
    key = bucket_code.astype(np.int64)
    for column, size in (
        (batch.resource, len(batch.resources)),
        (mined.template, len(mined.templates)),
        (severity, _MAX_SEVERITY + 1),
    ):
        key = key * size + column
    order = np.lexsort((batch.time_unix_nano, key))
    sorted_key = key[order]
    firsts = np.flatnonzero(np.r_[True, sorted_key[1:] != sorted_key[:-1]])
    ends = np.r_[firsts[1:], len(order)]
    counts = np.add.reduceat(batch.weight[order], firsts)
    folded = 0
    for first, end, count in zip(firsts.tolist(), ends.tolist(), counts.tolist(), strict=True):
        row, last_row = int(order[first]), int(order[end - 1])
        resource = batch.resources[int(batch.resource[row])]
        service = summary_of(int(starts[bucket_code[row]])).service(resource.service)
        template = mined.templates[int(mined.template[row])]
        if template.template_id not in service.templates and len(service.templates) >= limits.templates:
            template = _OTHER
            folded += count
        _count_group(service, resource, template, int(severity[row]), count)
        entry = service.templates[template.template_id]
        entry.first_unix_nano = min(entry.first_unix_nano, int(batch.time_unix_nano[row]))
        entry.last_unix_nano = max(entry.last_unix_nano, int(batch.time_unix_nano[last_row]))
        oldest = _oldest(batch, order[first:end].tolist(), resource)
        entry.exemplars = keep_logs(entry.exemplars, oldest)
    return folded


def _count_group(service: ServiceSummary, resource: Resource, template: Template, severity: int, count: int) -> None:
    service.records += count
    service.severities[severity] = service.severities.get(severity, 0) + count
    if resource.version:
        service.versions[resource.version] = service.versions.get(resource.version, 0) + count
    entry = service.templates.get(template.template_id)
    if entry is None:
        entry = service.templates[template.template_id] = TemplateCount(template.text)
    entry.count += count
    entry.max_severity = max(entry.max_severity, severity)
    if severity >= _ERROR:
        entry.errors += count
    if resource.pod:
        entry.pods[resource.pod] = entry.pods.get(resource.pod, 0) + count
        service.pods[resource.pod] = service.pods.get(resource.pod, 0) + count


def _oldest(batch: LogBatch, rows: Iterable[int], resource: Resource) -> set[LogExemplar]:
    """At least as many different ones as are kept, if there are, and all of equal time, lest arrival decide."""
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
