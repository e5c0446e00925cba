"""Which operation wrote a log record: logs joined with the spans they were written in, by span id.

A statement is reached once in a call, or as often as the call's input has it; so how often per call of its operation is
far steadier than how often per request of the whole service, and its absence shows within a few calls.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from analyzers.aliases import Aliases
from analyzers.buckets import rows_of_each
from analyzers.columns import Int64, LogBatch
from analyzers.passed import Lookup, Passed
from analyzers.service import ServiceKey
from analyzers.spans.ended import Ended
from analyzers.summary import OperationStats, Summary
from analyzers.templates import MinedBatch

SpanIds = npt.NDArray[np.uint64]
# Templates counted of one operation in one bucket; more than a baseline remembers of it.
_MOST_TEMPLATES = 400
_MOST_CODES = 2**31 - 1


@dataclass(slots=True)
class Heard:
    """Records of one batch that name their span and have not met it yet. Packed: `span` uint64, `code` int32."""

    bucket: int
    span: bytes
    code: bytes
    # What `code` indexes: who wrote which template.
    table: list[tuple[ServiceKey, str]] = field(default_factory=list)
    # The same where there is no table: each code is the place of a writer times the number of templates, and the place
    # of a template. Not in checkpoints of older versions.
    writers: list[ServiceKey] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> int:
        """Codes are below that."""
        return len(self.table) or len(self.writers) * len(self.templates)

    def written(self, code: int) -> tuple[ServiceKey, str]:
        """Who wrote which template."""
        if self.table:
            return self.table[code]
        writer, template = divmod(code, len(self.templates))
        return self.writers[writer], self.templates[template]

    def tabulated(self) -> "Heard":
        """The same with a table."""
        if self.table:
            return self
        found, codes = np.unique(self.codes, return_inverse=True)
        return Heard(self.bucket, self.span, codes.astype(np.int32).tobytes(), list(map(self.written, found.tolist())))

    def only(self, rows: npt.NDArray[np.bool_]) -> "Heard":
        """Some of the records."""
        return replace(self, span=self.spans[rows].tobytes(), code=self.codes[rows].tobytes())

    @property
    def spans(self) -> SpanIds:
        return np.frombuffer(self.span, dtype=np.uint64)

    @property
    def codes(self) -> npt.NDArray[np.int32]:
        return np.frombuffer(self.code, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class WitnessLimits:
    # Records that wait for their span; the oldest are given up when more come.
    waiting: int = 2_000_000
    # How long one waits, in nanoseconds of event time.
    wait: int = 60_000_000_000
    # Spans remembered after their end, and how long: what is done once a request is answered, and what is stamped when
    # it is read from a file, is written after it.
    passed: int = 500_000
    after: int = 30_000_000_000
    # Operations of one service in one bucket for which records count that were written after their spans' end.
    operations: int = 500


class Witnesses:
    """Holds records until the span they were written in has ended, and such spans until their last records are there.

    A record counts where its span ended, or where it is itself if that was before: what was judged is not told anew.
    """

    def __init__(self, limits: WitnessLimits | None = None, aliases: Aliases | None = None) -> None:
        """`aliases` is told of records that were written in spans of another service."""
        self._limits = limits or WitnessLimits()
        self._aliases = aliases or Aliases()
        self._heard: list[Heard] = []
        # Oldest first.
        self._passed: list[Passed] = []
        # How many they are, or were when a bucket was last joined.
        self._waiting = 0

    def __len__(self) -> int:
        return sum(len(item.code) // 4 for item in self._heard)

    def add(self, batch: LogBatch, mined: MinedBatch, buckets: Int64, open_from: int) -> None:
        """Take in the records whose bucket is still open; late ones have missed their span."""
        chosen = np.flatnonzero((batch.span_id != 0) & (buckets >= open_from))
        if not len(chosen):
            return
        span, bucket = batch.span_id.take(chosen), buckets.take(chosen)
        services = [resource.service for resource in batch.resources]
        ids = [template.template_id for template in mined.templates]
        codes = batch.resource.take(chosen).astype(np.int64) * len(ids) + mined.template.take(chosen)
        for start, rows in rows_of_each(bucket):
            self._heard.append(_heard(start, span.take(rows), codes.take(rows), services, ids))
        self._waiting += len(chosen)
        self._bound()

    def join(self, spans: Ended, summary: Summary) -> None:
        """Count the records written in `spans`, which ended in the bucket of `summary`, with their operations there."""
        start = summary.start_unix_nano
        now = Passed.of(spans, start)
        remembered = [item for item in self._passed if item.bucket + self._limits.after > start]
        ending, *passed = (item.lookup for item in (now, *remembered))
        waiting: list[Heard] = []
        for heard in self._heard:
            if heard.bucket > start:
                waiting.append(heard)
                continue
            left = self._meet(heard, ending, summary)
            # Those of earlier buckets were looked for there when these were joined.
            for lookup in passed if heard.bucket == start else ():
                left = left and self._meet(left, lookup, summary)
            if left is not None and heard.bucket + self._limits.wait > start:
                waiting.append(left)
        self._heard = waiting
        self._waiting = len(self)
        self._remember([*remembered, now])

    def state(self) -> tuple[list[Heard], list[Passed]]:
        """What it remembers; not a copy."""
        return self._heard, self._passed

    def restore(self, heard: list[Heard], passed: list[Passed]) -> None:
        self._heard, self._passed = heard, passed
        self._waiting = len(self)

    def _remember(self, passed: list[Passed]) -> None:
        """The newest of them, as far as there is room."""
        room, self._passed = self._limits.passed, []
        for item in reversed(passed):
            room -= len(item)
            if room < 0:
                break
            self._passed.insert(0, item)

    def _meet(self, heard: Heard, ended: Lookup, summary: Summary) -> Heard | None:
        """Count those whose span is one of these; the rest, or None when nothing is left."""
        written = heard.spans
        met, place = ended.index.find(written)
        if not len(met):
            return heard
        pair = place * heard.kinds + heard.codes[met]
        for key, count in zip(*(item.tolist() for item in np.unique(pair, return_counts=True)), strict=True):
            service, operation = ended.operations[key // heard.kinds]
            writer, template_id = heard.written(key % heard.kinds)
            if writer != service:
                self._aliases.cross(writer, service, count)
            # A record that names a span of another service tells nothing about this one.
            if self._aliases.of(writer) != service:
                continue
            stats = self._stats(summary, service, operation, ended.bucket)
            if stats is not None and _has_room(stats.templates, template_id):
                stats.templates[template_id] = stats.templates.get(template_id, 0) + count
        rest = np.ones(len(written), dtype=np.bool_)
        rest[met] = False
        if not rest.any():
            return None
        return heard.only(rest)

    def _stats(self, summary: Summary, service: ServiceKey, operation: str, bucket: int) -> OperationStats | None:
        """None for what is counted with others, since there are too many operations."""
        operations = summary.service(service).operations
        late = bucket < summary.start_unix_nano
        if late and operation not in operations and len(operations) < self._limits.operations:
            operations[operation] = OperationStats()
        return operations.get(operation)

    def _bound(self) -> None:
        while self._heard and self._waiting > self._limits.waiting:
            self._waiting -= len(self._heard.pop(0).spans)


def _heard(start: int, span: SpanIds, codes: Int64, services: list[ServiceKey], ids: list[str]) -> Heard:
    if len(services) + len(ids) <= len(span) and len(services) * len(ids) <= _MOST_CODES:
        return Heard(start, span.tobytes(), codes.astype(np.int32).tobytes(), [], services, ids)
    # Lists that say more than is used of them are not worth keeping.
    found, codes = np.unique(codes, return_inverse=True)
    table = [(services[code // len(ids)], ids[code % len(ids)]) for code in found.tolist()]
    return Heard(start, span.tobytes(), codes.astype(np.int32).tobytes(), table)


def _has_room(templates: dict[str, int], template_id: str) -> bool:
    return template_id in templates or len(templates) < _MOST_TEMPLATES
