from collections.abc import Iterator

import pytest
from hypocenter.client import Client, RetryPolicy
from hypocenter.client.testing import RememberingServer


@pytest.fixture
def server() -> Iterator[RememberingServer]:
    with RememberingServer() as server:
        yield server


@pytest.fixture
def client(server: RememberingServer) -> Iterator[Client]:
    with Client(server.address, retry=RetryPolicy(initial_backoff=0.01, max_backoff=0.05)) as client:
        yield client
