"""Addresses that services are called at: found by calls of which both halves are known.

A caller names whom it calls by an address: a host, a short name of the cluster, a load balancer. While the callee
answers, its own half tells who it is; once it doesn't, the address alone is left. Who used to answer there is told by
many calls. Addresses change only when a bucket closes, so that they are a function of the spans and not of the order
in which they came.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from analyzers.census import OTHER_SERVICE
from analyzers.service import ServiceKey
from analyzers.spans.answered import Answered
from analyzers.summary import EdgeKey, Summary

# Calls that were answered before it is believed by whom, and of all calls there the share that one service must have
# before it is believed, and while it is.
_CALLS, _MOST, _STILL = 20, 0.95, 0.8
# Addresses known; those that were answered longest ago are forgotten. And services that answer at one.
_ADDRESSES, _OTHERS = 5000, 8
# Labels of names that are good within a cluster or a network only.
_PRIVATE = frozenset({"svc", "cluster", "local", "internal", "service", "consul"})
# Of so many calls half are forgotten, so that what holds today counts.
_ENOUGH = 10_000


@dataclass(slots=True)
class Answering:
    """Calls of one address, by who answered: the address itself stands for whoever sends no spans."""

    last_unix_nano: int = 0
    calls: dict[ServiceKey, int] = field(default_factory=dict)
    # Who is believed to answer there.
    service: ServiceKey | None = None

    def add(self, service: ServiceKey, calls: int) -> None:
        if service not in self.calls and len(self.calls) >= _OTHERS:
            del self.calls[min(self.calls, key=lambda key: (self.calls[key], key))]
        self.calls[service] = self.calls.get(service, 0) + calls
        if sum(self.calls.values()) > _ENOUGH:
            self.calls = {key: count // 2 for key, count in self.calls.items() if count > 1}

    def judge(self, address: ServiceKey) -> None:
        """Decide who answers there: nobody where it isn't nearly always the same, or too few calls tell. Of a service
        that has the name of the host, what was not seen to be answered are spans that got lost."""
        best = max(self.calls, key=lambda key: (key != address, self.calls[key], key), default=None)
        whole = sum(self.calls.values())
        if best is not None and _is_host_of(address, best):
            whole -= self.calls.get(address, 0)
        share = _STILL if best == self.service else _MOST
        sure = best is not None and self.calls[best] >= max(_CALLS, share * whole)
        self.service = best if sure and best != address else None


class Addresses:
    """Bounded: it remembers so many. An address is a service of the caller's environment and namespace with that
    name, as `EdgeKey` has it where only the caller's half was seen."""

    def __init__(self) -> None:
        self._known: dict[ServiceKey, Answering] = {}
        self._new: set[ServiceKey] = set()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def services(self) -> Collection[ServiceKey]:
        """All that it knows, by whatever name."""
        return {*self._known, *(key for answering in self._known.values() for key in answering.calls)}

    def of(self, address: ServiceKey) -> ServiceKey:
        """Who answers there; itself where nobody knows better."""
        known = self._known.get(address)
        return (known.service if known is not None else None) or address

    def take_new(self) -> dict[ServiceKey, ServiceKey]:
        """Those of which it became known since the last call who answers there, with who does. May tell one again."""
        new, self._new = self._new, set()
        return {address: self.of(address) for address in sorted(new) if self.of(address) != address}

    def settle(self, bucket: Summary, answered: Answered) -> None:
        """Learn from a bucket that closes, then file its calls under who would have answered."""
        answered = {**_namesakes(bucket), **answered}
        for address, calls in answered.items():
            answering = self._known.setdefault(address, Answering())
            answering.last_unix_nano = bucket.start_unix_nano
            for service in sorted(calls):
                answering.add(service, calls[service])
        heard = self._hear(bucket)
        for address in answered.keys() | heard:
            answering = self._known[address]
            before = answering.service
            answering.judge(address)
            if answering.service not in (before, None):
                self._new.add(address)
        if len(self._known) > _ADDRESSES:
            ordered = sorted(self._known, key=lambda key: (self._known[key].last_unix_nano, key))
            for address in ordered[: len(self._known) - _ADDRESSES]:
                del self._known[address]
        self.apply(bucket)

    def _hear(self, bucket: Summary) -> set[ServiceKey]:
        """Of others at known addresses, which are returned: calls that went well though nobody was seen to answer, and
        services of that very name."""
        went_well: dict[ServiceKey, int] = {}
        for key, stats in bucket.edges.items():
            if movable(key) and key.server in self._known and stats.calls > stats.errors:
                went_well[key.server] = went_well.get(key.server, 0) + stats.calls - stats.errors
        for service in bucket.services.keys() & self._known.keys():
            if spans := bucket.services[service].spans:
                went_well[service] = went_well.get(service, 0) + spans
        for address, calls in went_well.items():
            self._known[address].add(address, calls)
        return set(went_well)

    def apply(self, summary: Summary) -> None:
        """File calls that were not answered under who would have."""
        for key in [key for key in summary.edges if movable(key)]:
            service = self.of(key.server)
            if service not in (key.server, key.client):
                summary.edge(EdgeKey(key.client, service, inferred=True)).merge(summary.edges.pop(key))

    def forget(self, service: ServiceKey) -> None:
        """Drop all that is known of it."""
        self._known.pop(service, None)
        self._new.discard(service)
        for address, answering in list(self._known.items()):
            if answering.calls.pop(service, None) is not None:
                answering.judge(address)
            if not answering.calls:
                del self._known[address]

    def state(self) -> list[tuple[ServiceKey, Answering]]:
        """What it remembers; not a copy."""
        return sorted(self._known.items())

    def restore(self, state: Iterable[tuple[ServiceKey, Answering]]) -> None:
        """All of them are new then: nothing tells which of them somebody has taken."""
        self._known = dict(state)
        self._new = set(self._known)


