"""A door with the real flow behind it, and a sender."""

from collections.abc import Iterator

import grpc
import pytest

from tests.server.flow import Flow


@pytest.fixture
def flow() -> Iterator[Flow]:
    with Flow() as flow:
        yield flow


@pytest.fixture
def channel(flow: Flow) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(flow.address) as channel:
        yield channel
