"""Bodies of every kind as one line, without looking at more than is kept."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from analyzers.otlp.body import body_text


def value_of(item: object) -> AnyValue:
    match item:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=item)
        case int():
            return AnyValue(int_value=item)
        case float():
            return AnyValue(double_value=item)
        case str():
            return AnyValue(string_value=item)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(value_of, item)))
        case dict():
            pairs = [KeyValue(key=key, value=value_of(inner)) for key, inner in item.items()]
            return AnyValue(kvlist_value=KeyValueList(values=pairs))
    raise AssertionError(item)


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(st.lists(TREES) | st.dictionaries(st.text(), TREES), st.integers(0, 60))
def test_maps_and_arrays_are_compact_json_cut_to_the_limit(tree: object, limit: int) -> None:
    written = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    assert body_text(value_of(tree), 50, limit) == written[: limit + 1]


@pytest.mark.parametrize(
    ("depth", "text"), [(0, '"..."'), (1, '["...","..."]'), (2, '[["...",1],{}]'), (3, "[[[2],1],{}]")]
)
def test_what_is_nested_deeper_is_left_out(depth: int, text: str) -> None:
    assert body_text(value_of([[[2], 1], {}]), depth, 99) == text


def test_scalars_are_text() -> None:
    bytes_inside = AnyValue(array_value=ArrayValue(values=[AnyValue(bytes_value=b"abc")]))
    values = [value_of(item) for item in ("plain", 1.5, True, -1, None)] + [AnyValue(bytes_value=b"ab"), bytes_inside]
    expected = ["plain", "1.5", "true", "-1", "", "<2 bytes>", '["<3 bytes>"]']
    assert [body_text(value, 8, 99) for value in values] == expected


def test_what_lies_beyond_the_limit_costs_nothing() -> None:
    value = value_of([1] * 500_000)
    began = time.thread_time()
    assert len(body_text(value, 8, 1000)) == 1001
    assert time.thread_time() - began < 0.1
