"""Whether two things that always come together still do, however few there are of them."""

from dataclasses import dataclass
from statistics import NormalDist

# What is missing of them, as a share, for them not to have come together.
_LACKING = 0.15
# How often, and of how many buckets as a share, it must have held to be a rule. What holds less often may well break
# for as long as somebody asks for other things.
_ESTABLISHED, _NEARLY_ALWAYS = 8, 0.9
# Buckets after which what is no rule won't become one.
_REFUTED = 20
# Breaks in a row after which that is how it is now.
_ACCEPTED = 120
# Of the posterior of the share of breaks (Jeffreys' prior), and the least that it is taken to be: however long a rule
# has held, one record that got lost breaks it.
_PRIOR, _LEAST = 0.5, 0.02
# That it breaks once more, where it did before: what keeps it from holding may well last a while.
_AGAIN = 0.5


@dataclass(slots=True)
class Accord:
    """In how many buckets there was one of these for each of those.

    A single bucket that breaks a rule says little; one after another does. Those in a row are held back, not learned,
    until the rule holds again or they have become the rule.
    """

    kept: float = 0.0
    broken: float = 0.0
    # Breaks since it held last.
    row: float = 0.0

    def learn(self, these: float, those: float) -> None:
        if those <= 0:
            return
        if _breaks(these, those):
            self.row += 1
            if self._rule and self.row < _ACCEPTED:
                return
            if self.row >= _ACCEPTED:
                self.kept = 0.0
        else:
            self.kept += 1
        self.settle()

    @property
    def refuted(self) -> bool:
        """Whether it was looked at often enough to be a rule, and is none."""
        return self.kept + self.broken >= _REFUTED and not self._rule

    def settle(self) -> None:
        """Learn what was held back."""
        self.broken += self.row
        self.row = 0.0

    def fade(self, factor: float) -> None:
        """Forget a share of what is known."""
        self.kept *= factor
        self.broken *= factor
        self.row *= factor

    def surprise(self, these: float, those: float) -> float:
        """Standard deviations, negative, of that many breaks in a row with this as one more; 0 when it is none."""
        if those <= 0 or not self._rule or not _breaks(these, those):
            return 0.0
        broken = (self.broken + _PRIOR) / (self.kept + self.broken + 2 * _PRIOR)
        return min(0.0, NormalDist().inv_cdf(max(broken, _LEAST) * _AGAIN**self.row))

    @property
    def _rule(self) -> bool:
        return self.kept >= _ESTABLISHED and self.kept >= _NEARLY_ALWAYS * (self.kept + self.broken)


def _breaks(these: float, those: float) -> bool:
    return these < (1.0 - _LACKING) * those
