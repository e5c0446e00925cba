"""Calls whose spans do not say that they are calls: their kind is INTERNAL, or they have none."""

import numpy as np

from analyzers.columns import Bools, UInt64
from analyzers.otlp.attributes import AttributeReader
from analyzers.wire import Repeated, Wire

# What only a caller knows: the name of whom it calls. And what only a caller says, or somebody inside, of a place that
# is its own or the other's: both together are the other's. A database without a place is a library.
_OTHER = frozenset({"service.peer.name", "peer.service"})
_CALLING = frozenset({"db.system.name", "db.system", "url.full", "http.url"})
_PLACE = frozenset({"server.address", "net.peer.name"})
_KEYS = _OTHER | _CALLING | _PLACE
_KEY_TAG = 0x0A
# Bytes; a key has one of them at the least, and three at the most.
_WORD = 8


class CallReader:
    """Remembers attributes it has read; no result depends on that."""

    def __init__(self) -> None:
        self._attributes = AttributeReader(_KEYS)

    def read(self, wire: Wire, attributes: Repeated, spans: int) -> Bools:
        """Which of so many spans are calls as far as these attributes of theirs tell (semantic conventions for database
        and HTTP client spans, as they are now and were before)."""
        other, calling, place = (np.zeros(spans, dtype=np.bool_) for _ in range(3))
        of = {key: mark for keys, mark in ((_OTHER, other), (_CALLING, calling), (_PLACE, place)) for key in keys}
        at, size = attributes.at, wire.octets.take(attributes.at + 1)
        plain = (wire.octets.take(at) == _KEY_TAG) & (size < 0x80)
        first = wire.words(at + 2)
        for key, mark in of.items():
            here = np.flatnonzero(plain & (size == len(key)) & (first == _word(key, 0)))
            # The same in every writer, mostly: looked at to the end all the same.
            for offset in (len(key) // 2 - _WORD // 2, len(key) - _WORD):
                here = here[wire.words(at[here] + 2 + offset) == _word(key, offset)]
            mark[attributes.row[here]] = True
        odd = np.flatnonzero(~plain)
        for row, attribute in self._attributes.read(wire, Repeated(attributes.row[odd], at[odd], attributes.size[odd])):
            of[attribute.key][row] = True
        found: Bools = other | (calling & place)
        return found


def _word(key: str, offset: int) -> UInt64:
    return np.frombuffer(key.encode()[offset : offset + _WORD], dtype="<u8")[0]  # type: ignore[no-any-return]
