"""The few attributes that are read, among the many that are not."""

from collections.abc import Iterator

import numpy as np
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from analyzers.wire import Repeated, Wire

# Attributes remembered, whose key and value are mostly the same again.
_MEMO = 8192
_KEY_TAG = 0x0A


class AttributeReader:
    """Finds the attributes named `keys`, each of eight bytes or more, by the first eight bytes of their names."""

    def __init__(self, keys: frozenset[str]) -> None:
        self._keys = keys
        self._beginnings = sorted({int.from_bytes(key.encode()[:8], "little") for key in keys})
        self._memo: dict[bytes, KeyValue] = {}

    def read(self, wire: Wire, attributes: Repeated) -> Iterator[tuple[int, KeyValue]]:
        """Row and attribute, in the order of `attributes`; all others are passed over unread."""
        at = attributes.at
        if not len(at):
            return
        # A writer that puts the value first, or names its key at length, is read attribute by attribute.
        chosen = (wire.octets.take(at) != _KEY_TAG) | (wire.octets.take(at + 1) >= 0x80)
        words = wire.words(at + 2)
        for beginning in self._beginnings:
            chosen |= words == beginning
        rows = np.flatnonzero(chosen)
        for row, start, size in zip(
            attributes.row[rows].tolist(), at[rows].tolist(), attributes.size[rows].tolist(), strict=True
        ):
            attribute = self._attribute(wire.data[start : start + size])
            if attribute.key in self._keys:
                yield row, attribute

    def _attribute(self, serialized: bytes) -> KeyValue:
        attribute = self._memo.get(serialized)
        if attribute is None:
            attribute = KeyValue.FromString(serialized)
            if len(serialized) <= 512:
                if len(self._memo) >= _MEMO:
                    self._memo.clear()
                self._memo[serialized] = attribute
        return attribute
