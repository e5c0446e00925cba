"""Reading incidents: one, many, by filter, by words."""

from functools import partial

import grpc
import pytest
from hypocenter.v1 import incident_pb2
from hypocenter.v1.incident_service_pb2 import GetIncidentRequest, ListIncidentsRequest, SearchIncidentsRequest
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub

from rca.incident import Severity, State
from tests.server.api.memory_backend import MemoryBackend
from tests.server.api.refusal import refusal, refused_fields
from tests.server.api.samples import CART, PAYMENT, SECOND, STAGING_CART, T0, incident


def listed(stub: IncidentServiceStub, filter: str = "", order_by: str = "") -> list[str]:
    request = ListIncidentsRequest(filter=filter, order_by=order_by)
    return [item.name.removeprefix("incidents/") for item in stub.ListIncidents(request).incidents]


def test_get_gives_everything_unless_asked_for_less(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a"))
    full = incidents.GetIncident(GetIncidentRequest(name="incidents/a")).incident
    assert full.name == "incidents/a"
    assert full.diagnosis.root_causes[0].service_name == "payment"
    assert full.anomalies[0].detector == "error_share"
    basic = incidents.GetIncident(GetIncidentRequest(name="incidents/a", view="INCIDENT_VIEW_BASIC")).incident
    assert not basic.anomalies
    assert not basic.HasField("diagnosis")
    assert basic.title == full.title


@pytest.mark.parametrize("name", ["", "a", "incidents/", "incidents/a/b", "incidents/a'b"])
def test_a_name_that_is_none_names_the_field(incidents: IncidentServiceStub, name: str) -> None:
    assert refused_fields(lambda: incidents.GetIncident(GetIncidentRequest(name=name))) == ["name"]


def test_an_unknown_incident_is_not_found(incidents: IncidentServiceStub) -> None:
    error = refusal(lambda: incidents.GetIncident(GetIncidentRequest(name="incidents/none")))
    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert "incidents/none" in error.message


def test_an_unknown_view_is_refused(incidents: IncidentServiceStub) -> None:
    request = GetIncidentRequest(name="incidents/a")
    request.view = 7  # type: ignore[assignment]
    assert refused_fields(lambda: incidents.GetIncident(request)) == ["view"]


def test_a_failing_store_is_unavailable_and_keeps_its_message(
    incidents: IncidentServiceStub, backend: MemoryBackend
) -> None:
    backend.store.failing = True
    error = refusal(lambda: incidents.GetIncident(GetIncidentRequest(name="incidents/a")))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_FAILED")
    assert error.retry_delay == 1.0
    assert "secret" not in error.message


def test_list_is_newest_first_and_basic(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    for name, start in (("a", 0), ("b", 20), ("c", 10)):
        backend.put(incident(name, start_unix_nano=T0 + start * SECOND))
    answer = incidents.ListIncidents(ListIncidentsRequest())
    assert [item.name for item in answer.incidents] == ["incidents/b", "incidents/c", "incidents/a"]
    assert not any(item.HasField("diagnosis") for item in answer.incidents)
    assert answer.next_page_token == ""
    full = incidents.ListIncidents(ListIncidentsRequest(view=incident_pb2.INCIDENT_VIEW_FULL))
    assert all(item.HasField("diagnosis") for item in full.incidents)


@pytest.mark.parametrize(
    ("order_by", "names"),
    [
        ("start_time", ["a", "b", "c"]),
        ("update_time desc", ["a", "c", "b"]),
        ("severity desc", ["b", "a", "c"]),
        ("severity, start_time desc", ["c", "a", "b"]),
    ],
)
def test_orders(incidents: IncidentServiceStub, backend: MemoryBackend, order_by: str, names: list[str]) -> None:
    backend.put(incident("a", start_unix_nano=1, update_unix_nano=9, severity=Severity.LOW))
    backend.put(incident("b", start_unix_nano=2, update_unix_nano=3, severity=Severity.CRITICAL))
    backend.put(incident("c", start_unix_nano=3, update_unix_nano=5, severity=Severity.LOW))
    assert listed(incidents, order_by=order_by) == names


@pytest.mark.parametrize("order_by", ["title", "start_time up", "start_time,", "desc desc desc"])
def test_bad_orders(incidents: IncidentServiceStub, order_by: str) -> None:
    assert refused_fields(lambda: listed(incidents, order_by=order_by)) == ["order_by"]


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ("state = OPEN", ["a"]),
        ("state != STATE_OPEN", ["b", "c"]),
        ("state=resolved AND severity = LOW", ["c"]),
        ("severity >= HIGH", ["a", "b"]),
        ("severity < SEVERITY_HIGH", ["c"]),
        ("service_name = cart", ["a", "c"]),
        ("service_name != cart", ["b"]),
        ('service_name = "production/shop/cart"', ["a"]),
        ("root_cause = payment", ["a", "b"]),
        ("root_cause != payment", ["c"]),
        ("start_time >= 2026-01-31T08:00:10Z", ["b", "c"]),
        ("start_time > '2026-01-31T08:00:10Z' AND start_time < \"2026-01-31T09:00:21+01:00\"", ["c"]),
        ("end_time < 2026-02-01T00:00:00Z", ["b"]),
        ("update_time = 2026-01-31T08:00:40Z AND create_time <= 2026-01-31T08:00:30Z", ["a", "b", "c"]),
        ("", ["a", "b", "c"]),
    ],
)
def test_filters(incidents: IncidentServiceStub, backend: MemoryBackend, filter: str, names: list[str]) -> None:
    backend.put(incident("a"))
    backend.put(
        incident(
            "b",
            state=State.ACKNOWLEDGED,
            severity=Severity.CRITICAL,
            services=(PAYMENT,),
            start_unix_nano=T0 + 10 * SECOND,
            end_unix_nano=T0 + 50 * SECOND,
        )
    )
    backend.put(
        incident(
            "c",
            state=State.RESOLVED,
            severity=Severity.LOW,
            services=(STAGING_CART,),
            start_unix_nano=T0 + 20 * SECOND,
            diagnosis=None,
        )
    )
    assert sorted(listed(incidents, filter=filter)) == names


