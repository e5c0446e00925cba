"""How long things take."""

import math
from random import Random


def drawn(random: Random, median: int, spread: float) -> int:
    """Nanoseconds, log-normal around `median`; at least one."""
    return max(1, round(median * math.exp(random.gauss(0.0, spread)))) if spread else max(1, median)
