"""Whose the time lost between two services is, and whose the work not done."""

from dataclasses import replace

import pytest

from analyzers.anomaly import Anomaly
from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, OperationStats
from rca.flooding import Floods
from rca.graph import Topology, build_graph
from rca.outgoing import Outgoing
from rca.ranking import rank
from rca.waiting import waiting
from tests.rca.findings import CALLS, CATALOG, CHECKOUT, FRONTEND, LEDGER, MAIL, PAYMENT, SHOP, finding, graph, summary

GRAPH = graph(*CALLS, (CHECKOUT, MAIL), (CHECKOUT, CATALOG))


def gap(client: ServiceKey, server: ServiceKey, surprise: float = 40.0) -> Anomaly:
    return finding(server, "edge_gap", surprise, peer=client, subject=f"{client.name} -> {server.name}")


def test_a_caller_that_loses_time_on_the_way_to_most_it_calls_is_slow_itself() -> None:
    causes = rank([gap(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)], GRAPH)
    assert causes[0].service == CHECKOUT
    assert "itself is slow" in causes[0].hypothesis
    assert {item.signal for item in causes[0].evidence} == {"outgoing_gaps"}
    for cause in causes[1:]:
        assert any(item.signal == "explained_by_caller" and item.contribution < 0 for item in cause.evidence)
        assert cause.score < causes[0].score


def test_one_slow_way_of_three_is_the_callee() -> None:
    causes = rank([gap(CHECKOUT, PAYMENT)], GRAPH)
    assert [cause.service for cause in causes] == [PAYMENT]
    assert all(item.contribution > 0 for item in causes[0].evidence)


def test_a_callee_that_others_lose_time_on_as_well_stays_guilty() -> None:
    found = [gap(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)] + [gap(FRONTEND, CATALOG, 80.0)]
    causes = rank(found, GRAPH)
    catalog = next(cause for cause in causes if cause.service == CATALOG)
    assert all(item.contribution > 0 for item in catalog.evidence)


def test_idleness_is_explained_by_a_caller_in_trouble_and_counts_without_one() -> None:
    alone = rank([finding(MAIL, "throughput", -12.0)], GRAPH)
    assert alone[0].service == MAIL
    beside = rank([finding(MAIL, "throughput", -12.0), finding(CHECKOUT, "span_errors", 12.0)], GRAPH)
    assert beside[0].service == CHECKOUT
    mail = next(cause for cause in beside if cause.service == MAIL)
    assert mail.score < alone[0].score / 2
    assert any(item.signal == "explained_by_caller" for item in mail.evidence)


def test_contributions_still_add_up() -> None:
    found = [gap(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)] + [finding(MAIL, "throughput", -12.0)]
    for cause in rank(found, GRAPH):
        assert cause.score == sum(item.contribution for item in cause.evidence)


def unanswered(caller: ServiceKey, callee: ServiceKey, surprise: float = 12.0) -> Anomaly:
    return finding(callee, "edge_errors", surprise, subject=f"{caller.name} -> {callee.name}", peer=caller)


def test_who_gets_no_answer_from_most_it_calls_fails_itself() -> None:
    """Its name service, its certificate, its network: whom it calls has nothing to do with it."""
    idle = finding(PAYMENT, "throughput", -9.0)
    refused = [unanswered(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)]
    causes = rank([*refused, idle, finding(CHECKOUT, "error_share", 12.0)], GRAPH)
    assert causes[0].service == CHECKOUT
    assert "gets no answer from whom it calls" in causes[0].hypothesis
    assert all(item.contribution > 0 for item in causes[0].evidence)
    for cause in causes[1:]:
        assert any("checkout gets no answer from others just as well" in item.description for item in cause.evidence)


@pytest.mark.parametrize(
    ("also", "first"),
    [
        ([unanswered(FRONTEND, item) for item in (PAYMENT, MAIL, CATALOG)], {PAYMENT, MAIL, CATALOG}),
        ([finding(item, "span_errors", 9.0) for item in (PAYMENT, MAIL, CATALOG)], {PAYMENT, MAIL, CATALOG}),
    ],
)
def test_callees_that_show_troubles_of_their_own_stay_guilty(also: list[Anomaly], first: set[ServiceKey]) -> None:
    refused = [unanswered(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)]
    assert rank([*refused, *also], GRAPH)[0].service in first


