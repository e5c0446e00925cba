"""What a simulated system sends when nothing is wrong, and that it is a function of the seed."""

from itertools import pairwise
from pathlib import Path

import pytest

from clients.replay import read_case
from server.config import SECOND
from server.evaluation.online import play
from server.evaluation.simulation import Scenario, simulate
from server.evaluation.simulation.drawn_scenarios import KINDS, failure, quiet_hour
from server.evaluation.simulation.recording import write_case
from tests.server.evaluation.simulation.observed import observe
from tests.server.evaluation.simulation.small import START, small

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


def serialized(scenario: Scenario) -> list[bytes]:
    return [batch.request.SerializeToString(deterministic=True) for batch in simulate(scenario)]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    assert serialized(small(seed=3)) == serialized(small(seed=3))
    assert serialized(small(seed=3)) != serialized(small(seed=4))


def test_batches_come_in_the_order_of_event_time() -> None:
    batches = list(simulate(small()))
    assert all(first.send_at_unix_nano <= second.send_at_unix_nano for first, second in pairwise(batches))
    for batch in batches:
        assert batch.send_at_unix_nano - SECOND <= batch.first_unix_nano <= batch.last_unix_nano
        assert batch.last_unix_nano < batch.send_at_unix_nano
    assert batches[0].first_unix_nano >= START
    assert batches[-1].send_at_unix_nano == START + 10 * SECOND


def test_calls_are_joined_from_the_front_to_the_queue_and_databases_are_seen_by_their_callers() -> None:
    seen = observe(small())
    spans = {item.span.span_id: item for item in seen.all_spans}
    assert 60 <= len(seen.spans("front", SERVER)) <= 140
    for item in seen.spans("middle", SERVER):
        caller = spans[item.span.parent_span_id]
        assert (caller.service, caller.span.kind) == ("front", CLIENT)
        assert caller.span.start_time_unix_nano < item.span.start_time_unix_nano
        assert caller.span.end_time_unix_nano > item.span.end_time_unix_nano
    (consumers, producers) = seen.spans("worker", CONSUMER), seen.spans("front", PRODUCER)
    assert len(consumers) in (len(producers), len(producers) - 1)
    assert all(spans[item.span.parent_span_id].span.kind == PRODUCER for item in consumers)
    queries = seen.spans("middle", CLIENT)
    assert {(item.attribute("db.system.name"), item.attribute("server.address")) for item in queries} == {
        ("mysql", "store")
    }
    assert not seen.spans("store")
    assert not seen.logs("store")
    assert not any(item.failed for item in seen.all_spans)


def test_start_and_finish_of_a_request_are_logged_with_its_trace_and_its_values() -> None:
    seen = observe(small())
    begun = {item.record.trace_id: item.body for item in seen.logs("middle", "working on")}
    done = seen.logs("middle", "done with")
    assert len(done) > 50
    for item in done:
        assert begun[item.record.trace_id].split()[-1] == item.body.split()[-1]
    assert len({item.body for item in done}) == len(done)


