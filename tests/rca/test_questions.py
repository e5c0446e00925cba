"""Answers from what is remembered."""

from rca.questions import Cited, answer
from rca.store import MemoryConfig, build
from tests.rca.store.incidents import full_incident, incident


def test_about_one_incident() -> None:
    store = build(MemoryConfig())
    known = full_incident()
    said = list(answer("why?", known, store))
    assert said[0] == "Payments fail (resolved, HIGH)."
    assert said[1] == Cited(incident_id="full")
    assert "payment is slow" in said
    assert Cited(template_id="t1") in said
    assert Cited(trace_id=b"\x00\xfe" * 8) in said
    assert "What ended it: raised the size of the pool" in said
    assert any(isinstance(item, str) and "restarted" in item for item in said)
    assert said[-1] == Cited(incident_id="past")


def test_every_citation_cites_one_thing() -> None:
    for item in answer("why?", full_incident(), build(MemoryConfig())):
        if isinstance(item, Cited):
            assert sum(map(bool, (item.incident_id, item.template_id, item.trace_id))) == 1
        else:
            assert item


def test_about_what_the_words_find() -> None:
    store = build(MemoryConfig())
    store.save(incident("one", "Marmalade runs out"))
    store.save(incident("two", "Payments fail"))
    assert next(iter(answer("who took the marmalade?", None, store))) == "Marmalade runs out (open, HIGH)."


def test_nothing_matches() -> None:
    said = list(answer("anything?", None, build(MemoryConfig())))
    assert len(said) == 1
    assert isinstance(said[0], str)
    assert "Nothing" in said[0]


def test_an_incident_without_a_diagnosis() -> None:
    assert list(answer("?", incident(), build(MemoryConfig()))) == [
        "Payments fail (open, HIGH).",
        Cited(incident_id="one"),
    ]
