"""Two incidents that turn out to be one failure."""

from dataclasses import replace

from analyzers.anomaly import Anomaly
from rca.explanation import diagnose
from rca.incident import Incident, Severity, State
from rca.merging import merged, suffering, twin
from rca.recall import previous
from rca.rules import load_rules
from tests.rca.findings import CATALOG, CHECKOUT, FRONTEND, MAIL, NOON, PAYMENT, SECOND, SHOP, finding

RULES = load_rules()


def incident(name: str, *found: Anomaly, created: int = NOON) -> Incident:
    return Incident(
        incident_id=name,
        title=name,
        state=State.OPEN,
        severity=Severity.LOW,
        services=tuple(sorted({item.service for item in found})),
        anomalies=found,
        start_unix_nano=created - 5 * SECOND,
        create_unix_nano=created,
        update_unix_nano=created,
        seen_unix_nano=created,
        diagnosis=diagnose(found, SHOP, RULES, created),
        core=tuple(sorted({item.service for item in found})),
    )


CAUSE = incident("cause", finding(PAYMENT, "span_errors", 30.0), finding(CHECKOUT, "error_share", 20.0))
EFFECT = incident(
    "effect",
    finding(CHECKOUT, "error_share", 20.0),
    finding(PAYMENT, "span_errors", 5.0),
    created=NOON + 30 * SECOND,
)
ELSEWHERE = incident("elsewhere", finding(MAIL, "span_errors", 30.0))


def test_what_follows_from_the_other_is_one_with_it() -> None:
    assert twin(EFFECT, [CAUSE, EFFECT, ELSEWHERE]) == CAUSE
    assert twin(CAUSE, [EFFECT, ELSEWHERE]) == EFFECT


def test_independent_ones_stay_two() -> None:
    assert twin(ELSEWHERE, [CAUSE, EFFECT]) is None
    # Both are called by frontend, and neither by the other.
    other = incident("other", finding(CATALOG, "span_errors", 30.0), finding(FRONTEND, "error_share", 9.0))
    assert twin(other, [CAUSE]) is None


def test_a_cause_that_is_over_explains_nothing_that_begins_then() -> None:
    later = incident("later", finding(CHECKOUT, "error_share", 20.0), created=NOON + 300 * SECOND)
    assert twin(later, [CAUSE]) is None
    hint = incident("hint", finding(CHECKOUT, "span_errors", 20.0), finding(PAYMENT, "self_time", 0.5), created=NOON)
    assert twin(hint, [CAUSE]) is None


def test_who_suffers_from_an_older_one_says_nothing_of_a_younger() -> None:
    young = incident("young", finding(MAIL, "span_errors", 30.0), created=NOON + 30 * SECOND)
    assert CAUSE.root_cause == PAYMENT
    assert suffering(young, [CAUSE, young]) == {CHECKOUT}
    assert suffering(CAUSE, [CAUSE, young]) == frozenset()
    assert suffering(EFFECT, [CAUSE, EFFECT]) == frozenset()
    assert suffering(young, [replace(CAUSE, end_unix_nano=NOON), young]) == frozenset()


def test_what_was_told_apart_from_one_is_accounted_for_by_another_until_they_are_merged() -> None:
    told_apart = replace(CAUSE, apart=(*EFFECT.services, MAIL))
    assert suffering(told_apart, [told_apart, EFFECT]) >= {*EFFECT.services, MAIL}
    kept, _ = merged(told_apart, EFFECT, NOON + 60 * SECOND)
    assert kept.apart == (MAIL,)


def test_what_is_over_is_left_alone() -> None:
    assert twin(EFFECT, [replace(CAUSE, end_unix_nano=NOON)]) is None
    assert twin(replace(EFFECT, state=State.RESOLVED), [CAUSE]) is None
    assert twin(EFFECT, [replace(CAUSE, diagnosis=None)]) is None


def test_the_later_goes_into_the_earlier() -> None:
    for pair in ((CAUSE, EFFECT), (EFFECT, CAUSE)):
        kept, gone = merged(*pair, NOON + 60 * SECOND)
        assert (kept.incident_id, gone.incident_id, gone.merged_into) == ("cause", "effect", "cause")
        assert (kept.state, gone.state) == (State.OPEN, State.RESOLVED)
        assert not gone.ongoing
        assert gone.resolve_unix_nano == NOON + 60 * SECOND
        assert kept.services == kept.core == tuple(sorted({PAYMENT, CHECKOUT}))
        assert (kept.revision, gone.revision) == (CAUSE.revision + 1, EFFECT.revision + 1)
        assert kept.seen_unix_nano == EFFECT.seen_unix_nano
        # Nothing is found twice.
        assert len({item.key for item in kept.anomalies}) == len(kept.anomalies)


def test_the_one_before_is_named_after_it_was_resolved() -> None:
    over = replace(CAUSE, incident_id="over", state=State.RESOLVED, end_unix_nano=NOON + SECOND, auto_resolved=True)
    again = replace(
        CAUSE, incident_id="again", create_unix_nano=NOON + 7200 * SECOND, start_unix_nano=NOON + 7190 * SECOND
    )
    older = replace(over, incident_id="older", start_unix_nano=over.start_unix_nano - SECOND)
    assert previous(again, [older, over, ELSEWHERE]) == "over"
    # Another cause, one that goes on, one that was only a part of another: none of them came back.
    assert previous(again, [replace(ELSEWHERE, state=State.RESOLVED, end_unix_nano=NOON), CAUSE]) == ""
    assert previous(again, [replace(over, merged_into="cause")]) == ""
