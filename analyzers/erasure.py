"""Taking out of what is known all that one service, one trace or one stretch of time left in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from analyzers.assembly import AssemblerState
from analyzers.columns import Peer
from analyzers.erring import mark
from analyzers.exemplar import LogExemplar, SpanExemplar
from analyzers.passed import Passed
from analyzers.service import Resource, ServiceKey
from analyzers.spans.rows import ROW
from analyzers.summary import EdgeStats, OperationStats, ServiceSummary, Summary, TemplateCount
from analyzers.witness import Heard


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to go; exactly one of the three is set. `service` is a name, or environment/namespace/name as far as
    they are set; times are event time in nanoseconds, the end exclusive."""

    service: str = ""
    trace_id: bytes = b""
    start_unix_nano: int = 0
    end_unix_nano: int = 0

    @property
    def kind(self) -> str:
        return "service" if self.service else "trace" if self.trace_id else "time"

    def names(self, service: ServiceKey) -> bool:
        return bool(self.service) and self.service in (service.name, str(service))

    def overlaps(self, start_unix_nano: int, end_unix_nano: int) -> bool:
        return self.start_unix_nano < end_unix_nano and start_unix_nano < self.end_unix_nano

    def at(self, time_unix_nano: int) -> bool:
        return self.start_unix_nano <= time_unix_nano < self.end_unix_nano

    def takes_log(self, exemplar: LogExemplar) -> bool:
        return (bool(self.trace_id) and exemplar.trace_id == self.trace_id) or self.at(exemplar.time_unix_nano)

    def takes_example(self, exemplar: SpanExemplar) -> bool:
        return exemplar.trace_id == self.trace_id or self.at(exemplar.end_unix_nano)


def touches(summary: Summary, selection: Selection) -> bool:
    """Whether `erase_summary` would change anything."""
    if selection.service:
        keys = chain(summary.services, *((edge.client, edge.server) for edge in summary.edges))
        return any(map(selection.names, keys))
    if selection.trace_id:
        return (
            any(mark(selection.trace_id) in service.erring for service in summary.services.values())
            or any(edge.busiest_trace == selection.trace_id for edge in summary.edges.values())
            or any(example.trace_id == selection.trace_id for example in _examples(summary))
        )
    return selection.overlaps(summary.start_unix_nano, summary.end_unix_nano) and bool(
        summary.services or summary.edges
    )


def erase_summary(summary: Summary, selection: Selection) -> None:
    """By service: what it did, and who called whom of it. By trace: the examples; what was added up is no longer of
    one trace. By time: all of a summary that overlaps, since its sums can't be taken apart."""
    if selection.kind == "time":
        if selection.overlaps(summary.start_unix_nano, summary.end_unix_nano):
            summary.services.clear()
            summary.edges.clear()
        return
    for key in [key for key in summary.services if selection.names(key)]:
        del summary.services[key]
    for edge in [edge for edge in summary.edges if selection.names(edge.client) or selection.names(edge.server)]:
        del summary.edges[edge]
    if selection.trace_id:
        for service in summary.services.values():
            if mark(selection.trace_id) in service.erring:
                # A sample that lacks one is none.
                service.erring = {}
            _erase_examples(service, selection)
        for stats in summary.edges.values():
            _erase_slowest(stats, selection)
            if stats.busiest_trace == selection.trace_id:
                stats.busiest, stats.busiest_trace = 0, b""


def _examples(summary: Summary) -> Iterator[LogExemplar | SpanExemplar]:
    for service in summary.services.values():
        for template in service.templates.values():
            yield from template.exemplars
        for operation in service.operations.values():
            yield from operation.slowest
            yield from operation.failed
    for edge in summary.edges.values():
        yield from edge.slowest


def erase_heard(heard: list[Heard], selection: Selection) -> None:
    """Of the records that wait for their span, in place."""
    heard[:] = [left for item in heard if (left := _unheard(item, selection)) is not None]


def erase_passed(passed: list[Passed], selection: Selection) -> None:
    """Of the spans that wait for their last records, in place; all of a bucket, since few records come so late."""
    passed[:] = [
        item
        for item in passed
        if not selection.at(item.bucket) and not any(selection.names(service) for service, _ in item.operations)
    ]


