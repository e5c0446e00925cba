"""What the bytes of a request are compressed with, and how they are inflated within bounds of memory and time."""

import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from isal import isal_zlib
from isal.igzip_lib import IsalError

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
# The stubs of isal have an instance where there is a class.
_BROKEN: tuple[type[Exception], ...] = (IsalError, zstd.ZstdError)  # type: ignore[assignment]
# What a zstd frame may make us allocate before the first byte: 8 MiB, the most that RFC 9659 allows on the web.
_ZSTD_OPTIONS = {int(zstd.DecompressionParameter.window_log_max): 23}


class Coding(IntEnum):
    """The numbers stand in the journal."""

    PLAIN = 0
    GZIP = 1
    # The zlib format; some senders leave its two bytes away.
    DEFLATE = 2
    ZSTD = 3


@dataclass(frozen=True, slots=True)
class Compressed:
    """A request as it came."""

    payload: bytes
    coding: Coding


class TooLargeError(Exception):
    """More than a limit; the message says of which and what to do."""


class UnknownCodingError(Exception):
    """A coding that is not understood here."""


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    # Without the limit being reached, all that the data stands for comes out at once.
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_CODINGS = {
    "": Coding.PLAIN,
    "identity": Coding.PLAIN,
    "gzip": Coding.GZIP,
    "x-gzip": Coding.GZIP,
    "deflate": Coding.DEFLATE,
    "zlib": Coding.DEFLATE,
    "zstd": Coding.ZSTD,
}


def coding_of(header: str) -> Coding:
    """The one coding of a Content-Encoding header. Raises `UnknownCodingError`."""
    coding = header.strip().lower()
    if coding not in _CODINGS:
        raise UnknownCodingError(coding)
    return _CODINGS[coding]


def sniff(body: bytes) -> Coding:
    """What a message of gRPC is compressed with, which has gzip, deflate or nothing.

    A request of OTLP is empty or begins with 0x0a, the key of its only field; 0x1f is the key of no field at all, and
    0x78 that of one which OTLP doesn't have: what begins so may still be plain, of a later version.
    """
    if body[:2] == b"\x1f\x8b":
        return Coding.GZIP
    return Coding.DEFLATE if body[:1] == b"\x78" and _headed(body) else Coding.PLAIN


def inflate(body: bytes, coding: Coding, limit: int) -> bytes:
    """The plain bytes, at most `limit`. Raises `TooLargeError`, and `InvalidInputError` for what is broken."""
    if coding is Coding.PLAIN or not body:
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
                    raise TooLargeError(too_large(limit))
                chunk = inflater.unused_data if inflater.eof else b""
                if inflater.eof:
                    inflater = None
                if members > _MOST_PARTS:
                    raise _broken(coding, f"more than {_MOST_PARTS} members one after the other")
    except _BROKEN as error:
        raise _broken(coding, str(error)) from error
    if inflater is not None:
        raise _broken(coding, "it ends too early")
    return b"".join(parts)


def too_large(limit: int) -> str:
    """What a sender is told."""
    return f"larger than {limit} bytes, as it came or decompressed; send smaller batches, or raise the receiver's limit"


def _inflater(coding: Coding, start: bytes) -> _Inflater:
    """Those of isal take less than half the time of zlib's, and let other threads run as they do."""
    if coding is Coding.ZSTD:
        return zstd.ZstdDecompressor(options=_ZSTD_OPTIONS)
    if coding is Coding.GZIP:
        return isal_zlib.decompressobj(16 + isal_zlib.MAX_WBITS)
    return isal_zlib.decompressobj(isal_zlib.MAX_WBITS if _headed(start) else -isal_zlib.MAX_WBITS)


def _headed(start: bytes) -> bool:
    """Whether it begins as the zlib format does."""
    return len(start) > 1 and start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0


def _broken(coding: Coding, reason: str) -> InvalidInputError:
    return InvalidInputError(FieldViolation("body", f"can't be decompressed as {coding.name.lower()}: {reason}"))
