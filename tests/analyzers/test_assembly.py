"""Spans into operations and edges."""

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.assembly import OTHER_OPERATION, Assembled, AssemblyLimits, TraceAssembler
from analyzers.census import OTHER_SERVICE
from analyzers.columns import SpanBatch
from analyzers.service import service_key
from analyzers.summary import EdgeKey, OperationStats, Summary
from tests.analyzers.telemetry import (
    CHECKOUT,
    CLIENT,
    CONSUMER,
    FRONTEND,
    MILLI,
    NOON,
    PAYMENT,
    PRODUCER,
    SECOND,
    SERVER,
    Fault,
    resource,
    span,
    span_batch,
    span_groups,
    traffic,
)

TRACE = b"t" * 16


def made(
    name: str,
    start: int,
    end: int,
    own: str,
    parent: str = "",
    kind: Span.SpanKind.ValueType = Span.SPAN_KIND_INTERNAL,
    error: bool = False,
    peer: str = "",
) -> Span:
    """Times are milliseconds after noon, ids single letters."""
    return span(
        name,
        NOON + start * MILLI,
        NOON + end * MILLI,
        TRACE,
        own.encode() * 8,
        parent.encode() * 8,
        kind,
        error,
        {"server.address": peer} if peer else None,
    )


def rows(**spans: Iterable[Span]) -> SpanBatch:
    """By service."""
    return span_batch(*(item for name, own in spans.items() for item in span_groups(own, resource(name))))


def assemble(assembler: TraceAssembler, found: SpanBatch, summary: Summary) -> Assembled:
    """All of one bucket."""
    assembler.hold(found, np.zeros(len(found), dtype=np.int64))
    return assembler.assemble(0, summary)


def assembled(found: SpanBatch, limits: AssemblyLimits | None = None) -> Summary:
    summary = Summary(NOON, NOON + 5 * SECOND)
    assemble(TraceAssembler(limits), found, summary)
    return summary


def own_time(stats: OperationStats) -> float:
    assert stats.self_time.count == 1
    return stats.self_time.quantile(0.5) / MILLI


def test_self_time_leaves_out_overlapping_children_once() -> None:
    found = rows(
        payment=[
            made("work", 0, 100, "p"),
            made("a", 10, 40, "a", "p"),
            made("b", 20, 60, "b", "p"),
            made("c", 25, 30, "c", "p"),
            made("d", 80, 90, "d", "p"),
        ]
    )
    assert own_time(assembled(found).services[PAYMENT].operations["work"]) == pytest.approx(40, rel=0.05)


def test_self_time_of_a_child_that_sticks_out_is_cut() -> None:
    found = rows(payment=[made("work", 50, 100, "p"), made("a", 0, 75, "a", "p")])
    assert own_time(assembled(found).services[PAYMENT].operations["work"]) == pytest.approx(25, rel=0.05)


def test_a_single_remote_child_leaves_its_gap_to_the_edge() -> None:
    found = rows(checkout=[made("call", 0, 100, "c", kind=CLIENT)], payment=[made("pay", 20, 80, "s", "c", SERVER)])
    summary = assembled(found)
    edge = summary.edges[EdgeKey(CHECKOUT, PAYMENT)]
    assert edge.gap.quantile(0.5) / MILLI == pytest.approx(40, rel=0.05)
    assert edge.duration.quantile(0.5) / MILLI == pytest.approx(60, rel=0.05)
    assert summary.services[CHECKOUT].operations["call"].self_time.count == 0


def test_several_children_leave_the_time_to_the_caller() -> None:
    found = rows(
        checkout=[made("handle", 0, 100, "c", kind=SERVER)],
        payment=[made("pay", 20, 50, "s", "c", SERVER), made("pay", 50, 80, "r", "c", SERVER)],
    )
    summary = assembled(found)
    edge = summary.edges[EdgeKey(CHECKOUT, PAYMENT)]
    assert (edge.calls, edge.gap.count) == (2, 0)
    assert own_time(summary.services[CHECKOUT].operations["handle"]) == pytest.approx(40, rel=0.05)


