"""Services whose logs come under another name than their spans."""

from copy import deepcopy

from analyzers.aliases import Alias, Aliases
from analyzers.service import ServiceKey, service_key
from analyzers.summary import OperationStats, Summary, TemplateCount
from tests.analyzers.telemetry import NOON, SECOND

PAYMENT, LOGGED, PROXY, CART = (service_key(name) for name in ("payment", "payment-java", "edge-proxy", "cart"))


def bucket(number: int = 0, *, pods: dict[ServiceKey, str] | None = None, logged: ServiceKey = LOGGED) -> Summary:
    """Payment sends spans, `logged` records; each from its pod, where it has one."""
    start = NOON + number * 5 * SECOND
    made = Summary(start, start + 5 * SECOND)
    made.service(PAYMENT).spans = 10
    made.service(PAYMENT).operations["pay"] = OperationStats(calls=10, entries=10)
    made.service(logged).records = 20
    made.service(logged).severities = {9: 20}
    made.service(logged).templates["t"] = TemplateCount("paid", 20)
    for service, pod in (pods or {}).items():
        made.service(service).pods[pod] = 10
    return made


def settled(aliases: Aliases, buckets: int, records: int = 10, pods: dict[ServiceKey, str] | None = None) -> Summary:
    made = bucket()
    for number in range(buckets):
        made = bucket(number, pods=pods)
        aliases.cross(LOGGED, PAYMENT, records)
        aliases.settle(made)
    return made


def test_records_written_in_the_spans_of_another_name_that_service() -> None:
    aliases = Aliases()
    last = settled(aliases, 3)
    (found,) = aliases.take_new()
    assert (found.logged, found.service, found.records, found.of, found.buckets) == (LOGGED, PAYMENT, 30, 30, 3)
    assert 0.7 < found.confidence < 1
    assert "30 of 30 records" in str(found)
    assert aliases.of(LOGGED) == PAYMENT
    assert set(last.services) == {PAYMENT}
    assert (last.services[PAYMENT].records, last.services[PAYMENT].spans) == (20, 10)
    assert last.services[PAYMENT].templates["t"].count == 20
    assert aliases.take_new() == []


def test_a_coincidence_is_none() -> None:
    few, brief = Aliases(), Aliases()
    settled(few, 10, records=1)
    settled(brief, 2, records=500)
    assert (few.known, brief.known) == ((), ())


def test_who_writes_in_the_spans_of_many_is_none_of_them() -> None:
    aliases = Aliases()
    for number in range(10):
        for service in (PAYMENT, CART):
            aliases.cross(LOGGED, service, 50)
        aliases.settle(bucket(number))
    assert aliases.known == ()


def test_who_sends_spans_has_its_own_name() -> None:
    aliases = Aliases()
    for number in range(10):
        made = bucket(number)
        made.service(LOGGED).spans = 1
        aliases.cross(LOGGED, PAYMENT, 50)
        aliases.settle(made)
    assert aliases.known == ()


def test_an_alias_that_begins_to_send_spans_is_given_up() -> None:
    aliases = Aliases()
    settled(aliases, 5)
    assert len(aliases) == 1
    later = bucket(6)
    later.service(LOGGED).spans = 3
    aliases.settle(later)
    assert len(aliases) == 0
    assert set(later.services) == {PAYMENT, LOGGED}


def test_another_environment_is_another_service() -> None:
    aliases, staging = Aliases(), ServiceKey("staging", "", "payment-java")
    for number in range(10):
        aliases.cross(staging, PAYMENT, 50)
        aliases.settle(bucket(number, logged=staging))
    assert aliases.known == ()


def test_a_proxy_that_writes_down_the_ids_of_others_is_not_them() -> None:
    aliases = Aliases()
    for number in range(10):
        aliases.cross(PROXY, PAYMENT, 50)
        aliases.settle(bucket(number, logged=PROXY, pods={PAYMENT: "payment-1", PROXY: "proxy-1"}))
    assert aliases.known == ()


