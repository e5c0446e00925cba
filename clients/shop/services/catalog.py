"""Product pages, put together from stock and price."""

from collections.abc import Sequence

from clients.shop.http_message import Request, Response
from clients.shop.peers import UpstreamError
from clients.shop.service import BadGatewayError, RequestError, Route, Service

GOOD_VERSION = "2.3.1"
BAD_VERSION = "2.4.0"
_BAD_SHARE = 0.4


class PriceFormatError(RequestError):
    """The bug that version 2.4.0 brought."""


class Catalog(Service):
    def routes(self) -> Sequence[Route]:
        return (Route("GET", "/products/{sku}", self._product),)

    async def _product(self, request: Request) -> Response:
        sku = request.argument
        self.log.info(f"looking up product {sku}")
        seconds = await self.take_time(0.003)
        try:
            stock = await self.site.peers.call("inventory", "GET", "/stock/{sku}", sku)
            price = await self.site.peers.call("pricing", "GET", "/prices/{sku}", sku)
        except UpstreamError as error:
            raise BadGatewayError(str(error)) from error
        text = price.body.decode()
        if self.site.version == BAD_VERSION and self.random.random() < _BAD_SHARE:
            raise PriceFormatError(f"price {text!r} of {sku} has no currency code")
        if seconds > 0.006:
            self.log.warn(f"lookup of product {sku} took {seconds * 1000:.1f} ms, index may need a rebuild")
        self.log.info(f"product {sku} found, {stock.body.decode()} in stock at {text} cents")
        return Response(200, b"product " + sku.encode() + b" costs " + price.body)