def test_errors_begin_where_no_child_failed() -> None:
    found = rows(
        checkout=[made("call", 0, 100, "c", kind=CLIENT, error=True)],
        payment=[made("pay", 20, 80, "s", "c", SERVER, error=True), made("inner", 30, 40, "i", "s")],
    )
    summary = assembled(found)
    caller, callee = summary.services[CHECKOUT].operations["call"], summary.services[PAYMENT].operations["pay"]
    assert (caller.errors, caller.origin_errors, caller.failed) == (1, 0, ())
    assert (callee.errors, callee.origin_errors) == (1, 1)
    assert [item.span_id for item in callee.failed] == [b"s" * 8]
    assert summary.edges[EdgeKey(CHECKOUT, PAYMENT)].errors == 1


def test_a_caller_that_fails_alone_is_the_origin() -> None:
    found = rows(
        checkout=[made("handle", 0, 100, "c", kind=SERVER, error=True)], payment=[made("pay", 9, 80, "s", "c", SERVER)]
    )
    summary = assembled(found)
    assert summary.services[CHECKOUT].operations["handle"].origin_errors == 1
    assert summary.edges[EdgeKey(CHECKOUT, PAYMENT)].lost == 0


def test_a_call_that_fails_for_the_caller_alone_is_lost_between_the_two() -> None:
    found = rows(
        checkout=[made("call", 0, 100, "c", kind=CLIENT, error=True)], payment=[made("pay", 9, 80, "s", "c", SERVER)]
    )
    summary = assembled(found)
    assert summary.services[CHECKOUT].operations["call"].origin_errors == 0
    edge = summary.edges[EdgeKey(CHECKOUT, PAYMENT)]
    assert (edge.calls, edge.errors, edge.lost) == (1, 0, 1)


def test_a_call_of_whom_only_the_name_is_known_says_nothing_about_the_caller() -> None:
    call = made("call", 0, 100, "c", kind=CLIENT, error=True, peer="payment")
    summary = assembled(rows(checkout=[call]))
    caller = summary.services[CHECKOUT].operations["call"]
    assert (caller.errors, caller.origin_errors, caller.self_time.count) == (1, 0, 0)
    [(key, edge)] = summary.edges.items()
    assert (key.inferred, edge.calls, edge.errors) == (True, 1, 1)


@pytest.mark.parametrize(("parent", "child"), [("a", "b"), ("b", "a")])
def test_whoever_ends_at_the_same_moment_is_a_child_all_the_same(parent: str, child: str) -> None:
    """Clocks of whole milliseconds make ties, and ids are random: they must not decide who is to blame."""
    found = rows(
        checkout=[made("call", 0, 100, parent, kind=CLIENT, error=True)],
        payment=[made("pay", 60, 100, child, parent, SERVER, error=True)],
    )
    summary = assembled(found)
    assert summary.services[CHECKOUT].operations["call"].origin_errors == 0
    edge = summary.edges[EdgeKey(CHECKOUT, PAYMENT)]
    assert edge.gap.quantile(0.5) / MILLI == pytest.approx(60, rel=0.05)


def test_a_callee_whose_clock_is_ahead_lies_within_the_call_all_the_same() -> None:
    """It ends 5 ms after its caller, as far as its own clock tells, and is no longer than the call."""
    found = rows(
        checkout=[made("call", 0, 100, "c", kind=CLIENT, error=True)],
        payment=[made("pay", 45, 105, "s", "c", SERVER, error=True)],
    )
    summary = assembled(found)
    caller = summary.services[CHECKOUT].operations["call"]
    assert (caller.origin_errors, caller.self_time.count) == (0, 0)
    edge = summary.edges[EdgeKey(CHECKOUT, PAYMENT)]
    assert edge.gap.quantile(0.5) / MILLI == pytest.approx(40, rel=0.05)


