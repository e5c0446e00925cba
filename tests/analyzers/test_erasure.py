"""What erasing a service, a trace or a time leaves of summaries and of spans that wait."""

import numpy as np

from analyzers.assembly import AssemblerState, TraceAssembler
from analyzers.columns import Peer
from analyzers.erasure import Selection, erase_heard, erase_spans, erase_summary, touches
from analyzers.erring import mark
from analyzers.exemplar import LogExemplar
from analyzers.service import Resource, ServiceKey
from analyzers.spans.generation import GenerationState
from analyzers.spans.rows import ROW
from analyzers.summary import EdgeKey, Summary, TemplateCount
from analyzers.witness import Heard

SHOP, CART, CACHE = (ServiceKey("prod", "", name) for name in ("shop", "cart", "cart-cache"))
TRACE = bytes(range(16))


def summary() -> Summary:
    whole = Summary(100, 200)
    for service in (SHOP, CART, CACHE):
        exemplars = tuple(LogExemplar(150 + n, trace, b"", "said", 17, "", "") for n, trace in enumerate((TRACE, b"")))
        whole.service(service).templates["a"] = TemplateCount("said", 2, exemplars=exemplars)
        whole.service(service).erring = {mark(TRACE): 150, 7: 160}
    whole.edge(EdgeKey(SHOP, CART)).calls = 3
    whole.edge(EdgeKey(SHOP, CACHE)).calls = 4
    whole.edge(EdgeKey(SHOP, CACHE)).add_trace(3, TRACE)
    return whole


def test_a_service_goes_with_its_edges_and_no_other_of_a_like_name() -> None:
    for name in ("cart", "prod/cart"):
        whole, selection = summary(), Selection(service=name)
        assert touches(whole, selection)
        erase_summary(whole, selection)
        assert set(whole.services) == {SHOP, CACHE}
        assert set(whole.edges) == {EdgeKey(SHOP, CACHE)}
        assert not touches(whole, selection)


def test_a_trace_leaves_what_was_added_up() -> None:
    whole, selection = summary(), Selection(trace_id=TRACE)
    assert touches(whole, selection)
    erase_summary(whole, selection)
    counts = whole.services[SHOP].templates["a"]
    assert (counts.count, [item.trace_id for item in counts.exemplars]) == (2, [b""])
    assert whole.services[SHOP].erring == {}, "a sample that lacks a trace is none"
    assert (whole.edges[EdgeKey(SHOP, CACHE)].busiest, whole.edges[EdgeKey(SHOP, CACHE)].busiest_trace) == (0, b"")
    assert not touches(whole, selection)


def test_a_time_takes_what_overlaps_it() -> None:
    for start, end, gone in ((0, 100, False), (199, 300, True), (200, 300, False), (120, 130, True)):
        whole, selection = summary(), Selection(start_unix_nano=start or 1, end_unix_nano=end)
        assert touches(whole, selection) == gone
        erase_summary(whole, selection)
        assert bool(whole.services) != gone


def packed(*rows: tuple[int, int, int]) -> bytes:
    """Spans by end, resource and peer; the second one is of the trace."""
    made = np.zeros(len(rows), dtype=ROW)
    for place, (end, resource, peer) in enumerate(rows):
        made[place]["end"], made[place]["resource"], made[place]["peer"] = end, resource, peer
        made[place]["name"] = resource
        made[place]["span"] = place + 1
    made["trace_high"][1:2], made["trace_low"][1:2] = np.frombuffer(TRACE, dtype="<u8")
    return made.tobytes()


def waiting() -> AssemblerState:
    rows = packed((10, 0, 1), (20, 1, -1), (30, 0, 0))
    young = GenerationState(0, rows, np.array([0, 1, 2], dtype=np.int64).tobytes())
    return AssemblerState(
        young=young,
        held={5: rows},
        resources=[Resource(SHOP), Resource(CART)],
        names=["buy", "add"],
        peers=[Peer(CACHE, False), Peer(CART, False)],
    )


def left(state: AssemblerState) -> list[tuple[int, int]]:
    """End and peer of the spans that are held for a bucket."""
    rows = np.frombuffer(state.held[5], dtype=ROW)
    return list(zip(rows["end"].tolist(), rows["peer"].tolist(), strict=True))


def test_spans_of_a_service_go_and_nobody_called_it() -> None:
    state = waiting()
    assert erase_spans(state, Selection(service="cart")) == 2
    assert left(state) == [(10, -1), (30, 0)]
    assert np.frombuffer(state.young.waiting, dtype=np.int64).tolist() == [0, 1]
    assert CART not in {item.service for item in state.resources} | {item.service for item in state.peers}
    assert "add" not in state.names
    assembler = TraceAssembler()
    assembler.restore(state)
    assert (len(assembler), assembler.held) == (2, 2)


def test_spans_of_a_trace_and_of_a_time_go() -> None:
    state = waiting()
    assert erase_spans(state, Selection(trace_id=TRACE)) == 2
    assert left(state) == [(10, 1), (30, 0)]
    state = waiting()
    assert erase_spans(state, Selection(start_unix_nano=10, end_unix_nano=30)) == 4
    assert left(state) == [(30, 0)]
    assert np.frombuffer(state.young.waiting, dtype=np.int64).tolist() == [0]


def test_records_that_wait_for_a_span_go_with_their_service() -> None:
    spans, codes = np.array([7, 8, 9], dtype=np.uint64), np.array([0, 1, 0], dtype=np.int32)
    heard = [Heard(5, spans.tobytes(), codes.tobytes(), [(CART, "a"), (SHOP, "b")])]
    erase_heard(heard, Selection(service="cart"))
    assert [(item.spans.tolist(), item.codes.tolist(), item.table) for item in heard] == [([8], [0], [(SHOP, "b")])]
    erase_heard(heard, Selection(start_unix_nano=1, end_unix_nano=6))
    assert heard == []


def test_a_trace_that_is_known_for_its_many_calls_alone_goes_as_well() -> None:
    whole, selection = Summary(100, 200), Selection(trace_id=TRACE)
    whole.edge(EdgeKey(SHOP, CACHE)).add_trace(3, TRACE)
    assert touches(whole, selection)
    erase_summary(whole, selection)
    assert not touches(whole, selection)
