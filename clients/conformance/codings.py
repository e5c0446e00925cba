"""What a sender may compress with."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Mapping

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# By name in Content-Encoding and grpc-encoding.
COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}
# A framed snappy stream of nothing, which as a request is an empty one.
EMPTY_SNAPPY = b"\xff\x06\x00\x00sNaPpY"
