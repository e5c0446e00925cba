"""Content-Encoding of a request: bytes inflated within bounds of memory and time."""

import sys
import zlib
from typing import Protocol

from server.errors import FieldViolation, InvalidInputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# What a refusal of another coding offers.
CODINGS = "gzip, deflate, zstd"
# A sender makes one gzip member or zstd frame; a body of millions of empty ones would only cost time.
_MOST_PARTS = 1000
_CHUNK = 2**20
# What a zstd frame may make us allocate before the first byte: 8 MiB, the most that RFC 9659 allows on the web.
_ZSTD_OPTIONS = {int(zstd.DecompressionParameter.window_log_max): 23}


class TooLargeError(Exception):
    """More than the limit, as it came or inflated."""


class UnknownCodingError(Exception):
    """A coding that is not understood here."""


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    # Without the limit being reached, all that the data stands for comes out at once.
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def coding_of(header: str) -> str:
    """The one coding of a Content-Encoding header; "" for none. Raises `UnknownCodingError`."""
    coding = header.strip().lower()
    if coding in ("", "identity"):
        return ""
    if coding in ("gzip", "x-gzip", "deflate", "zlib", "zstd"):
        return coding
    raise UnknownCodingError(coding)


def inflate(body: bytes, coding: str, limit: int) -> bytes:
    """The plain bytes, at most `limit`. Raises `TooLargeError`, and `InvalidInputError` for what is broken."""
    if not coding or not body:
        return body
    parts: list[bytes] = []
    size = members = 0
    inflater: _Inflater | None = None
    try:
        for start in range(0, len(body), _CHUNK):
            chunk = body[start : start + _CHUNK]
            while chunk:
                if inflater is None:
                    members += 1
                    inflater = _inflater(coding, chunk)
                parts.append(inflater.decompress(chunk, limit - size + 1))
                size += len(parts[-1])
                if size > limit:
                    raise TooLargeError
                chunk = inflater.unused_data if inflater.eof else b""
                if inflater.eof:
                    inflater = None
                if members > _MOST_PARTS:
                    raise _broken(coding, f"more than {_MOST_PARTS} members one after the other")
    except (zlib.error, zstd.ZstdError) as error:
        raise _broken(coding, str(error)) from error
    if inflater is not None:
        raise _broken(coding, "it ends too early")
    return b"".join(parts)


def _inflater(coding: str, start: bytes) -> _Inflater:
    if coding == "zstd":
        return zstd.ZstdDecompressor(options=_ZSTD_OPTIONS)
    if coding in ("gzip", "x-gzip"):
        return zlib.decompressobj(16 + zlib.MAX_WBITS)
    # "deflate" means the zlib format; some senders leave its two bytes away.
    headed = len(start) > 1 and start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.decompressobj(zlib.MAX_WBITS if headed else -zlib.MAX_WBITS)


def _broken(coding: str, reason: str) -> InvalidInputError:
    return InvalidInputError(FieldViolation("body", f"not {coding}, as Content-Encoding says: {reason}"))
