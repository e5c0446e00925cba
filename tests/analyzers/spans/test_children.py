"""Time during which at least one child ran."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzers.service import Resource, service_key
from analyzers.spans.children import Children
from analyzers.spans.columns import Columns
from analyzers.spans.family import Family, Pairs
from analyzers.spans.lexicon import Lexicon
from analyzers.spans.rows import ROW

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 3)), min_size=1, max_size=25)


@given(SPANS, st.sampled_from([0, 2**62]))
def test_covered_time_is_that_of_the_union(spans: list[tuple[int, int, int]], offset: int) -> None:
    """Each is a start, a duration and the number of its parent; the first four are parents. However large times are."""
    rows = np.zeros(len(spans) + 4, dtype=ROW)
    starts = [3, 0, 12, 30] + [start for start, _, _ in spans]
    ends = [20, 40, 12, 31] + [start + duration for start, duration, _ in spans]
    rows["start"], rows["end"] = np.array(starts) + offset, np.array(ends) + offset
    parents = [parent for _, _, parent in spans]
    pairs = Pairs(np.array(parents), np.arange(4, len(rows)))
    nobody = Pairs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    lexicon = Lexicon()
    lexicon.resources.numbers([Resource(service_key("cart"))])
    family = Family(rows, np.arange(len(rows)), pairs, nobody, np.ones(len(rows), dtype=np.bool_))
    children = Children.of(family, Columns.of(family, lexicon))
    for number in range(4):
        own = [place for place, parent in enumerate(parents, 4) if parent == number]
        moments = {moment for place in own for moment in range(starts[place], ends[place])}
        assert children.covered[number] == len(moments & set(range(starts[number], ends[number])))
        assert children.count[number] == len(own)
