"""What probes, scrapers and `hypocenter status` read."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.web.status import StatusView


class Probes:
    def __init__(
        self, status: Callable[[], StatusView], ready: Callable[[], bool], registry: CollectorRegistry
    ) -> None:
        self._status = status
        self._ready = ready
        self._registry = registry

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/status", self.status),
            Route("/metrics", self.metrics),
        ]

    # Plain functions, not coroutines: Starlette runs them in threads, so that a slow one does not hold up the rest.

    def healthz(self, request: Request) -> Response:
        """200 as long as the process answers at all."""
        status = self._status()
        body = {
            "alive": True,
            "version": status.version,
            "balanced": status.balanced,
            "equation": status.equation,
            "catching_up": status.progress.catching_up,
            "behind_seconds": status.progress.behind_seconds,
        }
        return JSONResponse(body)

    def readyz(self, request: Request) -> Response:
        ready = self._ready()
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    def status(self, request: Request) -> Response:
        return JSONResponse(self._status().to_json())

    def metrics(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), headers={"Content-Type": content_type})
