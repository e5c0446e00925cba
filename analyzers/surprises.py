"""One scale for all surprises: standard deviations of a normal distribution."""

import math
from statistics import NormalDist

_NORMAL = NormalDist()
# Less likely than this is not told from it; and a share of what was added up that changes nothing.
_UNLIKELY, _NOTHING = 1e-300, 1e-12


def standard(deviations: float, known: float) -> float:
    """`deviations` from what was estimated from `known` observations, as equally unlikely normal ones.

    The fewer observations, the heavier the tails of what may come (Student's t); Wallace's transform (Annals of
    Mathematical Statistics, 1959) without its small correction. 0 where nothing is known.
    """
    if known <= 0:
        return 0.0
    return math.copysign(math.sqrt(known * math.log1p(deviations * deviations / known)), deviations)


def missed(now: int, calls: int, before: float, known: float) -> float:
    """That at least `now` of `calls` go without something, where `before` of `known` did: as equally unlikely normal
    standard deviations, 0 where it is no surprise.

    The tail of the beta-binomial distribution, with Jeffreys' prior for the share: exact where numbers are small.
    """
    without, with_it = before + 0.5, known - before + 0.5
    ways = -math.log(calls + 1) - _beta(now + 1, calls - now + 1)
    term = math.exp(ways + _beta(now + without, calls - now + with_it) - _beta(without, with_it))
    tail = 0.0
    for number in range(now, calls + 1):
        tail += term
        left = calls - number
        if not left or tail >= 0.5 or term < _NOTHING * tail:
            break
        term *= left / (number + 1) * (number + without) / (left - 1 + with_it)
    return max(0.0, -_NORMAL.inv_cdf(min(max(tail, _UNLIKELY), 0.5)))


def _beta(one: float, other: float) -> float:
    """Logarithm of the beta function."""
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)