@pytest.mark.parametrize(("start", "end", "failed"), [(20, 150, False), (20, 150, True), (110, 150, True)])
def test_what_outlives_its_caller_was_not_waited_for(start: int, end: int, failed: bool) -> None:
    found = rows(
        checkout=[made("call", 0, 100, "c", kind=CLIENT, error=failed)],
        payment=[made("pay", start, end, "s", "c", SERVER)],
    )
    summary = assembled(found)
    assert all(edge.gap.count == 0 for edge in summary.edges.values())
    assert own_time(summary.services[CHECKOUT].operations["call"]) == pytest.approx(100, rel=0.05)


def test_a_child_that_comes_late_does_not_change_what_its_parent_was_counted_as() -> None:
    """Though both ended at the same moment."""
    assembler, summary = TraceAssembler(), Summary(NOON, NOON + 5 * SECOND)
    assemble(assembler, rows(checkout=[made("call", 0, 100, "c", kind=CLIENT)]), summary)
    assemble(assembler, rows(payment=[made("pay", 20, 100, "s", "c", SERVER)]), summary)
    (edge,) = summary.edges.values()
    assert (edge.calls, edge.gap.count) == (1, 0)
    assert summary.services[CHECKOUT].operations["call"].self_time.count == 1


def test_failures_and_times_are_counted_by_pod() -> None:
    groups = [
        *span_groups([made("pay", 0, 10, "a"), made("pay", 0, 10, "b")], resource(k8s_pod_name="p-1")),
        *span_groups([made("pay", 0, 80, "c", error=True)], resource(k8s_pod_name="p-2")),
    ]
    stats = assembled(span_batch(*groups)).services[PAYMENT].operations["pay"]
    assert stats.failed_pods == {"p-2": 1}
    assert stats.timed_pods == {"p-1": 2, "p-2": 1}
    assert stats.bins_pods["p-2"] > stats.bins_pods["p-1"] / 2


def test_asynchronous_children_end_after_their_parent() -> None:
    found = rows(
        checkout=[made("send", 0, 5, "p", kind=PRODUCER)], payment=[made("take", 500, 900, "c", "p", CONSUMER)]
    )
    summary = assembled(found)
    assert list(summary.edges) == [EdgeKey(CHECKOUT, PAYMENT, asynchronous=True)]
    assert own_time(summary.services[CHECKOUT].operations["send"]) == pytest.approx(5, rel=0.05)
    assert summary.services[PAYMENT].entries == 1


def test_a_child_that_begins_after_its_parent_is_asynchronous_without_kinds() -> None:
    found = rows(checkout=[made("send", 0, 5, "p")], payment=[made("take", 6, 19, "c", "p")])
    assert list(assembled(found).edges) == [EdgeKey(CHECKOUT, PAYMENT, asynchronous=True)]


@pytest.mark.parametrize("kinds", [(CLIENT, SERVER), (Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_INTERNAL)])
def test_a_short_call_of_one_whose_clock_is_far_ahead_was_waited_for(
    kinds: tuple[Span.SpanKind.ValueType, Span.SpanKind.ValueType],
) -> None:
    """It begins 20 ms after the end of the call it lies in."""
    found = rows(checkout=[made("call", 0, 12, "c", kind=kinds[0])], payment=[made("pay", 32, 40, "s", "c", kinds[1])])
    summary = assembled(found)
    (edge,) = summary.edges
    assert edge == EdgeKey(CHECKOUT, PAYMENT)
    assert summary.edges[edge].gap.quantile(0.5) / MILLI == pytest.approx(4, rel=0.05)


def test_a_call_that_is_worked_on_after_its_caller_gave_up_is_a_call_all_the_same() -> None:
    call = made("call", 0, 100, "c", kind=CLIENT, error=True)
    assert list(assembled(rows(checkout=[call], payment=[made("pay", 130, 400, "s", "c", SERVER)])).edges) == [
        EdgeKey(CHECKOUT, PAYMENT)
    ]


