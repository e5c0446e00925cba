"""An order on its way through the shop."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Order:
    order_id: str
    sku: str
    quantity: int
    amount_cents: int
    card_network: str
    card_last_digits: str
    zone: str

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        return cls(**json.loads(body))
