"""The life of incidents in event time."""

import math
from dataclasses import replace

import pytest

from analyzers.anomaly import Anomaly
from analyzers.summary import EdgeKey
from rca.explanation import diagnose
from rca.graph import ServiceGraph
from rca.incident import Incident, Severity, State
from rca.joint import weight
from rca.tracker import NEW_NORMAL_LABEL, TITLE_LABEL, IncidentTracker, TrackerSettings, diagnosed
from tests.rca.findings import CATALOG, CHECKOUT, FRONTEND, LEDGER, MAIL, NOON, PAYMENT, SECOND, SHOP, finding, graph

TIMES = TrackerSettings()
STEP = 5 * SECOND


class Clock:
    """Drives a tracker window by window."""

    def __init__(self) -> None:
        self.tracker = IncidentTracker()
        self.now = NOON
        self.graph: ServiceGraph = SHOP

    def window(self, *found: Anomaly) -> list[Incident]:
        """One step later; what is found begins with the window that ends then."""
        self.now += STEP
        moved = [
            replace(
                item,
                start_unix_nano=self.now - 15 * SECOND,
                end_unix_nano=self.now,
                onset_unix_nano=self.now - 15 * SECOND,
            )
            for item in found
        ]
        return self.tracker.advance(moved, self.graph, self.now)

    def quiet(self, nanoseconds: int) -> list[Incident]:
        """Nothing is found for that long; all that changed."""
        changed = []
        until = self.now + nanoseconds
        while self.now < until:
            changed += self.window()
        return changed

    def only(self) -> Incident:
        (incident,) = self.tracker.live
        return incident


@pytest.fixture
def clock() -> Clock:
    return Clock()


STRONG = finding(PAYMENT, "span_errors", 30.0)


def evident(nats: float, detector: str = "self_time", subject: str = "Charge", looked_at: int = 1) -> Anomaly:
    """With that much weight when it is found alone."""
    surprise = math.sqrt(2 * (nats + 1 + math.log(looked_at)))
    return replace(finding(PAYMENT, detector, surprise, subject=subject), looked_at=looked_at)


# Three windows, one every 5 s, hold 25 s: five thirds of what one holds.
WEAK = evident(0.8 * TIMES.open)


