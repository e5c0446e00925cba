"""What is packed comes back as it was, piece by piece."""

from analyzers.service import service_key
from analyzers.shelf import Shelf, pieces
from analyzers.summary import EdgeKey, EdgeStats, ServiceSummary, Summary, TemplateCount


def large(services: int, edges: int) -> Summary:
    made = Summary(0, 5)
    for number in range(services):
        made.services[service_key(f"s{number}")] = ServiceSummary(number, templates={"t": TemplateCount("x" * 1000, 1)})
    for number in range(edges):
        made.edges[EdgeKey(service_key("a"), service_key(f"s{number}"))] = EdgeStats(number)
    return made


def test_a_piece_is_no_larger_in_a_large_system() -> None:
    """Each holds the interpreter while it is made."""
    assert max(map(len, pieces(large(500, 5000)))) < 200 * 200


def test_what_was_packed_comes_back() -> None:
    for bucket in (Summary(0, 5), large(3, 0), large(0, 3), large(2, 401)):
        shelf = Shelf()
        shelf.put(bucket)
        shelf.pack(10)
        assert shelf.get(0) == bucket
        assert shelf.get(0) is not bucket
        assert (shelf.end(0), len(shelf)) == (5, 1)
