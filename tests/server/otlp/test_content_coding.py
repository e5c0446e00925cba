"""Inflating: the same as the standard library does, whatever pieces it comes in, and never more than the limit."""

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.conformance.codings import COMPRESS
from server.errors import InvalidInputError
from server.otlp.content_coding import Coding, TooLargeError, coding_of, inflate, sniff
from tests.server.otlp.messages import log, logs, span, spans

LIMIT = 2**20
ALL = {"gzip": Coding.GZIP, "deflate": Coding.DEFLATE, "zstd": Coding.ZSTD}
texts = st.binary(max_size=300) | st.builds(bytes.__mul__, st.binary(min_size=1, max_size=9), st.integers(1, 20_000))


@given(st.sampled_from(sorted(ALL)), texts)
def test_what_was_compressed_comes_back(name: str, plain: bytes) -> None:
    assert inflate(COMPRESS[name](plain), ALL[name], LIMIT) == plain


@given(st.lists(texts, max_size=5), st.integers(0, 9))
def test_members_of_gzip_are_one_body(parts: list[bytes], level: int) -> None:
    body = b"".join(gzip.compress(part, level) for part in parts)
    assert inflate(body, Coding.GZIP, LIMIT) == b"".join(parts)


@given(texts.filter(bool), st.data())
def test_a_changed_byte_is_noticed_or_changes_nothing(plain: bytes, draw: st.DataObject) -> None:
    body = bytearray(gzip.compress(plain))
    place = draw.draw(st.integers(0, len(body) - 1))
    body[place] ^= draw.draw(st.integers(1, 255))
    # In the header there are bytes that mean nothing to us: a time, the system it was made on.
    with suppress(InvalidInputError):
        assert inflate(bytes(body), Coding.GZIP, LIMIT) == plain


@given(st.sampled_from(list(Coding)), st.binary(max_size=200))
def test_whatever_comes_is_refused_or_inflated(coding: Coding, body: bytes) -> None:
    try:
        assert len(inflate(body, coding, LIMIT)) <= LIMIT
    except (InvalidInputError, TooLargeError):
        assert coding is not Coding.PLAIN


@pytest.mark.parametrize("name", ALL)
def test_exactly_the_limit(name: str) -> None:
    for size in (LIMIT - 1, LIMIT):
        assert len(inflate(COMPRESS[name](bytes(size)), ALL[name], LIMIT)) == size
    for size in (LIMIT + 1, 500 * LIMIT):
        with pytest.raises(TooLargeError):
            inflate(COMPRESS[name](bytes(size)), ALL[name], LIMIT)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("cut", [1, 4, 8])
def test_what_ends_too_early_is_refused(name: str, cut: int) -> None:
    with pytest.raises(InvalidInputError, match="can't be decompressed"):
        inflate(COMPRESS[name](b"some text " * 99)[:-cut], ALL[name], LIMIT)


def test_what_a_message_of_grpc_is_compressed_with() -> None:
    for request in (logs(log("x" * 120)), spans(span(1)), logs()):
        plain = request.SerializeToString()
        assert sniff(plain) is Coding.PLAIN
        for level in range(10):
            assert sniff(gzip.compress(plain, level)) is Coding.GZIP
            assert sniff(zlib.compress(plain, level)) is Coding.DEFLATE
    for odd in (b"", b"\x1f", b"\x78", b"x\x00garbage", b"GET /"):
        assert sniff(odd) is Coding.PLAIN


@pytest.mark.parametrize("header", ["gzip", " X-GZIP ", "deflate", "zlib", "zstd", "", "identity"])
def test_known_names(header: str) -> None:
    assert (coding_of(header) is Coding.PLAIN) == (header in ("", "identity"))
