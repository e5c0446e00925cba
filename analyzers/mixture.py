"""What work is made of: users that ask for other things than before are no failure, whatever comes of it."""

import math
from collections.abc import Sequence

from analyzers.surprises import missed

# Standard deviations from its share beyond which there is more or less of a kind than before: of one kind, and so many
# more for each time that there are e times as many kinds, one of which is bound to be far from its share.
_OTHER, _MORE_KINDS = 2.5, 0.35
# Share of that which will do once there is another mixture: where there is more of one kind there is less of others.
_ALSO = 0.8
# Units of a kind for which chance is computed exactly.
_FEW = 200
# Units that are added to what is expected of a kind, and how many must be known of it: what is hardly known at all may
# come a few times.
_RARE = 1.0


def bounds(kinds: Sequence[tuple[float, float]], whole: tuple[float, float] | None = None) -> tuple[float, float]:
    """Between how many times as much as the amount of work lets expect anything may be that comes of it.

    `kinds` are how many units of work of each kind there usually are, and are now; the `whole` is all work, where that
    is more than these. What comes r times of each unit of a kind comes sum(r * n) times in all. How often it comes of
    which kind nobody knows, but no r is negative: so it is at least as many times what is expected as the kind that
    there is the least of, for its share, and at most as many as the one that there is the most of. All other kinds
    together are one kind too. What chance makes of a count is no other share.
    """
    least = greatest = 1.0
    known, done = whole or (sum(usual for usual, _ in kinds), sum(now for _, now in kinds))
    if not kinds or known <= 0 or done <= 0:
        return least, greatest
    beyond = _OTHER + _MORE_KINDS * math.log(len(kinds))
    away = [_away(usual, now, known, done, _ALSO * beyond) for usual, now in kinds]
    if max(away) <= beyond:
        return least, greatest
    rest = sum(usual for usual, _ in kinds), sum(now for _, now in kinds)
    for (usual, now), deviations in zip(kinds, away, strict=True):
        if deviations > _ALSO * beyond:
            for before, seen in ((usual, now), (rest[0] - usual, rest[1] - now)):
                if before >= _RARE:
                    expected = done * before / known
                    least, greatest = min(least, seen / expected), max(greatest, seen / (expected + _RARE))
    return least, greatest


def _away(usual: float, now: float, known: float, done: float, least: float) -> float:
    """Standard deviations of `now` of `done` from `usual` of `known`. Of few the tail is exact, where the root of the
    deviance, which makes too much of them, is more than the `least` that matters. What is hardly known may come."""
    if min(usual, known - usual) < _RARE:
        return 0.0
    expected = done * usual / known
    deviance = 2.0 * (_term(now, expected) + _term(done - now, done - expected)) / (1.0 + done / known)
    root = math.sqrt(max(0.0, deviance))
    if root <= least or min(now, expected) > _FEW:
        return root
    some, before = (now, usual) if now > expected else (done - now, known - usual)
    return min(root, missed(round(some), round(done), before, known))


def _term(seen: float, expected: float) -> float:
    return seen * math.log(seen / expected) if seen > 0 and expected > 0 else 0.0
