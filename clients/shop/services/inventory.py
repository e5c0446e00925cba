"""Stock and reservations."""

import asyncio
import hashlib
from collections.abc import Sequence

from clients.shop.faults import Fault
from clients.shop.http_message import Request, Response
from clients.shop.order import Order
from clients.shop.service import Route, Service

_SCAN_SECONDS = 0.25
_SCAN_ROUNDS = 200


class Inventory(Service):
    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/stock/{sku}", self._stock),
            Route("POST", "/reservations/{order}", self._reserve),
        )

    async def _stock(self, request: Request) -> Response:
        await self._look_up(request.argument)
        count = self.random.randrange(2, 200)
        self.log.info(f"stock of {request.argument} is {count} in warehouse {self.random.choice(('east', 'west'))}")
        if count < 5:
            self.log.warn(f"stock of {request.argument} is low, {count} left")
        return Response(200, str(count).encode())

    async def _reserve(self, request: Request) -> Response:
        order = Order.decode(request.body)
        await self._look_up(order.sku)
        self.log.info(f"reserved {order.quantity} of {order.sku} for order {order.order_id}")
        return Response(200, b"reserved")

    async def _look_up(self, sku: str) -> None:
        await self.take_time(0.004)
        if self.site.faults.is_on(Fault.SLOW_DEPENDENCY):
            # Some real work, and mostly waiting: all pods share one thread, and only this one is to be slow.
            digest = sku.encode()
            for _ in range(_SCAN_ROUNDS):
                digest = hashlib.sha256(digest).digest()
            await asyncio.sleep(_SCAN_SECONDS * self.random.uniform(0.8, 1.2))
