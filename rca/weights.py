"""What each kind of finding counts, on one scale."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from analyzers.anomaly import Anomaly
from rca.diagnosis import Evidence

# A stop of a template, a fall and a rise mean different things, though one detector finds them.
FALL, RISE = "template_fall", "template_rise"
CALLS_FALL, CALLS_RISE = "calls_fall", "calls_rise"
# Signals that travel from callee to caller: failed calls leave fewer or other logs in whoever made them.
PROPAGATING = frozenset({FALL, RISE, CALLS_FALL, CALLS_RISE, "error_share", "new_template"})

# What is shown by who has less to do, because of somebody else.
IDLE = frozenset({"throughput", "consumption"})


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """What one unit of surprise of each signal counts, once calibrated to the common scale.

    Signals that only the faulty service itself can show (its own time, its own errors, its own missing work) count
    full; those that callers show just as well count less.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "self_time": 1.0,
            "edge_gap": 1.0,
            "span_errors": 1.2,
            "edge_errors": 1.2,
            "early_timeout": 1.2,
            FALL: 1.0,
            RISE: 0.5,
            CALLS_FALL: 0.8,
            CALLS_RISE: 0.5,
            "error_share": 0.6,
            "new_template": 0.6,
            "throughput": 0.9,
            "consumption": 0.6,
        }
    )
    # Share of a caller's propagating evidence that a guilty callee explains away.
    explained: float = 0.7
    # The same where it is known that the caller's very calls of it were not answered.
    unanswered: float = 0.9
    # Share of what a service shows that is said against one that its errors name, where there are no spans.
    named: float = 0.5
    # Share of the slowness of a service that whoever floods it with calls explains.
    flooded: float = 0.9
    # For having departed from normal before every other candidate.
    earliest: float = 0.3
    # For having been changed just before: full for the candidate that most speaks against, else its share of that.
    change: float = 0.8
    # Of what a changed service shows that is nothing but other wording, so much is explained by the change.
    reworded: float = 0.7
    # Standard deviations below which a finding is no more than a hint, and what a hint counts of what a finding would.
    told: float = 2.0
    hint: float = 0.25
    candidates: int = 10


def signal_of(anomaly: Anomaly) -> str:
    if anomaly.detector == "template_rate":
        return RISE if anomaly.surprise > 0 else FALL
    if anomaly.detector == "edge_calls":
        return CALLS_RISE if anomaly.surprise > 0 else CALLS_FALL
    return anomaly.detector


def propagated(evidence: Iterable[Evidence]) -> float:
    """What speaks against a service that whatever it calls may have brought upon it."""
    return sum(item.contribution for item in evidence if item.signal in PROPAGATING)


def strength(surprise: float) -> float:
    """Surprise on the common scale: 4 standard deviations are 1, and each doubling beyond adds about 1.

    Logarithmic, because beyond certainty more deviations say more about the traffic than about guilt.
    """
    return math.log2(1.0 + abs(surprise) / 4.0)
