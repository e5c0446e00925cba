"""A family into a summary."""

from dataclasses import dataclass

from analyzers.spans.answered import Answered, answered
from analyzers.spans.calls import Calls
from analyzers.spans.children import Children
from analyzers.spans.columns import Columns
from analyzers.spans.edges import count_edges
from analyzers.spans.family import Family
from analyzers.spans.lexicon import Lexicon
from analyzers.spans.operations import count_operations
from analyzers.summary import Summary


@dataclass(frozen=True, slots=True)
class Counted:
    """Spans and edges that were counted under "<other>" because of a limit; who answered where."""

    folded_spans: int
    folded_edges: int
    answered: Answered


def count_family(family: Family, summary: Summary, lexicon: Lexicon, operations: int, edges: int) -> Counted:
    """Count everything in it. `operations` of one service, and `edges` in all, have a place of their own."""
    if not len(family.counted):
        return Counted(0, 0, {})
    columns = Columns.of(family, lexicon)
    children = Children.of(family, columns)
    calls = Calls.of(family, columns, children)
    return Counted(
        count_operations(family.counted, calls, columns, children, summary, operations),
        count_edges(calls, family.counted, columns, children, summary, edges),
        answered(calls, columns),
    )
