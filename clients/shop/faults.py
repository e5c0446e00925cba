"""What can be broken in the shop, and the board on which it is switched."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    SLOW_DEPENDENCY = "slow-dependency"
    NETWORK_DELAY = "network-delay"
    LEAF_EXCEPTION = "leaf-exception"
    BAD_DEPLOYMENT = "bad-deployment"
    SILENT_CONSUMER = "silent-consumer"


@dataclass(frozen=True, slots=True)
class FaultNotes:
    """The truth about a fault, to hold a diagnosis against."""

    culprits: tuple[str, ...]
    """Services that are right answers; an edge has two ends."""
    effect: str


FAULTS: Mapping[Fault, FaultNotes] = MappingProxyType(
    {
        Fault.SLOW_DEPENDENCY: FaultNotes(("inventory",), "every stock lookup in inventory scans the whole warehouse"),
        Fault.NETWORK_DELAY: FaultNotes(("payment", "checkout"), "packets from checkout to payment are held back"),
        Fault.LEAF_EXCEPTION: FaultNotes(("payment",), "payment raises on most charges; its callers complain louder"),
        Fault.BAD_DEPLOYMENT: FaultNotes(("catalog",), "catalog is deployed anew and fails a share of its requests"),
        Fault.SILENT_CONSUMER: FaultNotes(("email",), "email stops taking orders from the queue; nothing reports it"),
    }
)

_EDGE = ("checkout", "payment")
_EDGE_DELAY_SECONDS = 0.4


class FaultBoard:
    """Which faults are on. Shared by all services of one shop."""

    def __init__(self) -> None:
        self._on: set[Fault] = set()
        self._changed = asyncio.Event()

    @property
    def active(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in Fault if fault in self._on)

    def is_on(self, fault: Fault) -> bool:
        return fault in self._on

    def switch(self, fault: Fault, *, on: bool) -> None:
        if on:
            self._on.add(fault)
        else:
            self._on.discard(fault)
        self._changed.set()
        self._changed = asyncio.Event()

    async def until_off(self, fault: Fault) -> None:
        while fault in self._on:
            await self._changed.wait()

    def edge_delay_seconds(self, client: str, server: str) -> float:
        """How long a request from client to server is held up on its way."""
        return _EDGE_DELAY_SECONDS if self.is_on(Fault.NETWORK_DELAY) and (client, server) == _EDGE else 0.0