def test_a_message_was_sent_though_it_was_taken_sooner_as_far_as_clocks_tell() -> None:
    found = rows(
        checkout=[made("send", 20, 25, "p", kind=PRODUCER, peer="letters")],
        payment=[made("take", 6, 9, "c", "p", CONSUMER)],
    )
    sent = EdgeKey(CHECKOUT, service_key("letters"), asynchronous=True, inferred=True)
    summary = assembled(found)
    assert set(summary.edges) == {sent, EdgeKey(CHECKOUT, PAYMENT, asynchronous=True)}
    assert summary.edges[sent].calls == 1


def test_duplicates_count_once() -> None:
    found = rows(payment=[made("work", 0, 10, "p"), made("work", 0, 10, "p")])
    summary = Summary(NOON, NOON + 5 * SECOND)
    assembler = TraceAssembler()
    assemble(assembler, found, summary)
    assemble(assembler, found, summary)
    assert (summary.services[PAYMENT].spans, summary.services[PAYMENT].operations["work"].calls) == (1, 1)


def test_spans_without_an_id_are_all_counted() -> None:
    found = rows(payment=[made("work", 0, 10, name) for name in ("", "", "\0", "\0")])
    assert assembled(found).services[PAYMENT].operations["work"].calls == 4


def test_the_same_span_id_in_two_traces_is_two_spans() -> None:
    found = rows(payment=[span("work", NOON, NOON + 5, trace * 16) for trace in (b"x", b"y")])
    assert assembled(found).services[PAYMENT].spans == 2


def test_missing_kinds_are_made_up_for_by_the_change_of_service() -> None:
    found = rows(
        frontend=[made("get", 0, 100, "a")],
        checkout=[made("order", 10, 90, "b", "a"), made("inner", 20, 80, "c", "b")],
        payment=[made("pay", 30, 70, "d", "c")],
    )
    summary = assembled(found)
    assert set(summary.edges) == {EdgeKey(FRONTEND, CHECKOUT), EdgeKey(CHECKOUT, PAYMENT)}
    assert {key: seen.entries for key, seen in summary.services.items()} == {FRONTEND: 1, CHECKOUT: 1, PAYMENT: 1}


def test_a_peer_without_spans_is_inferred() -> None:
    found = rows(payment=[made("query", 0, 10, "q", kind=CLIENT, peer="postgresql")])
    edge = EdgeKey(PAYMENT, service_key("postgresql"), inferred=True)
    summary = assembled(found)
    assert list(summary.edges) == [edge]
    assert summary.edges[edge].duration.quantile(0.5) / MILLI == pytest.approx(10, rel=0.05)


def test_a_peer_whose_own_spans_came_is_not_inferred() -> None:
    found = rows(
        checkout=[made("call", 0, 100, "c", kind=CLIENT, peer="payment.svc")],
        payment=[made("pay", 20, 80, "s", "c", SERVER)],
    )
    assert list(assembled(found).edges) == [EdgeKey(CHECKOUT, PAYMENT)]


def test_it_tells_who_answered_at_which_address() -> None:
    """Not of those that have no place of their own: they are many."""
    peers = {"c": "psp-7", "d": "psp-7", "e": OTHER_SERVICE.name}
    found = rows(
        checkout=[made("call", 0, 100, own, kind=CLIENT, peer=peer) for own, peer in peers.items()],
        payment=[made("pay", 20, 80, "s", "c", SERVER), made("pay", 20, 80, "u", "e", SERVER)],
        **{OTHER_SERVICE.name: [made("pay", 20, 80, "t", "d", SERVER)]},
    )
    answered = assemble(TraceAssembler(), found, Summary(NOON, NOON + 5 * SECOND)).answered
    assert answered == {service_key("psp-7"): {PAYMENT: 1}}


def test_operations_beyond_the_limit_are_counted_as_others() -> None:
    found = rows(payment=[made(f"GET /{letter}", 0, 10, letter) for letter in "abcdefgh"])
    seen = assembled(found, AssemblyLimits(operations=3)).services[PAYMENT]
    assert len(seen.operations) == 4
    assert seen.operations[OTHER_OPERATION].calls == 5
    assert sum(stats.calls for stats in seen.operations.values()) == seen.spans == 8