def test_two_that_give_no_answer_may_wait_for_a_third() -> None:
    refused = [unanswered(CHECKOUT, PAYMENT), unanswered(CHECKOUT, MAIL)]
    assert rank(refused, graph(*CALLS, (CHECKOUT, MAIL)))[0].service in (PAYMENT, MAIL)
    answering_others = graph(*CALLS, (CHECKOUT, MAIL), (FRONTEND, MAIL), (CATALOG, PAYMENT))
    assert rank(refused, answering_others)[0].service == CHECKOUT


@pytest.mark.parametrize(("answered", "failed", "first"), [(200, 0, CHECKOUT), (200, 60, MAIL), (4, 0, MAIL)])
def test_who_alone_gets_no_answer_has_the_wrong_address(answered: int, failed: int, first: ServiceKey) -> None:
    """All others are answered by the same one; unless they are few, or some of theirs fail too."""
    calls = {EdgeKey(CHECKOUT, MAIL): (50, 20), EdgeKey(FRONTEND, MAIL): (answered, failed)}
    seen = summary(*CALLS)
    for edge, (made, wrong) in calls.items():
        seen.edges[edge] = EdgeStats(made, errors=wrong)
    causes = rank([replace(unanswered(CHECKOUT, MAIL), observed=0.4)], build_graph(seen))
    assert causes[0].service == first
    if first == CHECKOUT:
        assert causes[0].hypothesis == "checkout itself gets no answer from whom it calls (checkout -> mail)"
        assert "others are answered" in causes[0].evidence[0].description
        assert causes[1].evidence[-1].description == "it answers all but checkout"


@pytest.mark.parametrize(
    ("text", "severity", "first"),
    [
        ("call to mail failed: getaddrinfo ENOTFOUND <*>", 17, CHECKOUT),
        ("java.net.UnknownHostException: <*>", 13, CHECKOUT),
        ("connection refused: <*>", 17, MAIL),
        ("getaddrinfo of <*> took <*> ms", 9, MAIL),
    ],
)
def test_who_does_not_find_the_name_never_asked(text: str, severity: int, first: ServiceKey) -> None:
    """Although nobody else calls it, who would be answered."""
    said = LogExemplar(0, b"t" * 16, b"s" * 8, text, severity, "", "")
    error = finding(CHECKOUT, "new_template", 9.0, subject=text, exemplars=(said,))
    refused = [unanswered(CHECKOUT, MAIL), error]
    causes = rank(refused, graph(*CALLS, (CHECKOUT, MAIL)))
    assert causes[0].service == first
    if first == CHECKOUT:
        assert f'it does not find the name, "{text}"' in causes[0].evidence[0].description
        assert causes[1].evidence[-1].description == "checkout does not find its name"
    # Where nobody finds the name, it is as if nobody answered.
    assert rank([*refused, unanswered(FRONTEND, MAIL)], graph(*CALLS, (CHECKOUT, MAIL)))[0].service == MAIL


def test_who_stands_still_serves_nobody() -> None:
    """Others called it until now, and what they wait for now ends too late to be seen."""
    seen = summary(*CALLS)
    seen.edges[EdgeKey(CHECKOUT, MAIL)] = EdgeStats(50, errors=20)
    seen.edges[EdgeKey(FRONTEND, MAIL)] = EdgeStats(200)
    refused = replace(unanswered(CHECKOUT, MAIL), observed=0.4)
    idle = replace(finding(MAIL, "throughput", -9.0, subject="units of work"), observed=0.75)
    assert rank([refused, idle], build_graph(seen))[0].service == CHECKOUT
    assert rank([refused, replace(idle, observed=0.2)], build_graph(seen))[0].service == MAIL
    # A job of it that is not run has nothing to do with them.
    assert rank([refused, replace(idle, observed=0.0, subject="refresh")], build_graph(seen))[0].service == CHECKOUT


