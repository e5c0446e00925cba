"""A Collector that feeds Hypocenter, and what it says about itself."""

import math
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.benchmarks.go_collector import GoCollector, go_collector
from tests.collector.build import collector_binary
from tests.collector.collector_process import free_ports

_CONFIG = Path(__file__).with_name("feeding.yaml")
_CALL = "rpc_client_call_duration_bucket"


@dataclass(frozen=True, slots=True)
class Feeding:
    """`collector` takes OTLP and passes it on in batches, compressed."""

    collector: GoCollector
    metrics_port: int

    def total(self, metric: str) -> int:
        """Sum over a counter's series."""
        return int(sum(value for name, _, value in self._samples() if name in (metric, f"{metric}_total")))

    def calls(self) -> dict[float, float]:
        """How many of its exports took at most that many seconds, by ascending bound."""
        found: dict[float, float] = {}
        for name, labels, value in self._samples():
            if name == _CALL:
                bound = float(labels["le"])
                found[bound] = found.get(bound, 0.0) + value
        return dict(sorted(found.items()))

    def _samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        return ((sample.name, sample.labels, sample.value) for family in families for sample in family.samples)


@contextmanager
def feeding(hypocenter: str, cores: frozenset[int]) -> Iterator[Feeding]:
    """Raises GoMissingError or BuildFailedError."""
    port = free_ports(1)[0]
    settings = {"COLLECTOR_HYPOCENTER": hypocenter, "COLLECTOR_METRICS_PORT": str(port)}
    with go_collector(collector_binary(), [_CONFIG], cores, settings) as collector:
        yield Feeding(collector, port)


def quantile(buckets: dict[float, float], share: float) -> float:
    """The least bound that so large a share does not exceed; infinite when that is beyond the last, 0 of nothing."""
    whole = buckets.get(math.inf, 0.0)
    return next((bound for bound, below in buckets.items() if below >= share * whole), math.inf) if whole else 0.0
