"""The slowest spans of each group, as examples."""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from analyzers.columns import Int64
from analyzers.exemplar import KEPT, SpanExemplar
from analyzers.spans.columns import Columns
from analyzers.spans.rows import event_order

Kept: TypeAlias = tuple[SpanExemplar, ...]


def slowest(columns: Columns, group: Int64, place: Int64, kept: Sequence[Kept]) -> Iterator[tuple[int, Kept]]:
    """For each group those that may have a place among what it has `kept` so far; some groups come more than once.
    `place` is the row of each member; a row is in a group once."""
    distinct = columns.distinct.take(place)
    if distinct.all():
        return _slowest(columns, group, place, kept)
    # These can't be told apart but by all that is known of them. Doors let none in without an id.
    others = np.flatnonzero(~distinct)
    doubtful = zip(group.take(others).tolist(), columns.exemplars(place.take(others)), strict=True)
    return chain(
        _slowest(columns, group[distinct], place[distinct], kept),
        ((number, (exemplar,)) for number, exemplar in doubtful),
    )


def _slowest(columns: Columns, group: Int64, place: Int64, kept: Sequence[Kept]) -> Iterator[tuple[int, Kept]]:
    if not len(place):
        return
    # By group, slowest first. Few groups are sorted as small numbers, which takes next to nothing.
    durations = columns.duration.take(place)
    order = np.argsort(-durations)
    small = group.astype(np.uint16) if len(kept) <= 2**16 else group
    order = order.take(np.argsort(small.take(order), kind="stable"))
    sizes = np.bincount(group, minlength=len(kept))
    ends = np.cumsum(sizes)
    least = durations.take(order.take(np.minimum(ends - sizes + KEPT, ends) - 1, mode="clip"))
    reached = np.array([found[-1].duration if len(found) == KEPT else 0 for found in kept])
    # Those, and whatever took as long as the last of them: of these the first to end count.
    some = np.flatnonzero(durations >= np.maximum(least, reached).take(group))
    if not len(some):
        return
    some = some.take(event_order(columns.rows.take(place.take(some)), columns.lexicon))
    some = some.take(np.argsort(-durations.take(some), kind="stable"))
    some = some.take(np.argsort(group.take(some), kind="stable"))
    groups_of = group.take(some)
    first = np.flatnonzero(np.r_[True, groups_of[1:] != groups_of[:-1]])
    rank = np.arange(len(some)) - np.repeat(first, np.diff(np.r_[first, len(some)]))
    best = np.flatnonzero(rank < KEPT)
    members = zip(groups_of[best].tolist(), columns.exemplars(place.take(some.take(best))), strict=True)
    for number, found in groupby(members, itemgetter(0)):
        yield number, tuple(exemplar for _, exemplar in found)
