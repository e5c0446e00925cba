"""Paths as routes, and other names as they are."""

import pyarrow as pa
import pytest

from analyzers.otlp.routes import routes


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("GET /carts/616266", "GET /carts/{id}"),
        ("GET /carts/8dfa41fe367597ed/items", "GET /carts/{id}/items"),
        ("/a/1/2/3/4", "/a/{id}/{id}/{id}/{id}"),
        ("GET /u/550e8400-e29b-41d4-a716-446655440000/x", "GET /u/{id}/x"),
        ("POST /v1/orders/ORD-20231", "POST /v1/orders/{id}"),
        ("GET /health?x=1&y=/2/ HTTP/1.1", "GET /health HTTP/1.1"),
        ("GET https://shop:8080/a/77?q", "GET https://shop:8080/a/{id}"),
    ],
)
def test_what_looks_like_an_id_is_one(name: str, route: str) -> None:
    assert routes(pa.array([name, "other"])).to_pylist() == [route, "other"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "charge",
        "oteldemo.CartService/GetCart2",
        "GET /api/v2/oauth2/face/{id}",
        "process order 1234",
        "SELECT * FROM t WHERE id = 5 AND why = '?'",
        "订单/创建",
    ],
)
def test_what_names_an_operation_stays(name: str) -> None:
    assert routes(pa.array([name])).to_pylist() == [name]


def test_names_are_cut_before_they_are_looked_at() -> None:
    (found,) = routes(pa.array(["GET " + "/1234a" * 1_000_000])).to_pylist()
    assert found == "GET " + "/{id}" * 42
