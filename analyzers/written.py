"""What an operation normally writes: how often per call, and what goes together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzers.accord import Accord
from analyzers.rates import Rate

# What is written once a call hardly varies; a tenth of what independent events would is believed.
_LEAST = 0.1
# Templates remembered of one operation.
_MAX_TEMPLATES = 200
# Other templates that one is compared with.
_PARTNERS = 4


@dataclass(slots=True)
class Written:
    """One template in one operation. `partners` are templates that were written as often when it was first seen:
    a start and its finish, a request and its result. How often per partner is known even where calls differ widely."""

    per_call: Rate
    partners: dict[str, Rate] = field(default_factory=dict)
    # Of the same partners: in how many buckets it was as many. Not in checkpoints of older versions.
    accords: dict[str, Accord] = field(default_factory=dict)

    def fade(self, factor: float) -> None:
        self.per_call.fade(factor)
        for rate in self.partners.values():
            rate.fade(factor)
        for accord in self.accords.values():
            accord.fade(factor)


@dataclass(slots=True)
class WrittenBaseline:
    """All templates of one operation."""

    templates: dict[str, Written] = field(default_factory=dict)
    calls: float = 0.0

    def learn(self, counts: Mapping[str, int], calls: int) -> None:
        """`counts` of the log records written in `calls` calls."""
        for template_id in sorted(counts.keys() - self.templates.keys()):
            if len(self.templates) >= _MAX_TEMPLATES:
                break
            self.templates[template_id] = Written(Rate(0.0, self.calls, least=_LEAST, before=self.calls))
            alike = [other for other in sorted(counts) if other != template_id and counts[other] == counts[template_id]]
            for other in alike[:_PARTNERS]:
                self.templates[template_id].partners[other] = Rate(least=_LEAST)
        for template_id, written in self.templates.items():
            count = counts.get(template_id, 0)
            written.per_call.note(count, calls)
            for other, rate in written.partners.items():
                rate.learn(count, counts.get(other, 0))
                if other not in written.accords:
                    written.accords[other] = Accord()
                written.accords[other].learn(count, counts.get(other, 0))
        self.calls += calls

    def drop_refuted(self) -> None:
        """Of a whole service most pairs are chance: they are given up once that shows."""
        for written in self.templates.values():
            for other in [other for other, accord in written.accords.items() if accord.refuted]:
                del written.partners[other], written.accords[other]

    def fade(self, factor: float) -> None:
        self.calls *= factor
        for written in self.templates.values():
            written.fade(factor)

    def settle(self) -> None:
        """Learn what was held back as well: somebody says that all of it was normal."""
        for written in self.templates.values():
            for accord in written.accords.values():
                accord.settle()
