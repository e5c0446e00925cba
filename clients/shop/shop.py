"""The shop: all its pods, the queue, the customers, and the switches that break it."""

import asyncio
import hashlib
from dataclasses import dataclass
from random import Random
from typing import Self

from clients.shop.directory import Directory
from clients.shop.emitted import Emitted, Ledger
from clients.shop.faults import Fault, FaultBoard
from clients.shop.order_queue import OrderQueue
from clients.shop.pod import Pod, Program
from clients.shop.services.catalog import BAD_VERSION, GOOD_VERSION, Catalog
from clients.shop.services.checkout import Checkout
from clients.shop.services.email import Email
from clients.shop.services.gateway import Gateway
from clients.shop.services.inventory import Inventory
from clients.shop.services.payment import Payment
from clients.shop.services.pricing import Pricing
from clients.shop.services.shipping import Shipping
from clients.shop.telemetry import Destination, PodIdentity
from clients.shop.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Deployment:
    service: str
    version: str
    replicas: int
    program: Program


DEPLOYMENTS = (
    Deployment("email", "1.9.0", 1, Email),
    Deployment("inventory", "4.1.2", 2, Inventory),
    Deployment("pricing", "1.0.7", 1, Pricing),
    Deployment("payment", "3.2.0", 1, Payment),
    Deployment("shipping", "1.4.4", 1, Shipping),
    Deployment("catalog", GOOD_VERSION, 1, Catalog),
    Deployment("checkout", "5.0.3", 2, Checkout),
    Deployment("gateway", "2.2.0", 1, Gateway),
)
_CATALOG = next(deployment for deployment in DEPLOYMENTS if deployment.service == "catalog")


class Shop:
    """Runs on the current event loop. Use it as `async with Shop("127.0.0.1:4317") as shop`, or start and stop it.

    After stop, everything in `emitted` has been handed to the receiver, unless the receiver was not there to take it.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        rate: float = 20.0,
        seed: int = 1,
        environment: str = "demo",
        schedule_delay_seconds: float = 0.5,
    ) -> None:
        """endpoint is the HOST:PORT of an OTLP/gRPC receiver, rate the requests per second at the gateway."""
        self._destination = Destination(endpoint, environment, schedule_delay_seconds)
        self._seed = seed
        self._ledger = Ledger()
        self._directory = Directory()
        self._faults = FaultBoard()
        self._orders = OrderQueue()
        self._traffic = Traffic(self._directory, rate, Random(f"{seed}:traffic"))
        self._pods: list[Pod] = []
        self._pods_made = 0
        self._changing = asyncio.Lock()

    @property
    def emitted(self) -> Emitted:
        return self._ledger.emitted()

    @property
    def requests(self) -> int:
        """Requests of customers so far."""
        return self._traffic.requests

    @property
    def failures(self) -> int:
        """Requests of customers that got a 5xx or no answer."""
        return self._traffic.failures

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Faults that are on now."""
        return self._faults.active

    @property
    def pods(self) -> tuple[PodIdentity, ...]:
        return tuple(pod.identity for pod in self._pods)

    @property
    def waiting_messages(self) -> int:
        """Messages in the queue between checkout and email."""
        return len(self._orders)

    async def start(self) -> None:
        for deployment in DEPLOYMENTS:
            await self._deploy(deployment, deployment.version)
        self._traffic.start()

    async def stop(self) -> None:
        """Customers first, then the pods, each finishing what it has begun."""
        await self._traffic.stop()
        async with self._changing:
            await self._retire(self._pods)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def inject(self, fault: Fault) -> None:
        """Switches a fault on; nothing happens when it is on already."""
        await self._switch(fault, on=True)

    async def heal(self, fault: Fault | None = None) -> None:
        """Switches one fault off, or all of them."""
        for each in (fault,) if fault else self._faults.active:
            await self._switch(each, on=False)

    async def _switch(self, fault: Fault, *, on: bool) -> None:
        async with self._changing:
            if self._faults.is_on(fault) == on:
                return
            self._faults.switch(fault, on=on)
            if fault is Fault.BAD_DEPLOYMENT:
                old = [pod for pod in self._pods if pod.identity.service == "catalog"]
                await self._deploy(_CATALOG, BAD_VERSION if on else GOOD_VERSION)
                await self._retire(old)

    async def _deploy(self, deployment: Deployment, version: str) -> None:
        for _ in range(deployment.replicas):
            pod = Pod(
                PodIdentity(deployment.service, version, self._pod_name(deployment.service, version)),
                deployment.program,
                destination=self._destination,
                ledger=self._ledger,
                directory=self._directory,
                faults=self._faults,
                orders=self._orders,
                random=Random(f"{self._seed}:{deployment.service}:{self._pods_made}"),
            )
            await pod.start()
            self._pods.append(pod)
            self._directory.register(deployment.service, pod.address)

    async def _retire(self, pods: list[Pod]) -> None:
        retired = list(pods)
        for pod in retired:
            self._directory.withdraw(pod.identity.service, pod.address)
            self._pods.remove(pod)
        await asyncio.gather(*(pod.stop() for pod in retired))

    def _pod_name(self, service: str, version: str) -> str:
        """As a Kubernetes deployment would name it: service, hash of what is deployed, and which one it is."""
        self._pods_made += 1
        deployed = hashlib.sha256(f"{service}:{version}".encode()).hexdigest()[:10]
        which = hashlib.sha256(f"{self._seed}:{self._pods_made}".encode()).hexdigest()[:5]
        return f"{service}-{deployed}-{which}"
