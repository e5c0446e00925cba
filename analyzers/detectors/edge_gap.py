"""The caller sees a slow call, the callee does not: the time is lost between the two."""

from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.impact import cost, felt, waiting_time
from analyzers.detectors.wording import milliseconds
from analyzers.latencies import Latency
from analyzers.service import ServiceKey
from analyzers.sketch import Sketch
from analyzers.summary import EdgeKey, Summary


@dataclass(frozen=True, slots=True)
class EdgeGapConfig:
    threshold: float = 2.5
    tolerance: float = 0.2


def _speaks(service: ServiceKey, window: Summary) -> bool:
    """Whether it sends spans: then the halves of its calls that find no other half are long for any reason."""
    seen = window.services.get(service)
    return seen is not None and seen.spans > 0


class EdgeGap:
    """Reported about the callee: its network, its accept queue, or itself before its first span begins.

    An edge to a peer that sends no spans has only the caller's half; there the whole duration is what is compared.
    """

    name = "edge_gap"

    def __init__(self, config: EdgeGapConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        for edge, stats in sorted(window.edges.items()):
            known = baseline.edges.get(edge)
            if known is None or edge.asynchronous or (edge.inferred and _speaks(edge.server, window)):
                continue
            looked_at += 1
            if edge.inferred:
                finding = self._compare(
                    edge, known.duration, stats.duration, window, f"calls of {edge.server.name} take"
                )
            else:
                finding = self._compare(
                    edge, known.gap, stats.gap, window, f"between {edge.client.name} and {edge.server.name} lie"
                )
            if finding is not None:
                findings.append(finding)
        return among(findings, looked_at)

    def _compare(self, edge: EdgeKey, known: Latency, seen: Sketch, window: Summary, wording: str) -> Anomaly | None:
        surprise = known.surprise(seen, self._config.tolerance)
        if surprise < self._config.threshold:
            return None
        extra, waiting = seen.total() - seen.count * known.typical, waiting_time(window)
        surprise = felt(surprise, extra, waiting)
        observed, typical = seen.quantile(0.5) / 1e6, known.typical / 1e6
        return Anomaly(
            service=edge.server,
            detector=self.name,
            subject=f"{edge.client.name} -> {edge.server.name}",
            surprise=surprise,
            observed=observed,
            expected=typical,
            unit="ms",
            start_unix_nano=window.start_unix_nano,
            end_unix_nano=window.end_unix_nano,
            description=(
                f"{wording} {milliseconds(seen.quantile(0.5))}, and {milliseconds(seen.quantile(0.95))} at its slowest,"
                f" where {milliseconds(known.typical)} are usual"
            ),
            peer=edge.client,
            trace_ids=tuple(item.trace_id for item in window.edges[edge].slowest),
            onset_unix_nano=window.start_unix_nano,
            cost=cost(extra, waiting),
        )
