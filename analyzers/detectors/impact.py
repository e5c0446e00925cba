"""What a slowness costs those who wait."""

from analyzers.summary import Summary

# Share of the time requests take that a slowness must cost to count for more than a hint, and for one that adds up when
# it is found again and again.
_FELT, _NOTICED = 0.03, 0.005
# The most surprise of either: below what opens an incident, the lesser also after a minute of it.
_HINT, _LESSER = 3.0, 2.0


def waiting_time(window: Summary) -> float:
    """Nanoseconds spent in requests where they enter the system: in services that nothing else called."""
    called = {edge.server for edge in window.edges}
    return sum(
        operation.duration.total()
        for key, service in window.services.items()
        if key not in called
        for operation in service.operations.values()
        if operation.entries
    )


def cost(extra: float, waiting: float) -> float:
    """Share that the `extra` nanoseconds have of all the waiting, 0 to 1."""
    return max(0.0, min(1.0, extra / waiting)) if waiting > 0 else 0.0


def felt(surprise: float, extra: float, waiting: float) -> float:
    """`surprise`, but no more than a hint when the `extra` nanoseconds are next to nothing of all the waiting."""
    if waiting <= 0 or extra >= _FELT * waiting:
        return surprise
    return min(surprise, _HINT if extra >= _NOTICED * waiting else _LESSER)
