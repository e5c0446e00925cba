"""Which services there are: a bounded number, so that a sender that makes up names harms nobody but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analyzers.columns import Peer
from analyzers.service import Resource, ServiceKey

OTHER_SERVICE = ServiceKey("", "", "<other>")


class Census:
    """Services by when they were last seen, in event time. Once full, newcomers are filed under "<other>" until one
    that was there has been silent for `patience` nanoseconds and gives up its place."""

    def __init__(self, limit: int, patience: int = 3_600_000_000_000) -> None:
        self._limit = limit
        self._patience = patience
        self._seen: dict[ServiceKey, int] = {}
        # Times that a resource or peer was filed under "<other>".
        self.folded = 0
        # Gave up their places since `take_gone` was last called.
        self._gone: list[ServiceKey] = []

    def __len__(self) -> int:
        return len(self._seen)

    def resources(self, resources: Sequence[Resource], now_unix_nano: int) -> list[Resource]:
        """The same, with services that found no place replaced."""
        admitted = []
        for resource in resources:
            service = self._admit(resource.service, now_unix_nano)
            if service is not resource.service:
                resource = replace(resource, service=service, version="", pod="")
            admitted.append(resource)
        return admitted

    def peers(self, peers: Mapping[int, Peer], now_unix_nano: int) -> dict[int, Peer]:
        return {row: Peer(self._admit(peer.service, now_unix_nano), peer.asynchronous) for row, peer in peers.items()}

    def take_gone(self) -> list[ServiceKey]:
        """Those that gave up their places since the last call."""
        gone, self._gone = self._gone, []
        return gone

    def state(self) -> dict[ServiceKey, int]:
        """What it remembers; not a copy."""
        return self._seen

    def restore(self, state: dict[ServiceKey, int]) -> None:
        self._seen = state

    def _admit(self, service: ServiceKey, now: int) -> ServiceKey:
        known = self._seen.get(service)
        if known is None and len(self._seen) >= self._limit:
            self._make_room(now)
            if len(self._seen) >= self._limit:
                self.folded += 1
                return OTHER_SERVICE
        if known is None or now > known:
            self._seen[service] = now
        return service

    def _make_room(self, now: int) -> None:
        silent = [service for service, seen in self._seen.items() if seen + self._patience < now]
        for service in silent:
            del self._seen[service]
        self._gone += silent