def test_nobody_waits_for_itself_where_two_call_each_other() -> None:
    topology = Topology(graph(*CALLS, (PAYMENT, CHECKOUT)))
    found = {PAYMENT: [unanswered(CHECKOUT, PAYMENT)], CHECKOUT: [finding(CHECKOUT, "error_share", 30.0)]}
    assert waiting(found, Floods({}, {}), Outgoing({}, {}), topology) == {CHECKOUT: PAYMENT}


def test_a_silent_culprit_is_first_however_loud_those_are_who_wait_for_it() -> None:
    """Ledger says nothing at all; everybody above it stops, complains and gives up."""
    loud = [
        finding(service, detector, surprise)
        for service in (PAYMENT, CHECKOUT, FRONTEND)
        for detector, surprise in (("template_rate", -40.0), ("error_share", 30.0), ("new_template", 20.0))
    ]
    ranked = rank([*loud, unanswered(PAYMENT, LEDGER)], SHOP)
    assert ranked[0].service == LEDGER
    assert "ledger fail without an answer (payment -> ledger)" in ranked[0].hypothesis
    for other in ranked[1:]:
        assert any("calls of ledger are not answered" in item.description for item in other.evidence)


def test_troubles_of_its_own_are_not_explained_by_who_does_not_answer() -> None:
    ranked = rank([finding(PAYMENT, "span_errors", 60.0), unanswered(PAYMENT, LEDGER, 5.0)], SHOP)
    assert ranked[0].service == PAYMENT


@pytest.mark.parametrize(("share", "first"), [(0.9, LEDGER), (0.2, PAYMENT)])
def test_who_gets_no_answer_may_fail_without_asking(share: float, first: ServiceKey) -> None:
    """Its circuit breaker is open."""
    refused = replace(unanswered(PAYMENT, LEDGER, 31.0), observed=share)
    ranked = rank([finding(PAYMENT, "span_errors", 30.0), finding(PAYMENT, "error_share", 30.0), refused], SHOP)
    assert ranked[0].service == first


def test_what_is_passed_on_by_those_who_say_nothing_of_it_is_followed() -> None:
    """Proxies log nothing, and nothing of theirs is unusual but that requests fail which they passed on."""
    seen = summary(*CALLS)
    loud = [finding(FRONTEND, detector, 40.0) for detector in ("error_share", "new_template")]
    found = [*loud, unanswered(PAYMENT, LEDGER, 6.0)]
    assert rank(found, build_graph(seen))[0].service == FRONTEND
    for client, server in CALLS[:2]:
        seen.edges[EdgeKey(client, server)].errors = 10
        seen.services[server].operations["pass"] = OperationStats(calls=10, errors=10, entries=10)
    causes = rank(found, build_graph(seen))
    assert causes[0].service == LEDGER
    assert any("those it passes on fail in ledger" in item.description for item in causes[1].evidence)


def flood(observed: float) -> Anomaly:
    return replace(finding(CHECKOUT, "edge_calls", 9.0, subject="checkout -> payment", peer=PAYMENT), observed=observed)


def test_who_floods_another_is_to_blame_for_its_slowness() -> None:
    slow = [finding(PAYMENT, "self_time", 12.0), finding(PAYMENT, "edge_gap", 12.0, peer=CHECKOUT)]
    assert rank([*slow, flood(16.0)], SHOP)[0].service == CHECKOUT
    # A few calls more are what slowness brings.
    assert rank([*slow, flood(1.5)], SHOP)[0].service == PAYMENT


def test_calls_are_repeated_because_they_fail() -> None:
    failing = [finding(PAYMENT, "span_errors", 20.0), finding(PAYMENT, "self_time", 12.0)]
    assert rank([*failing, flood(16.0)], SHOP)[0].service == PAYMENT


def test_the_pod_that_carries_most_is_named() -> None:
    found = [
        finding(PAYMENT, "span_errors", 20.0, pod="payment-1"),
        finding(PAYMENT, "error_share", 12.0, pod="payment-1"),
        finding(PAYMENT, "self_time", 4.0),
    ]
    assert rank(found, SHOP)[0].pod == "payment-1"
    spread = [*found[1:], finding(PAYMENT, "span_errors", 60.0)]
    assert rank(spread, SHOP)[0].pod == ""


