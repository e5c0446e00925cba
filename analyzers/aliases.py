"""Services whose logs come under another name than their spans: found by the spans their records name, and by pod.

A collector that names logs after a container, or an agent with a default name, makes two services of one. Which of them
is which is told by many records over some time, never by a single one. Aliases change only when a bucket closes, so
that they are a function of the records and not of the order in which they came.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from analyzers.service import ServiceKey
from analyzers.summary import Summary

# Records written in spans of another service, and buckets they came in, before it is believed.
_RECORDS, _BUCKETS = 20, 3
# Buckets in which the pods were the same, where records name no spans.
_POD_BUCKETS = 6
# Of the records of one name that were written in spans of others, the share that one service must have.
_MOST = 0.95
# Names looked at; those that were seen longest ago are forgotten. And services that one of them wrote in.
_NAMES, _OTHERS = 500, 8
# Of so many records half are forgotten, so that what holds today counts.
_ENOUGH = 10_000
# Words of a name that say nothing about whose it is.
_COMMON = frozenset(
    {"service", "server", "java", "node", "python", "prod", "logs", "application", "unknown", "default"}
)


@dataclass(frozen=True, slots=True)
class Alias:
    """`logged` is the name in the logs, `service` that of the spans, which is kept."""

    logged: ServiceKey
    service: ServiceKey
    # Records of `logged` written in spans of the service, of all that were written in spans of others.
    records: int
    of: int
    # Pods that both name, and buckets in which either was seen.
    pods: tuple[str, ...]
    buckets: int
    since_unix_nano: int

    @property
    def confidence(self) -> float:
        """0 to 1. Records that name the service's spans say more than pods of the same name."""
        share = self.records / self.of if self.of else 0.7
        return share * self.buckets / (self.buckets + 1)

    def __str__(self) -> str:
        seen = []
        if self.records:
            seen.append(f"{self.records} of {self.of} records that name a span were written in its spans")
        if self.pods:
            seen.append(f"both come from {_listed(self.pods)}")
        return f"logs of {self.service.name} come under the name {self.logged.name}: {', and '.join(seen)}"


@dataclass(slots=True)
class Sighting:
    """What is known of a service that logs and sends no spans."""

    last_unix_nano: int = 0
    # Records by the service in whose spans they were written, and buckets with any.
    met: dict[ServiceKey, int] = field(default_factory=dict)
    buckets: int = 0
    # Pods that it and the service it is judged by were both seen in; and buckets in which they had none in common.
    shared: list[str] = field(default_factory=list)
    apart: int = 0
    # Buckets in a row in which its pods were those of one service that sends spans from there, and no logs.
    together: int = 0
    beside: ServiceKey | None = None
    # Buckets in a row in which others sent spans from there and that one did not. Not in checkpoints of older versions.
    missing: int = 0


@dataclass(slots=True)
class AliasState:
    sightings: list[tuple[ServiceKey, Sighting]] = field(default_factory=list)
    known: list[Alias] = field(default_factory=list)
    # Those of `known` that nobody took yet. Not in checkpoints of older versions.
    new: list[Alias] = field(default_factory=list)


