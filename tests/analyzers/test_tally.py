"""Logs into summaries."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.exemplar import KEPT
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from analyzers.tally import CountLimits, count_logs
from analyzers.templates import TemplateMiner
from tests.analyzers.telemetry import ERROR, FATAL, INFO, NOON, PAYMENT, SECOND, log_batch, log_groups, record, resource


def counted(*batches: list[LogRecord], **source: str) -> Summary:
    """All batches in one bucket."""
    whole = Summary(NOON, NOON + 5 * SECOND)
    for records in batches:
        batch = log_batch(*log_groups(records, resource("payment", **source)))
        count_logs(batch, TemplateMiner().mine(batch), whole, CountLimits())
    return whole


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.sampled_from([INFO, ERROR])), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_exemplars_do_not_depend_on_batches(sent: list[tuple[int, int, int]], random: Random) -> None:
    """Whole seconds are common, so many records of equal time are as well."""
    records = [record(f"order {number} done", NOON + second * SECOND, severity) for second, number, severity in sent]
    shuffled = random.sample(records, len(records))
    cut = random.randrange(len(records) + 1)
    assert counted(records) == counted(shuffled[:cut], shuffled[cut:])


def test_a_burst_of_equal_times_does_not_let_arrival_decide() -> None:
    records = [record(f"order {number}", severity=ERROR) for number in (*[50] * 20, *range(40))]
    assert counted(records) == counted(records[::-1]) == counted(records[:30], records[30:])


def test_the_oldest_are_kept() -> None:
    seen = counted([record(f"order {number}", NOON + number, ERROR) for number in range(9, -1, -1)]).services[PAYMENT]
    (count,) = seen.templates.values()
    assert [item.time_unix_nano - NOON for item in count.exemplars] == list(range(KEPT))
    assert (count.first_unix_nano, count.last_unix_nano) == (NOON, NOON + 9)


def test_severities_are_counted_and_odd_ones_clipped() -> None:
    seen = counted([record("x", severity=number) for number in (0, INFO, ERROR, FATAL, -7, 99)]).services[PAYMENT]
    assert seen.severities == {0: 2, INFO: 1, ERROR: 1, FATAL: 1, 24: 1}
    (count,) = seen.templates.values()
    assert (count.errors, seen.error_records, count.max_severity) == (3, 3, 24)


def test_versions_and_pods() -> None:
    seen = counted([record(weight=4)], service_version="1.2", k8s_pod_name="p-1").services[PAYMENT]
    assert (seen.versions, seen.pods) == ({"1.2": 4}, {"p-1": 4})
    assert [count.pods for count in seen.templates.values()] == [{"p-1": 4}]


def test_staging_and_production_never_mix() -> None:
    whole = counted([record()], deployment_environment_name="production")
    batch = log_batch(*log_groups([record()], resource("payment", deployment_environment_name="staging")))
    count_logs(batch, TemplateMiner().mine(batch), whole, CountLimits())
    assert set(whole.services) == {ServiceKey("production", "", "payment"), ServiceKey("staging", "", "payment")}


def test_an_empty_batch_counts_nothing() -> None:
    assert counted([]) == Summary(NOON, NOON + 5 * SECOND)