def test_work_waits_for_a_core_when_there_is_much_of_it() -> None:
    def median(rate: int) -> float:
        busy = small(services={"middle": {"cores": 1}}, load={"rate": rate, "entries": {"front/GET /": 1}})
        times = sorted(item.milliseconds for item in observe(busy).spans("middle", SERVER))
        return times[len(times) // 2]

    assert median(330) > 1.2 * median(10)


@pytest.mark.parametrize(
    ("load", "early", "late"),
    [
        ({"changes": [{"at": "5s", "times": 3}]}, 50, 150),
        ({"changes": [{"at": "5s", "times": 0}]}, 50, 0),
        ({"changes": [{"at": "0s", "times": 3, "for": "5s"}]}, 150, 50),
        ({"daily": {"day": "10s", "amplitude": 0.9}}, 79, 21),
        ({"bursts": {"every": "10s", "for": "5s", "times": 4}}, 50, 200),
    ],
)
def test_load(load: dict[str, object], early: int, late: int) -> None:
    seen = observe(small(load={"rate": 10, "entries": {"front/GET /": 1}, **load}))
    starts = [item.span.start_time_unix_nano for item in seen.spans("front", SERVER)]
    first = sum(time < START + 5 * SECOND for time in starts)
    assert first == pytest.approx(early, abs=4 * early**0.5)
    assert len(starts) - first == pytest.approx(late, abs=4 * late**0.5 + 1)


def test_a_sampling_change_thins_the_traces_and_not_the_logs() -> None:
    seen = observe(small(duration="20s", events=[{"sampling": 0.25, "at": "10s"}]))
    change = START + 10 * SECOND
    before = len(seen.spans("front", SERVER)) - len(seen.spans("front", SERVER, since=change))
    after = seen.spans("front", SERVER, since=change)
    assert len(after) < before / 2
    assert {item.span.trace_state for item in after[2:]} == {"ot=th:c"}
    assert len(seen.logs("front", "answered", change)) > 60
    assert {item.record.flags for item in seen.logs("front", "answered", change)} == {0, 1}


def test_a_deployment_replaces_pods_and_their_version() -> None:
    event = {"deploy": "front", "version": "2.0.0", "at": "4s", "every": "1s", "starts_with": ["plan {n} loaded"]}
    seen = observe(small(events=[{**event, "rewords": {"answered {user}": "reply sent to {user}"}}]))
    versions = [item.version for item in seen.spans("front", SERVER)]
    assert (versions[0], versions[-1]) == ("1.0.0", "2.0.0")
    assert len({item.pod for item in seen.spans("front")}) == 4
    assert len(seen.logs("front", "loaded")) == 2
    assert not seen.logs("front", "reply", 0)[0].record.time_unix_nano < START + 4 * SECOND
    assert not seen.logs("front", "answered", START + 6 * SECOND)


def test_a_config_change_is_an_event_of_every_pod() -> None:
    seen = observe(small(events=[{"configure": "front", "log": "limit is 5", "at": "4s"}]))
    events = [item for item in seen.all_logs if item.record.event_name]
    assert [(item.service, item.body, item.record.event_name) for item in events] == [
        ("front", "limit is 5", "config.changed")
    ] * 2


def test_what_is_sent_can_be_poor() -> None:
    poor = {"kinds": False, "log_name": "front-logs", "spans_lost": 0.5, "clock_ahead": "3s", "log_ids": False}
    seen = observe(small(services={"front": poor, "middle": {"body": "json"}, "worker": {"traces": False}}))
    rich = observe(small())
    assert len(seen.spans("front")) == pytest.approx(len(rich.spans("front")) / 2, rel=0.25)
    assert {item.span.kind for item in seen.spans("front")} == {0}
    assert not any(item.span.attributes for item in seen.spans("front"))
    vague = observe(small(services={"front": {"kinds": "internal"}})).spans("front")
    assert {item.span.kind for item in vague} == {1}
    assert any(item.span.attributes for item in vague)
    assert seen.logs("front-logs")
    assert not any(item.record.trace_id for item in seen.logs("front-logs"))
    assert seen.logs("front-logs")[0].record.time_unix_nano >= START + 3 * SECOND
    assert seen.logs("middle", '"message": "done with')
    assert not seen.spans("worker")


def test_a_case_folder_holds_the_same_records(tmp_path: Path) -> None:
    scenario = small(
        kind="slow",
        faults=[{"kind": "slow", "service": "middle", "factor": 3, "at": "5s"}],
        expected={"causes": [{"service": "middle"}]},
    )
    write_case(scenario, tmp_path / "case")
    case, seen = read_case(tmp_path / "case"), observe(scenario)
    assert [row.trace_id for row in case.spans] == [item.span.trace_id.hex() for item in seen.all_spans]
    assert [row.body for row in case.logs] == [item.body for item in seen.all_logs]
    assert case.label is not None
    assert (case.label.root_cause_services, case.label.fault_type) == (("middle",), "slow")
    assert case.label.inject_unix_nano == START + 5 * SECOND
    assert {row.recorded is not None for row in case.spans} == {True}
    assert play(simulate(scenario))[1] == len(case.logs) + len(case.spans)


@pytest.mark.parametrize("kind", KINDS)
def test_a_generated_failure_breaks_what_it_names(kind: str) -> None:
    for seed in range(20):
        scenario = failure(seed, kind)
        assert scenario.topology is not None
        assert scenario.begin_unix_nano is not None
        (cause,) = scenario.expected.causes
        assert set(cause.services) <= set(scenario.topology.services)
        assert scenario == failure(seed, kind)


def test_generated_hours_differ_and_hold_no_fault() -> None:
    hours = [quiet_hour(seed) for seed in range(10)]
    assert len({tuple(hour.topology.services) for hour in hours if hour.topology}) == 10
    assert all(hour.begin_unix_nano is None and hour.expected.incident_count == 0 for hour in hours)
    seen = observe(hours[0].model_copy(update={"duration": 20 * SECOND}))
    assert len({item.service for item in seen.all_spans}) >= 4
