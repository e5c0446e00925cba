"""A queue that fills: what is produced into it is no longer consumed."""

from collections.abc import Iterable
from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.queues import produced, sends, sent_into
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, Summary


@dataclass(frozen=True, slots=True)
class ConsumptionConfig:
    threshold: float = 2.5
    # Messages under way at the ends of a window are counted on one side only.
    tolerance: float = 0.25


class Consumption:
    """Reported about the consumer: whoever produces does as ever. Held against what is produced into the very queue,
    so that neither load nor a producer that fails is a finding; and falls only: a queue that empties is none."""

    name = "consumption"

    def __init__(self, config: ConsumptionConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        if baseline.silent(window):
            return []
        sent = produced(window)
        told = {edge.server for edge in baseline.edges if edge.consumed}
        sending: dict[ServiceKey, list[EdgeKey]] = {}
        for edge in filter(sends, baseline.edges):
            sending.setdefault(edge.client, []).append(edge)
        findings = []
        looked_at = 0
        for edge, known in sorted(baseline.edges.items()):
            if edge.consumed:
                messages = float(sent_into(edge.client, sent))
                of = f"the {messages:.0f} produced into it"
            elif edge.asynchronous and not edge.inferred and edge.server not in told:
                # A consumer that does not say so: known by the spans of the messages it works on.
                messages = _work_of_producer(edge.client, sending.get(edge.client, ()), window, baseline)
                of = "the work that produces them"
            else:
                continue
            if not messages:
                continue
            looked_at += 1
            stats = window.edges.get(edge) or EdgeStats()
            surprise = known.calls.surprise(stats.calls, messages, self._config.tolerance)
            if surprise > -self._config.threshold:
                continue
            expected = known.calls.expected(messages)
            findings.append(
                Anomaly(
                    service=edge.server,
                    detector=self.name,
                    subject=edge.client.name,
                    surprise=surprise,
                    observed=stats.calls / messages,
                    expected=expected / messages,
                    unit="consumed per message produced" if edge.consumed else "consumed per unit of work",
                    start_unix_nano=window.start_unix_nano,
                    end_unix_nano=window.end_unix_nano,
                    description=(
                        f"{stats.calls} messages consumed from {edge.client.name} where {usual(expected)} for {of}"
                    ),
                    peer=edge.client,
                    trace_ids=tuple(item.trace_id for item in stats.slowest),
                    onset_unix_nano=window.start_unix_nano,
                )
            )
        return among(findings, looked_at)


def _work_of_producer(producer: ServiceKey, sending: Iterable[EdgeKey], window: Summary, baseline: Baseline) -> float:
    """Its units of work; only the share of them after which messages were sent, where it says that it sends them."""
    seen = window.services.get(producer)
    work = float(seen.entries) if seen is not None else 0.0
    usually = actually = 0.0
    for edge in sending:
        usually += baseline.edges[edge].calls.expected(work)
        sent = window.edges.get(edge)
        actually += sent.calls if sent is not None else 0
    return work * min(1.0, actually / usually) if usually else work