class Aliases:
    """Bounded: it remembers so many names."""

    def __init__(self) -> None:
        self._sightings: dict[ServiceKey, Sighting] = {}
        self._known: dict[ServiceKey, Alias] = {}
        # Records of this bucket that were written in spans of another service.
        self._crossed: dict[tuple[ServiceKey, ServiceKey], int] = {}
        self._new: list[Alias] = []

    def __len__(self) -> int:
        return len(self._known)

    @property
    def known(self) -> tuple[Alias, ...]:
        return tuple(alias for _, alias in sorted(self._known.items()))

    def of(self, service: ServiceKey) -> ServiceKey:
        """What it is called in spans."""
        alias = self._known.get(service)
        return service if alias is None else alias.service

    def take_new(self) -> list[Alias]:
        """Those found since the last call."""
        new, self._new = self._new, []
        return new

    def cross(self, writer: ServiceKey, service: ServiceKey, records: int) -> None:
        """Note that records of `writer` were written in spans of `service`."""
        pair = (writer, service)
        self._crossed[pair] = self._crossed.get(pair, 0) + records

    def settle(self, bucket: Summary) -> None:
        """Learn from a bucket that closes, then file what it holds under one name."""
        crossed, self._crossed = self._crossed, {}
        for key in [key for key in self._sightings if _sends(bucket, key)]:
            # Two services after all.
            del self._sightings[key]
            self._known.pop(key, None)
        self._meet(bucket, crossed)
        self._compare(bucket)
        for logged in sorted(self._sightings):
            self._judge(logged, bucket)
        if len(self._sightings) > _NAMES:
            ordered = sorted(self._sightings, key=lambda key: (self._sightings[key].last_unix_nano, key))
            for key in ordered[: len(self._sightings) - _NAMES]:
                del self._sightings[key]
                self._known.pop(key, None)
        self.apply(bucket)

    def apply(self, summary: Summary) -> None:
        """File what it holds under one name."""
        for logged, alias in sorted(self._known.items()):
            mine = summary.services.get(logged)
            if mine is not None and not mine.spans:
                del summary.services[logged]
                summary.service(alias.service).merge(mine)

    def forget(self, service: ServiceKey) -> None:
        """Drop all that is known of it, under either name."""
        for logged in [key for key, alias in self._known.items() if service in (key, alias.service)]:
            del self._known[logged]
        self._sightings.pop(service, None)
        for sighting in self._sightings.values():
            sighting.met.pop(service, None)
            if sighting.beside == service:
                sighting.beside, sighting.together = None, 0

    def state(self) -> AliasState:
        """What it remembers; not a copy."""
        return AliasState(sorted(self._sightings.items()), list(self.known), self._new)

    def restore(self, state: AliasState) -> None:
        self._sightings = dict(state.sightings)
        self._known = {alias.logged: alias for alias in state.known}
        self._new = list(state.new)

    def _meet(self, bucket: Summary, crossed: dict[tuple[ServiceKey, ServiceKey], int]) -> None:
        seen = set()
        for (writer, service), records in sorted(crossed.items()):
            if writer.environment != service.environment or _sends(bucket, writer):
                continue
            sighting = self._sighting(writer, bucket)
            if service in sighting.met or len(sighting.met) < _OTHERS:
                sighting.met[service] = sighting.met.get(service, 0) + records
                seen.add(writer)
            if sum(sighting.met.values()) > _ENOUGH:
                sighting.met = {key: count // 2 for key, count in sighting.met.items()}
        for writer in seen:
            self._sightings[writer].buckets += 1

    def _compare(self, bucket: Summary) -> None:
        """By pod: one name for the logs from there, another for the spans, and nobody else of such a name."""
        logging: dict[tuple[str, str], list[ServiceKey]] = {}
        tracing: dict[tuple[str, str], list[ServiceKey]] = {}
        for key, seen in sorted(bucket.services.items()):
            for pod in seen.pods:
                if seen.records:
                    logging.setdefault((key.environment, pod), []).append(key)
                if seen.spans:
                    tracing.setdefault((key.environment, pod), []).append(key)
        for key, seen in sorted(bucket.services.items()):
            if seen.spans or not seen.records or not seen.pods:
                continue
            places = [(key.environment, pod) for pod in seen.pods]
            others = {other for place in places for other in tracing.get(place, ())}
            writers = {other for place in places for other in logging[place]}
            if writers != {key}:
                if others and key in self._sightings:
                    self._sightings[key].together = 0
                continue
            near = _nearest(key, self._candidates(key, others))
            if not others.intersection(near):
                # Nobody, or nobody who is as likely as who is missing.
                continue
            sighting = self._sighting(key, bucket)
            if len(near) > 1:
                sighting.together = 0
                continue
            (other,) = near
            sighting.together = sighting.together + 1 if sighting.beside == other else 1
            sighting.beside = other

    def _candidates(self, key: ServiceKey, others: set[ServiceKey]) -> set[ServiceKey]:
        """With the one it stood beside until now, who may have had nothing to do in a bucket or two."""
        known = self._sightings.get(key)
        if known is None or known.beside is None or not others:
            return others
        known.missing = 0 if known.beside in others else known.missing + 1
        return others if known.missing >= _POD_BUCKETS else {*others, known.beside}

    def _sighting(self, key: ServiceKey, bucket: Summary) -> Sighting:
        sighting = self._sightings.setdefault(key, Sighting())
        sighting.last_unix_nano = bucket.start_unix_nano
        return sighting

    def _judge(self, logged: ServiceKey, bucket: Summary) -> None:
        found = self._found(logged, self._sightings[logged], bucket)
        if found is None:
            self._known.pop(logged, None)
        else:
            if logged not in self._known:
                self._new.append(found)
            self._known[logged] = found

    def _found(self, logged: ServiceKey, sighting: Sighting, bucket: Summary) -> Alias | None:
        of = sum(sighting.met.values())
        best = max(sighting.met, key=lambda key: (sighting.met[key], key), default=None)
        service = best if best is not None and sighting.met[best] else sighting.beside
        if service is None:
            return None
        mine, theirs = bucket.services.get(logged), bucket.services.get(service)
        if mine is not None and theirs is not None and mine.pods and theirs.pods:
            shared = sorted({*sighting.shared, *(mine.pods.keys() & theirs.pods.keys())})[:_OTHERS]
            sighting.apart += shared == sighting.shared == []
            sighting.shared = shared
        records = sighting.met.get(service, 0)
        written = records >= _RECORDS and sighting.buckets >= _BUCKETS and records >= _MOST * of
        # Whoever writes down the ids of somebody else's spans runs elsewhere.
        if written and sighting.apart and not sighting.shared:
            return None
        if not written and not (not of and sighting.together >= _POD_BUCKETS):
            return None
        known = self._known.get(logged)
        since = known.since_unix_nano if known is not None else bucket.start_unix_nano
        buckets = sighting.buckets if written else sighting.together
        return Alias(logged, service, records, of, tuple(sighting.shared), buckets, since)


def _sends(summary: Summary, service: ServiceKey) -> bool:
    seen = summary.services.get(service)
    return seen is not None and seen.spans > 0


def _nearest(logged: ServiceKey, others: Iterable[ServiceKey]) -> list[ServiceKey]:
    """Those that have most of their names in common with it, and any word that says whose they are: a proxy beside a
    service sends spans from the same pod."""
    alike = {other: _alike(_words(logged.name), _words(other.name)) for other in others}
    most = max(alike.values(), default=0.0)
    return [other for other, share in sorted(alike.items()) if share == most > 0]


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


@lru_cache(maxsize=4096)
def _words(name: str) -> frozenset[str]:
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[^\W\d_a-zA-Z]+", name)
    return frozenset(part.lower() for part in parts if len(part) > 2) - _COMMON


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    return f"pod {found[0]}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")
