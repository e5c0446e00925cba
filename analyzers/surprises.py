"""One scale for all surprises: standard deviations of a normal distribution."""

import math


def standard(deviations: float, known: float) -> float:
    """`deviations` from what was estimated from `known` observations, as equally unlikely normal ones.

    The fewer observations, the heavier the tails of what may come (Student's t); Wallace's transform (Annals of
    Mathematical Statistics, 1959) without its small correction. 0 where nothing is known.
    """
    if known <= 0:
        return 0.0
    return math.copysign(math.sqrt(known * math.log1p(deviations * deviations / known)), deviations)
