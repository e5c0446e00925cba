"""The port on which the API is served."""

from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from hypocenter.v1 import (
    incident_service_pb2,
    incident_service_pb2_grpc,
    log_service_pb2,
    log_service_pb2_grpc,
    root_cause_service_pb2,
    root_cause_service_pb2_grpc,
)

from server.api.backend import Backend
from server.api.incident_service import IncidentService
from server.api.incident_watch import WatchBudget
from server.api.limits import ApiLimits
from server.api.log_service import LogService
from server.api.root_cause_service import RootCauseService
from server.api.seated import Seated
from server.api.supervision import Supervision
from server.journal.raw_lines import RawLineReader
from server.listening import bind_grpc
from server.seats import Seats
from server.security.grpc_guard import GrpcGuard
from server.security.guards import UNGUARDED, DoorGuard
from server.security.roles import role_for_api

# Threads beyond those that are worked in, for calls whose messages are waited for.
_WAITING = 56

SERVICES: tuple[str, ...] = tuple(
    descriptor.full_name
    for file in (incident_service_pb2, log_service_pb2, root_cause_service_pb2)
    for descriptor in file.DESCRIPTOR.services_by_name.values()
)


class ApiServer:
    """The API of `backend` at one address, with health and reflection. Started and stopped once."""

    def __init__(
        self,
        backend: Backend,
        address: str,
        *,
        workers: int = 8,
        max_analyze_records: int = 100_000,
        limits: ApiLimits = ApiLimits(),  # noqa: B008 - frozen
        guard: DoorGuard = UNGUARDED,
        raw_lines: RawLineReader | None = None,
        message_wait: float = 30.0,
    ) -> None:
        """`address` is HOST:PORT, port 0 for any free one. `workers` are the calls that are served at a time beside the
        watches. A call is ended when its message has not come within `message_wait` seconds.

        Logs are searched in `raw_lines` too.
        """
        self._address = address
        self._tls = guard.tls.grpc if guard.tls else None
        self._budget = WatchBudget(limits.watches)
        self._health = health.HealthServicer()
        # A watch keeps its seat; with one for each there are always `workers` left for calls that end.
        seats = workers + limits.watches
        self._seats = Seats(seats, message_wait)
        threads = seats + _WAITING
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="api")
        self._server = grpc.server(
            self._executor,
            interceptors=[
                *([GrpcGuard(guard.gatekeeper, role_for_api)] if guard.gatekeeper else []),
                Seated(self._seats),
                Supervision("/hypocenter."),
            ],
            options=_options(limits),
            maximum_concurrent_rpcs=threads + limits.waiting_calls,
        )
        incident_service_pb2_grpc.add_IncidentServiceServicer_to_server(
            IncidentService(backend, self._budget), self._server
        )
        log_service_pb2_grpc.add_LogServiceServicer_to_server(
            LogService(backend, max_analyze_records, limits, raw_lines), self._server
        )
        root_cause_service_pb2_grpc.add_RootCauseServiceServicer_to_server(RootCauseService(backend), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.set_serving()

    def start(self) -> str:
        """Listen, and return HOST:PORT as bound. Raises `server.listening.AddressError`."""
        address = bind_grpc(self._server, self._address, "api.grpc", self._tls)
        self._seats.start()
        self._server.start()
        return address

    def set_serving(self) -> None:
        """Tell health checks, overall and for each service, that calls are welcome; so it is from the start."""
        self._tell(health_pb2.HealthCheckResponse.SERVING)

    def set_not_serving(self) -> None:
        """Tell health checks to send nothing; calls are answered all the same."""
        self._tell(health_pb2.HealthCheckResponse.NOT_SERVING)

    def stop(self, grace: float) -> None:
        """End: no new calls, watches told to go elsewhere, others given `grace` seconds. Safe to call again."""
        self._health.enter_graceful_shutdown()
        self._budget.stop()
        self._server.stop(grace).wait()
        self._seats.stop()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _tell(self, status: int) -> None:
        for service in ("", *SERVICES):
            self._health.set(service, status)


def _options(limits: ApiLimits) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", limits.message_bytes),
        # Two servers on one port would share the calls between them.
        ("grpc.so_reuseport", 0),
        # grpcio cuts clients that ping more often than every five minutes; ours may, every ten seconds.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        # Readers that vanished without a word are noticed within this time.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
    ]
