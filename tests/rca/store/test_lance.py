"""What the LanceDB store does beyond the contract of every store: files, damage, crashes, other processes."""

import asyncio
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa
import pytest

from rca.store import LanceConfig, StoreError, build
from rca.store.codec import encode
from tests.rca.store.incidents import SECOND, full_incident, incident
from tests.running_server import wait_until

WRITER = Path(__file__).with_name("writer.py")
REPOSITORY = WRITER.parents[3]


def ids(config: LanceConfig) -> list[str]:
    store = build(config)
    try:
        return sorted(item.incident_id for item in store.list())
    finally:
        store.close()


def holding(folder: Path, text: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_survives_closing(tmp_path: Path) -> None:
    config = LanceConfig(tmp_path / "made" / "deep")
    store = build(config)
    store.save(full_incident("one", start=SECOND))
    store.save(full_incident("two", start=2 * SECOND))
    store.close()
    again = build(config)
    assert list(again.list()) == [full_incident("two", start=2 * SECOND), full_incident("one", start=SECOND)]
    assert [match.incident_id for match, _ in again.search("exhausted", 5)] == ["two", "one"]
    again.save(replace(full_incident("one", start=SECOND), title="Otters", revision=2))
    assert [match.incident_id for match, _ in again.search("otters", 5)] == ["one"]
    again.close()


def test_relative_directory_that_looks_like_a_cloud_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    build(LanceConfig(Path("db1"))).close()
    assert (tmp_path / "db1" / "incidents").is_dir()


@pytest.mark.parametrize("config", [{"commits_per_optimize": 0}, {"keep_versions": timedelta(0)}])
def test_settings_that_would_break_readers_are_refused(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        LanceConfig(tmp_path, **config)  # type: ignore[arg-type]


def test_many_saves_leak_neither_files_nor_disk(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = LanceConfig(tmp_path, commits_per_optimize=5, keep_versions=timedelta(milliseconds=1))
    store = build(config)

    def work(turns: int) -> None:
        for turn in range(turns):
            store.save(incident(f"i{turn % 7}", title=f"Otter {turn}", revision=turn + 1))
            store.search("otter", 3)

    work(20)
    before = open_files()
    work(80)
    # Some come and go with what runs beside.
    wait_until(lambda: open_files() <= before, 10.0, lambda: f"{open_files()} files are open, {before} were")
    assert len(store.list()) == 7
    assert [match.title for match, _ in store.search("79", 3)] == ["Otter 79"]
    kept = [path for path in (tmp_path / "incidents").rglob("*") if path.is_file()]
    assert len(kept) < 100
    store.close()
    assert capfd.readouterr().err == ""


def test_what_was_replaced_is_in_no_file_after_a_purge(tmp_path: Path) -> None:
    """Without a warning either, which would be an error here."""
    store = build(LanceConfig(tmp_path))
    for turn in range(5):
        store.save(incident("kept", title=f"hunter{turn}", revision=turn + 1))
        store.save(incident(f"other{turn}", title="Otter"))
    assert holding(tmp_path, b"hunter3")
    store.purge()
    assert [turn for turn in range(4) if holding(tmp_path, f"hunter{turn}".encode())] == []
    assert [found.title for found, _ in store.search("hunter4", 5)] == ["hunter4"]
    assert len(store.list()) == 6
    store.save(incident("kept", title="changed", revision=9))
    store.purge()
    assert not holding(tmp_path, b"hunter")
    store.close()


def test_nothing_is_open_after_closing(tmp_path: Path) -> None:
    build(LanceConfig(tmp_path)).close()
    before, threads = open_files(), threading.active_count()
    for _ in range(3):
        store = build(LanceConfig(tmp_path))
        store.save(incident())
        store.close()
    assert open_files() <= before
    assert threading.active_count() <= threads


def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = build(LanceConfig(tmp_path / "data", commits_per_optimize=2))
        for turn in range(3):
            store.save(incident(revision=turn + 1))
        root = tmp_path / "data"
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
        store.close()
    finally:
        os.umask(before)
    assert len(modes) > 10
    assert {path: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}


def test_closing_waits_for_what_has_begun(tmp_path: Path) -> None:
    store = build(LanceConfig(tmp_path))
    acknowledged: list[str] = []
    started = threading.Event()

    def write() -> None:
        for turn in range(1000):
            try:
                store.save(incident(f"i{turn:04}"))
            except StoreError:
                return
            acknowledged.append(f"i{turn:04}")
            started.set()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    assert started.wait(30)
    store.close()
    writer.join(30)
    assert not writer.is_alive()
    assert ids(LanceConfig(tmp_path)) == acknowledged


# Damage


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A data directory with two incidents, for a test to damage."""
    store = build(LanceConfig(tmp_path, commits_per_optimize=2))
    store.save(full_incident("one"))
    store.save(full_incident("two"))
    store.close()
    return tmp_path


def lose_manifests(table: Path) -> None:
    shutil.rmtree(table / "_versions")


def empty_manifests(table: Path) -> None:
    for path in (table / "_versions").iterdir():
        path.write_bytes(b"")


def lose_data(table: Path) -> None:
    shutil.rmtree(table / "data")


def cut_data(table: Path) -> None:
    for path in (table / "data").iterdir():
        os.truncate(path, path.stat().st_size // 2)


def garble_data(table: Path) -> None:
    for path in (table / "data").iterdir():
        path.write_bytes(bytes(byte ^ 0x5A for byte in path.read_bytes()))


def become_a_file(table: Path) -> None:
    shutil.rmtree(table)
    table.write_text("not a table")


def contents(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("damage", [lose_manifests, empty_manifests, lose_data, cut_data, garble_data, become_a_file])
def test_a_damaged_store_is_refused_and_left_as_it_is(damaged: Path, damage: Callable[[Path], None]) -> None:
    store = damaged / "incidents"
    damage(store / "incidents.lance")
    before = contents(store)
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            build(LanceConfig(damaged))
        assert str(store) in str(refused.value)
        assert f"mv {store} {store}.broken" in str(refused.value)
    assert contents(store) == before
    store.rename(damaged / "incidents.broken")
    assert ids(LanceConfig(damaged)) == []


@pytest.mark.parametrize("damage", ["lose", "garble"])
def test_a_damaged_text_index_is_made_anew(damaged: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    index = damaged / "incidents" / "incidents.lance" / "_indices"
    if damage == "lose":
        shutil.rmtree(index)
    else:
        for path in index.rglob("*.lance"):
            path.write_bytes(bytes(byte ^ 0x5A for byte in path.read_bytes()))
    store = build(LanceConfig(damaged))
    assert {match.incident_id for match, _ in store.search("exhausted", 5)} == {"one", "two"}
    assert "making its text index anew" in caplog.text
    assert len(store.list()) == 2
    store.close()


def test_a_making_cut_short_is_finished(tmp_path: Path) -> None:
    (tmp_path / "incidents" / "incidents.lance" / "_versions").mkdir(parents=True)
    store = build(LanceConfig(tmp_path))
    store.save(incident())
    assert [match.incident_id for match, _ in store.search("payments", 1)] == ["one"]
    store.close()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"can't use .*file/incidents.*another data_dir"):
        build(LanceConfig(tmp_path / "file"))


def change(data_dir: Path, work: Callable[[Any], Awaitable[Any]]) -> None:
    """Do to the table what another program might."""

    async def run() -> None:
        connection = await lancedb.connect_async(str(data_dir / "incidents"))
        table = await connection.open_table("incidents")
        await work(table)
        table.close()
        connection.close()

    asyncio.run(run())


def test_a_newer_format_is_refused(damaged: Path) -> None:
    change(damaged, lambda table: table.update({"format": 99}, where="id = 'two'"))
    with pytest.raises(StoreError, match="format 99"):
        build(LanceConfig(damaged))


def test_the_table_of_another_program_is_refused(damaged: Path) -> None:
    change(damaged, lambda table: table.drop_columns(["payload"]))
    with pytest.raises(StoreError, match="lacks the columns payload"):
        build(LanceConfig(damaged))


def test_an_unreadable_incident_is_named(damaged: Path) -> None:
    change(damaged, lambda table: table.update(updates_sql={"payload": "X'00'"}, where="id = 'two'"))
    store = build(LanceConfig(damaged))
    assert store.get("one") == full_incident("one")
    with pytest.raises(StoreError, match=r"incident 'two' in .*incidents: "):
        store.get("two")
    store.close()


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_twins_the_newest_revision_counts(tmp_path: Path, newest_first: bool) -> None:
    config = LanceConfig(tmp_path)
    build(config).close()
    old, new = incident(title="Otters"), incident(title="Weasels", revision=2)

    async def twins(table: Any) -> None:
        rows = [
            {
                "id": item.incident_id,
                "revision": item.revision,
                "format": 1,
                "start_unix_nano": item.start_unix_nano,
                "text": item.title,
                "payload": encode(item),
            }
            for item in ((new, old) if newest_first else (old, new))
        ]
        schema = pa.schema(
            [
                pa.field("id", pa.string(), nullable=False),
                pa.field("revision", pa.int64(), nullable=False),
                pa.field("format", pa.int32(), nullable=False),
                pa.field("start_unix_nano", pa.uint64(), nullable=False),
                pa.field("text", pa.string(), nullable=False),
                pa.field("payload", pa.binary(), nullable=False),
            ]
        )
        await table.add(pa.Table.from_pylist(rows, schema=schema))

    change(tmp_path, twins)
    store = build(config)
    assert store.get("one") == new
    assert list(store.list()) == [new]
    assert [match for match, _ in store.search("otters weasels", 5)] == [new]
    third = incident(title="Stoats", revision=3)
    store.save(third)
    assert list(store.list()) == [third]
    assert [match for match, _ in store.search("otters weasels", 5)] == []
    store.close()


# Other processes


def test_killed_writers_lose_nothing_and_keep_others_out(tmp_path: Path) -> None:
    """Three rounds of kill -9 in the midst of saving and compacting: what was acknowledged is there, and right."""
    acknowledged: dict[str, int] = {}
    for round_number in range(3):
        command = [sys.executable, str(WRITER), str(tmp_path), str(round_number)]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
            assert writer.stdout is not None
            try:
                # The writer is killed wherever it happens to be after this many.
                for _ in range(23 + 4 * round_number):
                    name, revision = writer.stdout.readline().split()
                    acknowledged[name] = int(revision)
                if not round_number:
                    with pytest.raises(StoreError, match=f"in use by process {writer.pid}"):
                        build(LanceConfig(tmp_path))
            finally:
                writer.send_signal(signal.SIGKILL)
            for line in writer.stdout.read().splitlines():
                name, revision = line.split()
                acknowledged[name] = int(revision)
        store = build(LanceConfig(tmp_path))
        held = {item.incident_id: item for item in store.list()}
        assert len(store.list()) == len(held)
        assert acknowledged.keys() <= held.keys()
        for name, latest in acknowledged.items():
            # One more may have been saved and killed before it could be acknowledged.
            assert held[name].revision in (latest, latest + 1)
            assert held[name] == full_incident(name, revision=held[name].revision)
        assert store.search("exhausted", 5)
        store.save(full_incident("between"))
        store.close()


def test_lancedb_is_not_imported_for_other_stores() -> None:
    code = "import sys, rca.store as s; s.build(s.MemoryConfig()); assert 'lancedb' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)
