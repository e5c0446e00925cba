"""What is missing is said where a diagnosis is inconclusive."""

from analyzers.aliases import Alias
from analyzers.service import ServiceKey, service_key
from analyzers.summary import EdgeKey, Summary
from rca.diagnosis import Diagnosis
from rca.explanation import diagnose
from rca.gaps import completed
from rca.graph import ServiceGraph, build_graph
from rca.rules import load_rules
from tests.rca.findings import CHECKOUT, FRONTEND, LEDGER, NOON, PAYMENT, SECOND, finding

RULES, LONG = load_rules(), 86_400 * SECOND
QUEUE = service_key("bookings")


def system(
    spans: dict[ServiceKey, int], records: dict[ServiceKey, int], *calls: tuple[ServiceKey, ServiceKey]
) -> Summary:
    made = Summary(NOON, NOON + 15 * SECOND)
    for service, count in spans.items():
        made.service(service).spans = count
    for service, count in records.items():
        made.service(service).records = count
    for client, server in calls:
        made.edge(EdgeKey(client, server)).calls = 50
    return made


def thin(graph: ServiceGraph, *services: ServiceKey) -> Diagnosis:
    found = [finding(service, "throughput", -1.0) for service in services]
    return diagnose(found, graph, RULES, NOON)


def missing(made: Summary, *services: ServiceKey, known: int = LONG) -> str:
    before = thin(build_graph(made), *services)
    after = completed(before, lambda service: known)
    assert before.inconclusive_reason in after.inconclusive_reason
    assert after.inconclusive_reason in after.summary
    return after.inconclusive_reason


FULL = system({FRONTEND: 90, PAYMENT: 90}, {FRONTEND: 90, PAYMENT: 90}, (FRONTEND, PAYMENT))


def test_nothing_is_missing_where_all_is_there() -> None:
    assert "missing" not in missing(FULL, PAYMENT)


def test_logs_alone() -> None:
    assert "only logs came, so who calls whom" in missing(system({}, {PAYMENT: 90, CHECKOUT: 90}), PAYMENT)


def test_one_without_spans_beside_others_that_send_them() -> None:
    made = system({FRONTEND: 90, PAYMENT: 90}, {FRONTEND: 90, PAYMENT: 90, CHECKOUT: 90}, (FRONTEND, PAYMENT))
    assert "spans of checkout, of which only logs came" in missing(made, CHECKOUT)


def test_one_without_logs() -> None:
    made = system({FRONTEND: 90, PAYMENT: 90}, {FRONTEND: 90}, (FRONTEND, PAYMENT))
    assert "logs of payment, of which only spans came" in missing(made, PAYMENT)


def test_a_callee_that_sends_nothing() -> None:
    made = system({FRONTEND: 90, PAYMENT: 90}, {FRONTEND: 90, PAYMENT: 90}, (FRONTEND, PAYMENT))
    made.edge(EdgeKey(PAYMENT, LEDGER, inferred=True)).calls = 50
    assert "spans and logs of ledger, which is known from its callers alone" in missing(made, PAYMENT)


def test_a_queue_lacks_nothing() -> None:
    made = system({FRONTEND: 90, PAYMENT: 90}, {FRONTEND: 90, PAYMENT: 90}, (FRONTEND, PAYMENT))
    made.edge(EdgeKey(PAYMENT, QUEUE, asynchronous=True, inferred=True)).calls = 50
    assert "bookings" not in missing(made, PAYMENT)


def test_callers_that_send_no_spans() -> None:
    made = system(
        {FRONTEND: 90, PAYMENT: 90, CHECKOUT: 90}, {FRONTEND: 90, PAYMENT: 90, CHECKOUT: 90}, (FRONTEND, PAYMENT)
    )
    assert "calls from or to checkout: its callers send no spans" in missing(made, CHECKOUT)


def test_too_little_history() -> None:
    assert "history: payment has been known for 90 s only" in missing(FULL, PAYMENT, known=90 * SECOND)
    assert "history: payment has been known for 6 min only" in missing(FULL, PAYMENT, known=400 * SECOND)


def test_too_little_traffic() -> None:
    made = system({FRONTEND: 90, PAYMENT: 4}, {FRONTEND: 90, PAYMENT: 2}, (FRONTEND, PAYMENT))
    assert "traffic: 4 spans and 2 records of payment are all there is" in missing(made, PAYMENT)


def test_nothing_at_all() -> None:
    assert "any log or span of this time" in missing(Summary(NOON, NOON + SECOND))


def test_a_sure_diagnosis_lacks_nothing() -> None:
    made = diagnose([finding(PAYMENT, "self_time", 40.0)], build_graph(system({PAYMENT: 3}, {})), RULES, NOON)
    assert completed(made, lambda service: 0) == made


def test_the_louder_of_several_is_not_sure_to_be_the_cause_where_there_are_only_logs() -> None:
    found = [finding(FRONTEND, "new_template", 60.0), finding(PAYMENT, "error_share", 9.0)]
    logs = system({}, {FRONTEND: 90, PAYMENT: 90})
    for made, doubted in ((logs, True), (FULL, False)):
        sure = diagnose(found, build_graph(made), RULES, NOON)
        assert sure.inconclusive_reason == ""
        told = completed(sure, lambda service: LONG)
        assert ("nobody knows who calls whom: frontend may only be louder" in told.summary) is doubted


def test_what_the_traces_of_logs_tell_is_told() -> None:
    logs = system({}, {FRONTEND: 90, PAYMENT: 90, CHECKOUT: 90})
    for service, at in ((PAYMENT, 0), (FRONTEND, 5)):
        logs.service(service).erring = dict.fromkeys(range(10), NOON + at)
    found = [finding(PAYMENT, "new_template", 80.0), finding(FRONTEND, "new_template", 90.0), finding(CHECKOUT)]
    told = completed(diagnose(found, build_graph(logs), RULES, NOON), lambda service: LONG)
    assert "in most traces in which frontend logged errors, payment had logged one before" in told.summary


def test_names_that_differ_are_told_of_services_that_are_named() -> None:
    made = diagnose([finding(PAYMENT, "self_time", 40.0)], build_graph(FULL), RULES, NOON)
    alias = Alias(service_key("payment-java"), PAYMENT, 60, 60, ("payment-1", "payment-2"), 9, NOON)
    other = Alias(service_key("ledger-java"), LEDGER, 60, 60, (), 9, NOON)
    told = completed(made, lambda service: LONG, [alias, other])
    assert (
        "Logs of payment come under the name payment-java: 60 of 60 records that name a span were written in its spans,"
        " and both come from pod payment-1 and 1 more (confidence 0.90)." in told.summary
    )
    assert "ledger-java" not in told.summary
    assert told.inconclusive_reason == ""
