"""Incidents in LanceDB files: they survive the process, and are found by words in any language.

LanceDB 0.40 has traps; each is stepped round where a comment says so.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, overload

import lancedb
import pyarrow as pa
from lancedb.expr import col
from lancedb.index import FTS
from lancedb.query import MatchQuery

from rca.incident import Incident
from rca.store.base import StoreError
from rca.store.codec import FORMAT, check_format, decode, encode, searchable
from rca.store.config import LanceConfig
from rca.store.directory import StoreDirectory

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_TABLE = "incidents"
# The id has no index: with one, concurrent merges make twins. It must not be nullable, or it can't be the key.
_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("revision", pa.int64(), nullable=False),
        pa.field("format", pa.int32(), nullable=False),
        pa.field("start_unix_nano", pa.uint64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("payload", pa.binary(), nullable=False),
    ]
)
_KEY = b"lance-schema:unenforced-primary-key:position"
# Without positions, because optimize fails with them. Any word counts, so none is a stop word.
_FULL_TEXT = FTS(base_tokenizer="icu/split", with_position=False, remove_stop_words=False, max_token_length=None)
# Longer queries and answers say nothing more, and cost.
_QUERY_CHARS = 20_000
_MOST_FOUND = 10_000
_MAX_TIME = 2**64 - 1
# Of versions that are removed; LanceDB counts in milliseconds.
_SHORTEST_AGE = timedelta(milliseconds=5)
_SOURCE = re.compile(r",? /\S+\.rs:\d+:\d+$")


@dataclass(frozen=True, slots=True)
class _Row:
    incident_id: str
    revision: int
    start_unix_nano: int
    payload: bytes


class LanceStore:
    """All that touches the files runs in one loop, in a thread of its own; callers wait for it.

    Because a lock keeps other processes out and one coroutine at a time writes, commits never conflict.
    """

    def __init__(self, config: LanceConfig) -> None:
        """Raises `StoreError` when the files can't be read; it then leaves them as they are."""
        self._directory = StoreDirectory(config.data_dir.resolve() / "incidents")
        self._table = _Table(self._directory, config)
        self._gate = threading.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="incident-store", daemon=True)
        self._thread.start()
        try:
            self._call(self._table.open(), self._unreadable)
        except BaseException:
            self.close()
            raise

    def save(self, incident: Incident) -> None:
        row = {
            "id": incident.incident_id,
            "revision": incident.revision,
            "format": FORMAT,
            "start_unix_nano": min(max(incident.start_unix_nano, 0), _MAX_TIME),
            "text": searchable(incident),
            "payload": encode(incident),
        }
        self._call(self._table.save(row), self._unwritable)

    def get(self, incident_id: str) -> Incident | None:
        if not _is_unicode(incident_id):
            return None
        rows = self._call(self._table.rows([incident_id]), self._unreadable)
        return self._decode(rows[incident_id]) if rows else None

    def list(self) -> Sequence[Incident]:
        """A snapshot that decodes an incident when it is looked at, so that the newest few of many cost little."""
        rows = self._call(self._table.rows(), self._unreadable)
        newest_first = sorted(rows.values(), key=lambda row: (-row.start_unix_nano, row.incident_id))
        return _Snapshot(newest_first, self._decode)

    def search(self, query: str, limit: int) -> Sequence[tuple[Incident, float]]:
        if limit < 1:
            return ()
        text = query[:_QUERY_CHARS].encode(errors="replace").decode()
        found = self._call(self._table.search(text, min(limit, _MOST_FOUND)), self._unreadable)
        return tuple((self._decode(row), score) for row, score in found)

    def purge(self) -> None:
        self._call(self._table.purge(), self._unwritable)

    def close(self) -> None:
        with self._gate:
            if self._closed:
                return
            self._closed = True
            last = asyncio.run_coroutine_threadsafe(self._finish(), self._loop)
        error = last.exception()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._directory.release()
        if error is not None:
            _log.warning("incident store %s did not close cleanly: %s", self._directory.path, error)

    async def _finish(self) -> None:
        begun = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*begun, return_exceptions=True)
        self._table.close()

    def _call(self, work: Coroutine[Any, Any, _T], explain: Callable[[BaseException], str]) -> _T:
        with self._gate:
            if self._closed:
                work.close()
                raise StoreError("the incident store is closed")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, StoreError):
            raise error
        raise StoreError(explain(error)) from error

    def _decode(self, row: _Row) -> Incident:
        try:
            return decode(row.payload)
        except StoreError as error:
            raise StoreError(f"incident {row.incident_id!r} in {self._directory.path}: {error}") from error

    def _unreadable(self, error: BaseException) -> str:
        path = self._directory.path
        return (
            f"the incident store {path} can't be read: {_first_line(error)}. Nothing was changed. Put a backup in its"
            f" place, or move it aside (mv {path} {path}.broken) and start again with an empty one"
        )

    def _unwritable(self, error: BaseException) -> str:
        path = self._directory.path
        return (
            f"the incident could not be saved in {path}: {_first_line(error)}."
            " Check the free space and the permissions; what was saved before is still there"
        )