def test_an_unknown_filter_field_is_answered_with_the_known_ones(incidents: IncidentServiceStub) -> None:
    error = refusal(lambda: listed(incidents, filter='color = "red"'))
    assert error.field_violations[0].field == "filter"
    for known in ("state", "severity", "service_name", "root_cause", "start_time"):
        assert known in error.field_violations[0].description


def test_pages_cover_all_once_while_new_ones_come_in(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    for number in range(130):
        # Pairs with the same start: ties must not be lost between pages.
        backend.put(incident(f"i{number:03}", start_unix_nano=T0 + number // 2))
    seen: list[str] = []
    token = ""
    for page in range(100):
        answer = incidents.ListIncidents(ListIncidentsRequest(page_size=7, page_token=token))
        assert len(answer.incidents) <= 7
        seen.extend(item.name for item in answer.incidents)
        token = answer.next_page_token
        backend.put(incident(f"new{page}", start_unix_nano=T0 + 1000 + page))
        if not token:
            break
    assert len(seen) == len(set(seen)) == 130
    assert seen == sorted(seen, key=lambda name: (-(int(name[-3:]) // 2), name))


def test_page_sizes(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    for number in range(1005):
        backend.store.save(incident(f"i{number}"))
    assert len(incidents.ListIncidents(ListIncidentsRequest()).incidents) == 50
    assert len(incidents.ListIncidents(ListIncidentsRequest(page_size=5000)).incidents) == 1000
    assert refused_fields(lambda: incidents.ListIncidents(ListIncidentsRequest(page_size=-1))) == ["page_size"]


def test_a_page_stays_under_what_clients_take(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    for number in range(8):
        backend.put(incident(f"i{number}", resolution="x" * 1_000_000))
    names: list[str] = []
    token = ""
    while True:
        answer = incidents.ListIncidents(ListIncidentsRequest(page_token=token))
        names.extend(item.name for item in answer.incidents)
        token = answer.next_page_token
        if not token:
            break
    assert len(names) == len(set(names)) == 8


def test_a_token_holds_for_its_own_request_only(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    for number in range(5):
        backend.put(incident(f"cart {number}".replace(" ", "-"), title="cart"))
    token = incidents.ListIncidents(ListIncidentsRequest(page_size=2, filter="state = OPEN")).next_page_token
    assert token
    # The size may change, all else may not.
    assert incidents.ListIncidents(ListIncidentsRequest(page_size=3, filter="state = OPEN", page_token=token)).incidents
    for request in (
        ListIncidentsRequest(page_token=token),
        ListIncidentsRequest(filter="state = OPEN", order_by="severity", page_token=token),
        ListIncidentsRequest(filter="state = OPEN", page_token="nonsense"),
        ListIncidentsRequest(filter="state = OPEN", page_token=token + "AAAA"),
    ):
        assert refused_fields(partial(incidents.ListIncidents, request)) == ["page_token"]
    foreign = SearchIncidentsRequest(query="cart", page_token=token)
    assert refused_fields(lambda: incidents.SearchIncidents(foreign)) == ["page_token"]


def test_search_is_best_first_filtered_and_paged(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    for number in range(25):
        title = "cart timeout" if number % 5 == 0 else "cart"
        backend.put(incident(f"i{number:02}", title=title, services=(CART,)))
    backend.put(incident("other", title="cart timeout", services=(PAYMENT,)))
    first = incidents.SearchIncidents(SearchIncidentsRequest(query="cart timeout", filter="service_name = cart"))
    assert [match.incident.name for match in first.matches[:6]] == [
        f"incidents/i{number:02}" for number in (0, 5, 10, 15, 20, 1)
    ]
    assert [match.score for match in first.matches] == [2.0] * 5 + [1.0] * 5
    assert not first.matches[0].incident.anomalies
    seen = [match.incident.name for match in first.matches]
    token = first.next_page_token
    while token:
        request = SearchIncidentsRequest(query="cart timeout", filter="service_name = cart", page_token=token)
        answer = incidents.SearchIncidents(request)
        seen.extend(match.incident.name for match in answer.matches)
        token = answer.next_page_token
    assert len(seen) == len(set(seen)) == 25


@pytest.mark.parametrize("query", ["", "  \t", "x" * 2000])
def test_search_needs_a_query_of_sensible_length(incidents: IncidentServiceStub, query: str) -> None:
    assert refused_fields(lambda: incidents.SearchIncidents(SearchIncidentsRequest(query=query))) == ["query"]
