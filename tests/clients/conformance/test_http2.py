"""HTTP/2 by hand: the examples of RFC 7541, appendix C."""

import pytest

from clients.conformance.http2 import header_block, read_headers


def literal(name: str, value: str) -> bytes:
    """A literal without indexing whose name and value are Huffman codes, in hex."""
    raw = [bytes.fromhex(name), bytes.fromhex(value)]
    return b"\x00" + b"".join(bytes([0x80 | len(part)]) + part for part in raw)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
        ("a8eb10649cbf", "no-cache"),
        ("25a849e95bb8e8b4bf", "custom-value"),
        ("6402", "302"),
        ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
        (
            "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ),
    ],
)
def test_huffman_codes(code: str, text: str) -> None:
    assert dict(read_headers(literal("25a849e95ba97d7f", code))) == {"custom-key": text}


def test_what_is_written_is_read() -> None:
    headers = {"grpc-encoding": "zstd", ":path": "/a.B/C"}
    assert dict(read_headers(header_block(headers))) == headers


def test_indexes_sizes_and_incremental_literals_are_stepped_over() -> None:
    block = b"\x3f\x00" + b"\x88" + b"\x40\x01a\x01b" + b"\x5f\x01c" + b"\x0f\x10\x01d"
    assert list(read_headers(block)) == [("a", "b"), ("#31", "c"), ("#31", "d")]
