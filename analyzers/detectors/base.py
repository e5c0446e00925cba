"""What a detector is."""

from typing import Protocol

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.summary import Summary


class Detector(Protocol):
    """One way in which a window can depart from normal.

    `detect` is a pure function: it keeps nothing, changes neither argument, and the same arguments give the same
    findings in the same order. It reports what is at least as surprising as its threshold and nothing about services
    or things of which nothing is known, unless being unknown is what it looks for.
    """

    @property
    def name(self) -> str:
        """Registered name, as in `Anomaly.detector`."""
        ...

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]: ...
