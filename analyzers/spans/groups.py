"""What many rows have in common, and how often."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int64
from analyzers.sketch import bins_of

# A table of all that could be is worth it up to this many entries for a row, and for few rows anyway.
_SPARSE, _SMALL = 4, 65_536
# Above every bin.
_BINS = 512


@dataclass(frozen=True, slots=True)
class Groups:
    """The different codes, ascending, and for each row the place of its code among them."""

    codes: Int64
    of: Int64

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def by(cls, codes: Int64, bound: int) -> "Groups":
        """`codes` are below `bound`."""
        if bound > _SPARSE * len(codes) + _SMALL:
            found, of = np.unique(codes, return_inverse=True)
            return cls(found, of)
        there = np.zeros(bound, dtype=np.bool_)
        there[codes] = True
        return cls(np.flatnonzero(there), (np.cumsum(there) - 1).take(codes))

    def counts(self, rows: Int64 | None = None) -> Int64:
        """Rows of each group; only the given ones, if any are."""
        counts: Int64 = np.bincount(self.of if rows is None else self.of.take(rows), minlength=len(self))
        return counts

    def first(self, places: Int64) -> Int64:
        """For each group the smallest of its places; `places` ascend."""
        first = np.zeros(len(self), dtype=np.int64)
        # Of several the last is what stays.
        first[self.of[::-1]] = places[::-1]
        return first


def counted(codes: Int64, bound: int) -> tuple[Int64, Int64]:
    """The different codes, ascending, and how often each is there; `codes` are below `bound`."""
    if bound > _SPARSE * len(codes) + _SMALL:
        found, counts = np.unique(codes, return_counts=True)
        return found, counts
    counts = np.bincount(codes, minlength=bound)
    found = np.flatnonzero(counts)
    return found, counts.take(found)


def sketched(group: Int64, durations: Int64, groups: int) -> Iterator[tuple[int, list[int], list[int]]]:
    """For each group that has any: the bins of its durations and how many are in each."""
    codes, counts = counted(group * _BINS + bins_of(durations), groups * _BINS)
    if not len(codes):
        return
    owner, bins, weights = codes // _BINS, (codes % _BINS).tolist(), counts.tolist()
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    for number, first, end in zip(
        owner[starts].tolist(), starts.tolist(), [*starts[1:].tolist(), len(bins)], strict=True
    ):
        yield number, bins[first:end], weights[first:end]
