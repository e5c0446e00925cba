"""The front door: every request of a customer comes in here."""

from collections.abc import Sequence

from clients.shop.http_message import Request, Response
from clients.shop.order import Order
from clients.shop.peers import UpstreamError
from clients.shop.service import BadGatewayError, Route, Service


class Gateway(Service):
    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/products/{sku}", self._show_product),
            Route("POST", "/checkout/{order}", self._check_out),
        )

    async def _show_product(self, request: Request) -> Response:
        session = f"{self.random.getrandbits(32):08x}"
        self.log.info(f"session {session} asks for product {request.argument}")
        await self.take_time(0.001)
        try:
            response = await self.site.peers.call("catalog", "GET", "/products/{sku}", request.argument)
        except UpstreamError as error:
            self.log.error(f"product page {request.argument} could not be built for session {session}")
            raise BadGatewayError(str(error)) from error
        self.log.info(f"product page {request.argument} sent to session {session}, {len(response.body)} bytes")
        return response

    async def _check_out(self, request: Request) -> Response:
        order = Order.decode(request.body)
        self.log.info(f"checkout of order {order.order_id} with {order.quantity} items begins")
        await self.take_time(0.001)
        try:
            response = await self.site.peers.call("checkout", "POST", "/orders/{order}", order.order_id, request.body)
        except UpstreamError as error:
            self.log.error(f"checkout of order {order.order_id} failed upstream: {error}")
            self.log.error(f"customer of order {order.order_id} was shown the error page")
            raise BadGatewayError(str(error)) from error
        self.log.info(f"checkout of order {order.order_id} ended with status {response.status}")
        return response
