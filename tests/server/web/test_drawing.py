from dataclasses import replace

from analyzers.service import ServiceKey
from rca.graph import Node, ServiceGraph
from server.web.drawing import MOST_BOXES, Drawing, draw
from tests.server.web import shop


def boxes(drawing: Drawing) -> dict[str, tuple[float, float]]:
    return {box.full_name.rpartition("/")[2]: (box.x, box.y) for box in drawing.boxes}


def test_callers_stand_left_of_what_they_call() -> None:
    x = {name: place[0] for name, place in boxes(draw(shop.GRAPH, (), ())).items()}
    assert x["gateway"] < x["frontend"] < x["checkout"] < x["payment"] < x["cards.bank.example"] == x["ledger"]
    assert x["checkout"] < x["cart"]


def test_lines_say_calls_and_p95() -> None:
    labels = {line.title.partition(":")[0]: line.label for line in draw(shop.GRAPH, (), ()).lines}
    assert labels["production/shop/frontend → production/shop/catalog"] == "12.5k · 8.4 ms"
    assert labels["production/shop/checkout → production/shop/payment"] == "320 · 2.25 s"


def test_what_callers_alone_have_seen_is_dashed() -> None:
    drawing = draw(shop.GRAPH, (), ())
    assert [box.name for box in drawing.boxes if not box.instrumented] == ["cards.bank.examp…"]
    assert [line.title.partition(":")[0] for line in drawing.lines if line.inferred] == [
        "production/shop/payment → cards.bank.example"
    ]


def test_cause_and_affected_are_marked_in_words_too() -> None:
    drawing = draw(shop.GRAPH, (shop.PAYMENT,), shop.OPEN.services)
    marked = {box.name: (box.kind, box.note.partition(" ")[0]) for box in drawing.boxes if box.kind != "plain"}
    assert marked == {
        "payment": ("cause", "cause"),
        "checkout": ("affected", "affected"),
        "frontend": ("affected", "affected"),
    }
    assert sum(line.hot for line in drawing.lines) == 2


def test_everything_lies_within_the_picture_and_no_two_boxes_overlap() -> None:
    drawing = draw(shop.GRAPH, (), ())
    places = list(boxes(drawing).values())
    for x, y in places:
        assert 0 <= x <= drawing.width - drawing.box_width
        assert 0 <= y <= drawing.height - drawing.box_height
    for index, (x, y) in enumerate(places):
        for other_x, other_y in places[index + 1 :]:
            assert abs(x - other_x) >= drawing.box_width or abs(y - other_y) >= drawing.box_height


def test_labels_between_two_columns_do_not_cover_each_other() -> None:
    lines = draw(shop.GRAPH, (), ()).lines
    for index, line in enumerate(lines):
        for other in lines[index + 1 :]:
            assert line.label_x != other.label_x or abs(line.label_y - other.label_y) > 14


def test_another_environment_is_named_in_the_box() -> None:
    staging = ServiceKey("staging", "shop", "payment")
    graph = replace(shop.GRAPH, nodes=(*shop.GRAPH.nodes, Node(staging, 5, 0, 0, instrumented=True)))
    notes = {box.full_name: box.note for box in draw(graph, (), ()).boxes}
    assert notes["staging/shop/payment"] == "staging/shop"
    assert notes["production/shop/cart"] == "900 spans"


def test_of_too_many_the_affected_and_their_neighbours_stay() -> None:
    extra = tuple(Node(shop.key(f"worker-{number:03}"), 10**6, 0, 0, instrumented=True) for number in range(200))
    graph = replace(shop.GRAPH, nodes=tuple(sorted((*shop.GRAPH.nodes, *extra), key=lambda node: node.service)))
    drawing = draw(graph, (shop.PAYMENT,), (shop.PAYMENT,))
    assert len(drawing.boxes) == MOST_BOXES
    assert drawing.hidden == 210 - MOST_BOXES
    assert {"payment", "checkout", "ledger", "cards.bank.example"} <= boxes(drawing).keys()


def test_calls_to_itself_and_both_kinds_between_two_make_one_line() -> None:
    twice = replace(shop.edge(shop.GATEWAY, shop.FRONTEND, 5, 9000), asynchronous=True)
    own = shop.edge(shop.CART, shop.CART, 5, 1)
    drawing = draw(replace(shop.GRAPH, edges=(*shop.GRAPH.edges, twice, own)), (), ())
    between = [line for line in drawing.lines if line.title.startswith("production/shop/gateway")]
    assert [(line.label, line.asynchronous) for line in between] == [("1,205 · 9 s", False)]
    assert len(drawing.lines) == len(shop.GRAPH.edges)


def test_an_empty_graph_and_a_single_service() -> None:
    assert draw(ServiceGraph(0, 0, (), ()), (shop.PAYMENT,), ()).boxes == ()
    alone = draw(ServiceGraph(0, 0, (shop.node(shop.CART),), ()), (), ())
    assert len(alone.boxes) == 1
    assert alone.width > alone.box_width
