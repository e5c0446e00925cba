"""What clients ask for where they come in, and what is written about it."""

import math
import re

from analyzers.baseline import Baseline
from analyzers.entrances import Entrances
from analyzers.service import ServiceKey
from analyzers.summary import Summary, TemplateCount

_ERROR = 17
# The beginning of a request line (RFC 9112, section 3), as access logs have it.
_REQUEST_LINE = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?:/|\*|<\*>|https?://)")
# Standard deviations that chance is given of how often something is asked for.
_CHANCE = 2.0


def has_request_line(text: str) -> bool:
    """Whether a template is of an access log, or as good as that."""
    return _REQUEST_LINE.search(text) is not None


class Requests:
    """Of one window. Whoever tries all doors is told that they are shut, in a warning each, and nothing is wrong."""

    def __init__(self, baseline: Baseline, window: Summary) -> None:
        self._baseline = baseline
        self._window = window
        self._entrances = Entrances(baseline, window)

    def explain(self, service: ServiceKey, seen: TemplateCount, usual: float) -> bool:
        """Whether more records of a kind than the `usual` number are about requests from outside: none of them is an
        error, and they have a request line or are no more than what is asked for beyond the usual may write."""
        if seen.max_severity >= _ERROR or not self._entrances.is_one(service):
            return False
        return has_request_line(seen.text) or seen.count - usual <= self._beyond(service)

    def _beyond(self, service: ServiceKey) -> float:
        """Records that may be written about units of work that are beyond the usual number of their kind."""
        known, summary = self._baseline.services[service], self._window.services[service]
        seconds = (self._window.end_unix_nano - self._window.start_unix_nano) / 1e9
        beyond = 0.0
        for name, stats in summary.operations.items():
            learned = known.operations.get(name)
            usual = learned.clocked.expected(seconds) if learned is not None else 0.0
            beyond += max(0.0, stats.entries - usual - _CHANCE * math.sqrt(usual + 1.0))
        # Where few traces are kept there is much more work than is seen, of which its ordinary records tell.
        return beyond * max(1.0, known.lines.expected(1.0))
