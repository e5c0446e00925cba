"""Spans into operations and services."""

from collections.abc import Sequence

import numpy as np

from analyzers.columns import Int64
from analyzers.exemplar import keep_spans
from analyzers.sketch import bins_of
from analyzers.spans.calls import Calls
from analyzers.spans.children import Children
from analyzers.spans.columns import Columns
from analyzers.spans.entrances import OTHER_OPERATION, Entrances
from analyzers.spans.groups import Groups, sketched
from analyzers.spans.slowest import slowest
from analyzers.summary import OperationStats, Summary


def count_operations(
    counted: Int64, calls: Calls, columns: Columns, children: Children, summary: Summary, limit: int
) -> int:
    """`counted` are the rows to count, ascending; `limit` bounds the operations of each service. Returns how many spans
    were counted under "<other>" because of it."""
    names, resources = len(columns.lexicon.names), len(columns.lexicon.resources)
    # By resource and name first: of these there are few, and the rest follows from them.
    fine = Groups.by(columns.resource.take(counted) * names + columns.name.take(counted), resources * names)
    service = columns.service.take(counted.take(fine.first(np.arange(len(counted)))))
    coarse = Groups.by(service * names + fine.codes % names, len(columns.services) * names)
    groups = Groups(coarse.codes, coarse.of.take(fine.of))
    entrances = Entrances(groups, counted, calls, columns, summary)
    stats, folded = _admitted(groups, groups.first(counted), entrances, columns, summary, limit)
    errors = np.flatnonzero(columns.error.take(counted))
    elsewhere = children.failed | children.unanswered | children.lost
    origins = errors.take(np.flatnonzero(~elsewhere.take(counted.take(errors))))
    operations = [stats[number] for number in coarse.of.tolist()]
    _count_resources(fine, operations, columns, summary)
    _count_pods(fine, operations, fine.counts(origins), _own_times(counted, columns, children), columns)
    entries = groups.counts(np.flatnonzero((columns.root | columns.entering).take(counted)))
    _count_calls(stats, groups.counts(), groups.counts(errors), groups.counts(origins), entries)
    entrances.count(stats)
    _measure(groups, stats, counted, columns, children)
    for number, found in slowest(columns, groups.of, counted, [item.slowest for item in stats]):
        stats[number].slowest = keep_spans(stats[number].slowest, found)
    failed = [item.failed for item in stats]
    for number, found in slowest(columns, groups.of.take(origins), counted.take(origins), failed):
        stats[number].failed = keep_spans(stats[number].failed, found)
    return folded


def _admitted(
    groups: Groups, first: Int64, entrances: Entrances, columns: Columns, summary: Summary, limit: int
) -> tuple[list[OperationStats], int]:
    """Where each group is counted, and how many spans are so under "<other>". The first groups to appear have a place
    of their own; `first` is when each did."""
    names = columns.lexicon.names.known
    found: dict[int, OperationStats] = {}
    folded, counts = 0, groups.counts()
    for number in np.argsort(first).tolist():
        code = int(groups.codes[number])
        service, name = code // len(names), names[code % len(names)]
        operations = summary.service(columns.services[service]).operations
        if entrances.unknown_from(service) < first[number]:
            operations.setdefault(OTHER_OPERATION, OperationStats())
        if name not in operations and len(operations) >= limit:
            folded += int(counts[number])
            name = OTHER_OPERATION
        found[number] = operations.setdefault(name, OperationStats())
    return [found[number] for number in range(len(groups))], folded


def _count_resources(fine: Groups, stats: Sequence[OperationStats], columns: Columns, summary: Summary) -> None:
    """`stats` is the operation of each group."""
    names, resources = len(columns.lexicon.names), columns.lexicon.resources.known
    for code, operation, spans in zip(fine.codes.tolist(), stats, fine.counts().tolist(), strict=True):
        resource = resources[code // names]
        service = summary.service(resource.service)
        service.spans += spans
        if version := resource.version:
            service.versions[version] = service.versions.get(version, 0) + spans
        if pod := resource.pod:
            service.pods[pod] = service.pods.get(pod, 0) + spans
            operation.pods[pod] = operation.pods.get(pod, 0) + spans


def _count_pods(
    fine: Groups, stats: Sequence[OperationStats], failed: Int64, own: tuple[Int64, Int64], columns: Columns
) -> None:
    """What tells one pod from its siblings. `stats` and `failed` are of each group."""
    names, resources = len(columns.lexicon.names), columns.lexicon.resources.known
    group = fine.of.take(own[0])
    # Sums of bins are exact: far below 2**53.
    bins = np.bincount(group, weights=bins_of(own[1]), minlength=len(fine)).astype(np.int64)
    timed = np.bincount(group, minlength=len(fine))
    counts = zip(fine.codes.tolist(), stats, failed.tolist(), bins.tolist(), timed.tolist(), strict=True)
    for code, operation, errors, level, number in counts:
        pod = resources[code // names].pod
        if pod and errors:
            operation.failed_pods[pod] = operation.failed_pods.get(pod, 0) + errors
        if pod and number:
            operation.bins_pods[pod] = operation.bins_pods.get(pod, 0) + level
            operation.timed_pods[pod] = operation.timed_pods.get(pod, 0) + number


def _own_times(counted: Int64, columns: Columns, children: Children) -> tuple[Int64, Int64]:
    """Places in `counted` of spans whose self time is known, and how long it is."""
    # Of a call, all that is not the single child's time elsewhere lies between the two: it belongs to the edge; and so
    # it does where only the name of the other is known.
    calls = (children.count == 1) & children.remote & ~columns.entering
    edges = calls | children.unanswered | children.blurred
    own = np.flatnonzero(~edges.take(counted))
    rows = counted.take(own)
    return own, columns.duration.take(rows) - children.covered.take(rows)


def _count_calls(stats: Sequence[OperationStats], calls: Int64, errors: Int64, origins: Int64, entries: Int64) -> None:
    columns = (column.tolist() for column in (calls, errors, origins, entries))
    for operation, called, failed, began, entered in zip(stats, *columns, strict=True):
        operation.calls += called
        operation.errors += failed
        operation.origin_errors += began
        operation.entries += entered


def _measure(
    groups: Groups, stats: Sequence[OperationStats], counted: Int64, columns: Columns, children: Children
) -> None:
    durations = columns.duration.take(counted)
    for number, bins, weights in sketched(groups.of, durations, len(stats)):
        stats[number].duration.add_bins(bins, weights)
    own, spent = _own_times(counted, columns, children)
    for number, bins, weights in sketched(groups.of.take(own), spent, len(stats)):
        stats[number].self_time.add_bins(bins, weights)
