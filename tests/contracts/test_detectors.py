"""What every kind of detector keeps of the contract."""

import math
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import get_args

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors import DEFAULTS, Detector, DetectorConfig, build, build_all, sensitive
from analyzers.detectors.silence import SOURCE
from analyzers.service import ServiceKey
from analyzers.summary import Summary, union
from tests.analyzers.telemetry import (
    CHECKOUT,
    CRON,
    FRONTEND,
    LETTERS,
    MAILER,
    NOON,
    PAYMENT,
    SECOND,
    Fault,
    closed,
    traffic,
)

LEARNED = 240
END = NOON + LEARNED * SECOND
# What each kind is there to find, and about whom it says so.
FINDS: dict[str, tuple[Fault, set[ServiceKey]]] = {
    "new_template": (Fault.THROWING, {FRONTEND, CHECKOUT, PAYMENT}),
    "template_rate": (Fault.STOPPED, {PAYMENT}),
    "error_share": (Fault.THROWING, {FRONTEND, CHECKOUT, PAYMENT}),
    "span_errors": (Fault.THROWING, {PAYMENT}),
    "self_time": (Fault.SLOW, {PAYMENT}),
    "edge_gap": (Fault.LAG, {PAYMENT}),
    "edge_calls": (Fault.CUT_SHORT, {CHECKOUT}),
    "edge_errors": (Fault.UNANSWERED, {PAYMENT}),
    "early_timeout": (Fault.HASTY, {CHECKOUT}),
    "throughput": (Fault.CUT_SHORT, {PAYMENT}),
    "consumption": (Fault.UNREAD, {MAILER}),
    "silence": (Fault.SILENT, {SOURCE}),
}


@cache
def normal() -> tuple[Summary, ...]:
    return tuple(closed(traffic(LEARNED, letters=True)))


@cache
def baseline() -> Baseline:
    known = Baseline()
    for bucket in normal():
        known.learn(bucket)
    return known


@cache
def window(fault: Fault, load: int = 4, seed: int = 2) -> Summary:
    """The 15 s after what was learned."""
    empty = Summary(END, END + 15 * SECOND)
    return union([empty, *closed(traffic(15, fault, start=END, load=load, seed=seed, letters=True))])


@pytest.fixture(params=DEFAULTS, ids=lambda config: type(config).__name__)
def detector(request: pytest.FixtureRequest) -> Detector:
    return build(request.param)


def test_every_kind_is_built_and_tested() -> None:
    assert {type(config) for config in DEFAULTS} == set(get_args(DetectorConfig))
    names = [detector.name for detector in build_all()]
    assert sorted(names) == sorted(FINDS)
    assert [detector.name for detector in sensitive()] == names


@pytest.mark.parametrize("fault", Fault)
def test_arguments_stay_as_they_are(detector: Detector, fault: Fault) -> None:
    seen, known = deepcopy(window(fault)), deepcopy(baseline())
    detector.detect(seen, known)
    assert seen == window(fault)
    assert known == baseline()


@pytest.mark.parametrize("fault", Fault)
def test_the_same_arguments_give_the_same(detector: Detector, fault: Fault) -> None:
    found = detector.detect(window(fault), baseline())
    assert found == detector.detect(window(fault), baseline())
    assert found == detector.detect(deepcopy(window(fault)), deepcopy(baseline()))
    assert len({item.anomaly_id for item in found}) == len({item.key for item in found}) == len(found)


@pytest.mark.parametrize("fault", Fault)
def test_the_order_of_dictionaries_does_not_matter(detector: Detector, fault: Fault) -> None:
    seen = window(fault)
    turned = replace(
        seen,
        services={
            key: replace(
                service,
                templates=dict(reversed(service.templates.items())),
                operations=dict(reversed(service.operations.items())),
            )
            for key, service in reversed(seen.services.items())
        },
        edges=dict(reversed(seen.edges.items())),
    )
    assert detector.detect(turned, baseline()) == detector.detect(seen, baseline())


def test_an_empty_window_departs_from_nothing(detector: Detector) -> None:
    """But for the one that looks for it: the others have no unit of work to judge it by."""
    found = detector.detect(Summary(END, END + 15 * SECOND), baseline())
    assert [item.service for item in found] == ([SOURCE] if detector.name == "silence" else [])


@pytest.mark.parametrize("fault", Fault)
def test_nothing_is_known_and_nothing_found(detector: Detector, fault: Fault) -> None:
    assert detector.detect(window(fault), Baseline()) == []
    only_seen = Baseline()
    only_seen.see(window(fault))
    assert detector.detect(window(fault), only_seen) == []


@pytest.mark.parametrize("first", [0, 17, 40])
def test_what_was_learned_from_is_normal(detector: Detector, first: int) -> None:
    assert detector.detect(union(normal()[first : first + 3]), baseline()) == []


@pytest.mark.parametrize("load", [1, 2, 4, 8, 16])
def test_load_is_no_anomaly(detector: Detector, load: int) -> None:
    assert detector.detect(window(Fault.NONE, load, seed=load), baseline()) == []


@pytest.mark.parametrize("load", [4, 8])
def test_finds_what_it_is_there_for(detector: Detector, load: int) -> None:
    fault, services = FINDS[detector.name]
    found = detector.detect(window(fault, load), baseline())
    assert {item.service for item in found} == services


@pytest.mark.parametrize("fault", Fault)
def test_findings_are_complete(detector: Detector, fault: Fault) -> None:
    seen = window(fault)
    for item in detector.detect(seen, baseline()):
        assert item.detector == detector.name
        assert item.service in {FRONTEND, CHECKOUT, PAYMENT, CRON, MAILER, SOURCE}
        assert item.peer in {None, FRONTEND, CHECKOUT, PAYMENT, LETTERS}
        numbers = (item.surprise, item.observed, item.expected, item.score)
        assert all(math.isfinite(number) for number in numbers)
        assert 0.35 <= item.score < 1
        assert item.looked_at >= 1
        assert (item.start_unix_nano, item.end_unix_nano) == (seen.start_unix_nano, seen.end_unix_nano)
        assert item.start_unix_nano <= item.onset_unix_nano < item.end_unix_nano
        assert item.subject
        assert item.unit
        assert item.description
        assert all(len(trace_id) == 16 for trace_id in item.trace_ids)


@pytest.mark.parametrize("fault", Fault)
def test_sensitive_ones_find_no_less(detector: Detector, fault: Fault) -> None:
    (keener,) = (item for item in sensitive() if item.name == detector.name)
    found = {item.key for item in detector.detect(window(fault), baseline())}
    assert found <= {item.key for item in keener.detect(window(fault), baseline())}


@pytest.mark.parametrize("fault", Fault)
def test_a_service_without_trouble_is_left_alone(detector: Detector, fault: Fault) -> None:
    assert CRON not in {item.service for item in detector.detect(window(fault), baseline())}