def test_memory_is_bounded_and_evictions_counted() -> None:
    limits = AssemblyLimits(open_spans=100)
    assembler, summary = TraceAssembler(limits), Summary(NOON, NOON + 5 * SECOND)
    sent = [span("work", NOON, NOON + n, span_id=n.to_bytes(8, "big")) for n in range(1, 1001)]
    for first in range(0, 1000, 10):
        assemble(assembler, rows(payment=sent[first : first + 10]), summary)
        assert len(assembler) <= limits.open_spans
    assert assembler.evicted >= 1000 - 2 * limits.open_spans
    assert summary.services[PAYMENT].spans == 1000


def test_halves_that_wait_too_long_are_let_go() -> None:
    limits = AssemblyLimits(wait=10 * SECOND)
    assembler, summary = TraceAssembler(limits), Summary(NOON, NOON + 5 * SECOND)
    for second in range(0, 100, 5):
        at = NOON + second * SECOND
        assemble(assembler, rows(payment=[span("work", at, at, span_id=second.to_bytes(8, "big"))]), summary)
    assert len(assembler) <= 5
    assert assembler.evicted == 0


def test_edges_beyond_the_limit_are_counted_as_one() -> None:
    calls = [made("query", 0, 10 + place, own, kind=CLIENT, peer=own) for place, own in enumerate("abcdef")]
    assembler, summary = TraceAssembler(AssemblyLimits(edges=2)), Summary(NOON, NOON + 5 * SECOND)
    assemble(assembler, rows(payment=calls), summary)
    assert {key.server.name: edge.calls for key, edge in summary.edges.items()} == {"a": 1, "b": 1, "<other>": 4}
    assert EdgeKey(OTHER_SERVICE, OTHER_SERVICE) in summary.edges
    assert (assembler.folded_edges, assembler.folded) == (4, 0)


def test_spans_of_operations_without_a_place_are_counted() -> None:
    found = rows(payment=[made(f"GET /{letter}", 0, 10, letter) for letter in "abcdefgh"])
    assembler = TraceAssembler(AssemblyLimits(operations=3))
    assemble(assembler, found, Summary(NOON, NOON + 5 * SECOND))
    assert assembler.folded == 5


def test_spans_are_held_by_bucket_until_it_is_complete() -> None:
    assembler = TraceAssembler()
    found = rows(payment=[made("work", 0, 10, letter) for letter in "abcd"])
    assembler.hold(found, np.array([5, 0, 5, 5]))
    assert (assembler.held, set(assembler.buckets)) == (4, {0, 5})
    summary = Summary(NOON, NOON + 5 * SECOND)
    ended = assembler.assemble(5, summary).ended
    assert (assembler.held, set(assembler.buckets), summary.services[PAYMENT].spans) == (1, {0}, 3)
    assert [ended.operations[place] for place in ended.operation.tolist()] == [(PAYMENT, "work")] * 3
    assert ended.span_id.tobytes() == b"a" * 8 + b"c" * 8 + b"d" * 8


def test_names_that_nobody_uses_any_more_are_forgotten() -> None:
    """A sender that makes up a name for every span takes up no more room than its spans do."""
    assembler = TraceAssembler(AssemblyLimits(open_spans=2000))
    most = 0
    for number in range(30):
        numbers = range(number * 1000, (number + 1) * 1000)
        sent = [span(f"name {n}", NOON, NOON + n, span_id=(n + 1).to_bytes(8, "big")) for n in numbers]
        assemble(assembler, rows(**{f"service-{number}": sent}), Summary(NOON, NOON + 5 * SECOND))
        state = assembler.state()
        most = max(most, len(state.names) + len(state.resources))
    assert 1000 < most < 10_000


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(Fault), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(fault: Fault, random: Random) -> None:
    groups = [group for part in traffic(2, fault, load=2) for group in part.spans]
    # Each group holds one span.
    assert assembled(span_batch(*random.sample(groups, len(groups)))) == assembled(span_batch(*groups))
