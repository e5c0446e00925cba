"""How many records Hypocenter says it has received, from its /status page."""

import json

from clients.shop.http_client import HttpClient, UnreachableError
from clients.shop.http_message import Request

_SIGNALS = ("logs", "spans", "traces")


async def records_received(http: HttpClient, web: str) -> int | None:
    """Log records and spans together; web is HOST:PORT. None when the page can't be had or says nothing of it."""
    host, _, port = web.rpartition(":")
    try:
        response = await http.send((host, int(port)), Request("GET", "/status"))
    except UnreachableError:
        return None
    if response.status != 200:
        return None
    try:
        document = json.loads(response.body)
    except ValueError:
        return None
    return _sum(document)


def _sum(document: object) -> int | None:
    if not isinstance(document, dict):
        return None
    signals = {name: document[name] for name in ("logs", "traces") if name in document}
    counts = [signals[name].get("received", 0) for name in _SIGNALS if isinstance(signals.get(name), dict)]
    return sum(counts) if counts else None
