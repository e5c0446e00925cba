"""The sample of traces with errors: the same for all services, and for any order in which records come."""

from collections.abc import Iterable
from functools import reduce
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzers.erring import MOST, Erring, added, erring, mark
from analyzers.service import ServiceKey
from analyzers.templates import TemplateMiner
from analyzers.timeline import Timeline, WindowSettings
from tests.analyzers.telemetry import CHECKOUT, NOON, PAYMENT, SECOND, log_batch, log_groups, record, resource

INFO, ERROR = 9, 17
RANDOM = Random(7)
TRACES = [RANDOM.randbytes(16) for _ in range(200)]


def sampled(*records: tuple[str, bytes, int, int]) -> dict[ServiceKey, Erring]:
    """Of records by service, trace, seconds after noon and severity."""
    groups = []
    for service, trace, second, severity in records:
        made = record("said", NOON + second * SECOND, severity)
        made.trace_id = trace
        groups += log_groups([made], resource(service))
    batch = log_batch(*groups)
    found: dict[ServiceKey, Erring] = {}
    for service_key, part in erring(batch, np.arange(len(batch)), lambda key: found.get(key, {})):
        found[service_key] = added(found.get(service_key, {}), part)
    return found


def test_the_first_error_of_a_trace_counts_and_nothing_else_does() -> None:
    one, other = TRACES[:2]
    found = sampled(
        ("payment", one, 5, ERROR),
        ("payment", one, 3, ERROR),
        ("payment", one, 1, INFO),
        ("payment", b"", 0, ERROR),
        ("payment", other, 4, 21),
        ("checkout", other, 6, ERROR),
    )
    assert found == {
        PAYMENT: {mark(one): NOON + 3 * SECOND, mark(other): NOON + 4 * SECOND},
        CHECKOUT: {mark(other): NOON + 6 * SECOND},
    }


def test_ids_of_eight_bytes_are_told_apart() -> None:
    """Padded with zeros in front, as the specification asks for."""
    assert len({mark(bytes(8) + trace[:8]) for trace in TRACES}) == len(TRACES)


def test_of_many_traces_all_services_keep_the_same_ones() -> None:
    found = sampled(
        *(("payment", trace, 1, ERROR) for trace in TRACES), *(("checkout", trace, 2, ERROR) for trace in TRACES)
    )
    assert set(found[PAYMENT]) == set(found[CHECKOUT]) == set(sorted(map(mark, TRACES))[:MOST])


@given(st.lists(st.dictionaries(st.integers(0, 80), st.integers(0, 10)), max_size=6), st.randoms(use_true_random=False))
def test_samples_add_up_in_any_order(parts: list[Erring], random: Random) -> None:
    parts = [added({}, part) for part in parts]

    def whole(of: Iterable[Erring]) -> Erring:
        return reduce(added, of, {})

    shuffled = random.sample(parts, len(parts))
    assert whole(parts) == whole(shuffled)
    assert len(whole(parts)) <= MOST


@given(st.randoms(use_true_random=False))
def test_it_does_not_matter_how_records_are_divided(random: Random) -> None:
    """Though most of a flood of errors is passed over, once it can't change the sample any more."""
    times = {trace: [random.randrange(1000) for _ in range(2)] for trace in TRACES[:60]}
    sent = [(trace, time) for trace, each in times.items() for time in each]
    random.shuffle(sent)
    found: dict[ServiceKey, Erring] = {}

    def known(service: ServiceKey) -> Erring:
        return found.get(service, {})

    while sent:
        size = random.randrange(1, 50)
        groups, sent = sent[:size], sent[size:]
        records = []
        for trace, time in groups:
            records.append(record("failed", NOON + time, ERROR))
            records[-1].trace_id = trace
        batch = log_batch(*log_groups(records))
        for service, part in erring(batch, np.arange(len(batch)), known):
            found[service] = added(known(service), part)
    first = {mark(trace): NOON + min(each) for trace, each in times.items()}
    assert found == {PAYMENT: {trace: first[trace] for trace in sorted(first)[:MOST]}}


def test_a_bucket_knows_them_when_it_closes() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    for service, second in (("payment", 3), ("payment", 2), ("checkout", 9)):
        made = record("failed", NOON + second * SECOND, ERROR)
        made.trace_id = TRACES[0]
        batch = log_batch(*log_groups([made], resource(service)))
        timeline.add_logs(batch, miner.mine(batch))
    first, second_bucket = timeline.close_all()
    assert first.services[PAYMENT].erring == {mark(TRACES[0]): NOON + 2 * SECOND}
    assert second_bucket.services[CHECKOUT].erring == {mark(TRACES[0]): NOON + 9 * SECOND}
    whole = timeline.between(NOON, NOON + 20 * SECOND)
    assert whole is not None
    assert set(whole.services[PAYMENT].erring) == set(whole.services[CHECKOUT].erring)
