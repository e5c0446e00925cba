"""A small shop as a recorded case, with a payment service that begins to throw.

frontend -> checkout -> payment          every second request
frontend -> catalog                      the others
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from clients.replay import Case, LogRow, SpanRow
from clients.replay.case import Label, make_case

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
START = 1_700_000_000 * SECOND
CULPRIT = "payment"
_SERVER, _CLIENT = 2, 3
_OK, _ERROR = 0, 2
_INFO, _FAILED = 9, 17


@dataclass(frozen=True, slots=True)
class Outage:
    """Seconds of event time without and then with the fault, and requests a second."""

    normal: int = 60
    fault: int = 30
    rate: int = 10
    start_unix_nano: int = START
    seed: int = 1

    @property
    def inject_unix_nano(self) -> int:
        return self.start_unix_nano + self.normal * SECOND


def record(outage: Outage) -> Case:
    """The rows of the outage with its label. The same outage gives the same rows."""
    random = Random(outage.seed)
    logs: list[LogRow] = []
    spans: list[SpanRow] = []
    end = outage.inject_unix_nano + outage.fault * SECOND
    for number, at in enumerate(range(outage.start_unix_nano, end, SECOND // outage.rate)):
        route = ("frontend", "checkout", CULPRIT) if number % 2 else ("frontend", "catalog")
        fails = CULPRIT in route and at >= outage.inject_unix_nano and random.random() < 0.9
        _Request(random, logs, spans, fails).call(at, route)
    label = Label((CULPRIT,), fault_type="exception", inject_unix_nano=outage.inject_unix_nano)
    return make_case([], logs, spans, label)


class _Request:
    """One trace: a SERVER span and a log line a service, a CLIENT span a call."""

    def __init__(self, random: Random, logs: list[LogRow], spans: list[SpanRow], fails: bool) -> None:
        self._random = random
        self._logs = logs
        self._spans = spans
        self._fails = fails
        self._trace_id = random.randbytes(16).hex()

    def call(self, begin: int, services: tuple[str, ...], parent: str = "") -> int:
        """The first of the services, which calls the rest; when it was done."""
        service, rest = services[0], services[1:]
        span_id = self._random.randbytes(8).hex()
        own = round(self._random.lognormvariate(1.5, 0.2) * MILLISECOND)
        end = begin + own
        if rest:
            client_id = self._random.randbytes(8).hex()
            answered = self.call(begin + own // 2, rest, client_id)
            self._span(service, f"call {rest[0]}", _CLIENT, (client_id, span_id), (begin + own // 2, answered))
            end = answered + own - own // 2
        self._span(service, f"{service} work", _SERVER, (span_id, parent), (begin, end))
        order = f"{self._random.randrange(1 << 32):08x}"
        body = f"order {order} done"
        if self._fails:
            body = f"order {order} failed: {'CardProcessorError' if service == CULPRIT else 'upstream answered 500'}"
        self._logs.append(
            LogRow(
                time_unix_nano=end,
                service=service,
                body=body,
                pod=f"{service}-1",
                severity_number=_FAILED if self._fails else _INFO,
                trace_id=self._trace_id,
                span_id=span_id,
            )
        )
        return end

    def _span(self, service: str, name: str, kind: int, ids: tuple[str, str], times: tuple[int, int]) -> None:
        self._spans.append(
            SpanRow(
                trace_id=self._trace_id,
                span_id=ids[0],
                parent_span_id=ids[1],
                name=name,
                service=service,
                pod=f"{service}-1",
                start_unix_nano=times[0],
                end_unix_nano=times[1],
                kind=kind,
                status_code=_ERROR if self._fails else _OK,
            )
        )


def write(case: Case, folder: Path, label: Mapping[str, object] | None = None) -> Path:
    """The case as a folder of the replay format."""
    folder.mkdir(parents=True, exist_ok=True)
    logs = [
        {
            "time_unix_nano": row.time_unix_nano,
            "service": row.service,
            "pod": row.pod,
            "severity_number": row.severity_number,
            "body": row.body,
            "trace_id": row.trace_id,
            "span_id": row.span_id,
        }
        for row in case.logs
    ]
    spans = [
        {
            "trace_id": row.trace_id,
            "span_id": row.span_id,
            "parent_span_id": row.parent_span_id,
            "name": row.name,
            "service": row.service,
            "pod": row.pod,
            "start_unix_nano": row.start_unix_nano,
            "end_unix_nano": row.end_unix_nano,
            "kind": row.kind,
            "status": row.status_code,
        }
        for row in case.spans
    ]
    for stem, rows in (("logs", logs), ("spans", spans)):
        (folder / f"{stem}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if label is None and case.label is not None:
        label = {
            "root_cause_services": list(case.label.root_cause_services),
            "fault_type": case.label.fault_type,
            "inject_unix_nano": case.label.inject_unix_nano,
        }
    if label is not None:
        (folder / "label.json").write_text(json.dumps(label))
    return folder
