"""The fields of a family's rows, each by itself, and what follows from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.columns import Bools, Int64, id_bytes
from analyzers.exemplar import SpanExemplar
from analyzers.service import ServiceKey
from analyzers.spans.family import Family
from analyzers.spans.groups import Groups
from analyzers.spans.lexicon import Lexicon
from analyzers.spans.rows import SpanRows


@dataclass(frozen=True, slots=True)
class Columns:
    """One entry a row. `service` is a place in `services`; `resource`, `name` and `peer` are numbers of the lexicon."""

    rows: SpanRows
    lexicon: Lexicon
    services: Sequence[ServiceKey]
    start: Int64
    end: Int64
    duration: Int64
    service: Int64
    resource: Int64
    name: Int64
    peer: Int64
    error: Bools
    # Whether its id tells it from all others; whether it names no parent.
    distinct: Bools
    root: Bools
    # A unit of work by its kind, whoever called it.
    entering: Bools
    calling: Bools
    producing: Bools
    consuming: Bools

    @classmethod
    def of(cls, family: Family, lexicon: Lexicon) -> "Columns":
        rows = family.rows
        start, end = np.ascontiguousarray(rows["start"]), np.ascontiguousarray(rows["end"])
        resource, kind = rows["resource"].astype(np.int64), np.ascontiguousarray(rows["kind"])
        senders = Groups.by(resource, len(lexicon.resources))
        services, service_of = lexicon.services(senders.codes)
        consuming = kind == Span.SPAN_KIND_CONSUMER
        return cls(
            rows=rows,
            lexicon=lexicon,
            services=services,
            start=start,
            end=end,
            duration=end - start,
            service=service_of.take(senders.of),
            resource=resource,
            name=rows["name"].astype(np.int64),
            peer=rows["peer"].astype(np.int64),
            error=np.ascontiguousarray(rows["error"]),
            distinct=family.distinct,
            root=rows["parent"] == 0,
            entering=consuming | (kind == Span.SPAN_KIND_SERVER),
            calling=kind == Span.SPAN_KIND_CLIENT,
            producing=kind == Span.SPAN_KIND_PRODUCER,
            consuming=consuming,
        )

    def unwaited(self, parent: Int64, child: Int64) -> Bools:
        """Which of these children, each of another service than its parent, nobody waited for.

        Where the kinds don't tell, it is what begins after its parent's end; but no two clocks are quite the same, so
        that a short call may seem to, and it fits into its caller's half.
        """
        end = self.end.take(parent)
        late = (self.start.take(child) >= end) & (end > 0)
        waited = self.calling.take(parent) | (self.entering & ~self.consuming).take(child)
        fits = self.duration.take(child) <= self.duration.take(parent)
        found: Bools = self.producing.take(parent) | self.consuming.take(child) | (late & ~waited & ~fits)
        return found

    def exemplars(self, places: Int64) -> Iterator[SpanExemplar]:
        rows, resources = self.rows.take(places), self.lexicon.resources.known
        fields = ("end", "start", "trace_high", "trace_low", "span", "resource")
        for end, start, high, low, span, resource in zip(*(rows[field].tolist() for field in fields), strict=True):
            yield SpanExemplar(start - end, end, id_bytes(high, low), id_bytes(span), resources[resource].pod)
