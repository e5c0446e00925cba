"""Records by the bucket they belong to."""

from collections.abc import Iterator

import numpy as np

from analyzers.columns import Int64


def rows_of_each(buckets: Int64) -> Iterator[tuple[int, Int64]]:
    """The different ones, ascending, each with its places; at least one is needed."""
    first = int(buckets[0])
    # As nearly always.
    if (buckets == first).all():
        yield first, np.arange(len(buckets))
        return
    for start in np.unique(buckets).tolist():
        yield start, np.flatnonzero(buckets == start)