def test_opens_once_and_goes_on(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    assert (opened.state, opened.services, opened.revision) == (State.OPEN, (PAYMENT,), 1)
    assert opened.create_unix_nano == opened.seen_unix_nano == clock.now
    assert opened.start_unix_nano == clock.now - 15 * SECOND
    for revision in range(2, 6):
        (again,) = clock.window(STRONG)
        assert (again.incident_id, again.revision) == (opened.incident_id, revision)
    assert clock.only().start_unix_nano == opened.start_unix_nano
    assert clock.only().create_unix_nano == opened.create_unix_nano


def test_a_weak_finding_opens_when_it_goes_on(clock: Clock) -> None:
    assert clock.window(WEAK) == []
    (opened,) = clock.window(WEAK)
    assert opened.start_unix_nano == clock.now - STEP - 15 * SECOND


def test_windows_that_hold_the_same_do_not_count_twice(clock: Clock) -> None:
    """Each window moves on by a third of its length: as much of what is found again is new."""
    half = evident(TIMES.open / 2)
    needed = (TIMES.open / 2) / (half.surprise**2 / 2 / 3)
    windows = 1
    while not clock.window(half):
        windows += 1
    assert windows == 1 + math.ceil(needed)


def test_what_was_found_long_ago_adds_nothing(clock: Clock) -> None:
    for _ in range(5):
        assert clock.window(WEAK) == []
        assert clock.quiet(TIMES.memory) == []


def test_a_rise_and_a_fall_do_not_add_up(clock: Clock) -> None:
    fall = replace(WEAK, surprise=-WEAK.surprise)
    assert clock.window(WEAK) == clock.window(fall) == []


def test_too_weak_a_finding_never_opens(clock: Clock) -> None:
    """Though it goes on, it is one of so many things that were looked at that some are always so."""
    faint = replace(evident(0.0), surprise=1.0, looked_at=1000)
    assert [clock.window(faint) for _ in range(40)] == [[]] * 40


def test_what_was_found_counts_after_a_restart(clock: Clock) -> None:
    clock.window(WEAK)
    before = clock.tracker.before
    clock.tracker = IncidentTracker()
    clock.tracker.restore((), before)
    assert len(clock.window(WEAK)) == 1


def test_falls_count_as_rises_do(clock: Clock) -> None:
    assert len(clock.window(finding(PAYMENT, "throughput", -30.0))) == 1


def test_others_along_the_calls_join(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    (joined,) = clock.window(finding(FRONTEND, "error_share", 30.0))
    assert joined.incident_id == opened.incident_id
    assert joined.services == tuple(sorted((FRONTEND, PAYMENT)))
    assert {item.service for item in joined.anomalies} == {FRONTEND, PAYMENT}
    assert joined.severity >= opened.severity


def test_groups_that_lost_their_connection_still_belong_to_their_incident(clock: Clock) -> None:
    """When a service in between falls silent, its calls are gone from the graph."""
    (opened,) = clock.window(STRONG, finding(FRONTEND, "error_share", 30.0))
    clock.graph = graph()
    (changed,) = clock.window(finding(PAYMENT, "self_time", 40.0), finding(FRONTEND, "self_time", 40.0))
    assert changed.incident_id == opened.incident_id
    assert {(item.service, item.detector) for item in changed.anomalies} == {
        (PAYMENT, "span_errors"),
        (FRONTEND, "error_share"),
        (PAYMENT, "self_time"),
        (FRONTEND, "self_time"),
    }


def test_a_weak_finding_elsewhere_neither_opens_one_nor_keeps_another_going(clock: Clock) -> None:
    clock.window(STRONG)
    clock.quiet(TIMES.together)
    seen = clock.only().seen_unix_nano
    clock.window(finding(FRONTEND, "self_time", 3.7))
    assert clock.only().seen_unix_nano == seen


def test_what_others_show_while_it_is_young_is_part_of_it(clock: Clock) -> None:
    clock.window(STRONG)
    clock.window(finding(FRONTEND, "error_share", 9.0))
    assert clock.only().core == tuple(sorted({PAYMENT, FRONTEND}))


def test_an_incident_of_an_older_version_takes_what_calls_connect(clock: Clock) -> None:
    clock.window(STRONG)
    clock.tracker.put(replace(clock.only(), core=()))
    while clock.now <= clock.only().create_unix_nano + TIMES.together:
        clock.window(STRONG)
    clock.window(finding(FRONTEND, "self_time", 9.0))
    assert FRONTEND in clock.only().services


def test_quiet_ends_it(clock: Clock) -> None:
    clock.window(STRONG)
    seen = clock.now
    (ended,) = clock.quiet(TIMES.quiet)
    assert (ended.end_unix_nano, ended.state, ended.ongoing) == (seen, State.OPEN, False)
    assert clock.tracker.troubled(clock.now - SECOND, clock.now) == frozenset()
    # What waits to be learned is of the time in which it went on.
    assert clock.tracker.troubled(seen - SECOND, seen) == {PAYMENT}
    assert clock.tracker.troubled(seen - 16 * SECOND, seen - 15 * SECOND) == frozenset()


def test_a_short_pause_does_not(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    assert clock.quiet(TIMES.quiet - STEP) == []
    (again,) = clock.window(STRONG)
    assert (again.incident_id, again.end_unix_nano, again.reopen_count) == (opened.incident_id, 0, 0)


def test_coming_back_reopens_and_is_counted(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    for count in (1, 2):
        clock.quiet(TIMES.quiet)
        assert clock.only().end_unix_nano
        (again,) = clock.window(STRONG)
        assert (again.incident_id, again.end_unix_nano, again.reopen_count) == (opened.incident_id, 0, count)
        assert again.reopen_unix_nano == clock.now
        assert clock.tracker.troubled(clock.now - SECOND, clock.now) == {PAYMENT}


def test_a_weak_finding_does_not_reopen(clock: Clock) -> None:
    clock.window(STRONG)
    clock.quiet(TIMES.quiet)
    assert clock.window(WEAK) == []
    assert clock.only().end_unix_nano


def test_much_later_it_is_a_new_one_that_names_the_old(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    clock.quiet(TIMES.reopen + TIMES.quiet)
    (again,) = clock.window(STRONG)
    assert again.incident_id != opened.incident_id
    assert again.previous_incident == opened.incident_id


def test_quiet_for_long_resolves_it(clock: Clock) -> None:
    clock.window(STRONG)
    resolved = clock.quiet(TIMES.resolve + TIMES.quiet)[-1]
    assert (resolved.state, resolved.auto_resolved) == (State.RESOLVED, True)
    assert resolved.resolve_unix_nano >= resolved.end_unix_nano + TIMES.resolve
    assert clock.tracker.live == ()


def test_ids_are_deterministic() -> None:
    runs = []
    for _ in range(2):
        clock = Clock()
        changes = [clock.window(STRONG, finding(MAIL, "span_errors", 30.0))]
        changes += [clock.window(finding(CHECKOUT, "self_time", 9.0), STRONG)]
        runs.append([*changes, clock.quiet(TIMES.resolve)])
    assert runs[0] == runs[1]


def test_order_of_findings_does_not_matter() -> None:
    found = [STRONG, finding(CHECKOUT, "error_share", 30.0), finding(MAIL, "self_time", 50.0), WEAK]
    assert Clock().window(*found) == Clock().window(*found[::-1])


def test_a_persons_change_is_kept(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    clock.tracker.put(replace(opened, state=State.ACKNOWLEDGED, labels={"team": "pay"}, revision=2))
    (again,) = clock.window(STRONG)
    assert (again.state, again.labels, again.revision) == (State.ACKNOWLEDGED, {"team": "pay"}, 3)


def test_what_goes_on_after_a_person_resolved_it_is_a_new_incident(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    clock.window(STRONG)
    clock.tracker.put(replace(clock.only(), state=State.RESOLVED))
    assert clock.tracker.live == ()
    (again,) = clock.window(STRONG)
    assert again.incident_id != opened.incident_id


def test_goes_on_with_what_was_live_before_a_restart(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    resolved = replace(opened, incident_id="gone", state=State.RESOLVED)
    clock.tracker = IncidentTracker(live=[opened, resolved])
    assert clock.tracker.live == (opened,)
    (again,) = clock.window(STRONG)
    assert again.incident_id == opened.incident_id


def test_anomalies_are_bounded_and_the_strongest_are_kept(clock: Clock) -> None:
    found = [finding(PAYMENT, "new_template", 9.0 + n, subject=str(n)) for n in range(300)]
    (opened,) = clock.window(*found)
    assert len(opened.anomalies) == 100
    assert min(item.surprise for item in opened.anomalies) == 9.0 + 200


def test_an_anomaly_found_again_is_kept_once(clock: Clock) -> None:
    for _ in range(5):
        clock.window(STRONG)
    assert len(clock.only().anomalies) == 1


def test_severity_never_falls(clock: Clock) -> None:
    (opened,) = clock.window(*(finding(item, "span_errors", 40.0) for item in (FRONTEND, CHECKOUT, PAYMENT, CATALOG)))
    assert opened.severity is Severity.CRITICAL
    (again,) = clock.window(finding(PAYMENT, "self_time", 9.0))
    assert again.severity is Severity.CRITICAL


def test_diagnosed(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    found = [STRONG, finding(LEDGER, "self_time", 60.0)]
    diagnosis = diagnose(found, SHOP, (), clock.now)
    made = diagnosed(opened, diagnosis, found)
    assert made.title == diagnosis.root_causes[0].hypothesis
    assert made.root_cause == LEDGER
    assert made.services == tuple(sorted((LEDGER, PAYMENT)))
    assert made.revision == opened.revision + 1
    named = replace(opened, title="Ours", labels={TITLE_LABEL: "manual"})
    assert diagnosed(named, diagnosis, found).title == "Ours"
    assert diagnosed(opened, diagnose([], SHOP, (), clock.now), []).anomalies == opened.anomalies


def test_several_weak_signs_of_one_failure_open_at_once(clock: Clock) -> None:
    third = TIMES.open / 3 + 0.1
    assert clock.window(evident(third), evident(third, "throughput")) == []
    clock.quiet(TIMES.memory)
    signs = [evident(third), evident(third, "throughput"), evident(third, "span_errors")]
    assert len(clock.window(*signs)) == 1


def test_one_failed_request_is_no_crowd_of_witnesses(clock: Clock) -> None:
    """Whoever waited for it logs an error, a retry and a failed span as well."""
    half = TIMES.open / 2
    signs = [
        replace(evident(half, detector), service=service)
        for detector in ("span_errors", "error_share", "new_template")
        for service in (FRONTEND, PAYMENT)
    ]
    alone, together = weight(signs[:1]), weight(signs)
    assert alone < together < 3 * alone


def test_the_tenth_template_of_one_cause_adds_nothing(clock: Clock) -> None:
    half = TIMES.open / 2 - 0.1
    assert clock.window(*(evident(half, "new_template", str(number)) for number in range(10))) == []


def test_the_most_surprising_of_many_is_less_evidence(clock: Clock) -> None:
    surprise = evident(TIMES.open + 1).surprise
    many = replace(finding(PAYMENT, "self_time", surprise), looked_at=1000)
    assert weight([many]) == pytest.approx(weight([replace(many, looked_at=1)]) - math.log(1000))
    assert clock.window(many) == []
    assert len(Clock().window(replace(many, looked_at=1))) == 1


def test_calls_that_the_failure_cut_still_join_what_belongs_together(clock: Clock) -> None:
    clock.graph = graph()
    usual = [EdgeKey(CHECKOUT, PAYMENT)]
    found = [finding(CHECKOUT, "edge_calls", -30.0), finding(PAYMENT, "throughput", -30.0)]
    assert len(IncidentTracker().advance(found, clock.graph, NOON, usual)) == 1
    assert len(IncidentTracker().advance(found, SHOP, NOON)) == 1


def test_where_no_calls_are_known_the_time_decides(clock: Clock) -> None:
    clock.graph = graph()
    (opened,) = clock.window(STRONG)
    (joined,) = clock.window(STRONG, finding(MAIL, "error_share", 30.0))
    assert joined.incident_id == opened.incident_id
    while clock.now < opened.create_unix_nano + TIMES.together:
        clock.window(STRONG)
    assert len(clock.window(finding(LEDGER, "error_share", 30.0))) == 1
    assert len(clock.tracker.live) == 2


def test_what_stays_becomes_the_new_normal(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    while clock.now < opened.create_unix_nano + TIMES.new_normal - STEP:
        clock.window(STRONG)
    assert clock.only().ongoing
    assert clock.tracker.take_accepted() == frozenset()
    (accepted,) = clock.window(STRONG)
    assert (accepted.end_unix_nano, accepted.labels) == (clock.now, {NEW_NORMAL_LABEL: "accepted"})
    assert clock.tracker.troubled(clock.now - SECOND, clock.now) == frozenset()
    assert clock.tracker.take_accepted() == {PAYMENT}
    assert clock.tracker.take_accepted() == frozenset()


def test_what_a_person_resolved_is_not_learned_as_normal_afterwards(clock: Clock) -> None:
    (opened,) = clock.window(STRONG)
    until = clock.now
    clock.tracker.put(replace(opened, state=State.RESOLVED, resolve_unix_nano=until, update_unix_nano=until))
    assert clock.tracker.troubled(until - SECOND, until) == {PAYMENT}
    assert clock.tracker.troubled(until, until + SECOND) == frozenset()
    clock.quiet(TIMES.reopen)
    assert clock.tracker.troubled(until - SECOND, until) == frozenset()
