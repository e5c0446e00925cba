from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.web.layout import arrange, spread

pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] != pair[1])
graphs = st.lists(pairs, unique=True, max_size=25).map(lambda found: tuple(sorted(found)))


@given(graphs)
def test_boxes_never_overlap_and_routes_take_one_layer_at_a_time(edges: tuple[tuple[int, int], ...]) -> None:
    layout = arrange(10, edges)
    for one, other in combinations(layout.places, 2):
        assert one.layer != other.layer or abs(one.row - other.row) > 1 - 1e-6
    for (start, end), route in zip(edges, layout.routes, strict=True):
        assert (route[0], route[-1]) == (layout.places[start], layout.places[end])
        assert {abs(one.layer - other.layer) for one, other in pairwise(route)} == {1}
    assert max(place.layer for place in layout.places) == layout.layers - 1
    assert all(-1e-6 <= place.row <= layout.rows for place in layout.places)


@given(graphs.map(lambda edges: tuple((one, other) for one, other in edges if one < other)))
def test_without_cycles_every_caller_stands_left_of_what_it_calls(edges: tuple[tuple[int, int], ...]) -> None:
    places = arrange(10, edges).places
    assert all(places[caller].layer < places[callee].layer for caller, callee in edges)


def test_the_same_graph_gives_the_same_picture() -> None:
    edges = ((0, 1), (0, 2), (1, 3), (2, 3), (3, 0), (0, 3))
    first = arrange(5, edges)
    arrange.cache_clear()
    assert arrange(5, edges) == first


def test_a_crossing_that_can_be_avoided_is() -> None:
    # 1 calls 4 and 2 calls 3: drawn in the order of their numbers the lines would cross.
    places = arrange(5, ((0, 1), (0, 2), (1, 4), (2, 3))).places
    assert (places[1].row < places[2].row) == (places[4].row < places[3].row)


def test_a_cycle_begins_where_calls_come_in() -> None:
    places = arrange(4, ((1, 2), (2, 3), (3, 0), (0, 2))).places
    assert [places[node].layer for node in (1, 2, 3, 0)] == [0, 1, 2, 3]


def test_no_nodes_no_picture() -> None:
    assert arrange(0, ()).places == ()


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), st.floats(0.1, 5))
def test_spread_keeps_order_and_distance_and_what_is_right_already(wanted: list[float], gap: float) -> None:
    found = spread(wanted, [gap] * (len(wanted) - 1))
    assert all(after - before >= gap - 1e-6 for before, after in pairwise(found))
    if all(after - before >= gap for before, after in pairwise(wanted)):
        assert all(abs(one - other) < 1e-6 for one, other in zip(found, wanted, strict=True))


def test_spread_moves_two_in_one_place_apart_by_the_same() -> None:
    assert spread([5.0, 5.0], [2.0]) == [4.0, 6.0]