class _Table:
    """The files. Every method runs in the store's loop."""

    def __init__(self, directory: StoreDirectory, config: LanceConfig) -> None:
        self._directory = directory
        self._config = config
        self._writing = asyncio.Lock()
        self._commits = 0
        self._connection: Any = None
        self._table: Any = None

    async def open(self) -> None:
        self._connection = await lancedb.connect_async(
            str(self._directory.path),
            # With caches, every optimize leaks two open files and a megabyte.
            session=lancedb.Session(index_cache_size_bytes=0, metadata_cache_size_bytes=0),
            read_consistency_interval=timedelta(0),
        )
        # Never "create if missing": a damaged table is taken for a missing one, and would be written over.
        if _holds_data(self._directory.path / f"{_TABLE}.lance"):
            self._table = await self._connection.open_table(_TABLE)
            await self._check()
        else:
            self._table = await self._connection.create_table(_TABLE, schema=_SCHEMA)
        # A process killed while it made the table may have left either out.
        if _KEY not in ((await self._table.schema()).field("id").metadata or {}):
            await self._table.set_unenforced_primary_key("id")
        if not await self._table.list_indices():
            await self._table.create_index("text", config=_FULL_TEXT)
        self._commits = (await self._table.stats())["fragment_stats"]["num_fragments"]
        self._directory.protect()

    async def save(self, row: Mapping[str, object]) -> None:
        batch = pa.Table.from_pylist([row], schema=_SCHEMA)
        async with self._writing:
            merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            await merge.execute(batch)
            self._commits += 1
            if self._commits >= self._config.commits_per_optimize:
                self._commits = 0
                await self._optimize()
            self._directory.protect()

    async def purge(self) -> None:
        """Rows that were replaced stay in old versions and in the index until both are gone."""
        async with self._writing:
            await self._table.create_index("text", config=_FULL_TEXT, replace=True)
            # What was replaced leaves the newest version, then all versions before it go. An age of 0 would be taken
            # for a mistake and warned of, so they have to be a little older.
            await self._table.optimize()
            await asyncio.sleep(2 * _SHORTEST_AGE.total_seconds())
            await self._table.optimize(cleanup_older_than=_SHORTEST_AGE, delete_unverified=True)
            self._commits = 0
            self._directory.protect()

    async def rows(self, ids: Sequence[str] | None = None) -> dict[str, _Row]:
        """By id, all when none are named. Should an id be there twice, the newest revision counts."""
        query = self._table.query().select(["id", "revision", "start_unix_nano", "payload"])
        if ids is not None:
            query = query.where(col("id").isin(list(ids)))
        newest: dict[str, _Row] = {}
        for item in (await query.to_arrow()).to_pylist():
            row = _Row(item["id"], item["revision"], item["start_unix_nano"], item["payload"])
            held = newest.get(row.incident_id)
            if held is None or held.revision <= row.revision:
                newest[row.incident_id] = row
        return newest

    async def search(self, text: str, limit: int) -> list[tuple[_Row, float]]:
        matching = await _settled(self._matches(text, limit))
        if matching.exception() is not None:
            async with self._writing:
                await self._rebuild_index()
            matching = await _settled(self._matches(text, limit))
        scores = matching.result()
        rows = await self.rows(list(scores)) if scores else {}
        pairs = [(row, scores[row.incident_id]) for row in rows.values()]
        pairs.sort(key=lambda pair: (-pair[1], -pair[0].start_unix_nano, pair[0].incident_id))
        return pairs[:limit]

    def close(self) -> None:
        if self._table is not None:
            self._table.close()
        if self._connection is not None:
            self._connection.close()

    async def _check(self) -> None:
        """Touches every fragment once, and refuses what this program would misread."""
        missing = set(_SCHEMA.names) - set((await self._table.schema()).names)
        if missing:
            raise StoreError(
                f"the incident store {self._directory.path} lacks the columns {', '.join(sorted(missing))}:"
                " it was made by another program; choose another data_dir"
            )
        held = await self._table.query().select(["id", "format"]).to_arrow()
        for number in set(held.column("format").to_pylist()):
            check_format(number)

    async def _matches(self, text: str, limit: int) -> dict[str, float]:
        # The score is named, because leaving it out makes a warning on stderr every time.
        query = self._table.query().nearest_to_text(MatchQuery(text, "text")).select(["id", "_score"])
        scores: dict[str, float] = {}
        # A few more than asked for, so that equal scores at the end are cut by time and not by chance.
        for item in await query.limit(limit + 16).to_list():
            scores[item["id"]] = max(item["_score"], scores.get(item["id"], 0.0))
        return scores

    async def _optimize(self) -> None:
        """A failure costs time and space, not incidents; it is tried again with a later commit."""
        work = await _settled(self._table.optimize(cleanup_older_than=self._config.keep_versions))
        error = work.exception()
        if error is not None:
            _log.warning("incident store %s could not be compacted: %s", self._directory.path, _first_line(error))
            error = (await _settled(self._rebuild_index())).exception()
        if error is not None:
            _log.error("incident store %s could not be indexed: %s", self._directory.path, _first_line(error))

    async def _rebuild_index(self) -> None:
        """The index says nothing the rows don't: a damaged one is made anew."""
        _log.warning("incident store %s: making its text index anew", self._directory.path)
        await self._table.create_index("text", config=_FULL_TEXT, replace=True)
        self._directory.protect()


