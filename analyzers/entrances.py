"""Where work enters the system, and for whom: what users ask for decides who has something to do."""

from functools import cached_property

from analyzers.baseline import Baseline
from analyzers.mixture import bounds
from analyzers.service import ServiceKey
from analyzers.summary import Summary


class Entrances:
    """Services that nobody is known to call, as a baseline tells of them while it is not learned from."""

    def __init__(self, baseline: Baseline, window: Summary) -> None:
        self._baseline = baseline
        self._window = window

    def is_one(self, service: ServiceKey) -> bool:
        """Whether its work is traced, and nobody is known to call it."""
        known = self._baseline.services.get(service)
        return known is not None and known.traced and service not in self._callers

    def mixture(self, service: ServiceKey) -> tuple[float, float]:
        """`bounds` of what may come to a service of all the work that enters; of what never leads to it nothing may."""
        asking, waiting = {service}, [service]
        while waiting:
            new = self._callers.get(waiting.pop(), set()) - asking
            asking |= new
            waiting += new
        kinds = [each for key, found in self._kinds.items() if key in asking for each in found]
        return bounds(kinds, self._whole)

    # Not before they are asked for: there may be many, and mostly nothing is wrong.
    @cached_property
    def _callers(self) -> dict[ServiceKey, set[ServiceKey]]:
        found: dict[ServiceKey, set[ServiceKey]] = {}
        for edge in self._baseline.edges:
            found.setdefault(edge.server, set()).add(edge.client)
        return found

    @cached_property
    def _whole(self) -> tuple[float, float]:
        """All that usually enters, and that does now."""
        usual, now = (sum(each[place] for found in self._kinds.values() for each in found) for place in (0, 1))
        return usual, now

    @cached_property
    def _kinds(self) -> dict[ServiceKey, list[tuple[float, float]]]:
        return {
            key: known.kinds(self._window.services[key])
            for key, known in sorted(self._baseline.services.items())
            if key not in self._callers and key in self._window.services
        }
