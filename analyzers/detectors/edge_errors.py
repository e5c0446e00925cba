"""Calls that fail for their caller although the callee knows nothing of it: refused, lost, or answered too late."""

from dataclasses import dataclass
from ipaddress import ip_address

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from analyzers.unanswered import Pair, Unanswered, unanswered

# Event time, in nanoseconds.
_SEASONED = 120_000_000_000


@dataclass(frozen=True, slots=True)
class EdgeErrorsConfig:
    threshold: float = 2.5
    tolerance: float = 0.15


class EdgeErrors:
    """Reported about the callee: it is down, out of reach or too slow, or sends no spans that would tell."""

    name = "edge_errors"

    def __init__(self, config: EdgeErrorsConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        found, looked_at = unanswered(window, baseline, self._config.tolerance)
        findings = []
        known = baseline.services.keys() | {edge.server for edge in baseline.edges} if found else set()
        for pair, calls in sorted(found.items(), key=lambda item: item[0]):
            # What its caller didn't wait for is told of the caller, by `EarlyTimeout`.
            if not calls.early and (surprise := calls.surprise(self._config.tolerance)) >= self._config.threshold:
                new = pair[1] not in known and not _is_address(pair[1].name) and _seasoned(pair[0], baseline)
                findings.append(self._told(pair, calls, surprise, window, new))
        return among(findings, looked_at)

    def _told(self, pair: Pair, calls: Unanswered, surprise: float, window: Summary, new: bool) -> Anomaly:
        client, server = pair
        expected = calls.usual.expected(calls.calls)
        return Anomaly(
            service=server,
            detector=self.name,
            subject=f"{client.name} -> {server.name}",
            surprise=surprise,
            observed=calls.failed / calls.calls,
            expected=expected / calls.calls,
            unit="share of calls",
            start_unix_nano=window.start_unix_nano,
            end_unix_nano=window.end_unix_nano,
            description=(
                f"{calls.failed} calls from {client.name} to {server.name} failed without an answer,"
                f" where {usual(expected)}"
            ),
            peer=client,
            trace_ids=tuple(item.trace_id for item in calls.examples),
            onset_unix_nano=window.start_unix_nano,
            new_name=new,
        )


def _seasoned(client: ServiceKey, baseline: Baseline) -> bool:
    """Whether it is known for so long that whom it calls now and then is known too."""
    return baseline.services[client].learned >= _SEASONED


def _is_address(name: str) -> bool:
    """Whoever is started anew has another one, which is nobody's mistake."""
    host, _, port = name.rpartition(":")
    try:
        ip_address(host if host and port.isdigit() else name)
    except ValueError:
        return False
    return True