class _Snapshot(Sequence[Incident]):
    """Incidents, each decoded when first looked at; looking may raise `StoreError`."""

    def __init__(self, rows: Sequence[_Row], decode_row: Callable[[_Row], Incident]) -> None:
        self._rows = rows
        self._decode_row = decode_row
        self._decoded: dict[int, Incident] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Incident: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Incident]: ...
    def __getitem__(self, index: int | slice) -> Incident | Sequence[Incident]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self._rows))))
        at = range(len(self._rows))[index]
        if at not in self._decoded:
            self._decoded[at] = self._decode_row(self._rows[at])
        return self._decoded[at]


def _holds_data(table: Path) -> bool:
    """Whether anything was ever committed to it, as far as its files tell."""
    if table.exists() and not table.is_dir():
        raise NotADirectoryError(f"{table} is not a directory")
    return any(any((table / part).glob("*")) for part in ("_versions", "data"))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


async def _settled(work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
    """`work` when it is done, well or not. Nothing is caught by class, because a panic in the native code is of one
    that has no name here."""
    task = asyncio.ensure_future(work)
    await asyncio.wait([task])
    return task


def _first_line(error: BaseException) -> str:
    """Without the place in LanceDB's source that it ends with."""
    return _SOURCE.sub("", (str(error).splitlines() or [type(error).__name__])[0])
