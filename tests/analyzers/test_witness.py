"""Log records counted with the operation they were written in."""

from copy import deepcopy

import numpy as np
import pytest

from analyzers.columns import LogBatch
from analyzers.service import service_key
from analyzers.spans.ended import Ended
from analyzers.summary import OperationStats, Summary
from analyzers.templates import TemplateMiner
from analyzers.witness import Witnesses, WitnessLimits
from tests.analyzers.telemetry import NOON, log_batch, log_groups, record, resource

SECOND = 1_000_000_000
CART = service_key("cart")


def batch(*spans: bytes, service: str = "cart") -> LogBatch:
    """One record a span, all at noon."""
    records = [record("item added") for _ in spans]
    for item, span_id in zip(records, spans, strict=True):
        item.span_id = span_id
    return log_batch(*log_groups(records, resource(service)))


def ended(*spans: bytes) -> Ended:
    """All are `add` of the cart."""
    ids = np.frombuffer(b"".join(spans), dtype=np.uint64)
    return Ended(ids, np.zeros(len(ids), dtype=np.int64), [(CART, "add")])


def summary(start: int = NOON) -> Summary:
    made = Summary(start, start + 5 * SECOND)
    made.service(CART).operations["add"] = OperationStats()
    return made


def hear(witnesses: Witnesses, logs: LogBatch, open_from: int = 0) -> None:
    witnesses.add(logs, TemplateMiner().mine(logs), (logs.time_unix_nano // (5 * SECOND)) * 5 * SECOND, open_from)


def written(found: Summary) -> int:
    return sum(found.services[CART].operations["add"].templates.values())


ONE, TWO = b"1" * 8, b"2" * 8


def test_records_are_counted_with_the_operation_of_their_span() -> None:
    witnesses, found = Witnesses(), summary()
    hear(witnesses, batch(ONE, ONE, TWO, b"x" * 8))
    witnesses.join(ended(ONE, TWO), found)
    assert list(found.services[CART].operations["add"].templates.values()) == [3]
    assert len(witnesses) == 1


def test_a_span_that_ends_in_a_later_bucket_still_finds_its_records() -> None:
    witnesses, later = Witnesses(), summary(NOON + 20 * SECOND)
    hear(witnesses, batch(ONE))
    witnesses.join(ended(TWO), summary())
    witnesses.join(ended(ONE), later)
    assert written(later) == 1


def test_a_record_that_follows_the_end_of_its_span_counts_where_it_is() -> None:
    """As of what goes on after the answer, or is stamped when it is read from a file."""
    witnesses, before, found = Witnesses(), summary(NOON - 5 * SECOND), Summary(NOON, NOON + 5 * SECOND)
    witnesses.join(ended(ONE, TWO), before)
    hear(witnesses, batch(ONE, TWO, b"x" * 8))
    again = Witnesses()
    again.restore(*deepcopy(witnesses.state()))
    for each in (witnesses, again):
        each.join(ended(), found)
        assert len(each) == 1
    assert written(before) == 0
    assert written(found) == 4


def test_spans_are_remembered_for_a_while_after_their_end() -> None:
    limits = WitnessLimits(passed=5, after=20 * SECOND)
    for wait, more, expected in ((15, 0, 1), (20, 0, 0), (10, 4, 1), (10, 5, 0)):
        witnesses, found = Witnesses(limits), summary()
        witnesses.join(ended(ONE), summary(NOON - wait * SECOND))
        witnesses.join(ended(*(bytes([number] * 8) for number in range(more))), summary(NOON - 5 * SECOND))
        hear(witnesses, batch(ONE))
        witnesses.join(ended(), found)
        assert written(found) == expected


def test_operations_that_only_records_tell_of_are_bounded() -> None:
    witnesses, found = Witnesses(WitnessLimits(operations=1)), summary()
    spans = Ended(np.frombuffer(ONE, dtype=np.uint64), np.zeros(1, dtype=np.int64), [(CART, "remove")])
    witnesses.join(spans, summary(NOON - 5 * SECOND))
    hear(witnesses, batch(ONE))
    witnesses.join(ended(), found)
    assert list(found.services[CART].operations) == ["add"]


def test_records_whose_span_never_comes_are_given_up() -> None:
    witnesses = Witnesses(WitnessLimits(wait=30 * SECOND))
    hear(witnesses, batch(ONE))
    witnesses.join(ended(), summary(NOON + 20 * SECOND))
    assert len(witnesses) == 1
    witnesses.join(ended(TWO), summary(NOON + 40 * SECOND))
    assert len(witnesses) == 0


@pytest.mark.parametrize("span_id", [b"", b"short", b"longer than it may be"])
def test_records_without_a_sound_span_id_are_left_out(span_id: bytes) -> None:
    witnesses = Witnesses()
    hear(witnesses, batch(span_id))
    assert len(witnesses) == 0


def test_a_record_that_names_a_span_of_another_service_tells_nothing() -> None:
    witnesses, found = Witnesses(), summary()
    hear(witnesses, batch(ONE, service="checkout"))
    witnesses.join(ended(ONE), found)
    assert written(found) == 0


def test_late_records_have_missed_their_span() -> None:
    witnesses = Witnesses()
    hear(witnesses, batch(ONE), open_from=NOON + 60 * SECOND)
    assert len(witnesses) == 0


def test_memory_is_bounded() -> None:
    witnesses = Witnesses(WitnessLimits(waiting=10))
    for _ in range(100):
        hear(witnesses, batch(*([ONE] * 4)))
    assert len(witnesses) <= 10


def test_going_on_from_a_checkpoint() -> None:
    witnesses, again, found = Witnesses(), Witnesses(), summary()
    hear(witnesses, batch(ONE, TWO))
    again.restore(*witnesses.state())
    again.join(ended(ONE, TWO), found)
    assert written(found) == 2


@pytest.mark.parametrize("records", [1, 50])
def test_who_wrote_what_is_kept_in_few_words_and_told_the_same(records: int) -> None:
    """Few records and many of a kind are kept differently."""
    witnesses, found = Witnesses(), summary()
    hear(witnesses, batch(*[ONE] * records))
    ((heard,), _) = witnesses.state()
    assert bool(heard.table) == (records == 1)
    assert [heard.tabulated().written(code) for code in heard.tabulated().codes] == [
        heard.written(code) for code in heard.codes
    ]
    assert len(heard.tabulated().table) == 1
    witnesses.join(ended(ONE), found)
    assert written(found) == records
