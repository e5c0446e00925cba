"""Calls to other services, instrumented as an HTTP client library would be."""

import asyncio

from opentelemetry.trace import SpanKind

from clients.shop.directory import Directory
from clients.shop.faults import FaultBoard
from clients.shop.http_client import HttpClient, UnreachableError
from clients.shop.http_message import Request, Response
from clients.shop.telemetry import Telemetry, fail, inject_context


class UpstreamError(Exception):
    """Another service gave no answer, or one that says it failed."""


class Peers:
    """The other services as one service sees them."""

    def __init__(
        self, caller: str, telemetry: Telemetry, directory: Directory, http: HttpClient, faults: FaultBoard
    ) -> None:
        self._caller = caller
        self._telemetry = telemetry
        self._directory = directory
        self._http = http
        self._faults = faults

    async def call(self, service: str, method: str, template: str, argument: str, body: bytes = b"") -> Response:
        """Sends a request; argument fills the template's {placeholder}. Raises UpstreamError, also for a 5xx."""
        path = template[: template.index("{")] + argument
        attributes = {
            "http.request.method": method,
            "url.template": template,
            "url.full": f"http://{service}{path}",
            "server.address": service,
            "network.protocol.version": "1.1",
        }
        with self._telemetry.span(f"{method} {template}", SpanKind.CLIENT, attributes) as span:
            try:
                address = self._directory.pick(service)
                span.set_attribute("server.port", address[1])
                # The caller's clock already runs, the callee's doesn't yet: a slow network looks just like this.
                await asyncio.sleep(self._faults.edge_delay_seconds(self._caller, service))
                response = await self._http.send(address, Request(method, path, inject_context(), body))
            except UnreachableError as error:
                raise UpstreamError(f"{method} {path} at {service}: {error}") from error
            span.set_attribute("http.response.status_code", response.status)
            # For a client every 4xx and 5xx is a failure; for the server only the latter are.
            if response.status >= 400:
                fail(span, str(response.status))
        if response.status >= 500:
            reason = response.body.decode(errors="replace")
            raise UpstreamError(f"{service} answered {response.status} to {method} {path}: {reason}")
        return response
