"""Senders over HTTP whose bodies do not come, or drop by drop: others are served meanwhile, and they are told to come
again."""

import http.client
import time
from collections import Counter
from contextlib import ExitStack, suppress

import pytest

from server.inbox import Inbox
from server.intake import Intake
from server.ledger import Ledger
from server.otlp.http_door import OtlpHttpDoor
from tests.server.otlp.messages import log, logs
from tests.server.otlp_http.sender import LOGS, PROTOBUF, Sender

# Many more than there are threads.
SLOW = 50
WAIT = 2.0


@pytest.mark.parametrize("drops", [False, True])
def test_a_body_that_does_not_come_in_time_is_given_up_and_counted(drops: bool) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    ledger = Ledger()
    door = OtlpHttpDoor(
        Intake(Inbox(2**20, ledger), ledger),
        "127.0.0.1:0",
        2**20,
        count=lambda *what: counted.update([what]),
        message_wait=WAIT,
    )
    sender = Sender(door.start())
    body = logs(log("x" * 1000)).SerializeToString()
    try:
        with ExitStack() as stack:
            slow = [stack.enter_context(sender.connection()) for _ in range(SLOW)]
            for connection in slow:
                begin(connection, len(body))
            started = time.monotonic()
            assert sender.post(LOGS, body).code == 200
            assert not counted
            while drops and time.monotonic() - started < 2 * WAIT:
                for connection in slow:
                    with suppress(OSError):
                        connection.send(b"x")
                time.sleep(0.05)
            for connection in slow[:5] if drops else slow:
                with suppress(ConnectionError):
                    answer = sender.answer(connection)
                    assert (answer.code, answer.headers["connection"]) == (503, "close")
                    assert "did not come within 2 s" in answer.status().message
    finally:
        door.stop(1)
    assert counted == {("otlp.http", "unread"): SLOW}


def begin(connection: http.client.HTTPConnection, size: int) -> None:
    connection.putrequest("POST", LOGS)
    connection.putheader("Content-Type", PROTOBUF)
    connection.putheader("Content-Length", str(size))
    connection.endheaders(b"x")
