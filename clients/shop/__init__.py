"""A small shop of instrumented services that can be broken on purpose."""

from clients.shop.emitted import Emitted
from clients.shop.faults import FAULTS, Fault, FaultNotes
from clients.shop.shop import Shop

__all__ = ["FAULTS", "Emitted", "Fault", "FaultNotes", "Shop"]
