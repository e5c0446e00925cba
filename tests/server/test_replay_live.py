"""Replay equals live, over the wire: a running server comes to what the same rows give offline, at any speed."""

import time
from collections.abc import Sequence

import grpc
from hypocenter.v1.incident_pb2 import Incident as IncidentMessage

from clients.replay import Case, OtlpSender, Pace, WallClock, replay, to_otlp_requests
from rca.incident import Incident
from server.config import SECOND, BaselineConfig, Config, StoreConfig, WindowConfig
from server.evaluation.online import run_online
from tests.conftest import StartServer
from tests.running_server import RunningServer
from tests.server.outage import CULPRIT, Outage, record

# Windows small enough for an outage that can be waited for.
CONFIG = Config(
    window=WindowConfig(duration=5 * SECOND, lateness=2 * SECOND),
    baseline=BaselineConfig(min_history=5 * SECOND),
    store=StoreConfig(kind="memory"),
)
SETTINGS = {
    "HYPOCENTER_WINDOW__DURATION": "5s",
    "HYPOCENTER_WINDOW__LATENESS": "2s",
    # Longer than any pause between two batches, as it has to be in production.
    "HYPOCENTER_WINDOW__IDLE": "2s",
    "HYPOCENTER_BASELINE__MIN_HISTORY": "5s",
    "HYPOCENTER_STORE__KIND": "memory",
}
Conclusion = tuple[str, list[tuple[str, float]]]


def offline(case: Case) -> list[Conclusion]:
    # All logs of a batch leave before its spans: it must be shorter than the lateness.
    return [_offline(item) for item in run_online(case, None, CONFIG, batch_size=100).incidents]


def _offline(incident: Incident) -> Conclusion:
    assert incident.diagnosis is not None
    causes = incident.diagnosis.root_causes
    return incident.name, [(cause.service.name, round(cause.score, 6)) for cause in causes]


def online(incidents: Sequence[IncidentMessage]) -> list[Conclusion]:
    return [
        (item.name, [(cause.service_name, round(cause.score, 6)) for cause in item.diagnosis.root_causes])
        for item in incidents
    ]


def played(server: RunningServer, case: Case, speed: float | None, *, shuffle_nano: int = 0) -> list[Conclusion]:
    """What the server comes to when sent the case; every row must have been counted."""
    assert case.first_unix_nano is not None
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        batches = to_otlp_requests(case, batch_size=200, batch_nano=SECOND // 2, shuffle_nano=shuffle_nano, seed=1)
        totals = replay(batches, OtlpSender(channel, gzip=True), Pace(speed, case.first_unix_nano, WallClock()))
    assert totals.rejected == 0
    server.settle()
    status = server.status()
    counted = {name: (status[name]["received"], status[name]["counted"]) for name in ("logs", "traces")}
    assert counted == {"logs": (len(case.logs),) * 2, "traces": (len(case.spans),) * 2}
    assert status["balanced"] is True
    return online(server.incidents())


def test_at_full_speed_in_another_order(start_server: StartServer) -> None:
    """As a Collector delivers its backlog after an outage of its own."""
    case = record(Outage(normal=60, fault=20, rate=20))
    expected = offline(case)
    assert [ranking[0][0] for _, ranking in expected] == [CULPRIT]
    assert played(start_server(SETTINGS), case, None, shuffle_nano=CONFIG.window.lateness) == expected


def test_at_the_speed_it_happened(start_server: StartServer) -> None:
    """As the failure goes on: every record is sent about when it says it happened."""
    server = start_server(SETTINGS)
    # From the beginning of a window, so that the fault always fills one.
    start = time.time_ns() // CONFIG.window.duration * CONFIG.window.duration
    case = record(Outage(normal=10, fault=6, rate=40, start_unix_nano=start))
    expected = offline(case)
    assert [ranking[0][0] for _, ranking in expected] == [CULPRIT]
    begun = time.monotonic()
    assert played(server, case, 1.0) == expected
    assert time.monotonic() - begun > 15
    assert server.status()["logs"]["late"] == server.status()["traces"]["late"] == 0
    assert server.metric("hypocenter_mended_times_total") == 0
