"""What share of the traces is kept, and what a sampled count says about the whole."""

import math
from collections.abc import Iterable

# A share counts as changed when it is more than this many times what it was, or less than one part of as many.
_CHANGED = 1.5
# Standard deviations by which the number of traces of one service may differ from what the share lets expect.
_CHANCE = 3.0


def middle_share(shares: Iterable[tuple[float, float, float]]) -> float:
    """The median of count by exposure, each with its weight; 1 where nothing is known."""
    known = sorted((count / exposure, weight) for count, exposure, weight in shares if exposure > 0)
    half = sum(weight for _, weight in known) / 2
    for share, weight in known:
        half -= weight
        if half <= 0:
            return share
    return 1.0


def resampled(share: float) -> bool:
    """Whether a share, as a multiple of what it was, is another than it was."""
    return not 1 / _CHANGED < share < _CHANGED


def fewest(count: float) -> float:
    """What chance may have made `count` of, at the least (square roots as in Anscombe, Biometrika 1948)."""
    return max(0.0, math.sqrt(count) - _CHANCE / 2) ** 2


def most(count: float) -> float:
    """What chance may have made `count` of, at the most."""
    return (math.sqrt(count) + _CHANCE / 2) ** 2