def test_the_deepest_of_a_chain_of_silence_is_first() -> None:
    """Payment does not answer because it waits for ledger."""
    loud = [finding(PAYMENT, detector, 60.0) for detector in ("error_share", "new_template")]
    ranked = rank([*loud, unanswered(CHECKOUT, PAYMENT, 60.0), unanswered(PAYMENT, LEDGER, 30.0)], SHOP)
    assert ranked[0].service == LEDGER


def test_calls_of_which_one_half_is_there_are_failures_of_the_callee() -> None:
    """Payment hangs: checkout's halves of the calls fail, and theirs to be seen is only that some take long."""
    found = [
        finding(CHECKOUT, "span_errors", 80.0, subject="POST /charge"),
        finding(CHECKOUT, "template_rate", -60.0),
        finding(PAYMENT, "self_time", 9.0, subject="POST /charge"),
    ]
    assert rank(found, SHOP)[0].service == PAYMENT
    # Failing in something of its own, checkout is to blame.
    own = [replace(found[0], subject="render"), *found[1:]]
    assert rank(own, SHOP)[0].service == CHECKOUT


def test_pauses_between_attempts_are_no_slowness_of_its_own() -> None:
    waits = [finding(CHECKOUT, "self_time", 40.0), finding(CHECKOUT, "error_share", 40.0)]
    repeats = finding(CHECKOUT, "edge_calls", 9.0, subject="checkout -> payment", peer=PAYMENT)
    silent = unanswered(CHECKOUT, PAYMENT, 9.0)
    assert rank([*waits, repeats, silent], SHOP)[0].service == PAYMENT
    assert rank([*waits, silent], SHOP)[0].service == CHECKOUT


def loud(service: ServiceKey) -> list[Anomaly]:
    """All that a caller shows which retries, gives up, and says so."""
    signs = [finding(service, detector, 40.0) for detector in ("new_template", "error_share", "self_time")]
    return [*signs, finding(service, "template_rate", -30.0), finding(service, "edge_calls", 9.0, peer=PAYMENT)]


def test_who_only_passes_on_what_fails_elsewhere_is_explained_however_loud_it_is() -> None:
    failing = finding(PAYMENT, "span_errors", 16.0)
    causes = rank([failing, *loud(CHECKOUT), *loud(FRONTEND)], GRAPH)
    assert causes[0].service == PAYMENT
    for cause in causes[1:]:
        (against,) = (item for item in cause.evidence if item.contribution < 0)
        assert against.description == "it fails no call by itself, and those it passes on fail in payment"
        assert against.anomaly_ids == (failing.anomaly_id,)


def test_who_fails_by_itself_too_or_calls_somebody_who_hardly_fails_is_not() -> None:
    own = finding(CHECKOUT, "span_errors", 30.0, subject="POST /order")
    assert rank([finding(PAYMENT, "span_errors", 16.0), own, *loud(CHECKOUT)], GRAPH)[0].service == CHECKOUT
    assert rank([finding(PAYMENT, "span_errors", 2.5), *loud(CHECKOUT)], GRAPH)[0].service == CHECKOUT


def test_nobody_waits_for_who_takes_messages() -> None:
    """What fails in the consumer is no reason for what its producer shows."""
    made = summary(*CALLS)
    made.edge(EdgeKey(CHECKOUT, MAIL, asynchronous=True)).calls = 50
    signs = [finding(CHECKOUT, detector, 40.0) for detector in ("new_template", "error_share")]
    assert rank([finding(MAIL, "span_errors", 8.0), *signs], build_graph(made))[0].service == CHECKOUT


def test_who_does_not_answer_because_it_loses_time_further_on_waits_as_well() -> None:
    found = [unanswered(FRONTEND, CHECKOUT, 30.0), finding(FRONTEND, "error_share", 20.0)]
    lost = replace(gap(CHECKOUT, PAYMENT, 12.0), cost=0.5)
    assert rank([*found, lost], SHOP)[0].service == PAYMENT
    assert rank(found, SHOP)[0].service == CHECKOUT
    # A moment lost there is not what its callers wait for.
    assert rank([*found, replace(lost, cost=0.1)], SHOP)[0].service == CHECKOUT


