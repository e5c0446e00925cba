"""How often something is normal, and how surprising another count is."""

import math
from dataclasses import dataclass, replace

from analyzers.surprises import missed, standard

# Pseudo-observations that keep the dispersion of a short history from looking better known than it is.
_PRIOR_BUCKETS = 3.0
_PRIOR_DISPERSION = 1.5
# What a prior is worth when it comes to how far the unexpected may reach.
_KNOWN = 12.0
# One bucket counts for no more: the first moments of a failure, learned unawares, must not make it look normal.
_MOST_RESIDUAL = 12.0
# Share of the buckets that it would fill in which what comes steadily comes.
_MOSTLY = 0.5
# Times as long as it is gone for something must have been there to be missed, if it was not always there.
ESTABLISHED = 3.0
# Calls for which chance is computed exactly, and the least of what was missing before for any to have been.
_FEW, _MISSING = 200, 0.5
# How many failures must be known for it to be known how many come at once.
_FAILED = 4.0
# Buckets that a count waits for its exposure.
_PATIENCE = 24


@dataclass(slots=True)
class Rate:
    """Counts per unit of exposure, with their over-dispersion.

    Counts of a Poisson process have dispersion 1; real ones come in bursts and have more. The dispersion is the mean
    Pearson residual of the buckets learned, each against what was known before it.
    """

    count: float = 0.0
    exposure: float = 0.0
    residuals: float = 0.0
    buckets: float = 0.0
    # The dispersion is never taken to be less: 1 for independent events, less for what happens once a call.
    least: float = 1.0
    # Buckets with any, and those that would have had any if all came one by one; counts of late without exposure, and
    # the buckets they came in. Not in checkpoints of older versions.
    filled: float = 0.0
    fillable: float = 0.0
    deferred: float = 0.0
    waited: int = 0
    # Exposure before any was ever counted; buckets with any, in a row as one and one by one; whether the last had any.
    # Not in checkpoints of older versions.
    before: float = 0.0
    runs: float = 0.0
    in_runs: float = 0.0
    running: bool = False

    def defer(self, count: float) -> None:
        """A count whose exposure falls by chance into a later bucket, as that of work of which few traces are kept.
        Not into one much later: then there was no work."""
        self.waited += 1
        self.deferred = self.deferred + count if self.waited <= _PATIENCE else 0.0

    def learn(self, count: float, exposure: float, estimated: bool = False, beyond: float = 0.0) -> None:
        """An exposure `estimated` from what is counted tells nothing of how far counts depart from it; what came
        `beyond` the count by a single doing tells that, and not how many are usual."""
        if exposure <= 0:
            return
        count, self.deferred, self.waited = count + self.deferred, 0.0, 0
        if self.count + count <= 0:
            self.before += exposure
        self.runs += count > 0 and not self.running
        self.in_runs += count > 0
        self.running = count > 0
        if self.exposure > 0 and not estimated:
            # Half a count, so that what never happened yet isn't taken for impossible; and the estimate's own error.
            expected = (self.count + 0.5) / self.exposure * exposure
            residual = (count + beyond - expected) ** 2 / max(expected * (1 + exposure / self.exposure), 0.25)
            self.residuals += min(residual, _MOST_RESIDUAL)
            self.buckets += 1
            self.filled += count > 0
            self.fillable -= math.expm1(-expected)
        self.count += count
        self.exposure += exposure

    def note(self, count: float, exposure: float, estimated: bool = False) -> None:
        """Learn, or defer: where few traces are kept, many buckets hold records and no work."""
        if exposure > 0:
            self.learn(count, exposure, estimated)
        else:
            self.defer(count)

    def with_also(self, other: "Rate") -> "Rate":
        """Of both kinds of events together, in the exposures of both."""
        return Rate(
            self.count + other.count,
            self.exposure + other.exposure,
            self.residuals + other.residuals,
            self.buckets + other.buckets,
            max(self.least, other.least),
            self.filled + other.filled,
            self.fillable + other.fillable,
        )

    def fade(self, factor: float) -> None:
        """Forget a share of what is known, so that newer weighs more."""
        self.count *= factor
        self.exposure *= factor
        self.residuals *= factor
        self.buckets *= factor
        self.filled *= factor
        self.fillable *= factor
        self.deferred *= factor
        self.before *= factor
        self.runs *= factor
        self.in_runs *= factor

    def since_met(self) -> "Rate":
        """What is known of it since it was first counted."""
        # Checkpoints of older versions may hold less of the whole than of its part.
        return replace(self, exposure=max(0.0, self.exposure - self.before), before=0.0)

    @property
    def dispersion(self) -> float:
        known = self.residuals + _PRIOR_BUCKETS * _PRIOR_DISPERSION * math.sqrt(self.least)
        return max(self.least, self._granular, known / (self.buckets + _PRIOR_BUCKETS))

    @property
    def misfit(self) -> float:
        """By how much, squared and on average, the buckets departed from what was expected of them; 1 for independent
        events."""
        return self.residuals / self.buckets if self.buckets > 0 else 1.0

    @property
    def _granular(self) -> float:
        """What comes once in a hundred calls comes in one call or in another, however steady it looked: the least
        dispersion that whole numbers with this mean can have."""
        mean = (self.count + 0.5) / (self.exposure + 0.5)
        part = mean % 1.0
        return min(1.0, part * (1.0 - part) / mean)

    @property
    def clump(self) -> float:
        """How many come at once: a Poisson process that fills as few buckets has so many times fewer; and where the
        buckets it fills follow one another, as those of a job do that runs for a while, fewer by as much as they do
        more than by chance. 1 for what comes in most of those it would fill: that it did not come at times, of late
        perhaps, makes no clumps of it."""
        filled = (self.filled + 1.0) / (self.fillable + 1.0)
        mean = self.count / (self.buckets + 1.0)
        if filled >= _MOSTLY or mean <= 0:
            return 1.0
        at_once = max(1.0, mean / -math.log1p(filled * math.expm1(-mean)))
        in_a_row = (self.in_runs + 1.0) / (self.runs + 1.0) * (1.0 - filled)
        return at_once * max(1.0, in_a_row)

    def expected(self, exposure: float) -> float:
        return self.count / self.exposure * exposure if self.exposure > 0 else 0.0

    def nearest(self, count: float, least: float, most: float) -> float | None:
        """Of the exposures between `least` and `most`, the one `count` departs least from; None where it departs from
        none of them."""
        if count > self.expected(most):
            return most
        return least if count < self.expected(least) else None

    def surprise(self, count: float, exposure: float, tolerance: float = 0.0, cluster: float = 1.0) -> float:
        """Signed standard deviations of `count` in `exposure` from normal; 0 when nothing is known or done.

        Anscombe's square-root transform keeps small counts honest (Anscombe, Biometrika 1948); the factor
        1 + exposure/known exposure is what the estimate of the rate itself may be wrong by. A departure of up to
        `tolerance` (a share of the expected count) is no departure. Where `cluster` come at once, only so many fewer
        are independent; what comes in clumps may as well not come, however many there were in the last one; and what
        came for a while may be over, as a job is. That what comes once a call was never missing is a rule; where it
        was, it is a matter of chance how often.
        """
        if self.exposure <= 0 or exposure <= 0:
            return 0.0
        expected, dispersion = self.expected(exposure), self.dispersion
        if count > expected:
            expected = min(count, expected * (1 + tolerance))
        else:
            if self.before >= exposure > (self.exposure - self.before) / ESTABLISHED:
                return 0.0
            expected = max(count, expected * (1 - tolerance))
            if (clump := self.clump) > cluster:
                cluster, dispersion = clump, max(self.least, dispersion * cluster / clump)
        spread = math.sqrt(dispersion * (1 + exposure / self.exposure))
        fewer = 2.0 * (math.sqrt(count / cluster + 0.375) - math.sqrt(expected / cluster + 0.375))
        surprise = standard(fewer / spread, self.buckets + _KNOWN)
        if surprise < -1.0 and self.least < 1.0 and self._sometimes_missing and count <= exposure <= _FEW:
            calls = round(exposure)
            chance = missed(calls - round(count), calls, self.exposure - self.count, self.exposure)
            return max(surprise, -chance)
        return surprise

    def of_calls(self, failed: float, calls: float, tolerance: float = 0.0, repeated: float = 1.0) -> float:
        """`surprise` where each of `calls` fails or not: what rarely failed is far more surprising than a square root
        tells, so the tail is exact. Where calls fail together only so many are independent; until some have failed, it
        is `repeated` of them that fail at once."""
        surprise = self.surprise(failed, calls, tolerance)
        seen = self.count / (self.count + _FAILED)
        cluster = max(1.0, seen * self.dispersion + (1.0 - seen) * repeated)
        now, of = int(failed / cluster), round(calls / cluster)
        before, known = self.count * (1 + tolerance) / cluster, self.exposure / cluster
        if surprise <= 0 or not 0 < now <= of or before > known:
            return surprise
        return max(surprise, standard(missed(now, of, before, known), self.buckets + _KNOWN))

    @property
    def _sometimes_missing(self) -> bool:
        """Whether of what comes at most once a call some was missing before."""
        return self.exposure - self.count >= _MISSING
