"""What is counted in columns is what one would count by hand."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.columns import LogBatch, id_bytes
from analyzers.exemplar import LogExemplar, keep_logs
from analyzers.service import service_key
from analyzers.summary import ServiceSummary, Summary, TemplateCount
from analyzers.tally import CountLimits, Tally, count_logs
from analyzers.templates import OTHER, TemplateMiner, template_of
from tests.analyzers.telemetry import ERROR, INFO, NOON, PAYMENT, SECOND, WARN, log_batch, log_groups, record, resource

_WORDS = ("paid", "refused", "asked again")


def empty() -> Summary:
    return Summary(NOON, NOON + 5 * SECOND)


def sent(number: int, second: int, severity: int, traced: bool, weight: int) -> LogRecord:
    thrown = {"exception.type": "Refused"} if severity == ERROR and number % 2 else None
    made = record(f"order {number} {_WORDS[number % 3]}", NOON + second, severity, weight=weight, attributes=thrown)
    if traced:
        # No two halves are the same.
        made.span_id = (number + 1).to_bytes(8, "big")
        made.trace_id = made.span_id * 2
    return made


def by_hand(batches: Sequence[LogBatch]) -> Summary:
    """One record after the other."""
    whole = empty()
    for batch in batches:
        mined, bodies = TemplateMiner().mine(batch), batch.body.to_pylist()
        for row in range(len(batch)):
            source, weight = batch.resources[batch.resource[row]], int(batch.weight[row])
            severity, time = int(batch.severity[row]), int(batch.time_unix_nano[row])
            template = mined.templates[mined.template[row]]
            service = whole.service(source.service)
            count = service.templates.setdefault(template.template_id, TemplateCount(template.text))
            ids = (id_bytes(*batch.trace_id[row].tolist()), id_bytes(int(batch.span_id[row])))
            scope, thrown = batch.scopes[batch.scope[row]], batch.exception_type.get(row, "")
            shown = LogExemplar(time, *ids, bodies[row], severity, source.pod, scope, thrown)
            pods = {source.pod: weight} if source.pod else {}
            errors = weight if severity >= ERROR else 0
            count.merge(TemplateCount("", weight, errors, severity, time, time, pods, (shown,)))
            service.merge(ServiceSummary(weight, 0, {severity: weight}, pods=pods))
    return whole


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.integers(0, 3),
            st.sampled_from([INFO, WARN, ERROR]),
            st.booleans(),
            st.integers(0, 3),
            st.sampled_from(["payment", "cart"]),
            st.sampled_from(["", "one", "two"]),
        ),
        min_size=1,
        max_size=80,
        unique_by=lambda item: item[:2],
    ),
    st.integers(1, 4),
    st.integers(0, 5),
)
def test_columns_come_to_the_same_as_records(
    drawn: list[tuple[int, int, int, bool, int, str, str]], parts: int, looks: int
) -> None:
    """However they are cut into batches, and whoever looks in between."""
    batches = []
    for part in range(parts):
        groups = [
            group
            for number, second, severity, traced, weight, service, pod in drawn[part::parts]
            for group in log_groups(
                [sent(number, second, severity, traced, weight)],
                resource(service, k8s_pod_name=pod) if pod else resource(service),
            )
        ]
        if groups:
            batches.append(log_batch(*groups))
    found, tally = empty(), Tally()
    for number, batch in enumerate(batches):
        tally.add(batch, TemplateMiner().mine(batch), (batch.weight > 0).nonzero()[0])
        if number == looks:
            assert tally.pour(found, CountLimits()) == 0
            tally = Tally()
    tally.pour(found, CountLimits())
    assert found == by_hand(batches)


def test_the_most_frequent_keep_their_names_whoever_wrote_them() -> None:
    """The limit is that of a service, not of a pod."""
    lines = ["a", *"bbbbb", "c", "c", *"dddd"]
    groups = [
        group
        for pod in ("one", "two")
        for group in log_groups([record(line) for line in lines], resource(k8s_pod_name=pod))
    ]
    batch, found = log_batch(*groups), empty()
    assert count_logs(batch, TemplateMiner().mine(batch), found, CountLimits(templates=2)) == 6
    templates = found.services[PAYMENT].templates
    assert {count.text: count.count for count in templates.values()} == {"b": 10, "d": 8, OTHER: 6}
    assert templates[template_of(OTHER).template_id].pods == {"one": 3, "two": 3}


@pytest.mark.parametrize("first", ["a", "z"])
def test_what_has_a_name_keeps_it_and_the_rest_is_folded(first: str) -> None:
    found, limits = empty(), CountLimits(templates=1)
    folded = []
    for body in (first, "m", first):
        batch = log_batch(*log_groups([record(body)]))
        folded.append(count_logs(batch, TemplateMiner().mine(batch), found, limits))
    assert folded == [0, 1, 0]
    assert {count.text: count.count for count in found.services[PAYMENT].templates.values()} == {first: 2, OTHER: 1}


def test_a_service_that_sent_nothing_of_this_bucket_is_not_in_it() -> None:
    groups = [*log_groups([record()]), *log_groups([record(at=NOON + SECOND)], resource("cart"))]
    batch, found, tally = log_batch(*groups), empty(), Tally()
    tally.add(batch, TemplateMiner().mine(batch), (batch.time_unix_nano == NOON).nonzero()[0])
    tally.pour(found, CountLimits())
    assert set(found.services) == {service_key("payment")}


def test_records_of_one_moment_and_one_trace_are_told_apart_by_what_they_say() -> None:
    records = [record(f"order {number} refused", severity=ERROR) for number in (3, 1, 2, 3, 1)]
    for item in records:
        item.trace_id = b"t" * 16
    orders = [records, records[::-1]]
    seen = []
    for each in orders:
        batch, found = log_batch(*log_groups(each)), empty()
        count_logs(batch, TemplateMiner().mine(batch), found, CountLimits())
        (count,) = found.services[PAYMENT].templates.values()
        seen.append(count.exemplars)
    assert seen[0] == seen[1] == keep_logs(seen[0])
    assert [item.body for item in seen[0]] == [f"order {number} refused" for number in (1, 2, 3)]
