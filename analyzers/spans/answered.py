"""Who answers where: of calls of which both halves are known, by the address the caller named."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from analyzers.census import OTHER_SERVICE
from analyzers.service import ServiceKey
from analyzers.spans.calls import Calls
from analyzers.spans.columns import Columns
from analyzers.spans.groups import counted

# For each address, which is a service as a caller's half alone has it: how many calls there each service answered.
Answered: TypeAlias = Mapping[ServiceKey, Mapping[ServiceKey, int]]


def answered(calls: Calls, columns: Columns) -> Answered:
    """Of callers who wait for an answer. A caller's half that came in an earlier bucket is no longer known by whom it
    called. Those that have no place of their own are many, and left out."""
    peers, services = columns.lexicon.peers.known, columns.services
    peer = columns.peer.take(calls.caller)
    waited = ~calls.asynchronous & ~columns.consuming.take(calls.caller)
    named = np.flatnonzero((peer >= 0) & waited)
    pairs = peer.take(named) * len(services) + columns.service.take(calls.callee.take(named))
    codes, counts = counted(pairs, len(peers) * len(services))
    found: dict[ServiceKey, dict[ServiceKey, int]] = {}
    for code, number in zip(codes.tolist(), counts.tolist(), strict=True):
        address, service = peers[code // len(services)].service, services[code % len(services)]
        if OTHER_SERVICE not in (address, service):
            by = found.setdefault(address, {})
            by[service] = by.get(service, 0) + number
    return found
