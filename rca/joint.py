"""How much several findings say together: of one thing over several windows, and of several things in one."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.weights import CALLS_FALL, CALLS_RISE, FALL, RISE, signal_of

# Findings of one thing, oldest first.
Trail: TypeAlias = tuple[Anomaly, ...]

# Evidence, in nats, that chance alone brings now and then; what is found counts for what is beyond it.
CHANCE = 1.0
# What one request that fails, or one that is cut short, or one pause shows, it shows in many places and in many ways:
# these are no independent witnesses.
_FAMILIES = {
    "span_errors": "failing",
    "edge_errors": "failing",
    "early_timeout": "failing",
    "error_share": "failing",
    "new_template": "failing",
    RISE: "failing",
    CALLS_RISE: "failing",
    FALL: "missing",
    CALLS_FALL: "missing",
    "throughput": "missing",
    "consumption": "missing",
    "self_time": "slow",
    "edge_gap": "slow",
}
_FURTHER = 0.25


def accumulated(trail: Sequence[Anomaly]) -> float:
    """Evidence in nats of the newest finding with those of the same thing before it.

    That it is the most surprising of many things is allowed for once, because it is one and the same thing. A stretch
    holds its windows, of which some may show nothing; what they say together counts where it is more.
    """
    newest = trail[-1]
    least = min(_length(item) for item in trail)
    windows = [item for item in trail if _length(item) == least and (item.surprise > 0) == (newest.surprise > 0)]
    lately = bool(windows) and windows[-1].end_unix_nano > newest.end_unix_nano - least
    return max(_added_up(trail), _added_up(windows) if lately else 0.0)


def _length(item: Anomaly) -> int:
    return item.end_unix_nano - item.start_unix_nano


def _added_up(trail: Sequence[Anomaly]) -> float:
    """Windows overlap: an earlier one counts for the part of it that the later ones do not hold."""
    newest = trail[-1]
    nats = newest.surprise**2 / 2.0 - math.log(newest.looked_at)
    held = newest.start_unix_nano
    for item in reversed(trail[:-1]):
        if (item.surprise > 0) != (newest.surprise > 0) or item.start_unix_nano >= held:
            continue
        nats += item.surprise**2 / 2.0 * min(1.0, (held - item.start_unix_nano) / _length(item))
        held = item.start_unix_nano
    return max(0.0, nats)


def unbroken(trail: Trail) -> Trail:
    """The newest of them, as far back as their windows follow one another."""
    start = len(trail) - 1
    while start and trail[start].start_unix_nano <= trail[start - 1].end_unix_nano:
        start -= 1
    return trail[start:]


def weight(anomalies: Iterable[Anomaly], evidence: Callable[[Anomaly], float] = lambda item: item.evidence) -> float:
    """Joint evidence in nats: of each signal of each service its strongest finding, less what chance brings.

    Several weak signs of one failure make a strong one, the tenth template of one cause adds nothing.
    """
    strongest: dict[tuple[ServiceKey, str], float] = {}
    for item in anomalies:
        sign = (item.service, signal_of(item))
        strongest[sign] = max(strongest.get(sign, 0.0), evidence(item) - CHANCE)
    families: dict[str, list[float]] = {}
    for (_, signal), found in strongest.items():
        families.setdefault(_FAMILIES.get(signal, signal), []).append(found)
    return sum(max(found) + _FURTHER * (sum(found) - max(found)) for found in families.values())
