"""Spans as rows."""

import numpy as np

from analyzers.service import Resource, service_key
from analyzers.spans.lexicon import Lexicon
from analyzers.spans.rows import ROW, forget_words, rows_of
from tests.analyzers.telemetry import CLIENT, NOON, resource, span, span_batch, span_groups


def test_a_row_is_a_cache_line() -> None:
    assert ROW.itemsize == 64


def test_the_same_words_have_the_same_numbers() -> None:
    lexicon = Lexicon()
    one, two = (
        rows_of(
            span_batch(
                *span_groups([span(name, NOON, NOON, kind=CLIENT, attributes={"peer.service": "db"})], resource("a"))
            ),
            lexicon,
        )
        for name in ("x", "y")
    )
    assert (one["resource"] == two["resource"]).all()
    assert (one["peer"] == two["peer"]).all()
    assert [lexicon.names.known[number] for rows in (one, two) for number in rows["name"].tolist()] == ["x", "y"]


def test_words_that_nobody_uses_are_forgotten() -> None:
    lexicon = Lexicon()
    lexicon.resources.numbers(Resource(service_key(name)) for name in "abcd")
    lexicon.names.numbers("vwxyz")
    rows = np.zeros(3, dtype=ROW)
    rows["resource"], rows["name"], rows["peer"] = [2, 0, 2], [4, -1, 1], -1
    forget_words(lexicon, [rows[:1], rows[1:]])
    assert [lexicon.resources.known[number].service.name for number in rows["resource"].tolist()] == ["c", "a", "c"]
    assert [lexicon.names.known[number] if number >= 0 else None for number in rows["name"].tolist()] == [
        "z",
        None,
        "w",
    ]
    assert (len(lexicon.resources), len(lexicon.names), rows["peer"].tolist()) == (2, 2, [-1, -1, -1])
    assert lexicon.names.numbers(["w", "v"]).tolist() == [rows["name"][2], 2]
