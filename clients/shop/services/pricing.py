"""Prices and discounts."""

from collections.abc import Sequence

from clients.shop.http_message import Request, Response
from clients.shop.service import Route, Service


class Pricing(Service):
    def routes(self) -> Sequence[Route]:
        return (Route("GET", "/prices/{sku}", self._price),)

    async def _price(self, request: Request) -> Response:
        await self.take_time(0.002)
        cents = self.random.randrange(499, 9999)
        discount = self.random.choice((0, 0, 0, 5, 10))
        self.log.info(f"price of {request.argument} is {cents} cents with {discount} percent discount")
        return Response(200, str(cents * (100 - discount) // 100).encode())
