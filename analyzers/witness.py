"""Which operation wrote a log record: logs joined with the spans they were written in, by span id.

A statement is reached once in a call, or as often as the call's input has it; so how often per call of its operation is
far steadier than how often per request of the whole service, and its absence shows within a few calls.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzers.columns import Int64, LogBatch
from analyzers.service import ServiceKey
from analyzers.spans.ended import Ended
from analyzers.spans.index import Index
from analyzers.summary import Summary
from analyzers.templates import MinedBatch

SpanIds = npt.NDArray[np.uint64]
# Templates counted of one operation in one bucket; more than a baseline remembers of it.
_MOST_TEMPLATES = 400


@dataclass(slots=True)
class Heard:
    """Records of one batch that name their span and have not met it yet. Packed: `span` uint64, `code` int32."""

    bucket: int
    span: bytes
    code: bytes
    # What `code` indexes: who wrote which template.
    table: list[tuple[ServiceKey, str]] = field(default_factory=list)

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


class Witnesses:
    """Holds records until the span they were written in has ended. A span's records precede its end."""

    def __init__(self, limits: WitnessLimits | None = None) -> None:
        self._limits = limits or WitnessLimits()
        self._heard: list[Heard] = []

    def __len__(self) -> int:
        return sum(len(item.code) // 4 for item in self._heard)

    def add(self, batch: LogBatch, mined: MinedBatch, buckets: Int64, open_from: int) -> None:
        """Take in the records whose bucket is still open; late ones have missed their span."""
        chosen = np.flatnonzero((batch.span_id != 0) & (buckets >= open_from))
        if not len(chosen):
            return
        span = batch.span_id[chosen]
        services = [resource.service for resource in batch.resources]
        ids = [template.template_id for template in mined.templates]
        # One code for each pair of resource and template, and of bucket, which differs little within a batch.
        pair = batch.resource[chosen].astype(np.int64) * len(mined.templates) + mined.template[chosen]
        for bucket in np.unique(buckets[chosen]).tolist():
            here = buckets[chosen] == bucket
            pairs, codes = np.unique(pair[here], return_inverse=True)
            writer, template = np.divmod(pairs, len(mined.templates))
            table = list(
                zip(map(services.__getitem__, writer.tolist()), map(ids.__getitem__, template.tolist()), strict=True)
            )
            self._heard.append(Heard(bucket, span[here].tobytes(), codes.astype(np.int32).tobytes(), table))
        self._bound()

    def join(self, spans: Ended, summary: Summary) -> None:
        """Count the records written in `spans`, which ended in the bucket of `summary`, with their operations there."""
        start = summary.start_unix_nano
        index = Index.of(spans.span_id) if self._heard else None
        waiting: list[Heard] = []
        for heard in self._heard:
            if index is None or heard.bucket > start:
                waiting.append(heard)
                continue
            left = self._meet(heard, index, spans, summary)
            if left is not None and heard.bucket + self._limits.wait > start:
                waiting.append(left)
        self._heard = waiting

    def state(self) -> list[Heard]:
        """What it remembers; not a copy."""
        return self._heard

    def restore(self, state: list[Heard]) -> None:
        self._heard = state

    def _meet(self, heard: Heard, index: Index, spans: Ended, summary: Summary) -> Heard | None:
        """Count those whose span is one of `spans`, which `index` finds; the rest, or None when nothing is left."""
        written = heard.spans
        met, place = index.find(written)
        if not len(met):
            return heard
        pair = spans.operation.take(place) * len(heard.table) + heard.codes[met]
        for key, count in zip(*(item.tolist() for item in np.unique(pair, return_counts=True)), strict=True):
            service, operation = spans.operations[key // len(heard.table)]
            writer, template_id = heard.table[key % len(heard.table)]
            stats = summary.service(service).operations.get(operation)
            # A record that names a span of another service tells nothing about this one.
            if writer == service and stats is not None and _has_room(stats.templates, template_id):
                stats.templates[template_id] = stats.templates.get(template_id, 0) + count
        rest = np.ones(len(written), dtype=np.bool_)
        rest[met] = False
        if not rest.any():
            return None
        return Heard(heard.bucket, written[rest].tobytes(), heard.codes[rest].tobytes(), heard.table)

    def _bound(self) -> None:
        while self._heard and len(self) > self._limits.waiting:
            self._heard.pop(0)


def _has_room(templates: dict[str, int], template_id: str) -> bool:
    return template_id in templates or len(templates) < _MOST_TEMPLATES
