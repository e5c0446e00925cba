"""What work is made of: users that ask for other things than before are no failure, whatever comes of it."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from analyzers.sampling import fewest, most

_Kind = TypeVar("_Kind", bound=Hashable)


def bounds(usual: Mapping[_Kind, float], now: Mapping[_Kind, float]) -> tuple[float, float]:
    """Between how many times as much as the amount of work lets expect anything may be that comes of it.

    What comes r times of each unit of a kind comes sum(r * n) times in all. How often it comes of which kind nobody
    knows, but no r is negative: so it is at least as many times what is usual as the kind that there is the least of
    for its share, and at most as many as the one that there is the most of. What chance may make of a share is none.
    Kinds that are not usual are taken to be as the others.
    """
    total = sum(now.get(kind, 0.0) for kind in usual)
    known = sum(usual.values())
    if not total or not known:
        return 1.0, 1.0
    least = greatest = 1.0
    for kind, count in usual.items():
        expected, seen = total * count / known, now.get(kind, 0.0)
        if not fewest(expected) <= seen <= most(expected):
            least, greatest = min(least, seen / expected), max(greatest, seen / expected)
    return least, greatest
