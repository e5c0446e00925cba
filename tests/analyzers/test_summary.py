"""Summaries add up in any order."""

from copy import deepcopy
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.assembly import TraceAssembler
from analyzers.summary import ServiceSummary, Summary, union
from analyzers.tally import CountLimits, count_logs
from analyzers.templates import TemplateMiner
from tests.analyzers.telemetry import NOON, SECOND, Fault, log_batch, span_batch, traffic


def summary(seed: int, fault: Fault) -> Summary:
    """Two requests of the small system, and the second they came in."""
    start = NOON + Random(seed).randrange(5) * SECOND
    made = traffic(1, fault, start=start, load=2, seed=seed)[0]
    whole = Summary(start, start + SECOND)
    logs = log_batch(*made.logs)
    mined = TemplateMiner().mine(logs)
    count_logs(logs, mined, whole, CountLimits())
    assembler, spans = TraceAssembler(), span_batch(*made.spans)
    assembler.hold(spans, np.zeros(len(spans), dtype=np.int64))
    assembler.assemble(0, whole)
    return whole


SUMMARIES = st.sampled_from([summary(seed, fault) for seed in range(3) for fault in Fault])


@settings(max_examples=40)
@given(SUMMARIES, SUMMARIES, SUMMARIES)
def test_merging_is_commutative_and_associative(a: Summary, b: Summary, c: Summary) -> None:
    before = deepcopy((a, b, c))
    whole = union([a, b, c])
    assert whole == union([c, a, b]) == union([a, union([b, c])]) == union([union([c, b]), a])
    assert (a, b, c) == before


@settings(max_examples=40)
@given(SUMMARIES)
def test_a_union_shares_nothing_with_its_parts(part: Summary) -> None:
    before = deepcopy(part)
    union([part]).merge(before)
    assert part == before


@settings(max_examples=40)
@given(st.lists(SUMMARIES, min_size=1, max_size=4))
def test_totals_add_up(parts: list[Summary]) -> None:
    whole = union(parts)
    assert sum(item.records for item in whole.services.values()) == sum(
        item.records for part in parts for item in part.services.values()
    )
    for service in whole.services.values():
        assert sum(count.count for count in service.templates.values()) == service.records
        assert sum(service.severities.values()) == service.records
        assert sum(operation.calls for operation in service.operations.values()) == service.spans


def test_a_union_of_nothing_is_an_error() -> None:
    with pytest.raises(StopIteration):
        union([])


def test_debugging_tells_nothing_of_how_much_is_done_unless_there_is_nothing_else() -> None:
    assert ServiceSummary(records=50, severities={5: 30, 9: 12, 0: 6, 17: 2}).work_records == 20
    assert ServiceSummary(records=30, severities={5: 30}).work_records == 30
