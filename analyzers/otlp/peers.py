"""Whom a call went to, as the caller's attributes name it."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from analyzers.columns import Bools, Int32, Int64, Peer, UInt64
from analyzers.otlp.attributes import AttributeReader
from analyzers.otlp.resources import NAME_LIMIT, text
from analyzers.service import Resource, ServiceKey
from analyzers.wire import Repeated, Wire

# Most specific first: a named peer, then where it listens, then what kind of system it is. Each as the semantic
# conventions name it now, and as they did before: instrumentation is seldom renewed.
_RANKS = (
    "service.peer.name",
    "peer.service",
    "messaging.destination.name",
    "messaging.destination",
    "server.address",
    "net.peer.name",
    "http.host",
    "rpc.service",
    "db.system.name",
    "db.system",
    "network.peer.address",
    "net.sock.peer.addr",
    "net.peer.ip",
    "url.full",
    "http.url",
)
_URLS = frozenset({"url.full", "http.url"})
_SOCKETS = frozenset({"network.peer.address", "net.sock.peer.addr", "net.peer.ip"})
_ADDRESSES = frozenset({"server.address", "net.peer.name", "http.host"}) | _SOCKETS | _URLS
# Characters of a URL that are looked at; where its authority ends; and a host with or without a port, but nothing else
# that may be a name or a password.
_URL_CHARS = 2048
_AUTHORITY_END = re.compile(r"[/?#\\]")
_HOST = re.compile(r"^(?:\[([0-9a-f:.]+)\]|([^:@\s]+))(?::\d{1,5})?$")
# Of a host, and not the last part of an IPv6 address; and the name of a Kubernetes service in its domain, which says
# twice where it is and once what it is called.
_PORT = re.compile(r"^([^:]*|\[.*\]):\d{1,5}$")
_CLUSTER = re.compile(r"^([^.]+)\.[^.]+\.svc(\..*)?$")
_RANK = {key: rank for rank, key in enumerate(_RANKS)}
PEER_KEYS = frozenset(_RANKS)
_KEY_TAG = 0x0A
# Bytes; no key is shorter.
_WORD = 8
# An address that says nothing about who answers there.
_NOWHERE = ("", "localhost", "127.0.0.1", "::1", "[::1]", "0:0:0:0:0:0:0:1", "0.0.0.0")


class PeerReader:
    """Remembers attributes it has read; no result depends on that."""

    def __init__(self) -> None:
        self._attributes = AttributeReader(PEER_KEYS)

    def read(
        self, wire: Wire, attributes: Repeated, resources: Sequence[Resource], resource: Int32, producing: Bools
    ) -> tuple[list[Peer], Int32]:
        """A table, and the place of each span's peer in it; -1 for none. `attributes` are those of calling spans;
        `resource` has an entry for every span, and so has `producing`: whether it sends without waiting."""
        names: dict[str, int] = {}
        found = self._best(wire, _likely(wire, attributes, _SHORT), len(resource), names)
        # URLs are nearly all different, and most callers that send them say it shorter as well.
        urls = _likely(wire, attributes.of(found < 0), _LONG)
        found = np.maximum(found, self._best(wire, urls, len(resource), names))
        return _peers(list(names), found, resources, resource, producing)

    def _best(self, wire: Wire, attributes: Repeated, spans: int, names: dict[str, int]) -> Int64:
        """Of each span the name that says most; -1 where there is none."""
        found = np.full(spans, -1, dtype=np.int64)
        if not len(attributes.row):
            return found
        rank, name = self._named(wire, attributes, names)
        for level in range(len(_RANKS) - 1, -1, -1):
            here = np.flatnonzero(rank == level)
            if not len(here):
                continue
            # Of attributes of the same name the last counts, as in any map.
            latest = np.full(spans, -1, dtype=np.int64)
            latest[attributes.row[here]] = name[here]
            found = np.where(latest >= 0, latest, found)
        return found

    def _named(self, wire: Wire, attributes: Repeated, names: dict[str, int]) -> tuple[Int64, Int64]:
        """Rank and name of each attribute that names a peer; a name of -1 is one that says nothing."""
        # Calls go to the same few places, so each different attribute is read once. The bytes aren't looked at as text.
        codes: Int32 = wire.texts(attributes.at, attributes.size).dictionary_encode().indices.to_numpy()
        _, firsts = np.unique(codes, return_index=True)
        rank, name = np.full(len(firsts), -1), np.full(len(firsts), -1)
        distinct = Repeated(np.arange(len(firsts)), attributes.at[firsts], attributes.size[firsts])
        for code, attribute in self._attributes.read(wire, distinct):
            rank[code], name[code] = _RANK[attribute.key], _name(attribute, names)
        return rank[codes], name[codes]


def _likely(wire: Wire, attributes: Repeated, of_keys: UInt64) -> Repeated:
    """Those whose key is one of these by its size, its first and its last bytes; and those that say so elsewhere."""
    at = attributes.at
    size = wire.octets.take(at + 1)
    keyed = (wire.octets.take(at) == _KEY_TAG) & (size < 0x80)
    last = at + np.where(keyed & (size >= _WORD), size, _WORD).astype(np.int64) + (2 - _WORD)
    # An empty attribute is read as whatever comes after it.
    marks = _mark(wire.words(at + 2), wire.words(np.minimum(last, len(wire))), size.astype(np.uint64))
    place = np.minimum(np.searchsorted(of_keys, marks), len(of_keys) - 1)
    here = np.flatnonzero((of_keys[place] == marks) | ~keyed)
    return Repeated(attributes.row[here], at[here], attributes.size[here])


def _mark(first: UInt64, last: UInt64, size: UInt64) -> UInt64:
    """Tells keys apart well enough; whoever reads the key settles it."""
    return first + last * np.uint64(3) + size


def _key_marks(keys: Iterable[str]) -> UInt64:
    """Of the keys, in ascending order."""
    encoded = [key.encode() for key in keys]
    words = np.frombuffer(b"".join(key[:_WORD] + key[-_WORD:] for key in encoded), dtype=np.uint64)
    return np.sort(_mark(words[::2], words[1::2], np.array([len(key) for key in encoded], dtype=np.uint64)))


_LONG = _key_marks(_URLS)
_SHORT = _key_marks(PEER_KEYS - _URLS)


def _name(attribute: KeyValue, names: dict[str, int]) -> int:
    name = _host(attribute.value.string_value) if attribute.key in _URLS else text(attribute)
    if attribute.key in _ADDRESSES:
        name = _CLUSTER.sub(r"\1", _PORT.sub(r"\1", name))
    return -1 if name in _NOWHERE else names.setdefault(name, len(names))


def _host(url: str) -> str:
    """Empty where it is not plain: whatever stands before an `@` is nobody's business."""
    _, absolute, rest = url[:_URL_CHARS].partition("://")
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    host = _HOST.match(authority.rpartition("@")[2].lower())
    if not absolute or host is None or (len(url) > _URL_CHARS and authority == rest):
        return ""
    return (host[1] or host[2])[:NAME_LIMIT]


def _peers(
    names: Sequence[str], found: Int64, resources: Sequence[Resource], resource: Int32, producing: Bools
) -> tuple[list[Peer], Int32]:
    place = np.full(len(found), -1, dtype=np.int32)
    named = np.flatnonzero(found >= 0)
    if not len(named):
        return [], place
    pair = (resource[named].astype(np.int64) * len(names) + found[named]) * 2 + producing[named]
    distinct, place[named] = np.unique(pair, return_inverse=True)
    # The peer is looked for where the caller lives: nothing else is known of it.
    peers = [
        _peer(resources[key // 2 // len(names)].service, names[key // 2 % len(names)], bool(key % 2))
        for key in distinct.tolist()
    ]
    return peers, place


def _peer(caller: ServiceKey, name: str, asynchronous: bool) -> Peer:
    return Peer(ServiceKey(caller.environment, caller.namespace, name), asynchronous)
