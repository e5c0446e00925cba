"""Checkpoints of format 1, as they were: one document, in which spans stood row by row."""

from dataclasses import dataclass, field

import msgspec

from analyzers.anomaly import Anomaly
from analyzers.assembly import AssemblerState
from analyzers.baseline import Baseline
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from analyzers.timeline import TimelineState
from analyzers.witness import Heard
from rca.incident import Incident
from server.engine import EngineState
from server.journal import Position
from server.ledger import LedgerState


@dataclass(slots=True)
class FirstTimeline:
    """Its spans are left out: those that waited for another half are counted, and join with nothing any more."""

    newest: int
    open_from: int | None
    silent_from: int | None
    late_records: int
    late_spans: int
    folded_records: int
    open: dict[int, Summary]
    heard: list[Heard]


@dataclass(slots=True)
class FirstEngine:
    timeline: FirstTimeline
    baseline: Baseline
    census: dict[ServiceKey, int]
    live: tuple[Incident, ...]
    before: tuple[Anomaly, ...]
    recent: tuple[int, ...]

    def state(self) -> EngineState:
        old = self.timeline
        timeline = TimelineState(
            old.newest,
            old.open_from,
            old.silent_from,
            old.late_records,
            old.late_spans,
            old.folded_records,
            old.open,
            AssemblerState(),
            old.heard,
        )
        return EngineState(timeline, self.baseline, self.census, self.live, self.before, self.recent)


@dataclass(slots=True)
class FirstCheckpoint:
    position: Position
    ledger: LedgerState
    seen: list[tuple[bytes, int]]
    engine: FirstEngine
    buckets: dict[int, int] = field(default_factory=dict)
    generation: int = 0


def decode_first(body: bytes) -> FirstCheckpoint:
    """Raises `msgspec.DecodeError`."""
    return msgspec.msgpack.decode(body, type=FirstCheckpoint)
