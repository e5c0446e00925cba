"""Spans of no kind that enters: being called from elsewhere is what makes them a unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int64
from analyzers.spans.calls import Calls
from analyzers.spans.columns import Columns
from analyzers.spans.groups import Groups
from analyzers.summary import OperationStats, Summary

OTHER_OPERATION = "<other>"
_NEVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Earlier:
    """Callees of one operation that ended in earlier buckets."""

    service: int
    # None where there is none of that name at all.
    group: int | None
    # Of the bucket, from before.
    operation: OperationStats | None
    # Calls that became known before the operation was there, and after.
    unknown: int
    known: int


class Entrances:
    """One that ended in an earlier bucket is counted with its operation if that is there when the call becomes known,
    and else under "<other>"."""

    def __init__(self, groups: Groups, counted: Int64, calls: Calls, columns: Columns, summary: Summary) -> None:
        """`groups` are the operations of the rows `counted`. To be made before these are counted in `summary`."""
        self._columns, self._summary = columns, summary
        some = np.flatnonzero(~columns.entering.take(calls.callee))
        group = np.full(len(columns.rows), -1)
        group[counted] = groups.of
        group = group.take(calls.callee.take(some))
        self._here = np.bincount(group[group >= 0], minlength=len(groups))
        self._earlier: list[_Earlier] = []
        self._unknown_from: dict[int, int] = {}
        elsewhere = some.take(np.flatnonzero(group < 0))
        if len(elsewhere):
            callee, known = calls.callee.take(elsewhere), calls.known.take(elsewhere)
            self._find(groups, groups.first(counted), callee, known)

    def unknown_from(self, service: int) -> int:
        """The row by which something of that service is counted under "<other>"; beyond all rows if nothing is."""
        return self._unknown_from.get(service, _NEVER)

    def count(self, stats: Sequence[OperationStats]) -> None:
        """`stats` is the operation of each group."""
        for operation, entries in zip(stats, self._here.tolist(), strict=True):
            operation.entries += entries
        for found in self._earlier:
            operations = self._summary.service(self._columns.services[found.service]).operations
            if found.operation is not None:
                found.operation.entries += found.known
            elif found.group is not None:
                stats[found.group].entries += found.known
            if found.unknown:
                operations.setdefault(OTHER_OPERATION, OperationStats()).entries += found.unknown

    def _find(self, groups: Groups, first: Int64, callee: Int64, known: Int64) -> None:
        names = self._columns.lexicon.names.known
        codes, of = np.unique(
            self._columns.service.take(callee) * len(names) + self._columns.name.take(callee), return_inverse=True
        )
        groups_of: list[int | None] = []
        operations: list[OperationStats | None] = []
        for code in codes.tolist():
            group = int(np.searchsorted(groups.codes, code))
            groups_of.append(group if group < len(groups) and int(groups.codes[group]) == code else None)
            service = self._summary.services.get(self._columns.services[code // len(names)])
            operations.append(service.operations.get(names[code % len(names)]) if service is not None else None)
        # The row by which the operation is there.
        begin = np.array(
            [
                0 if operation is not None else _NEVER if group is None else int(first[group])
                for operation, group in zip(operations, groups_of, strict=True)
            ]
        )
        early = np.flatnonzero(known < begin.take(of))
        from_row = np.full(len(codes), _NEVER)
        np.minimum.at(from_row, of.take(early), known.take(early))
        unknown = np.bincount(of.take(early), minlength=len(codes))
        counts = (np.bincount(of, minlength=len(codes)) - unknown).tolist()
        for place, code in enumerate(codes.tolist()):
            number = code // len(names)
            self._unknown_from[number] = min(self.unknown_from(number), int(from_row[place]))
            self._earlier.append(
                _Earlier(number, groups_of[place], operations[place], int(unknown[place]), counts[place])
            )
