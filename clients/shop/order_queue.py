"""The queue between checkout and email. It lives in the process; the trace context travels in the message."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

QUEUE_NAME = "order-confirmations"
_MAX_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Message:
    message_id: str
    order_id: str
    headers: Mapping[str, str]


class OrderQueue:
    """First in, first out. When nobody takes, the oldest of 10,000 waiting messages is forgotten."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=_MAX_WAITING)
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def publish(self, message: Message) -> None:
        self._messages.append(message)
        self._arrived.set()

    async def until_waiting(self) -> None:
        """Returns when at least one message waits."""
        while not self._messages:
            self._arrived.clear()
            await self._arrived.wait()

    def take(self) -> Message:
        """The oldest message. Raises IndexError when none waits."""
        return self._messages.popleft()
