"""A bounded number of services."""

from typing import TYPE_CHECKING

from analyzers.census import OTHER_SERVICE, Census
from analyzers.columns import Peer
from analyzers.register import Register
from analyzers.service import Resource, ServiceKey, service_key

if TYPE_CHECKING:
    from _collections_abc import dict_values

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
    found = again.peers([Peer(service_key("db"), False), Peer(service_key("a"), True)], 2)
    assert found == [Peer(OTHER_SERVICE, False), Peer(ServiceKey("", "", "a"), True)]


def instance(pod: str, version: str = "v1", service: str = "a") -> Resource:
    return Resource(service_key(service), version, pod)


def test_pods_and_versions_beyond_the_limit_are_other_within_their_service() -> None:
    census = Census(10, pods=2, versions=1)
    sent = [instance("p1"), instance("p2", "v2"), instance("p3"), instance("p1", "v2"), instance("p3", service="b")]
    found = census.resources(sent, 1)
    assert [(item.service.name, item.pod, item.version) for item in found] == [
        ("a", "p1", "v1"),
        ("a", "p2", "<other>"),
        ("a", "<other>", "v1"),
        ("a", "p1", "<other>"),
        ("b", "p3", "v1"),
    ]
    assert (census.folded, census.folded_pods, census.folded_versions) == (0, 1, 2)
    assert found[0] is sent[0]


def test_no_pod_takes_no_place() -> None:
    census = Census(10, pods=1, versions=1)
    assert census.resources([instance("", ""), instance("p1", "")], 1) == [instance("", ""), instance("p1", "")]
    assert census.folded_pods == 0


def test_a_silent_pod_gives_up_its_place() -> None:
    census = Census(10, patience=HOUR, pods=1)
    census.resources([instance("p1")], 0)
    assert [item.pod for item in census.resources([instance("p2")], HOUR)] == ["<other>"]
    assert [item.pod for item in census.resources([instance("p2")], HOUR + 1)] == ["p2"]
    assert census.take_gone() == []


def test_pods_go_with_their_service_and_a_restart_remembers_them() -> None:
    census = Census(2, patience=HOUR, pods=1)
    census.resources([instance("p1"), instance("p1", service="b")], 0)
    again = Census(2, patience=HOUR, pods=1)
    again.restore(census.state(), census.instances())
    assert [item.pod for item in again.resources([instance("p2")], 1)] == ["<other>"]
    again.resources([instance("p9", service="c")], 2 * HOUR)
    assert set(again.instances()) == {service_key("c")}


def test_what_was_cut_or_not_read_is_counted() -> None:
    census = Census(10)
    sent = [Resource(service_key("a"), cut=2), Resource(service_key("a"), unread=5, cut=1)]
    assert census.resources(sent, 1) == [Resource(service_key("a"))] * 2
    assert (census.cut_names, census.unread_attributes) == (3, 5)


def test_made_up_names_cost_no_search_each() -> None:
    """Every newcomer to a full census looking through all of it would let one sender take all the time there is."""

    class Counted(dict[str, int]):
        looked = 0

        def values(self) -> "dict_values[str, int]":
            self.looked += 1
            return super().values()

    seen = Counted({"a": 0, "b": 1, "c": 2})
    register = Register(3, HOUR, seen)
    assert not any(register.admit(str(number), 100 + number)[0] for number in range(1000))
    assert seen.looked == 1
    assert register.admit("new", HOUR + 1) == (True, ["a"])
