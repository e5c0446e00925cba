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
        found: dict[EdgeKey, Anomaly] = {}
        looked_at = 0
        waiting = waiting_time(window)
        for edge, stats in window.edges.items():
            known = baseline.edges.get(edge)
            if known is None or edge.asynchronous or (edge.inferred and _speaks(edge.server, window)):
                continue
            looked_at += 1
            if edge.inferred:
                learned, seen = known.duration, stats.duration
            else:
                learned, seen = known.gap, stats.gap
            surprise = learned.surprise(seen, self._config.tolerance)
            if surprise >= self._config.threshold and (repeated := known.repeated(stats)):
                # However many calls a single job makes, they are slow for one reason.
                surprise = learned.surprise(seen.without_slowest(repeated), self._config.tolerance)
            surprise = max(surprise, learned.lasting(stats.slow, stats.timed))
            if surprise >= self._config.threshold:
                found[edge] = self._told(edge, learned, seen, surprise, window, waiting)
        return among((finding for _, finding in sorted(found.items())), looked_at)

    def _told(
        self, edge: EdgeKey, known: Latency, seen: Sketch, surprise: float, window: Summary, waiting: float
    ) -> Anomaly:
        if edge.inferred:
            wording = f"calls of {edge.server.name} take"
        else:
            wording = f"between {edge.client.name} and {edge.server.name} lie"
        extra = seen.total() - seen.count * known.typical
        observed, typical = seen.quantile(0.5) / 1e6, known.typical / 1e6
        return Anomaly(
            service=edge.server,
            detector=self.name,
            subject=f"{edge.client.name} -> {edge.server.name}",
            surprise=felt(surprise, extra, waiting),
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