def test_pods_are_evidence() -> None:
    aliases = Aliases()
    settled(aliases, 3, pods={PAYMENT: "payment-1", LOGGED: "payment-1"})
    assert aliases.known[0].pods == ("payment-1",)
    assert "both come from pod payment-1" in str(aliases.known[0])


def test_without_ids_the_pods_and_a_word_of_the_name_tell() -> None:
    aliases, pods = Aliases(), {PAYMENT: "payment-1", LOGGED: "payment-1"}
    for number in range(5):
        aliases.settle(bucket(number, pods=pods))
    assert aliases.known == ()
    aliases.settle(bucket(5, pods=pods))
    (found,) = aliases.take_new()
    assert (found.records, found.pods) == (0, ("payment-1",))
    assert found.confidence < 0.7


def test_a_sidecar_is_not_what_it_stands_beside() -> None:
    aliases = Aliases()
    for number in range(20):
        aliases.settle(bucket(number, logged=PROXY, pods={PAYMENT: "payment-1", PROXY: "payment-1"}))
    assert aliases.known == ()


def test_of_a_service_and_its_proxy_it_is_the_one_that_has_most_of_the_name() -> None:
    """Both send spans from the pod; now and then, when there is little to do, only one of them does."""
    proxy = service_key("istio-proxy.payment")
    aliases = Aliases()
    for number in range(24):
        made = bucket(number, pods={PAYMENT: "pod-1", LOGGED: "pod-1", proxy: "pod-1"})
        made.service(proxy).spans = 10
        if number % 3 == 2:
            del made.services[(PAYMENT, proxy)[number % 2]]
        aliases.settle(made)
        assert aliases.of(LOGGED) == (PAYMENT if number >= 6 else LOGGED)


def test_a_service_that_was_renamed_takes_its_logs_with_it() -> None:
    renamed = service_key("payment-v2")
    aliases = Aliases()
    for number in range(40):
        made = bucket(number, pods={PAYMENT: "pod-1", LOGGED: "pod-1"})
        if number >= 10:
            made.services[renamed] = made.services.pop(PAYMENT)
        aliases.settle(made)
    assert aliases.of(LOGGED) == renamed


def test_who_logs_itself_needs_no_other_name() -> None:
    aliases, pods = Aliases(), {PAYMENT: "payment-1", LOGGED: "payment-1"}
    for number in range(20):
        made = bucket(number, pods=pods)
        made.service(PAYMENT).records = 1
        aliases.settle(made)
    assert aliases.known == ()


def test_the_order_of_services_does_not_matter_and_what_is_known_is_kept() -> None:
    aliases, again = Aliases(), Aliases()
    settled(aliases, 4)
    again.restore(deepcopy(aliases.state()))
    assert again.known == aliases.known
    for one in (aliases, again):
        settled(one, 2)
    assert again.state() == aliases.state()
    # Found before it was kept, and taken by nobody yet.
    assert again.take_new() == aliases.take_new() != []


def test_memory_is_bounded() -> None:
    aliases = Aliases()
    for number in range(700):
        name = service_key(f"name-{number}")
        aliases.cross(name, PAYMENT, 1)
        aliases.settle(bucket(number, logged=name))
    assert len(aliases.state().sightings) == 500
    assert aliases.state().sightings[-1][0] == service_key("name-699")


def test_what_is_to_be_forgotten_is() -> None:
    for service in (PAYMENT, LOGGED):
        aliases = Aliases()
        settled(aliases, 4)
        aliases.forget(service)
        assert aliases.known == ()
        assert all(key != service and service not in seen.met for key, seen in aliases.state().sightings)


def test_a_range_of_time_is_told_under_one_name() -> None:
    aliases = Aliases()
    settled(aliases, 4)
    earlier = bucket()
    aliases.apply(earlier)
    assert set(earlier.services) == {PAYMENT}


def test_confidence_grows() -> None:
    made = [Alias(LOGGED, PAYMENT, 40, 40, (), buckets, NOON).confidence for buckets in (3, 10, 100)]
    assert made == sorted(made)
    assert made[-1] < 1
