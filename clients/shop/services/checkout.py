"""Orders: reserve, charge, ship, store, confirm."""

from collections.abc import Sequence

from opentelemetry.trace import SpanKind

from clients.shop.http_message import Request, Response
from clients.shop.order import Order
from clients.shop.order_queue import QUEUE_NAME, Message
from clients.shop.peers import UpstreamError
from clients.shop.service import BadGatewayError, Route, Service
from clients.shop.telemetry import Attributes, inject_context

_INSERT = "INSERT INTO orders (id, sku, quantity, amount_cents) VALUES (?, ?, ?, ?)"
_DEADLOCK_SHARE = 0.01


class OrderRejectedError(BadGatewayError):
    """The order could not be completed because a service behind checkout failed."""


class Checkout(Service):
    def routes(self) -> Sequence[Route]:
        return (Route("POST", "/orders/{order}", self._place),)

    async def _place(self, request: Request) -> Response:
        order = Order.decode(request.body)
        self.log.info(f"order {order.order_id} received: {order.quantity} of {order.sku}")
        await self.take_time(0.002)
        try:
            await self._call(order, "inventory", "/reservations/{order}")
            charge = await self._call(order, "payment", "/charges/{order}")
        except UpstreamError as error:
            self.log.error(f"order {order.order_id} cannot be completed: {error}", error)
            self.log.error(f"rolling back order {order.order_id}, releasing {order.quantity} of {order.sku}")
            raise OrderRejectedError(f"order {order.order_id} rejected") from error
        if charge.status == 402:
            self.log.warn(f"order {order.order_id} not paid, card declined")
            return charge
        await self._arrange_shipping(order)
        await self._store(order)
        self._publish(order)
        self.log.info(f"order {order.order_id} confirmed for {order.amount_cents} cents")
        return Response(201, b"confirmed")

    async def _call(self, order: Order, service: str, template: str) -> Response:
        return await self.site.peers.call(service, "POST", template, order.order_id, order.encode())

    async def _arrange_shipping(self, order: Order) -> None:
        try:
            await self._call(order, "shipping", "/shipments/{order}")
        except UpstreamError:
            self.log.warn(f"no shipment yet for order {order.order_id}, it will be arranged by hand")

    async def _store(self, order: Order) -> None:
        """The database sends no telemetry: all that is known of it is what this span says."""
        attributes: Attributes = {
            "db.system.name": "postgresql",
            "db.namespace": "orders",
            "db.operation.name": "INSERT",
            "db.collection.name": "orders",
            "db.query.text": _INSERT,
            "server.address": "orders-db",
            "server.port": 5432,
        }
        with self.log.span("INSERT orders", SpanKind.CLIENT, attributes):
            await self.take_time(0.004)
        if self.random.random() < _DEADLOCK_SHARE:
            self.log.warn(f"deadlock while storing order {order.order_id}, trying again")
            with self.log.span("INSERT orders", SpanKind.CLIENT, attributes):
                await self.take_time(0.004)
        self.log.info(f"order {order.order_id} stored")

    def _publish(self, order: Order) -> None:
        message_id = f"{self.random.getrandbits(64):016x}"
        attributes = {
            "messaging.system": "shop_queue",
            "messaging.destination.name": QUEUE_NAME,
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.message.id": message_id,
        }
        with self.log.span(f"send {QUEUE_NAME}", SpanKind.PRODUCER, attributes):
            self.site.orders.publish(Message(message_id, order.order_id, inject_context()))
            self.log.info(f"confirmation of order {order.order_id} queued as message {message_id}")
