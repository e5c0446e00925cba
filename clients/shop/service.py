"""What every service of the shop is made of."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

from clients.shop.faults import FaultBoard
from clients.shop.http_message import Request, Response
from clients.shop.order_queue import OrderQueue
from clients.shop.peers import Peers
from clients.shop.telemetry import Telemetry

Handler = Callable[[Request], Awaitable[Response]]


class RequestError(Exception):
    """A handler could not do what was asked. The pod logs it and answers with the status."""

    status = 500


class BadGatewayError(RequestError):
    """It failed because a service behind it did."""

    status = 502


@dataclass(frozen=True, slots=True)
class Route:
    """pattern is a path whose last segment may be a {placeholder}."""

    method: str
    pattern: str
    handler: Handler

    def argument(self, request: Request) -> str | None:
        """What the placeholder matched, or None when the request is not for this route."""
        prefix, placeholder, _ = self.pattern.partition("{")
        if request.method != self.method or not request.path.startswith(prefix):
            return None
        rest = request.path[len(prefix) :]
        return rest if "/" not in rest and bool(rest) == bool(placeholder) else None


@dataclass(frozen=True, slots=True)
class Site:
    """What a pod gives to the program that runs in it."""

    version: str
    telemetry: Telemetry
    peers: Peers
    faults: FaultBoard
    orders: OrderQueue
    random: Random


class Service:
    """A program. Override routes to answer requests, work to do something unasked."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.log = site.telemetry
        self.random = site.random

    def routes(self) -> Sequence[Route]:
        return ()

    async def work(self) -> None:
        """Runs in the background for as long as the pod does."""

    async def take_time(self, median_seconds: float) -> float:
        """Takes about that long, now and then several times as long. Returns how long, in seconds."""
        seconds = median_seconds * self.random.lognormvariate(0, 0.3)
        await asyncio.sleep(seconds)
        return seconds
