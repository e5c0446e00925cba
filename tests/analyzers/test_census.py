"""A bounded number of services."""

from analyzers.census import OTHER_SERVICE, Census
from analyzers.columns import Peer
from analyzers.service import Resource, ServiceKey, service_key

HOUR = 3_600_000_000_000


def resources(*names: str) -> list[Resource]:
    return [Resource(service_key(name), "v1", "pod-1") for name in names]


def names(found: list[Resource]) -> list[str]:
    return [item.service.name for item in found]


def test_newcomers_beyond_the_limit_are_other_and_the_known_stay_themselves() -> None:
    census = Census(limit=2)
    assert names(census.resources(resources("a", "b", "c", "a"), 1)) == ["a", "b", "<other>", "a"]
    assert census.folded == 1
    (folded,) = census.resources(resources("d"), 2)
    assert folded == Resource(OTHER_SERVICE)
    assert len(census) == 2


def test_a_silent_one_gives_up_its_place() -> None:
    census = Census(limit=2, patience=HOUR)
    census.resources(resources("a", "b"), 0)
    census.resources(resources("b"), HOUR)
    assert names(census.resources(resources("c"), HOUR)) == ["<other>"]
    assert names(census.resources(resources("c"), HOUR + 1)) == ["c"]
    assert census.take_gone() == [service_key("a")]
    assert census.take_gone() == []


def test_an_older_record_does_not_age_a_service() -> None:
    census = Census(limit=1, patience=HOUR)
    census.resources(resources("a"), 2 * HOUR)
    census.resources(resources("a"), 0)
    assert names(census.resources(resources("b"), 2 * HOUR + 1)) == ["<other>"]


def test_peers_are_bounded_too_and_a_restart_remembers() -> None:
    census = Census(limit=1)
    census.resources(resources("a"), 1)
    again = Census(limit=1)
    again.restore(census.state())
    found = again.peers({0: Peer(service_key("db"), False), 3: Peer(service_key("a"), True)}, 2)
    assert found == {0: Peer(OTHER_SERVICE, False), 3: Peer(ServiceKey("", "", "a"), True)}
