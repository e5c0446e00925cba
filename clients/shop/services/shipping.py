"""Books shipments with a carrier that is not always there: the shop's everyday errors come from here."""

from collections.abc import Sequence

from clients.shop.http_message import Request, Response
from clients.shop.order import Order
from clients.shop.service import RequestError, Route, Service

_CARRIER_FAILURE_SHARE = 0.01


class CarrierTimeoutError(RequestError):
    """The carrier did not answer in time."""

    status = 503


class Shipping(Service):
    def routes(self) -> Sequence[Route]:
        return (Route("POST", "/shipments/{order}", self._ship),)

    async def _ship(self, request: Request) -> Response:
        order = Order.decode(request.body)
        await self.take_time(0.005)
        if self.random.random() < _CARRIER_FAILURE_SHARE:
            raise CarrierTimeoutError(f"carrier gave no slot for order {order.order_id} in zone {order.zone}")
        days = self.random.randrange(1, 6)
        self.log.info(f"shipment of order {order.order_id} to zone {order.zone} booked, {days} days")
        return Response(201, b"booked")
