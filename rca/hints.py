"""Where nothing speaks loudly: what little there is of services that no finding names."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence, RootCause
from rca.graph import Topology
from rca.weights import RankingSettings, signal_of, strength


def told(anomalies: Iterable[Anomaly], settings: RankingSettings | None = None) -> tuple[Anomaly, ...]:
    """Those surprising enough to be told by themselves."""
    least = (settings or RankingSettings()).told
    return tuple(item for item in anomalies if abs(item.surprise) >= least)


def hinted(
    hints: Sequence[Anomaly], found: Collection[ServiceKey], topology: Topology, settings: RankingSettings
) -> list[RootCause]:
    """A candidate for each service that has hints and nothing else. The strongest of its hints counts alone: many small
    departures are what chance brings."""
    by_service: dict[ServiceKey, list[Anomaly]] = defaultdict(list)
    for item in hints:
        if item.service not in found:
            by_service[item.service].append(item)
    candidates = []
    for service, group in sorted(by_service.items()):
        worth = {item.anomaly_id: _worth(item, settings) for item in group}
        top = max(group, key=lambda item: (worth[item.anomaly_id], item.anomaly_id))
        evidence = Evidence(
            signal=signal_of(top),
            contribution=worth[top.anomaly_id],
            description=f"{top.description} (a hint: by itself no more than chance may bring)",
            trace_ids=top.trace_ids,
            template_id=top.template_id,
        )
        candidates.append(
            RootCause(
                service=service,
                evidence=(evidence,),
                hypothesis=f"{service.name} departs a little from normal: {top.description}",
                path=topology.path(service, found),
                onset_unix_nano=top.onset_unix_nano,
            )
        )
    return candidates


def _worth(hint: Anomaly, settings: RankingSettings) -> float:
    return settings.hint * settings.weights.get(signal_of(hint), 0.5) * strength(hint.surprise)
