"""Past incidents that resemble a new one."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey, service_key
from rca.incident import Incident
from rca.recall import Feature, Kind, candidates, fingerprint, similar
from rca.store.memory import MemoryStore
from tests.rca.store.incidents import CHECKOUT, DATABASE, PAYMENT, SECOND, anomaly, diagnosis, exemplar, incident

POOL = anomaly(
    template_id="pool", exemplars=(exemplar(exception_type="PoolTimeoutException"),), subject="pool exhausted after <*>"
)
NOW = incident(
    "now", start=100 * SECOND, anomalies=(POOL, anomaly(CHECKOUT, template_id="declined")), diagnosis=diagnosis()
)


def past(
    incident_id: str,
    *anomalies: Anomaly,
    cause: ServiceKey = PAYMENT,
    resolution: str = "",
    start: int = SECOND,
    services: tuple[ServiceKey, ...] = (PAYMENT, CHECKOUT),
) -> Incident:
    return incident(
        incident_id,
        f"Title of {incident_id}",
        start=start,
        services=services,
        anomalies=anomalies,
        diagnosis=diagnosis(cause),
        resolution=resolution,
    )


def names(incident: Incident, *others: Incident, limit: int = 10) -> list[str]:
    return [item.incident_id for item in similar(incident, others, limit)]


def said(incident: Incident) -> set[tuple[Kind, str]]:
    return {(item.kind, item.value) for item in fingerprint(incident)}


def test_fingerprint() -> None:
    made = incident(
        services=(PAYMENT,),
        anomalies=(
            POOL,
            anomaly(detector="self_time", subject="charge"),
            anomaly(detector="edge_gap", subject="checkout -> payment", peer=CHECKOUT),
            anomaly(CHECKOUT, detector="edge_calls", subject="checkout -> payment", peer=PAYMENT, surprise=-8.0),
            anomaly(CHECKOUT, detector="template_rate", template_id="quiet", subject="nothing to see", surprise=-7.0),
        ),
        diagnosis=diagnosis(),
    )
    payment, checkout = "production/shop/payment", "production/shop/checkout"
    assert said(made) == {
        (Kind.ROOT_CAUSE, payment),
        (Kind.AFFECTED, payment),
        (Kind.TEMPLATE, "new_template pool"),
        (Kind.TEMPLATE, "template_rate quiet"),
        (Kind.EXCEPTION, "PoolTimeoutException"),
        (Kind.WORD, "pool"),
        (Kind.WORD, "exhausted"),
        (Kind.WORD, "after"),
        (Kind.OPERATION, f"{payment} charge"),
        (Kind.EDGE, f"{checkout} -> {payment}"),
        (Kind.SIGNAL, "new_template rise"),
        (Kind.SIGNAL, "self_time rise"),
        (Kind.SIGNAL, "edge_gap rise"),
    }


def test_an_undiagnosed_incident_has_the_signals_of_all() -> None:
    made = incident(anomalies=(anomaly(CHECKOUT, detector="throughput", surprise=-9.0),))
    assert (Kind.SIGNAL, "throughput fall") in said(made)
    assert not {kind for kind, _ in said(made)} & {Kind.ROOT_CAUSE, Kind.EDGE}


def test_pods_counts_and_times_do_not_matter() -> None:
    again = replace(POOL, pod="pod-99", observed=1.0, start_unix_nano=1, end_unix_nano=2, trace_ids=())
    assert fingerprint(incident(anomalies=(POOL,))) == fingerprint(incident("two", anomalies=(again,), start=9))


def test_the_same_failure_is_found_with_what_fixed_it() -> None:
    same = past("same", *NOW.anomalies, resolution="raised the pool")
    other = past("other", anomaly(DATABASE, template_id="disk"), cause=DATABASE, services=(DATABASE,))
    found = similar(NOW, (other, same), 5)
    assert [item.incident_id for item in found] == ["same"]
    assert found[0].score == 1.0
    assert found[0].title == "Title of same"
    assert found[0].resolution == "raised the pool"
    assert found[0].root_cause == "production/shop/payment"
    assert found[0].start_unix_nano == SECOND
    assert found[0].different == ()
    assert found[0].shared[0] == "root cause: production/shop/payment"
    assert "template: pool exhausted after <*>" in found[0].shared
    assert "exception: PoolTimeoutException" in found[0].shared


def test_what_differs_is_said_for_both_sides() -> None:
    then = past("then", POOL, anomaly(detector="self_time", subject="refund"), cause=CHECKOUT)
    (found,) = similar(NOW, (then,), 5)
    assert "only then: root cause: production/shop/checkout" in found.different
    assert "only now: root cause: production/shop/payment" in found.different
    assert "only then: operation: refund of payment" in found.different
    assert 0.0 < found.score < 1.0


def test_little_is_said_even_of_much() -> None:
    many = tuple(anomaly(template_id=f"t{number}", subject=f"{number} " + "x" * 500) for number in range(50))
    now = replace(NOW, anomalies=(*NOW.anomalies, *many[:40]))
    (found,) = similar(now, (past("past", *many[10:], *NOW.anomalies),), 1)
    assert 0 < len(found.shared) <= 6
    assert 0 < len(found.different) <= 6
    assert {text.split(":")[0] for text in found.different} == {"only then", "only now"}
    assert max(len(text) for text in (*found.shared, *found.different)) < 120


def test_abstains_without_anything_structural_in_common() -> None:
    """Same words, same exception, same kind of signal, same affected services: it only sounds alike."""
    alike = past("alike", replace(POOL, template_id="another"), cause=CHECKOUT)
    assert fingerprint(NOW) & fingerprint(alike)
    assert names(NOW, alike) == []


def test_one_structural_thing_is_enough() -> None:
    slow = anomaly(detector="self_time", subject="charge")
    gap = anomaly(detector="edge_gap", peer=CHECKOUT)
    for shared in (POOL, slow, gap):
        now = incident("now", start=9 * SECOND, anomalies=(shared,), diagnosis=diagnosis(PAYMENT))
        assert names(now, past("past", shared, cause=DATABASE)) == ["past"]
    assert names(incident("now", diagnosis=diagnosis()), past("cause")) == ["cause"]


def test_staging_is_not_production() -> None:
    staging = service_key("payment", "shop", "staging")
    assert names(incident("now", diagnosis=diagnosis()), past("past", cause=staging, services=(staging,))) == []


def test_neither_itself_nor_what_was_merged_nor_what_came_later() -> None:
    same = past("same", *NOW.anomalies)
    assert names(NOW, replace(same, incident_id="now")) == []
    assert names(NOW, replace(same, merged_into="now")) == []
    assert names(replace(NOW, merged_into="same"), same) == []
    assert names(NOW, replace(same, start_unix_nano=NOW.start_unix_nano + 1)) == []
    assert names(NOW, same, same) == ["same"]


def test_what_is_rare_counts_more() -> None:
    everyday = anomaly(CHECKOUT, template_id="everyday", subject="retrying")
    rare = anomaly(CHECKOUT, template_id="rare", subject="ledger out of balance")
    now = incident("now", start=9 * SECOND, anomalies=(everyday, rare))
    noise = [past(f"noise{number}", everyday, cause=DATABASE) for number in range(20)]
    found = similar(now, (*noise, past("telling", rare, cause=DATABASE)), 30)
    assert found[0].incident_id == "telling"
    assert found[0].score > found[1].score * 1.5


def test_among_near_ties_the_one_with_a_resolution_is_first() -> None:
    fixed = past("fixed", *NOW.anomalies, resolution="rolled back")
    newer = past("newer", *NOW.anomalies, start=50 * SECOND)
    assert names(NOW, newer, fixed) == ["fixed", "newer"]
    assert names(NOW, fixed, replace(newer, anomalies=NOW.anomalies[1:])) == ["fixed", "newer"]
    clearly_less = replace(fixed, anomalies=(), services=())
    assert names(NOW, clearly_less, newer) == ["newer", "fixed"]


def test_limit() -> None:
    others = [past(f"past{number}", *NOW.anomalies, start=number) for number in range(5)]
    assert names(NOW, *others, limit=2) == ["past4", "past3"]
    assert names(NOW, *others, limit=0) == []
    assert names(NOW) == []


TEMPLATES = st.lists(st.sampled_from("abcdefgh"), max_size=5, unique=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEMPLATES, st.sampled_from([PAYMENT, CHECKOUT, DATABASE]), st.booleans())), st.randoms())
def test_order_of_candidates_does_not_matter(
    parts: list[tuple[list[str], ServiceKey, bool]], chance: random.Random
) -> None:
    others = [
        past(
            f"past{number}",
            *(anomaly(template_id=template, subject=template * 3) for template in templates),
            cause=cause,
            resolution="done" if done else "",
        )
        for number, (templates, cause, done) in enumerate(parts)
    ]
    now = incident("now", start=9 * SECOND, anomalies=(anomaly(template_id="a"),), diagnosis=diagnosis())
    found = similar(now, others, 10)
    chance.shuffle(others)
    assert similar(now, others, 10) == found
    assert all(0.0 < item.score <= 1.0 for item in found)
    assert all(item.shared for item in found)


def test_long_texts_are_cut() -> None:
    assert len(str(Feature(Kind.TEMPLATE, "x", "y" * 1000))) < 100


# Candidates


def filled(*incidents: Incident) -> MemoryStore:
    store = MemoryStore()
    for item in incidents:
        store.save(item)
    return store


def test_candidates_are_found_by_text_and_by_time() -> None:
    old = past("old", POOL, start=1)
    unrelated = [
        incident(f"newer{number}", "Disk full", start=(10 + number) * SECOND, services=(DATABASE,))
        for number in range(20)
    ]
    store = filled(old, NOW, *unrelated)
    chosen = [item.incident_id for item in candidates(store, NOW, 4)]
    assert chosen == ["old", "newer19", "newer18", "newer17"]


def test_candidates_are_bounded_and_never_itself() -> None:
    alike = [past(f"alike{number:02}", POOL, start=number) for number in range(30)]
    store = filled(NOW, *alike)
    for limit in (0, 1, 5, 29, 30, 100):
        chosen = [item.incident_id for item in candidates(store, NOW, limit)]
        assert len(chosen) == min(limit, 30)
        assert len(set(chosen)) == len(chosen)
        assert "now" not in chosen


def test_candidates_of_nothing() -> None:
    assert candidates(filled(), NOW, 5) == ()
    bare = incident("bare", "", services=(), start=SECOND)
    assert candidates(filled(bare), bare, 5) == ()


def test_from_store_to_similar() -> None:
    store = filled(NOW, past("same", *NOW.anomalies, resolution="raised the pool"), past("else", cause=DATABASE))
    found = similar(NOW, candidates(store, NOW, 50), 3)
    assert [(item.incident_id, item.resolution) for item in found] == [("same", "raised the pool")]
