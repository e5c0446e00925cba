"""What a person reads of an incident."""

from io import StringIO

from hypocenter.v1.incident_pb2 import SEVERITY_LOW, Incident
from hypocenter.v1.root_cause_pb2 import Diagnosis, Evidence, RootCause
from rich.console import Console

from clients.demo.printout import cause_line, incident_printout
from tests.clients.shop.incidents import payment_incident

PAGE = "http://127.0.0.1:8080/"
NOON = 1_790_000_000 * 10**9


def _printed(incident: Incident, *, terminal: bool = False) -> str:
    out = StringIO()
    console = Console(file=out, width=110, force_terminal=terminal, no_color=True)
    console.print(incident_printout(incident, PAGE))
    return out.getvalue()


def test_everything_a_person_on_call_asks_for_is_there() -> None:
    text = _printed(payment_incident(NOON))
    for part in (
        "HIGH",
        "payment fails on most charges",
        "OPEN since 20",
        "incidents/abc",
        "affected: payment, checkout, gateway",
        "Charges fail in payment",
        "score 2.50, confidence 83%, in POST /charges/{order}, pod payment-7d9c-abcde",
        "payment → checkout → gateway",
        "(trace ab12)",
        "checkout: score 0.75, its own rollback",
        "gateway: its errors begin below it",
        "91%  payment cannot route cards",
        "what ended it: rolled the routing table back",
        "Roll back the routing table of payment.",
        PAGE,
    ):
        assert part in text


def test_evidence_is_ordered_by_weight_and_adds_up() -> None:
    lines = [line.split() for line in _printed(payment_incident(NOON)).splitlines()]
    numbers = [line[0] for line in lines if line and line[0][:1] in "+-" and line[0][1:2].isdigit()]
    assert numbers == ["+2.00", "+0.75", "-0.25"]
    assert ["=", "2.50", "together"] in lines


def test_the_first_of_its_kind_and_the_inconclusive_are_said_in_words() -> None:
    diagnosis = Diagnosis(inconclusive_reason="no spans from payment")
    text = _printed(Incident(name="incidents/x", title="?", diagnosis=diagnosis))
    assert "inconclusive: no spans from payment" in text
    assert "nothing like it has been seen before" in text
    assert "Ruled out" not in text
    assert "affected: none named" in text


def test_log_text_cannot_speak_to_the_terminal() -> None:
    hostile = "[red]boom[/red] \x1b[2J\x1b]0;owned\x07 \u202egnp\n\n\tFAKE LINE"
    cause = RootCause(
        service_name=hostile,
        hypothesis=hostile,
        propagation_path=[hostile],
        evidence=[Evidence(signal=hostile, description=hostile)],
    )
    text = _printed(Incident(name=hostile, title=hostile, diagnosis=Diagnosis(root_causes=[cause], summary=hostile)))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "[red]boom[/red]" in text
    assert not [line for line in text.splitlines() if line.strip() == "FAKE LINE"]


def test_a_long_description_is_cut() -> None:
    text = _printed(Incident(title="long " * 1000))
    assert "…" in text
    assert len(text) < 2000


def test_news_is_one_line() -> None:
    assert cause_line(payment_incident(NOON)).plain == (
        "OPEN HIGH payment fails on most charges: root cause payment (2.50)"
    )
    young = Incident(title="something", severity=SEVERITY_LOW, state=Incident.STATE_OPEN)
    assert cause_line(young).plain == "OPEN LOW something: no root cause yet"
