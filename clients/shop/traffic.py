"""Customers: requests at the gateway at random moments, from a seed."""

import asyncio
from random import Random

from clients.shop.directory import Directory
from clients.shop.http_client import HttpClient, UnreachableError
from clients.shop.http_message import Request
from clients.shop.order import Order

_CHECKOUT_SHARE = 0.35
_MAX_UNDER_WAY = 200


class Traffic:
    """Poisson arrivals. Customers carry no instrumentation, so every trace begins at the gateway."""

    def __init__(self, directory: Directory, rate: float, random: Random) -> None:
        """rate is requests per second."""
        if rate <= 0:
            raise ValueError(f"rate must be above 0 requests per second, not {rate:g}")
        self._directory = directory
        self._rate = rate
        self._random = random
        self._http = HttpClient(timeout_seconds=10.0)
        self._under_way: set[asyncio.Task[None]] = set()
        self._arrivals: asyncio.Task[None] | None = None
        self.requests = 0
        self.failures = 0

    def start(self) -> None:
        self._arrivals = asyncio.create_task(self._arrive())

    async def stop(self) -> None:
        """Sends nothing new and waits for the answers still to come."""
        if self._arrivals is not None:
            self._arrivals.cancel()
            await asyncio.wait([self._arrivals])
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._http.close()

    async def _arrive(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            due += self._random.expovariate(self._rate)
            await asyncio.sleep(max(0.0, due - clock()))
            request = self._next_request()
            # Customers who find everything stuck go away: the shop must not pile up requests without end.
            if len(self._under_way) < _MAX_UNDER_WAY:
                task = asyncio.create_task(self._send(request))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def _send(self, request: Request) -> None:
        self.requests += 1
        try:
            response = await self._http.send(self._directory.pick("gateway"), request)
        except UnreachableError:
            self.failures += 1
        else:
            self.failures += response.status >= 500

    def _next_request(self) -> Request:
        random = self._random
        sku = f"sku-{random.randrange(1000, 1400)}"
        if random.random() >= _CHECKOUT_SHARE:
            return Request("GET", f"/products/{sku}")
        quantity = random.randrange(1, 5)
        order = Order(
            order_id=f"{random.getrandbits(48):012x}",
            sku=sku,
            quantity=quantity,
            amount_cents=quantity * random.randrange(499, 9999),
            card_network=random.choice(("visa", "mastercard", "amex")),
            card_last_digits=f"{random.randrange(10000):04d}",
            zone=random.choice(("north", "south", "east", "west")),
        )
        return Request("POST", f"/checkout/{order.order_id}", body=order.encode())
