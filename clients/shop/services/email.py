"""Takes confirmed orders from the queue and writes to the customer."""

from opentelemetry.trace import SpanKind

from clients.shop.faults import Fault
from clients.shop.order_queue import QUEUE_NAME, Message
from clients.shop.service import Service
from clients.shop.telemetry import extract_context


class Email(Service):
    async def work(self) -> None:
        while True:
            await self.site.orders.until_waiting()
            await self.site.faults.until_off(Fault.SILENT_CONSUMER)
            await self._confirm(self.site.orders.take())

    async def _confirm(self, message: Message) -> None:
        attributes = {
            "messaging.system": "shop_queue",
            "messaging.destination.name": QUEUE_NAME,
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.message.id": message.message_id,
        }
        parent = extract_context(message.headers)
        with self.log.span(f"process {QUEUE_NAME}", SpanKind.CONSUMER, attributes, parent=parent):
            self.log.info(f"writing confirmation of order {message.order_id}")
            seconds = await self.take_time(0.01)
            self.log.info(f"confirmation of order {message.order_id} sent in {seconds * 1000:.1f} ms")
