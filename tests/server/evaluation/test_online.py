"""Replay equals live, inside one process: the same rows in any batches and any order give the same incidents."""

from dataclasses import replace

import pytest

from clients.replay import Case, LogRow, read_case
from rca.incident import Incident
from server.config import SECOND
from server.evaluation.online import EVALUATION, run_online
from tests.server.evaluation.recorded import shared_cases
from tests.server.outage import CULPRIT, Outage, record

Conclusion = tuple[str, tuple[tuple[str, float], ...], tuple[str, ...], int, int]


def conclusion(incident: Incident) -> Conclusion:
    """All that a reader would act on: which, the ranking with its scores, what was found, since when, how bad."""
    assert incident.diagnosis is not None
    return (
        incident.incident_id,
        tuple((str(cause.service), round(cause.score, 9)) for cause in incident.diagnosis.root_causes),
        tuple(item.anomaly_id for item in incident.anomalies),
        incident.start_unix_nano,
        incident.severity,
    )


def conclusions(
    case: Case, normal: Case | None = None, *, batch_size: int = 500, shuffle_nano: int = 0, seed: int = 0
) -> list[Conclusion]:
    run = run_online(case, normal, batch_size=batch_size, shuffle_nano=shuffle_nano, seed=seed)
    assert run.counted == sum(len(part.logs) + len(part.spans) for part in (case, normal) if part is not None)
    return [conclusion(incident) for incident in run.incidents]


@pytest.fixture(scope="module")
def outage() -> Case:
    return record(Outage(normal=45, fault=20, rate=8))


@pytest.fixture(scope="module")
def expected(outage: Case) -> list[Conclusion]:
    found = conclusions(outage)
    assert [ranking[0][0] for _, ranking, *_ in found] == [CULPRIT]
    return found


@pytest.mark.parametrize("batch_size", [1, 50, 450])
def test_any_batches(batch_size: int, outage: Case, expected: list[Conclusion]) -> None:
    """The largest still shorter than the lateness, because all logs of a batch leave before its spans."""
    assert conclusions(outage, batch_size=batch_size) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("batch_size", [20, 500])
def test_any_order_within_the_lateness(seed: int, batch_size: int, outage: Case, expected: list[Conclusion]) -> None:
    lateness = EVALUATION.window.lateness
    assert conclusions(outage, batch_size=batch_size, shuffle_nano=lateness, seed=seed) == expected


def test_the_order_matters_beyond_the_lateness(outage: Case) -> None:
    """So the tests above can fail: nothing is lost even then, but what comes late is not judged again."""
    run = run_online(outage, None, batch_size=20, shuffle_nano=6 * EVALUATION.window.lateness, seed=1)
    assert run.counted == len(outage.logs) + len(outage.spans)
    assert [conclusion(item) for item in run.incidents] != conclusions(outage)


def test_records_without_a_time_of_their_own_stand_where_they_were_observed(
    outage: Case, expected: list[Conclusion]
) -> None:
    blind = tuple(_observed_only(row) if number % 3 == 0 else row for number, row in enumerate(outage.logs))
    assert conclusions(replace(outage, logs=blind)) == expected


def _observed_only(row: LogRow) -> LogRow:
    return replace(row, time_unix_nano=0, observed_time_unix_nano=row.time_unix_nano)


def test_the_same_outage_at_another_time_has_the_same_ranking(expected: list[Conclusion]) -> None:
    """By whole buckets later, so that it is cut the same way."""
    later = conclusions(record(Outage(normal=45, fault=20, rate=8, start_unix_nano=1_750_000_000 * SECOND)))
    assert [ranking for _, ranking, *_ in later] == [ranking for _, ranking, *_ in expected]
    assert {name for name, *_ in later}.isdisjoint(name for name, *_ in expected)


def test_nothing_wrong_is_no_incident() -> None:
    assert conclusions(record(Outage(normal=90, fault=0))) == []


def test_a_normal_stretch_goes_before_and_is_moved_there() -> None:
    """The case itself begins with the fault: without what went before, nothing is known of what is normal."""
    broken = record(Outage(normal=0, fault=40))
    normal = record(Outage(normal=60, fault=0, start_unix_nano=1_600_000_000 * SECOND, seed=2))
    assert conclusions(broken) == []
    assert [ranking[0][0] for _, ranking, *_ in conclusions(broken, normal)] == [CULPRIT]


def test_a_recorded_failure() -> None:
    (path,) = shared_cases("tt", 1)
    case = read_case(path)
    assert case.label is not None
    normal = read_case(path.parent / case.label.normal_dir)
    lateness = EVALUATION.window.lateness
    whole = conclusions(case, normal)
    assert whole
    assert conclusions(case, normal, batch_size=200, shuffle_nano=lateness, seed=1) == whole
