"""Calls from one service to another."""

from dataclasses import dataclass

import numpy as np

from analyzers.columns import Bools, Int64
from analyzers.spans.children import Children, ended_with
from analyzers.spans.columns import Columns
from analyzers.spans.family import Family


@dataclass(frozen=True, slots=True)
class Calls:
    """Rows of the callers' and the callees' halves, one entry a call."""

    caller: Int64
    callee: Int64
    # Row of the half that came last: when the call became known.
    known: Int64
    asynchronous: Bools
    # Whether all that is not the callee's time lies between the two: it was the only one the caller waited for, and the
    # caller's half is no unit of work, of which the remainder is its own.
    alone: Bools

    @classmethod
    def of(cls, family: Family, columns: Columns, children: Children) -> "Calls":
        service = columns.service
        before, after = (
            np.flatnonzero(service.take(pairs.parent) != service.take(pairs.child))
            for pairs in (family.before, family.after)
        )
        caller = np.concatenate([family.before.parent.take(before), family.after.parent.take(after)])
        callee = np.concatenate([family.before.child.take(before), family.after.child.take(after)])
        known = np.concatenate([caller[: len(before)], callee[len(before) :]])
        asynchronous = columns.unwaited(caller, callee)
        alone = (children.count == 1).take(caller) & ~columns.entering.take(caller)
        alone[len(before) :] &= ended_with(family, columns).take(after)
        return cls(caller, callee, known, asynchronous, alone)
