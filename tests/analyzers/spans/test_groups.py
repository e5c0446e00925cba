"""What many rows have in common."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.sketch import Sketch
from analyzers.spans.groups import Groups, counted, sketched

CODES = st.lists(st.integers(0, 90), max_size=60)


@pytest.mark.parametrize("bound", [100, 10**12])
@given(codes=CODES)
def test_groups(codes: list[int], bound: int) -> None:
    """A small bound and a large one are gone about in different ways."""
    groups = Groups.by(np.array(codes, dtype=np.int64), bound)
    assert groups.codes.tolist() == sorted(set(codes))
    assert groups.codes[groups.of].tolist() == codes
    assert dict(zip(groups.codes.tolist(), groups.counts().tolist(), strict=True)) == Counter(codes)
    assert groups.first(np.arange(len(codes))).tolist() == [codes.index(code) for code in sorted(set(codes))]
    found, counts = counted(np.array(codes, dtype=np.int64), bound)
    assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == Counter(codes)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2**40)), max_size=60))
def test_sketches(rows: list[tuple[int, int]]) -> None:
    owner = np.array([group for group, _ in rows], dtype=np.int64)
    made = {group: Sketch() for group, _ in rows}
    for group, bins, weights in sketched(owner, np.array([duration for _, duration in rows], dtype=np.int64), 6):
        made[group].add_bins(bins, weights)
    assert made == {group: Sketch.of(duration for owner, duration in rows if owner == group) for group in made}
