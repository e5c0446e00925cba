"""Erasing a service, a trace or a stretch of time: from memory, checkpoint, incidents and journal."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from analyzers.erasure import Selection, erase_heard, erase_passed, erase_spans, erase_summary, touches
from analyzers.templates import TemplateMiner
from rca.erasure import erased, erased_anomaly
from server.checkpointer import Checkpointer
from server.engine import Engine
from server.incidents import IncidentBook
from server.journal import Journal, Position
from server.journal.erasure import counted, rewrite
from server.journal.frame import FrameError
from server.journal.segment import SegmentError, segment_numbers

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was erased. `not_searched`: segments of the journal that are damaged."""

    records: int = 0
    buckets: int = 0
    open_spans: int = 0
    baselines: int = 0
    incidents: int = 0
    segments: int = 0
    damaged_files: int = 0
    not_searched: int = 0


@dataclass(frozen=True, slots=True)
class Forgetting:
    """`between` runs work where nothing else changes what is known: between two deliveries, or where none come."""

    engine: Engine
    book: IncidentBook
    miner: TemplateMiner
    checkpointer: Checkpointer
    journal: Journal
    folder: Path
    between: Callable[[Callable[[Position], object]], object]

    def run(self, selection: Selection) -> Forgotten:
        """All that was acknowledged before. Doing it again does no harm: do so if the process died in between.

        Raises `JournalError`, `OSError` and `StoreError`.
        """
        last = self.journal.begin_segment()
        found: list[Forgotten] = []

        def once_counted(position: Position) -> None:
            # What waits for the pipeline would come back.
            if counted(self.folder, position, last):
                found.append(self._forget_known(selection, position))

        while not found:
            self.between(once_counted)
        segments = records = unread = 0
        for number in segment_numbers(self.folder):
            if number > last:
                break
            try:
                rewritten = rewrite(self.folder, number, selection)
            except FileNotFoundError:
                continue
            except (FrameError, SegmentError):
                unread += 1
                continue
            if rewritten is not None:
                rewritten.put_in_place()
                segments += 1
                records += rewritten.erased
        # Nobody can tell what is in those.
        damaged = list(self.folder.glob("*.damaged"))
        for path in damaged:
            path.unlink(missing_ok=True)
        known = found[0]
        done = Forgotten(
            records,
            known.buckets,
            known.open_spans,
            known.baselines,
            known.incidents,
            segments,
            len(damaged),
            unread,
        )
        # Who or what it was is what was to be forgotten.
        _log.warning("audit: erased by %s: %s", selection.kind, done)
        return done

    def _forget_known(self, selection: Selection, position: Position) -> Forgotten:
        engine = self.engine
        with engine.lock:
            archive, state = engine.timeline.archive, engine.state()
            buckets = 0
            for start in archive.starts():
                bucket = archive.get(start)
                if bucket is not None and touches(bucket, selection):
                    erase_summary(archive.at(start), selection)
                    buckets += 1
            for bucket in (*state.timeline.open.values(), *state.as_closed.values()):
                erase_summary(bucket, selection)
            erase_heard(state.timeline.heard, selection)
            erase_passed(state.timeline.passed, selection)
            spans = erase_spans(state.timeline.assembler, selection)
            # What it told of itself was packed, and so a copy.
            engine.timeline.assembler.restore(state.timeline.assembler)
            known = {*engine.baseline.services, *state.census, *engine.timeline.addresses.services}
            services = [key for key in known if selection.names(key)]
            for service in services:
                engine.baseline.forget(service)
                engine.timeline.aliases.forget(service)
                engine.timeline.addresses.forget(service)
                state.census.pop(service, None)
                state.instances.pop(service, None)
            engine.census.restore(state.census, state.instances)
            # Outlines of bodies; which service wrote them is not known.
            self.miner.forget()
            incidents = self._forget_incidents(selection)
        self.checkpointer.save_now(position)
        return Forgotten(buckets=buckets, open_spans=spans, baselines=len(services), incidents=incidents)

    def _forget_incidents(self, selection: Selection) -> int:
        tracker, before = self.engine.tracker, self.engine.tracker.before
        changed = 0
        known = {item.incident_id: item for item in (*self.book.store.list(), *tracker.live)}
        for incident in known.values():
            left = erased(incident, selection)
            if left != incident:
                self.book.record(left)
                changed += 1
        kept = (erased_anomaly(item, selection) for item in before)
        tracker.restore((), [item for item in kept if item is not None])
        self.book.feed.rewrite(lambda incident: erased(incident, selection))
        if changed:
            self.book.store.purge()
        return changed
