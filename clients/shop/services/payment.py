"""Charges cards."""

from collections.abc import Sequence

from clients.shop.faults import Fault
from clients.shop.http_message import Request, Response
from clients.shop.order import Order
from clients.shop.service import RequestError, Route, Service

_FAILING_SHARE = 0.7
_DECLINED_SHARE = 0.01


class CardRoutingError(RequestError):
    """No acquirer is known for the card."""


class Payment(Service):
    def routes(self) -> Sequence[Route]:
        return (Route("POST", "/charges/{order}", self._charge),)

    async def _charge(self, request: Request) -> Response:
        order = Order.decode(request.body)
        self.log.info(
            f"charging {order.amount_cents} cents to {order.card_network} card ending {order.card_last_digits} "
            f"for order {order.order_id}"
        )
        seconds = await self.take_time(0.008)
        if self.site.faults.is_on(Fault.LEAF_EXCEPTION) and self.random.random() < _FAILING_SHARE:
            raise CardRoutingError(f"no acquirer in routing table for {order.card_network}, order {order.order_id}")
        if self.random.random() < _DECLINED_SHARE:
            self.log.warn(f"charge for order {order.order_id} declined by {order.card_network}")
            return Response(402, b"declined")
        self.log.info(f"charge for order {order.order_id} authorised in {seconds * 1000:.1f} ms")
        return Response(200, b"authorised")
