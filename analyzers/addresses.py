"""Addresses that services are called at: found by calls of which both halves are known.

A caller names whom it calls by an address: a host, a short name of the cluster, a load balancer. While the callee
answers, its own half tells who it is; once it doesn't, the address alone is left. Who used to answer there is told by
many calls. Addresses change only when a bucket closes, so that they are a function of the spans and not of the order
in which they came.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from analyzers.census import OTHER_SERVICE
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, Summary

# Calls that were answered before it is believed by whom, and of these the share that one service must have.
_CALLS, _MOST = 20, 0.95
# Addresses known; those that were answered longest ago are forgotten. And services that answer at one.
_ADDRESSES, _OTHERS = 5000, 8
# Of so many calls half are forgotten, so that what holds today counts.
_ENOUGH = 10_000


@dataclass(slots=True)
class Answering:
    """Calls of one address, by who answered."""

    last_unix_nano: int = 0
    calls: dict[ServiceKey, int] = field(default_factory=dict)

    def add(self, service: ServiceKey, calls: int) -> None:
        if service in self.calls or len(self.calls) < _OTHERS:
            self.calls[service] = self.calls.get(service, 0) + calls
        if sum(self.calls.values()) > _ENOUGH:
            self.calls = {key: count // 2 for key, count in self.calls.items() if count > 1}

    @property
    def service(self) -> ServiceKey | None:
        """Who answers there; None where it isn't always the same, or too few calls tell."""
        best = max(self.calls, key=lambda key: (self.calls[key], key), default=None)
        if best is None or self.calls[best] < max(_CALLS, _MOST * sum(self.calls.values())):
            return None
        return best


class Addresses:
    """Bounded: it remembers so many. An address is a service of the caller's environment and namespace with that
    name, as `EdgeKey` has it where only the caller's half was seen."""

    def __init__(self) -> None:
        self._known: dict[ServiceKey, Answering] = {}
        self._new: set[ServiceKey] = set()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, address: ServiceKey) -> ServiceKey:
        """Who answers there; itself where nobody knows better."""
        known = self._known.get(address)
        return (known.service if known is not None else None) or address

    def take_new(self) -> list[ServiceKey]:
        """Those of which it became known since the last call who answers there."""
        new, self._new = sorted(self._new), set()
        return new

    def settle(self, bucket: Summary) -> None:
        """Learn from a bucket that closes, then file its calls under who would have answered."""
        for key, stats in sorted(bucket.edges.items()):
            if OTHER_SERVICE in (key.client, key.server):
                continue
            for name, calls in sorted(stats.addresses.items()):
                address = replace(key.client, name=name)
                answering = self._known.setdefault(address, Answering(bucket.start_unix_nano))
                before = answering.service
                answering.add(key.server, calls)
                answering.last_unix_nano = bucket.start_unix_nano
                if answering.service not in (before, address):
                    self._new.add(address)
        if len(self._known) > _ADDRESSES:
            ordered = sorted(self._known, key=lambda key: (self._known[key].last_unix_nano, key))
            for address in ordered[: len(self._known) - _ADDRESSES]:
                del self._known[address]
        self.apply(bucket)

    def apply(self, summary: Summary) -> None:
        """File calls that were not answered under who would have."""
        for key in [key for key in summary.edges if key.inferred and not key.asynchronous]:
            service = self.of(key.server)
            if service not in (key.server, key.client) and key.server != OTHER_SERVICE:
                summary.edge(EdgeKey(key.client, service, inferred=True)).merge(summary.edges.pop(key))

    def forget(self, service: ServiceKey) -> None:
        """Drop all that is known of it."""
        self._known.pop(service, None)
        self._new.discard(service)
        for answering in self._known.values():
            answering.calls.pop(service, None)

    def state(self) -> list[tuple[ServiceKey, Answering]]:
        """What it remembers; not a copy."""
        return sorted(self._known.items())

    def restore(self, state: Iterable[tuple[ServiceKey, Answering]]) -> None:
        self._known = dict(state)
