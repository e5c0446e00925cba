"""Checkpoints in pieces: the same state back, older formats read, newer ones refused, nobody kept waiting."""

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.rates import Rate
from analyzers.service import ServiceKey
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import Summary, TemplateCount
from server.checkpoint import CheckpointError, CheckpointFolder, CheckpointState
from server.config import Config
from server.engine import build_engine
from server.journal import Position
from server.ledger import LedgerState, Tally
from server.pieces import PiecesError, join, split

SHOP = ServiceKey("prod", "", "shop")


@dataclass(slots=True)
class Leaf:
    number: int = 0
    names: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Tree:
    title: str
    leaves: dict[int, Leaf]
    several: tuple[Leaf, ...]
    rows: list[list[int]]
    one: Leaf


leaves = st.builds(Leaf, st.integers(0, 9), st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=3))
trees = st.builds(
    Tree,
    st.text(max_size=3),
    st.dictionaries(st.integers(0, 500), leaves, max_size=100),
    st.lists(leaves, max_size=4).map(tuple),
    st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=70),
    leaves,
)


def reader(data: bytes):  # type: ignore[no-untyped-def]
    view = memoryview(data)
    place = [0]

    def read(size: int) -> bytes:
        start = place[0]
        place[0] += size
        return bytes(view[start : start + size])

    return read


@given(trees)
def test_what_is_split_is_joined_to_the_same(tree: Tree) -> None:
    assert join(reader(b"".join(split(tree, Tree))), Tree) == tree


@given(trees, st.data())
def test_what_is_cut_is_told(tree: Tree, data: st.DataObject) -> None:
    whole = b"".join(split(tree, Tree))
    with pytest.raises((PiecesError, msgspec.DecodeError)):
        join(reader(whole[: data.draw(st.integers(0, len(whole) - 1))]), Tree)


def test_no_piece_is_large() -> None:
    tree = Tree("", {number: Leaf(number, {"x" * 50: 1}) for number in range(50_000)}, (), [[1] * 200_000], Leaf())
    pieces = list(split(tree, Tree))
    assert max(map(len, pieces)) < 512 * 1024
    assert len(pieces) < 200
    assert join(reader(b"".join(pieces)), Tree) == tree


def state() -> CheckpointState:
    engine = build_engine(Config(), None)
    engine.baseline.services[SHOP] = ServiceBaseline(7, templates={"a": Rate(1.0, 2.0)}, texts={"a": "said <*>"})
    ledger = LedgerState(logs=Tally(taken=5, counted=5))
    return CheckpointState(Position(3, 400), ledger, [(b"digest", 9)], engine.state())


def bucket(start: int) -> Summary:
    summary = Summary(start, start + 5)
    summary.service(SHOP).templates["a"] = TemplateCount("said <*>", 3)
    return summary


def first_format(value: object) -> bytes:
    """As format 1 was: the same header, then one document."""
    body = msgspec.msgpack.encode(value)
    return struct.pack("<4sII", b"HYPC", 1, zlib.crc32(body)) + body


def loaded(folder: Path) -> tuple[CheckpointState, list[Summary]]:
    found = CheckpointFolder(folder).load()
    assert found is not None
    return found[0], list(found[1])


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    saved = state()
    CheckpointFolder(tmp_path).save(saved, [bucket(0), bucket(5)], {0, 5})
    found, buckets = loaded(tmp_path)
    assert (found.position, found.ledger, found.seen) == (saved.position, saved.ledger, saved.seen)
    assert found.engine.baseline.services == saved.engine.baseline.services
    assert buckets == [bucket(5), bucket(0)]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_first_format_is_migrated(tmp_path: Path) -> None:
    saved = state()
    saved.buckets = {0: 1}
    (tmp_path / "state").write_bytes(first_format(saved))
    (tmp_path / "0-1.bucket").write_bytes(first_format(bucket(0)))
    found, buckets = loaded(tmp_path)
    assert found.engine.baseline.services == saved.engine.baseline.services
    assert buckets == [bucket(0)]
    CheckpointFolder(tmp_path).save(found, [], {0})
    assert struct.unpack_from("<I", (tmp_path / "state").read_bytes(), 4) == (2,)
    assert loaded(tmp_path)[0].ledger == saved.ledger
    assert loaded(tmp_path)[1] == [bucket(0)]


def test_a_newer_one_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    data = struct.pack("<4sII", b"HYPC", 3, 0) + b"whatever it will be"
    (tmp_path / "state").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"newer version \(format 3, known is 2\); run that version"):
        CheckpointFolder(tmp_path).load()
    assert (tmp_path / "state").read_bytes() == data


@pytest.mark.parametrize("at", [0, 9, 20, -1])
def test_a_damaged_one_is_refused(tmp_path: Path, at: int) -> None:
    CheckpointFolder(tmp_path).save(state(), [], set())
    data = bytearray((tmp_path / "state").read_bytes())
    data[at] ^= 1
    (tmp_path / "state").write_bytes(data)
    with pytest.raises(CheckpointError):
        CheckpointFolder(tmp_path).load()
