"""Places found by key."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzers.columns import UInt64
from analyzers.spans.index import Index

KEYS = st.lists(st.integers(0, 2**64 - 1), max_size=30, unique=True)


def words(values: list[int]) -> UInt64:
    return np.array(values, dtype=np.uint64)


@given(KEYS, st.lists(st.integers(0, 2**64 - 1), max_size=30))
def test_finds_what_is_there_and_nothing_else(keys: list[int], others: list[int]) -> None:
    sought = others + keys[::2]
    which, places = Index.of(words(keys)).find(words(sought))
    found = dict(zip(which.tolist(), places.tolist(), strict=True))
    assert found == {place: keys.index(key) for place, key in enumerate(sought) if key in keys}


@given(KEYS)
def test_grows(keys: list[int]) -> None:
    half = len(keys) // 2
    index = Index.of(words(keys[:half]))
    later = sorted(range(half, len(keys)), key=keys.__getitem__)
    index.add(words([keys[place] for place in later]), np.array(later, dtype=np.int64))
    which, places = index.find(words(keys))
    assert (len(index), sorted(which.tolist())) == (len(keys), list(range(len(keys))))
    assert which.tolist() == places.tolist()
