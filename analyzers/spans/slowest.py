"""The slowest spans of each group, as examples."""

from collections.abc import Iterator
from itertools import chain, groupby
from operator import itemgetter

import numpy as np

from analyzers.columns import Int64
from analyzers.exemplar import KEPT, SpanExemplar, keep_spans
from analyzers.spans.columns import Columns
from analyzers.spans.rows import event_order


def slowest(
    columns: Columns, group: Int64, place: Int64, groups: int
) -> Iterator[tuple[int, tuple[SpanExemplar, ...]]]:
    """For each group, some more than once. `place` is the row of each member; a row is in a group once."""
    named = columns.named.take(place)
    if named.all():
        return _slowest(columns, group, place, groups)
    # Spans without an id can't be told apart but by all that is known of them. The doors let none in.
    others = np.flatnonzero(~named)
    nameless = zip(group.take(others).tolist(), columns.exemplars(place.take(others)), strict=True)
    return chain(
        _slowest(columns, group[named], place[named], groups),
        ((number, (exemplar,)) for number, exemplar in nameless),
    )


def _slowest(
    columns: Columns, group: Int64, place: Int64, groups: int
) -> Iterator[tuple[int, tuple[SpanExemplar, ...]]]:
    if not len(place):
        return
    # By group, slowest first. Few groups are sorted as small numbers, which takes next to nothing.
    durations = columns.duration.take(place)
    order = np.argsort(-durations)
    small = group.astype(np.uint16) if groups <= 2**16 else group
    order = order.take(np.argsort(small.take(order), kind="stable"))
    sizes = np.bincount(group, minlength=groups)
    ends = np.cumsum(sizes)
    least = durations.take(order.take(np.minimum(ends - sizes + KEPT, ends) - 1, mode="clip"))
    # Those, and whatever took as long as the last of them: of these the first to end count.
    some = np.flatnonzero(durations >= least.take(group))
    some = some.take(event_order(columns.rows.take(place.take(some)), columns.lexicon))
    some = some.take(np.argsort(-durations.take(some), kind="stable"))
    some = some.take(np.argsort(group.take(some), kind="stable"))
    groups_of = group.take(some)
    first = np.flatnonzero(np.r_[True, groups_of[1:] != groups_of[:-1]])
    rank = np.arange(len(some)) - np.repeat(first, np.diff(np.r_[first, len(some)]))
    best = np.flatnonzero(rank < KEPT)
    members = zip(groups_of[best].tolist(), columns.exemplars(place.take(some.take(best))), strict=True)
    for number, found in groupby(members, itemgetter(0)):
        yield number, keep_spans(exemplar for _, exemplar in found)
