"""An HTTP door with the real flow behind it, and a sender."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from server.config import OtlpConfig
from server.intake import Intake
from server.ledger import Signal
from server.otlp.http_door import OtlpHttpDoor
from tests.server.flow import Flow
from tests.server.otlp_http.sender import Sender

OpenDoor = Callable[..., tuple[Flow, Sender]]


@pytest.fixture
def open_door() -> Iterator[OpenDoor]:
    """Opens doors with settings; `started=False` leaves the pipeline where it is."""
    with ExitStack() as stack:

        def opened(otlp: OtlpConfig | None = None, *, started: bool = True) -> tuple[Flow, Sender]:
            flow = stack.enter_context(Flow(otlp, started=started))
            limit = (otlp or OtlpConfig()).max_message_bytes
            door = OtlpHttpDoor(Intake(flow.inbox, flow.ledger), "127.0.0.1:0", limit)
            sender = Sender(door.start())
            stack.callback(door.stop, 0)
            return flow, sender

        yield opened


@pytest.fixture
def flow_and_sender(open_door: OpenDoor) -> tuple[Flow, Sender]:
    return open_door()


@pytest.fixture
def flow(flow_and_sender: tuple[Flow, Sender]) -> Flow:
    return flow_and_sender[0]


@pytest.fixture
def sender(flow_and_sender: tuple[Flow, Sender]) -> Sender:
    return flow_and_sender[1]


@pytest.fixture(scope="session")
def refusing() -> Iterator[Sender]:
    """To a door that is only sent what it has to refuse: it must have received nothing in the end."""
    with Flow() as flow:
        door = OtlpHttpDoor(Intake(flow.inbox, flow.ledger), "127.0.0.1:0", OtlpConfig().max_message_bytes)
        yield Sender(door.start())
        door.stop(0)
        assert flow.account(Signal.LOGS).received == flow.account(Signal.TRACES).received == 0
