"""What erasing leaves of an incident."""

from dataclasses import replace

from analyzers.erasure import Selection
from rca.erasure import ERASED, erased
from rca.incident import State
from tests.rca.store.incidents import full_incident


def test_an_incident_that_names_it_no_longer_does() -> None:
    incident = full_incident("one")
    for service in incident.services:
        left = erased(incident, Selection(service=service.name))
        assert left != incident
        assert service not in left.services
        assert left.incident_id == incident.incident_id
        assert left.revision == incident.revision + 1
        assert erased(left, Selection(service=service.name)) == left


def test_an_incident_about_nothing_else_is_an_empty_resolved_one() -> None:
    incident = replace(full_incident("one"), anomalies=())
    incident = replace(incident, services=incident.services[:1])
    left = erased(incident, Selection(service=incident.services[0].name))
    assert (left.title, left.state, left.anomalies, left.diagnosis) == (ERASED, State.RESOLVED, (), None)


def test_others_stay_as_they_are() -> None:
    incident = full_incident("one")
    assert erased(incident, Selection(service="nobody")) is incident
    assert erased(incident, Selection(trace_id=b"\xff" * 16)) is incident
    assert erased(incident, Selection(start_unix_nano=1, end_unix_nano=2)) is incident


def test_names_go_out_of_texts_and_longer_names_stay() -> None:
    incident = replace(full_incident("one"), title="cart broke cart-cache and prod/cart", resolution="restarted cart.")
    left = erased(incident, Selection(service="cart"))
    assert left.title == f"{ERASED} broke cart-cache and {ERASED}"
    assert left.resolution == f"restarted {ERASED}."


def test_a_time_takes_the_incidents_of_it() -> None:
    incident = full_incident("one")
    start = incident.start_unix_nano
    assert erased(incident, Selection(start_unix_nano=start, end_unix_nano=start + 1)).title == ERASED
