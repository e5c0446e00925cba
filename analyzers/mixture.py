"""What work is made of: users that ask for other things than before are no failure, whatever comes of it."""

import math
from collections.abc import Sequence

# Standard deviations from its share beyond which there is more or less of a kind than before: of one kind, and so many
# more for each time that there are e times as many kinds, one of which is bound to be far from its share.
_OTHER, _MORE_KINDS = 2.5, 0.35
# Share of that which will do once there is another mixture: where there is more of one kind there is less of others.
_ALSO = 0.8
# Units that are added to what is expected of a kind: what is hardly known at all may come a few times.
_RARE = 1.0


def bounds(kinds: Sequence[tuple[float, float]], times: float) -> tuple[float, float]:
    """Between how many times as much as the amount of work lets expect anything may be that comes of it.

    `kinds` are how many units of work of each kind there usually are, and are now; all the work is `times` what is
    usual. What comes r times of each unit of a kind comes sum(r * n) times in all. How often it comes of which kind
    nobody knows, but no r is negative: so it is at least as many times what is expected as the kind that there is the
    least of, for its share, and at most as many as the one that there is the most of. What chance makes of a count is
    no other share (square roots as in Anscombe, Biometrika 1948).
    """
    least = greatest = 1.0
    if not kinds:
        return least, greatest
    chance = math.sqrt(1.0 + times) / 2.0
    away = [abs(math.sqrt(now + 0.375) - math.sqrt(times * usual + 0.375)) / chance for usual, now in kinds]
    beyond = _OTHER + _MORE_KINDS * math.log(len(kinds))
    if max(away) <= beyond:
        return least, greatest
    for (usual, now), deviations in zip(kinds, away, strict=True):
        if deviations > _ALSO * beyond:
            expected = times * usual
            least, greatest = min(least, now / (expected or 1.0)), max(greatest, now / (expected + _RARE))
    return least, greatest