def _namesakes(bucket: Summary) -> dict[ServiceKey, dict[ServiceKey, int]]:
    """Calls of addresses that have the name of a service their caller is seen to call: where clocks differ, the halves
    of many calls are found too late for each other to tell."""
    unheard = {key.client for key in filter(movable, bucket.edges)}
    callees: dict[tuple[ServiceKey, str], list[EdgeKey]] = {}
    for key in bucket.edges:
        if key.client in unheard and not key.inferred and not key.asynchronous:
            callees.setdefault((key.client, _plain(key.server.name)), []).append(key)
    found: dict[ServiceKey, dict[ServiceKey, int]] = {}
    for key in filter(movable, bucket.edges):
        named = callees.get((key.client, _inner(key.server)), ())
        # Of two of one name nobody knows which it is.
        if len(named) == 1 and _is_host_of(key.server, named[0].server):
            by = found.setdefault(key.server, {})
            by[named[0].server] = by.get(named[0].server, 0) + bucket.edges[named[0]].calls
    return found


def _is_host_of(address: ServiceKey, service: ServiceKey) -> bool:
    """Not where it is the very name of one: then it may be that of another namespace."""
    return address.name != service.name and _inner(address) == _plain(service.name) != ""


def _inner(address: ServiceKey) -> str:
    """The name of a service in the name of a host within a cluster: "payment.prod", "payment.shop.svc". Empty for any
    other: "orders.rds.example.com" is somebody else's."""
    first, *rest = address.name.split(".")
    if len(rest) > 1 and rest[1] in _PRIVATE:
        # A namespace that only the cluster knows.
        rest = rest[1:]
    within = {*_PRIVATE, address.namespace, address.environment}
    return _plain(first) if within.issuperset(rest) else ""


def _plain(name: str) -> str:
    """Hosts have no capitals, and hyphens where names of services have others or none."""
    return "".join(filter(str.isalnum, name.casefold()))


def movable(edge: EdgeKey) -> bool:
    """Whether it holds calls that somebody waited for, known by their address alone."""
    return edge.inferred and not edge.asynchronous and edge.server != OTHER_SERVICE
