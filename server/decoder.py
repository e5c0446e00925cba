"""Several deliveries decoded together: native calls cost the same for one record as for a thousand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analyzers.catch_up import Arrival
from analyzers.columns import Int64, LogBatch, SpanBatch, TimeFaults
from analyzers.otlp import DecodeLimits, LogDecoder, SpanDecoder
from analyzers.templates import MinedBatch, TemplateMiner
from server.delivery import Delivery
from server.ledger import Signal


@dataclass(frozen=True, slots=True)
class Decoded:
    """What deliveries hold, in the order in which they came. `at` gives the place of each request of a batch."""

    deliveries: Sequence[Delivery]
    logs: LogBatch
    mined: MinedBatch
    logs_at: Int64
    spans: SpanBatch
    spans_at: Int64

    @property
    def faults(self) -> TimeFaults:
        """Of logs and spans together."""
        logs, spans = self.logs.faults, self.spans.faults
        return TimeFaults(logs.missing + spans.missing, logs.absurd + spans.absurd, logs.future + spans.future)

    @property
    def arrivals(self) -> list[Arrival]:
        """What each delivery brought."""
        logs, spans = self.logs_at[self.logs.request], self.spans_at[self.spans.request]
        newest = np.zeros(len(self.deliveries), dtype=np.int64)
        np.maximum.at(newest, logs, self.logs.time_unix_nano)
        np.maximum.at(newest, spans, self.spans.end_unix_nano)
        records = np.bincount(logs, minlength=len(newest)) + np.bincount(spans, minlength=len(newest))
        return [
            Arrival(delivery.signal is Signal.TRACES, at, delivery.received_unix_nano, number)
            for delivery, at, number in zip(self.deliveries, newest.tolist(), records.tolist(), strict=True)
        ]

    def until(self, ends: Sequence[int]) -> Iterator[tuple[LogBatch, MinedBatch, SpanBatch]]:
        """Cut after the given numbers of deliveries, of which the last is that of all."""
        begin = 0
        for end in ends:
            if begin == 0 and end == len(self.deliveries):
                yield self.logs, self.mined, self.spans
                return
            rows = _stretch(self.logs_at[self.logs.request], begin, end)
            spans = _stretch(self.spans_at[self.spans.request], begin, end)
            mined = MinedBatch(self.mined.templates, self.mined.template[rows])
            yield self.logs.chosen(rows), mined, self.spans.chosen(spans)
            begin = end


class Decoder:
    """Holds memos alone; what comes out is a function of what goes in."""

    def __init__(self, miner: TemplateMiner, limits: DecodeLimits) -> None:
        self._miner = miner
        self._logs = LogDecoder(limits)
        self._spans = SpanDecoder(limits)

    def decode(self, deliveries: Sequence[Delivery]) -> Decoded:
        places: dict[Signal, list[int]] = {signal: [] for signal in Signal}
        for place, delivery in enumerate(deliveries):
            places[delivery.signal].append(place)
        logs_at, spans_at = places[Signal.LOGS], places[Signal.TRACES]
        logs = self._logs.decode([deliveries[place].received for place in logs_at])
        spans = self._spans.decode([deliveries[place].received for place in spans_at])
        mined = self._miner.mine(logs)
        return Decoded(deliveries, logs, mined, np.array(logs_at, np.int64), spans, np.array(spans_at, np.int64))


def _stretch(ascending: Int64, begin: int, end: int) -> slice:
    first, last = np.searchsorted(ascending, (begin, end))
    return slice(int(first), int(last))