def test_work_cut_short_by_late_calls_is_the_callees() -> None:
    cut = [finding(CHECKOUT, "template_rate", -10.0), finding(CHECKOUT, "edge_calls", -8.0, peer=CATALOG)]
    assert rank([*cut, gap(CHECKOUT, PAYMENT, 8.0)], GRAPH)[0].service == PAYMENT
    # Of other callers' calls that are late it knows nothing.
    assert rank([*cut, gap(FRONTEND, PAYMENT, 8.0)], GRAPH)[0].service == CHECKOUT


def test_callers_who_lose_time_each_by_itself_are_witnesses_together() -> None:
    alone = rank([gap(CHECKOUT, PAYMENT, 6.0)], GRAPH)[0].score
    assert rank([gap(CHECKOUT, PAYMENT, 6.0), gap(FRONTEND, PAYMENT, 5.0)], GRAPH)[0].score > alone


def test_what_others_call_by_the_same_name_fails_for_the_same_reason() -> None:
    """Ledger sends nothing and answers nobody. Payment says whom it calls; catalog does not, and is the louder one."""
    whole = summary(*CALLS[:2], CALLS[3], services=(FRONTEND, CHECKOUT, PAYMENT, CATALOG))
    whole.edge(EdgeKey(PAYMENT, LEDGER, inferred=True)).calls = 9
    whole.service(PAYMENT).operations["SELECT"] = OperationStats(calls=9, errors=9)
    loud = [finding(CATALOG, "span_errors", 60.0, subject="SELECT"), finding(CATALOG, "template_rate", -60.0)]
    ranked = rank([*loud, unanswered(PAYMENT, LEDGER, 9.0)], build_graph(whole))
    assert ranked[0].service == LEDGER
    assert any("calls of ledger are not answered" in item.description for item in ranked[1].evidence)
    # What nobody else calls so is its own.
    own = [replace(loud[0], subject="render"), loud[1]]
    assert rank([*own, unanswered(PAYMENT, LEDGER, 9.0)], build_graph(whole))[0].service == CATALOG


def test_less_is_consumed_of_a_producer_in_trouble() -> None:
    stopped = finding(MAIL, "consumption", -40.0, subject="checkout", peer=CHECKOUT)
    assert rank([stopped], GRAPH)[0].service == MAIL
    assert rank([stopped, finding(CHECKOUT, "span_errors", 9.0)], GRAPH)[0].service == CHECKOUT


@pytest.mark.parametrize(("cost", "first"), [(0.4, LEDGER), (0.05, CHECKOUT)])
def test_who_does_not_answer_in_time_waits_for_whoever_takes_most_of_it(cost: float, first: ServiceKey) -> None:
    """Nobody but the entrance has a timeout, and it is spent two calls further down."""
    slow = replace(gap(PAYMENT, LEDGER, 12.0), cost=cost)
    assert rank([slow, unanswered(FRONTEND, CHECKOUT, 14.0)], SHOP)[0].service == first


@pytest.mark.parametrize("detector", ["self_time", "span_errors"])
def test_troubles_of_its_own_are_not_explained_by_who_is_slow_below(detector: str) -> None:
    slow = replace(gap(PAYMENT, LEDGER, 12.0), cost=0.4)
    own = finding(CHECKOUT, detector, 14.0)
    assert rank([slow, own, unanswered(FRONTEND, CHECKOUT, 14.0)], SHOP)[0].service == CHECKOUT


@pytest.mark.parametrize(
    ("new", "others", "first"), [(True, False, CHECKOUT), (False, False, MAIL), (True, True, MAIL)]
)
def test_who_calls_a_name_that_nobody_ever_called_was_told_a_wrong_one(
    new: bool, others: bool, first: ServiceKey
) -> None:
    """Unless others begin to call it as well: then it is new, and does not answer."""
    callers = (CHECKOUT, FRONTEND) if others else (CHECKOUT,)
    refused = [replace(unanswered(caller, MAIL), new_name=new) for caller in callers]
    causes = rank(refused, graph(*CALLS, *((caller, MAIL) for caller in callers)))
    assert causes[0].service == first
    if first == CHECKOUT:
        assert causes[0].evidence[0].description.startswith("nobody ever called that name before: ")
        assert causes[1].evidence[-1].description == "nobody but checkout ever called that name"