def erase_spans(state: AssemblerState, selection: Selection) -> int:
    """Of the spans that wait for their bucket or for others, in place; how many went."""
    before = sum(map(len, _packed(state)))
    state.held = {start: _kept(packed, state, selection)[0] for start, packed in state.held.items()}
    for generation in (state.young, state.old):
        generation.rows, kept = _kept(generation.rows, state, selection)
        waiting = np.frombuffer(generation.waiting, dtype=np.int64)
        generation.waiting = (np.cumsum(kept) - 1)[waiting[kept[waiting]]].astype(np.int64).tobytes()
    _erase_words(state)
    return (before - sum(map(len, _packed(state)))) // ROW.itemsize


def _packed(state: AssemblerState) -> list[bytes]:
    return [state.young.rows, state.old.rows, *state.held.values()]


def _kept(packed: bytes, state: AssemblerState, selection: Selection) -> tuple[bytes, npt.NDArray[np.bool_]]:
    """The rows that stay, which no longer say that they called the service, and which of the rows those are."""
    rows = np.frombuffer(packed, dtype=ROW).copy()
    gone = (rows["end"] >= selection.start_unix_nano) & (rows["end"] < selection.end_unix_nano)
    # The last place stands for none.
    resources = np.array([*(selection.names(item.service) for item in state.resources), False])
    peers = np.array([*(selection.names(item.service) for item in state.peers), False])
    gone |= resources[rows["resource"]]
    rows["peer"][peers[rows["peer"]]] = -1
    if selection.trace_id:
        high, low = np.frombuffer(selection.trace_id, dtype="<u8")
        gone |= (rows["trace_high"] == high) & (rows["trace_low"] == low)
    return rows[~gone].tobytes(), ~gone


def _erase_words(state: AssemblerState) -> None:
    """What no row has a number of, but the numbers of the others stay: so something has to be there."""
    rows = np.frombuffer(b"".join(_packed(state)), dtype=ROW)
    used = {field: set(rows[field].tolist()) for field in ("resource", "name", "peer")}
    for number in range(len(state.resources)):
        if number not in used["resource"]:
            state.resources[number] = Resource(_nobody(number))
    for number in range(len(state.names)):
        if number not in used["name"]:
            state.names[number] = _nobody(number).name
    for number, peer in enumerate(state.peers):
        if number not in used["peer"]:
            state.peers[number] = Peer(_nobody(number), peer.asynchronous)


def _nobody(number: int) -> ServiceKey:
    return ServiceKey("", "", f"<erased {number}>")


def _unheard(heard: Heard, selection: Selection) -> Heard | None:
    """Records are known here by their span alone: those of one trace can't be told, and go with time."""
    if selection.at(heard.bucket):
        return None
    heard = heard.tabulated()
    gone = [index for index, (service, _) in enumerate(heard.table) if selection.names(service)]
    if not gone:
        return heard
    left = ~np.isin(heard.codes, np.array(gone, dtype=np.int32))
    number = {old: new for new, old in enumerate(index for index in range(len(heard.table)) if index not in gone)}
    codes = np.array([number[code] for code in heard.codes[left].tolist()], dtype=np.int32)
    table = [item for index, item in enumerate(heard.table) if index not in gone]
    return Heard(heard.bucket, heard.spans[left].tobytes(), codes.tobytes(), table) if len(codes) else None


def _erase_examples(service: ServiceSummary, selection: Selection) -> None:
    for template in service.templates.values():
        _erase_logs(template, selection)
    for operation in service.operations.values():
        _erase_slowest(operation, selection)
        operation.failed = tuple(item for item in operation.failed if not selection.takes_example(item))


def _erase_logs(template: TemplateCount, selection: Selection) -> None:
    template.exemplars = tuple(item for item in template.exemplars if not selection.takes_log(item))


def _erase_slowest(stats: OperationStats | EdgeStats, selection: Selection) -> None:
    stats.slowest = tuple(item for item in stats.slowest if not selection.takes_example(item))
