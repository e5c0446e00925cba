"""What every kind of incident store keeps of the contract."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.service import service_key
from rca.incident import Incident, State
from rca.store import IncidentStore, LanceConfig, MemoryConfig, StoreConfig, StoreError, build
from tests.rca.store.incidents import SECOND, anomaly, diagnosis, exemplar, full_incident, incident

CONFIGS: dict[type, Callable[[Path], StoreConfig]] = {
    MemoryConfig: lambda path: MemoryConfig(),
    LanceConfig: LanceConfig,
}

HOSTILE = (
    "",
    " \t\n",
    "!?.,;:()[]{}<>*&^%$#@~`|\\/+-=_'\"",
    "。，！？",
    "' OR 1=1 --",
    "x'; DROP TABLE incidents; --",
    '"unbalanced phrase',
    "title:payment AND (",
    "*",
    "a\x00b",
    "\ud800",
    "🙂" * 50,
    "payment " * 20_000,
    "x" * 100_000,
)


def test_every_kind_is_tested() -> None:
    assert set(CONFIGS) == set(get_args(StoreConfig))


@pytest.fixture(params=list(CONFIGS), ids=lambda kind: kind.__name__)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IncidentStore]:
    made = build(CONFIGS[request.param](tmp_path))
    yield made
    made.close()


def found(store: IncidentStore, query: str, limit: int = 10) -> list[str]:
    return [match.incident_id for match, _ in store.search(query, limit)]


def test_empty(store: IncidentStore) -> None:
    assert list(store.list()) == []
    assert store.get("one") is None
    assert list(store.search("payment", 5)) == []


def test_returns_what_was_saved(store: IncidentStore) -> None:
    whole = full_incident()
    store.save(whole)
    assert store.get("full") == whole
    assert list(store.list()) == [whole]


def test_save_replaces(store: IncidentStore) -> None:
    store.save(incident(title="Searching for marmalade"))
    changed = replace(incident(title="Searching for honey"), state=State.RESOLVED, revision=2)
    store.save(changed)
    assert store.get("one") == changed
    assert list(store.list()) == [changed]
    assert found(store, "marmalade") == []
    assert found(store, "honey") == ["one"]


def test_newest_start_first_ties_by_id(store: IncidentStore) -> None:
    for name, start in (("b", 2), ("z", 1), ("a", 2), ("late", 2**64 - 1), ("none", 0)):
        store.save(incident(name, start=start))
    held = store.list()
    assert [item.incident_id for item in held] == ["late", "a", "b", "z", "none"]
    assert [item.incident_id for item in held[1:3]] == ["a", "b"]
    assert held[-1].incident_id == "none"
    assert len(held) == 5


def test_what_is_returned_does_not_change(store: IncidentStore) -> None:
    labels = {"team": "payments"}
    store.save(replace(incident(), labels=labels))
    labels["team"] = "other"
    listed, got = store.list(), store.get("one")
    assert got is not None
    got.labels["mine"] = "yes"  # type: ignore[index]
    store.save(replace(incident(title="Changed"), revision=2))
    assert listed[0].title == "Payments fail"
    assert listed[0].labels == {"team": "payments"}


@pytest.mark.parametrize(
    "hostile", ["", "it's", "a' OR 'b'='b", "\\", "\\'", "%", "x\x00y", "池", "a" * 10_000, "a\nb"]
)
def test_any_string_is_an_id(store: IncidentStore, hostile: str) -> None:
    store.save(incident("bystander"))
    assert store.get(hostile) is None
    store.save(incident(hostile, title="Hostile"))
    kept = store.get(hostile)
    assert kept is not None
    assert kept.title == "Hostile"
    bystander = store.get("bystander")
    assert bystander is not None
    assert bystander.title == "Payments fail"


def test_no_incident_has_an_id_that_is_not_unicode(store: IncidentStore) -> None:
    store.save(incident("?"))
    assert store.get("\ud800") is None


@pytest.mark.parametrize(
    "query",
    [
        "Marmalade",
        "MARMALADE missing",
        "checkout",
        "resolver",
        "exhausted",
        "PoolTimeoutException",
        "timeout",
        "larger",
    ],
)
def test_finds_any_word_of_any_part(store: IncidentStore, query: str) -> None:
    store.save(incident("other", "Nothing to see", services=(service_key("cart"),)))
    store.save(
        incident(
            "wanted",
            "Marmalade is out",
            anomalies=(anomaly(exemplars=(exemplar(exception_type="com.shop.PoolTimeoutException"),)),),
            diagnosis=diagnosis(hypothesis="the resolver hangs"),
            resolution="made the pool larger",
        )
    )
    assert found(store, query) == ["wanted"]


@pytest.mark.parametrize("query", ["连接池", "超时", "连接池 超时", "支付服务"])
def test_finds_chinese(store: IncidentStore, query: str) -> None:
    store.save(incident("wanted", "支付服务 数据库连接池耗尽,请求超时"))
    store.save(incident("other", "磁盘空间不足"))
    assert found(store, query) == ["wanted"]


def test_best_match_first(store: IncidentStore) -> None:
    store.save(incident("half", "pool of otters", start=9 * SECOND))
    store.save(incident("both", "pool timeout", start=1 * SECOND))
    store.save(incident("none", "disk full"))
    matches = store.search("pool timeout", 10)
    assert [match.incident_id for match, _ in matches] == ["both", "half"]
    assert matches[0][1] > matches[1][1] > 0


def test_equal_matches_newest_first_up_to_the_limit(store: IncidentStore) -> None:
    for number in range(8):
        store.save(incident(f"i{number}", start=number * SECOND))
    assert found(store, "payments", 3) == ["i7", "i6", "i5"]
    assert len(found(store, "payments", 10**12)) == 8
    assert found(store, "payments", 0) == []
    assert found(store, "payments", -1) == []


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: repr(query[:20]))
def test_any_string_is_a_query(store: IncidentStore, query: str) -> None:
    store.save(full_incident())
    store.save(incident("plain", "disk full", services=()))
    matches = store.search(query, 5)
    assert all(isinstance(match, Incident) for match, _ in matches)
    if not any(char.isalnum() for char in query):
        assert list(matches) == []
    assert len(store.list()) == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text())
def test_made_up_queries(store: IncidentStore, query: str) -> None:
    store.save(full_incident())
    assert len(store.search(query, 5)) <= 1


def test_several_threads(store: IncidentStore) -> None:
    """Each writes ids of its own and fights for one with the others, while two read."""
    writers, rounds = 4, 8
    written = threading.Event()

    def write(writer: int) -> None:
        for turn in range(rounds):
            store.save(incident(f"own-{writer}-{turn}", start=turn))
            store.save(incident("shared", title=f"Writer {writer}", revision=turn + 1))

    def read() -> int:
        looks = 0
        while not written.is_set():
            listed = [item.incident_id for item in store.list()]
            assert len(listed) == len(set(listed))
            matches = found(store, "payments", 100)
            assert len(matches) == len(set(matches))
            store.get("shared")
            looks += 1
        return looks

    with ThreadPoolExecutor(writers + 2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for done in [pool.submit(write, writer) for writer in range(writers)]:
                done.result()
        finally:
            written.set()
        assert all(reader.result() for reader in readers)
    expected = {f"own-{writer}-{turn}" for writer in range(writers) for turn in range(rounds)} | {"shared"}
    assert {item.incident_id for item in store.list()} == expected
    assert len(store.list()) == len(expected)


def test_closed(store: IncidentStore) -> None:
    store.save(incident())
    store.close()
    store.close()
    for use in (
        lambda: store.save(incident()),
        lambda: store.get("one"),
        lambda: store.list(),
        lambda: store.search("payments", 1),
    ):
        with pytest.raises(StoreError, match="closed"):
            use()
