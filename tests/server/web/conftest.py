from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from server.web.door import WebDoor
from server.web.status import StatusView
from tests.server.web import shop
from tests.server.web.remembering_backend import RememberingBackend
from tests.server.web.visitor import Visitor


@dataclass
class Service:
    """What a test can change about the service behind the door."""

    backend: RememberingBackend
    status: StatusView = shop.STATUS
    ready: bool = True
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def door(self, address: str = "127.0.0.1:0", allowed_hosts: tuple[str, ...] = ()) -> WebDoor:
        return WebDoor(
            self.backend, lambda: self.status, lambda: self.ready, self.registry, address, allowed_hosts=allowed_hosts
        )


@pytest.fixture
def service() -> Service:
    return Service(RememberingBackend(shop.GRAPH))


@pytest.fixture(scope="module")
def quiet() -> Iterator[Visitor]:
    """For tests that change nothing: one door for all of a file."""
    door = Service(RememberingBackend(shop.GRAPH)).door()
    try:
        yield Visitor(door.start())
    finally:
        door.stop()


@pytest.fixture
def visitor(service: Service) -> Iterator[Visitor]:
    door = service.door()
    try:
        yield Visitor(door.start())
    finally:
        door.stop()
