"""Requests of the benchmarks are whole, all different, and of the time they say."""

import gzip
import time

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.benchmarks.log_load import LoadShape
from tests.benchmarks.messages import LogMessages

SECOND = 1_000_000_000


def times(message: bytes) -> list[int]:
    """Of all its records; what a record was observed at is not far from when it happened."""
    body = gzip.decompress(message[5:]) if message[0] else message[5:]
    found = []
    for group in ExportLogsServiceRequest.FromString(body).resource_logs:
        for record in group.scope_logs[0].log_records:
            assert abs(record.observed_time_unix_nano - record.time_unix_nano) <= SECOND or (
                not record.observed_time_unix_nano
            )
            found.append(record.time_unix_nano)
    return found


@pytest.mark.parametrize("records", [100, 1000])
def test_plain_ones_are_of_now(records: int) -> None:
    messages = LogMessages(LoadShape(records), False, 4000)
    for _ in range(6):
        before = time.time_ns()
        message = next(messages)
        assert int.from_bytes(message[1:5], "big") == len(message) - 5
        found = times(message)
        assert len(found) == records
        assert before <= min(found)
        assert max(found) <= time.time_ns() + SECOND


def test_compressed_ones_are_spread_over_what_comes() -> None:
    messages = LogMessages(LoadShape(100), True, 1000)
    before = time.time_ns()
    messages.refresh(4.0)
    newest = max(max(times(next(messages))) for _ in range(10))
    assert before + 3 * SECOND <= newest <= time.time_ns() + 4 * SECOND
    assert min(times(next(messages))) >= before


@pytest.mark.parametrize("compressed", [False, True])
def test_no_two_are_alike(compressed: bool) -> None:
    messages = LogMessages(LoadShape(100), compressed, 200)
    assert len({next(messages) for _ in range(10)}) == 10
