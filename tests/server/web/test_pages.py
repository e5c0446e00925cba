import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from analyzers.service import ServiceKey
from rca.incident import Severity, State
from server.progress import Progress
from tests.server.web import shop
from tests.server.web.conftest import Service
from tests.server.web.visitor import Visitor

_VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, ids, and text by the id of the section around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append((tag, dict(attrs).get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> without a beginning"
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, name in self._open:
            if name:
                self.sections[name] = re.sub(r"\s+", " ", self.sections.get(name, "") + data)

    def texts(self, section: str) -> str:
        return self.sections.get(section, "").strip()

    def links(self) -> set[str]:
        return {str(attributes["href"]) for tag, attributes in self.elements if tag == "a"}

    def classes(self, tag: str) -> list[str]:
        return [attributes.get("class") or "" for name, attributes in self.elements if name == tag]


def page(visitor: Visitor, path: str) -> Page:
    answer = visitor.ask(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def test_the_front_page_of_a_new_service_says_what_to_do(service: Service, visitor: Visitor) -> None:
    service.backend.held_range = (0, 0)
    service.status = replace(shop.STATUS, progress=Progress(0, 0, False, 0.0))
    empty = page(visitor, "/")
    assert "No open incidents" in empty.texts("open")
    assert "No telemetry yet" in empty.texts("open")
    assert service.backend.graph_ranges == []


def test_while_somebody_catches_up_calm_means_little_and_the_page_says_so(service: Service, visitor: Visitor) -> None:
    assert "atching up" not in visitor.ask("/").text
    held = Progress(shop.START + 4 * shop.MINUTE, shop.START + shop.MINUTE, True, 312.4)
    service.status = replace(shop.STATUS, progress=held)
    front = page(visitor, "/")
    told = front.texts("open")
    assert "Catching up." in told
    assert "nothing after 2026-11-20 10:01:00 UTC" in told
    assert "312 s behind" in told
    assert "Nothing departs from normal up to then." in told
    assert "Judged up to 2026-11-20 10:01:00 UTC, catching up with a backlog." in front.texts("counts")


def test_open_incidents_come_first_and_the_worst_of_them_on_top(service: Service, visitor: Visitor) -> None:
    service.backend.keep(shop.PAST)
    service.backend.keep(replace(shop.OPEN, incident_id="1", title="a little slow", severity=Severity.LOW))
    service.backend.keep(replace(shop.OPEN, incident_id="2", title="orders fail", severity=Severity.CRITICAL))
    service.backend.keep(
        replace(shop.OPEN, incident_id="3", title="went quiet", end_unix_nano=shop.START + shop.MINUTE)
    )
    service.backend.keep(replace(shop.OPEN, incident_id="4", title="a twin", merged_into="incidents/2"))
    front = page(visitor, "/")
    told = front.texts("open")
    assert told.startswith("3 open incidents")
    assert told.index("orders fail") < told.index("a little slow") < told.index("went quiet")
    assert shop.PAST.title in front.texts("past")
    assert "a twin" in front.texts("past")
    assert {"/incidents/1", "/incidents/2", "/incidents/3", "/incidents/4", "/incidents/00c0ffee"} <= front.links()


def test_a_row_says_how_bad_what_where_since_when_and_how_long(service: Service, visitor: Visitor) -> None:
    service.backend.keep(shop.OPEN)
    service.backend.keep(shop.PAST)
    front = page(visitor, "/")
    told = front.texts("open")
    for word in ("critical", "open", shop.OPEN.title, "root cause production/shop/payment", "for 3 min 48 s"):
        assert word in told
    assert "since 2026-11-20 10:00:12 UTC" in told
    assert "lasted 1 h" in front.texts("past")


def test_the_counts_stand_on_every_page(service: Service, visitor: Visitor) -> None:
    service.backend.keep(shop.OPEN)
    for path in ("/", f"/incidents/{shop.OPEN.incident_id}"):
        told = page(visitor, path).texts("counts")
        assert "184,220 received = 183,900 counted + 12 rejected + 200 duplicate + 3 dropped (too_old 3)" in told
        assert "not at the moment" not in told


def test_the_newest_graph_marks_what_is_affected(service: Service, visitor: Visitor) -> None:
    service.backend.keep(shop.OPEN)
    service.backend.keep(shop.PAST)
    front = page(visitor, "/")
    kinds = [name.removeprefix("box ") for name in front.classes("g") if name.startswith("box ")]
    assert sorted(kinds) == ["affected"] * 2 + ["cause"] + ["plain"] * 6 + ["plain peer"]
    assert service.backend.graph_ranges == [(shop.START, shop.START + shop.MINUTE)]


def test_only_the_newest_minute_is_drawn(service: Service, visitor: Visitor) -> None:
    service.backend.held_range = (shop.START, shop.START + 30 * shop.MINUTE)
    page(visitor, "/")
    assert service.backend.graph_ranges == [(shop.START + 29 * shop.MINUTE, shop.START + 30 * shop.MINUTE)]


def test_past_incidents_come_in_pages(service: Service, visitor: Visitor) -> None:
    for number in range(120):
        start = shop.PAST.start_unix_nano - number * shop.MINUTE
        service.backend.store.save(replace(shop.PAST, incident_id=f"p{number:03}", start_unix_nano=start))
    first, last = page(visitor, "/"), page(visitor, "/?page=3")
    assert "/incidents/p000" in first.links()
    assert "/incidents/p050" not in first.links()
    assert {"/incidents/p119", "/?page=2#past"} <= last.links()
    assert page(visitor, "/?page=999").links() == last.links()
    for nonsense in ("0", "-1", "x", "9" * 50, "%F0%9D%9F%97"):
        assert page(visitor, f"/?page={nonsense}").links() == first.links()


@pytest.fixture
def detail(service: Service, visitor: Visitor) -> Page:
    service.backend.keep(shop.OPEN)
    return page(visitor, f"/incidents/{shop.OPEN.incident_id}")


def test_an_incident_is_told_in_full(detail: Page) -> None:
    head = detail.texts("head")
    assert "critical open payment: POST /charge takes 2.2 s, orders fail" in head
    assert "team=payments" in head
    assert "Payment itself became slow" in head
    assert "Profile POST /charge in payment" in detail.texts("steps")
    assert "production/shop/catalognothing in it departs from normal" in detail.texts("ruled-out")
    assert detail.texts("traces") == "Traces 4bf92f3577b34da6a3ce929d0e0e4736"
    assert "/incidents/00c0ffee" in detail.links()
    assert "What fixed it: Switched to the second card gateway" in detail.texts("similar")


def test_evidence_adds_up_before_the_reader(detail: Page) -> None:
    told = detail.texts("cause-1")
    shown = [round(float(text.replace("−", "-")) * 100) for text in re.findall(r"[+−]\d+\.\d\d", told)]
    score, *amounts, total = shown
    assert len(amounts) == 5
    assert sum(amounts) == total == score == 221
    assert "How it spreads production/shop/payment" in told


def test_evidence_leads_to_what_was_measured(detail: Page) -> None:
    ids = {str(attributes["id"]) for _, attributes in detail.elements if "id" in attributes}
    jumps = {link.removeprefix("#") for link in detail.links() if link.startswith("#")}
    assert f"anomaly-{shop.SLOW.anomaly_id}" in jumps
    assert jumps <= ids


def test_the_timeline_runs_from_the_first_onset_to_the_diagnosis(detail: Page) -> None:
    told = detail.texts("timeline")
    order = [
        "payment POST /charge itself",
        "checkout 58 of 320",
        "Incident opened",
        "frontend work done",
        "Last diagnosed",
    ]
    places = [told.index(text) for text in order]
    assert places == sorted(places)


def test_log_records_are_quoted_those_of_the_cause_first(detail: Page) -> None:
    told = detail.texts("logs")
    assert told.index("attempt 1") < told.index("****4242") < told.index("连接超时") < told.index("order failed")
    assert "java.net.SocketTimeoutException" in told
    assert "FATAL" in told


def test_an_inconclusive_diagnosis_says_so(service: Service, visitor: Visitor) -> None:
    assert shop.OPEN.diagnosis
    diagnosis = replace(
        shop.OPEN.diagnosis, inconclusive_reason="payment and checkout can't be told apart", root_causes=()
    )
    service.backend.keep(replace(shop.OPEN, diagnosis=diagnosis))
    told = page(visitor, f"/incidents/{shop.OPEN.incident_id}")
    assert "Inconclusive: payment and checkout can't be told apart" in told.texts("head")
    assert "No candidate." in told.texts("causes")


def test_an_incident_without_a_diagnosis_is_shown(service: Service, visitor: Visitor) -> None:
    service.backend.keep(replace(shop.OPEN, diagnosis=None, anomalies=(), services=()))
    told = page(visitor, f"/incidents/{shop.OPEN.incident_id}")
    assert "Not diagnosed yet." in told.texts("causes")


def test_a_resolved_incident_tells_what_became_of_it(service: Service, visitor: Visitor) -> None:
    resolved = replace(
        shop.OPEN,
        state=State.RESOLVED,
        end_unix_nano=shop.START + 5 * shop.MINUTE,
        resolve_unix_nano=shop.START + 9 * shop.MINUTE,
        acknowledge_unix_nano=shop.START + 2 * shop.MINUTE,
        auto_resolved=True,
        resolution="rolled back 2.4.1",
        merged_into="incidents/ffff",
        previous_incident="eeee",
        reopen_count=2,
        reopen_unix_nano=shop.START + 3 * shop.MINUTE,
    )
    service.backend.keep(resolved)
    told = page(visitor, f"/incidents/{shop.OPEN.incident_id}")
    for word in ("What fixed it: rolled back 2.4.1", "lasted 4 min 48 s", "came back 2×"):
        assert word in told.texts("head")
    for word in ("Acknowledged", "Came back", "Quiet since then", "Resolved by itself"):
        assert word in told.texts("timeline")
    assert {"/incidents/ffff", "/incidents/eeee"} <= told.links()


@pytest.mark.parametrize("path", ["/incidents/none", "/nothing", "/incidents/", "/incidents/%3Cscript%3E"])
def test_what_is_not_there_is_a_page_that_leads_back(quiet: Visitor, path: str) -> None:
    answer = quiet.ask(path)
    assert answer.status == 404
    assert "/" in Page(answer.text).links()
    assert "<script>" not in answer.text


def test_a_store_that_fails_is_told_without_its_inside(service: Service, visitor: Visitor) -> None:
    service.backend.store.close()
    answer = visitor.ask("/")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Not now" in answer.text
    assert "store is closed" not in answer.text
    assert visitor.ask("/healthz").status == 200


HOSTILE = "</pre></title></svg>\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}\u202egpj\x1b[31m\x00"


def test_hostile_text_stays_text_wherever_it_stands(service: Service, visitor: Visitor) -> None:
    evil = ServiceKey(HOSTILE, HOSTILE, HOSTILE)
    assert shop.OPEN.diagnosis
    log = replace(shop.NEW.exemplars[0], body=HOSTILE, pod=HOSTILE, exception_type=HOSTILE, scope=HOSTILE)
    anomaly = replace(
        shop.NEW, service=evil, subject=HOSTILE, detector=HOSTILE, unit=HOSTILE, description=HOSTILE, pod=HOSTILE,
        exemplars=(log,),
    )  # fmt: skip
    evidence = replace(shop.CAUSE.evidence[0], signal=HOSTILE, description=HOSTILE, anomaly_ids=(HOSTILE,))
    cause = replace(
        shop.CAUSE, service=evil, hypothesis=HOSTILE, pod=HOSTILE, operation=HOSTILE, path=(evil, evil),
        evidence=(evidence,),
    )  # fmt: skip
    similar = replace(
        shop.OPEN.diagnosis.similar[0], incident_id=HOSTILE, title=HOSTILE, shared=(HOSTILE,), different=(HOSTILE,),
        resolution=HOSTILE, root_cause=HOSTILE,
    )  # fmt: skip
    graph = replace(
        shop.GRAPH,
        nodes=(*shop.GRAPH.nodes, replace(shop.GRAPH.nodes[0], service=evil)),
        edges=(*shop.GRAPH.edges, replace(shop.GRAPH.edges[0], server=evil)),
    )
    diagnosis = replace(
        shop.OPEN.diagnosis, root_causes=(cause,), summary=HOSTILE, remediation_steps=(HOSTILE,), graph=graph,
        similar=(similar,), inconclusive_reason=HOSTILE, model=HOSTILE,
        ruled_out=(replace(shop.OPEN.diagnosis.ruled_out[0], service=evil, reason=HOSTILE),),
    )  # fmt: skip
    incident = replace(
        shop.OPEN, title=HOSTILE, services=(evil,), anomalies=(anomaly,), diagnosis=diagnosis, resolution=HOSTILE,
        labels={HOSTILE: HOSTILE}, merged_into="", previous_incident=HOSTILE,
    )  # fmt: skip
    service.backend.keep(incident)
    service.backend.newest_graph = graph
    service.status = replace(shop.STATUS, version=HOSTILE, logs=replace(shop.STATUS.logs, dropped={HOSTILE: 3}))
    for path in ("/", f"/incidents/{incident.incident_id}"):
        answer = visitor.ask(path)
        shown = Page(answer.text)
        assert "alert(1)" in answer.text
        scripts = [attributes for tag, attributes in shown.elements if tag == "script"]
        assert scripts == [{"src": "/static/live.js", "defer": None}]
        assert [attributes["src"] for tag, attributes in shown.elements if tag == "img"] == ["/static/icon.svg"]
        for _, attributes in shown.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert "49" not in re.sub(r"[\w.]*\d49|49\d[\w.]*", "", shown.texts("head"))
        assert not set("\u202e\x1b\x00") & set(answer.text)
        assert "␛[31m␀" in answer.text


def test_nothing_is_fetched_from_elsewhere_and_nothing_stands_inline(service: Service, visitor: Visitor) -> None:
    service.backend.keep(shop.OPEN)
    for path in ("/", f"/incidents/{shop.OPEN.incident_id}"):
        shown = page(visitor, path)
        for tag, attributes in shown.elements:
            assert tag not in {"style", "form", "iframe", "object"}
            for name in ("src", "href"):
                if attributes.get(name):
                    assert str(attributes[name]).startswith(("/", "#"))
    for path, kind in (("page.css", "text/css"), ("live.js", "javascript"), ("icon.svg", "image/svg+xml")):
        answer = visitor.ask(f"/static/{path}")
        assert answer.status == 200
        assert kind in answer.headers["Content-Type"]
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", answer.text)


def test_a_page_stays_small_however_large_the_incident(service: Service, visitor: Visitor) -> None:
    logs = tuple(replace(shop.NEW.exemplars[0], body="x" * 20_000, time_unix_nano=number) for number in range(20))
    many = tuple(
        replace(shop.NEW, subject=f"{number}" + "y" * 5_000, service=shop.key(f"service-{number}"), exemplars=logs)
        for number in range(100)
    )
    service.backend.keep(
        replace(shop.OPEN, anomalies=many, services=tuple(item.service for item in many), title="z" * 100_000)
    )
    answer = visitor.ask(f"/incidents/{shop.OPEN.incident_id}")
    assert answer.status == 200
    assert len(answer.text) < 150_000
    assert "and 88 more" in Page(answer.text).texts("head")
