"""Every target on what was found before, and on what hypothesis makes up in a few seconds."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.conformance.codings import COMPRESS
from server.config import known_keys
from tests.fuzz import targets
from tests.fuzz.corpus_files import CORPUS, inputs
from tests.fuzz.messages import LOGS, TRACES, bent, hostile_json

few = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("path", inputs(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once(path: Path) -> None:
    targets.TARGETS[path.parent.name](path.read_bytes())


def test_the_corpus_belongs_to_targets() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} == set(targets.TARGETS)


@few
@given(bent(LOGS.map(lambda item: item.SerializeToString())))
def test_logs(data: bytes) -> None:
    targets.logs(data)


@few
@given(bent(TRACES.map(lambda item: item.SerializeToString())))
def test_traces(data: bytes) -> None:
    targets.traces(data)


@few
@given(hostile_json(LOGS))
def test_json_logs(data: bytes) -> None:
    targets.json_logs(data)


@few
@given(hostile_json(TRACES))
def test_json_traces(data: bytes) -> None:
    targets.json_traces(data)


@few
@given(st.sampled_from(sorted(targets.TARGETS)), st.binary(max_size=200))
def test_garbage(name: str, data: bytes) -> None:
    targets.TARGETS[name](data)


@few
@given(st.lists(st.binary(min_size=4, max_size=4), max_size=6).map(b"".join))
def test_journal(data: bytes) -> None:
    targets.journal(data)


@few
@given(st.lists(st.binary(min_size=4, max_size=4), max_size=3).map(b"".join))
def test_checkpoint(data: bytes) -> None:
    targets.checkpoint(data)


@few
@given(st.sampled_from([0, 1, 2]), st.data())
def test_codings(coding: int, data: st.DataObject) -> None:
    compress = tuple(COMPRESS.values())[coding]
    members = data.draw(st.lists(st.binary(max_size=50) | st.just(bytes(2**21)), max_size=3))
    targets.codings(bytes([coding]) + data.draw(bent(st.just(b"".join(map(compress, members))))))


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["5s", "-5s", "1e9h", "127.0.0.1:99999", "[::1]:0", "a:b:c", "99" * 20, "none", "5", "0x", ""]),
    st.dates(),
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2)
)


@st.composite
def _settings(draw: st.DrawFn) -> dict[object, object]:
    tree: dict[object, object] = {}
    for key in draw(st.lists(st.sampled_from(known_keys()), max_size=3)):
        section, _, name = key.rpartition(".")
        value = draw(_TREES)
        if not section or draw(st.integers(0, 5)) == 0:
            tree[section or name] = value
        else:
            inner = tree.setdefault(section, {})
            if isinstance(inner, dict):
                inner[name] = value
    return tree


@few
@given(bent(_settings().map(lambda tree: yaml.safe_dump(tree, allow_unicode=True).encode())))
def test_config_file(data: bytes) -> None:
    targets.config_file(data)


@few
@given(st.dictionaries(st.sampled_from(known_keys()) | st.text(max_size=9), _LEAVES.map(str), max_size=3))
def test_config_environment(values: dict[str, str]) -> None:
    lines = (f"{key.upper().replace('.', '__')}={value}" for key, value in values.items())
    targets.config_environment("\n".join(lines).encode("utf-8", "surrogateescape"))
