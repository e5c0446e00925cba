"""`hypocenter incidents export`: a scenario folder from an incident, for a person to correct."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from google.protobuf import json_format
from hypocenter.v1 import incident_pb2, incident_service_pb2, log_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from rich.text import Text

from clients.cli.connection import DEFAULT_ADDRESS, FAILED, Address, connect, fail
from clients.cli.logs import warn_incomplete
from clients.cli.terminal import safe, stderr, stdout

_MAX_PAGE = 1000
_NANOS = 1_000_000_000
_IDS = ("traceId", "spanId")
_HEAD = """\
# {title}
# Written by `hypocenter incidents export` from {name}.
# What is expected below is what was found, right or wrong: correct it, and say under about what it was. Then
# `hypocenter eval` plays the folder like any other scenario.
"""


def export(
    name: Annotated[str, typer.Argument(metavar="NAME", help='As listed; "incidents/" may be left out.')],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made if it is not there; nothing is overwritten.")],
    before: Annotated[int, typer.Option(min=0, help="Seconds before the incident to take along.")] = 300,
    limit: Annotated[int, typer.Option(min=1, help="Log records to take along at most, the newest.")] = 100_000,
    address: Address = DEFAULT_ADDRESS,
) -> None:
    """Write an incident as a scenario: its logs, what was found, and what should be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            fail(f"{folder} is not empty; name a new folder", FAILED)
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}; name another folder", FAILED)
    with connect(address) as client:
        incident = client.get_incident(
            name if name.startswith("incidents/") else f"incidents/{name}", view=incident_pb2.INCIDENT_VIEW_FULL
        )
        found = client.search_logs(filter=_around(incident, before), page_size=min(limit, _MAX_PAGE))
        entries = list(islice(found, limit))
    entries.sort(key=lambda entry: entry.record.time_unix_nano or entry.record.observed_time_unix_nano)
    answer = incident_service_pb2.GetIncidentResponse(incident=incident)
    (folder / "incident.json").write_text(json_format.MessageToJson(answer, ensure_ascii=True) + "\n", encoding="utf-8")
    (folder / "scenario.yaml").write_text(_scenario(incident), encoding="utf-8")
    with gzip.open(folder / "logs.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in _otlp_lines(entries))
    stdout().print(Text(f"{len(entries)} log records written to {safe(str(folder))}"))
    warn_incomplete(found)
    notes = ["spans can't be had through the API: the scenario has logs only; record them at the Collector if need be"]
    if len(entries) == limit:
        notes.append(f"only the newest {limit} records were taken: see --limit")
    if not entries:
        notes.append("nothing is held of that time any more: the evidence is in incident.json, nothing can be played")
    for note in notes:
        stderr().print(Text(note))


def _around(incident: incident_pb2.Incident, before: int) -> str:
    """A filter for the time from `before` seconds before it to when it was last heard of."""
    end = max(incident.end_time.ToNanoseconds(), incident.update_time.ToNanoseconds())
    begin, until = type(incident.start_time)(), type(incident.start_time)()
    begin.FromNanoseconds(max(0, incident.start_time.ToNanoseconds() - before * _NANOS))
    until.FromNanoseconds(end)
    return f'time >= "{begin.ToJsonString()}" AND time <= "{until.ToJsonString()}"'


def _scenario(incident: incident_pb2.Incident) -> str:
    causes = incident.diagnosis.root_causes
    cause: dict[str, str] = {}
    if causes:
        first = causes[0]
        cause = {"service": first.service_name}
        if first.pod_name:
            cause["pod"] = first.pod_name
        if first.operation:
            cause["edge" if " -> " in first.operation else "operation"] = first.operation
    expected: dict[str, Any] = {"causes": [cause] if cause else [], "incidents": 1}
    if incident.diagnosis.ruled_out:
        expected["not_blamed"] = sorted({item.service_name for item in incident.diagnosis.ruled_out})
    values = {
        "about": incident.resolution or incident.title,
        "inject_unix_nano": incident.start_time.ToNanoseconds(),
        "expected": expected,
    }
    title = " ".join(incident.title.split())
    return _HEAD.format(title=title, name=incident.name) + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _otlp_lines(entries: Iterable[log_pb2.LogEntry]) -> Iterator[str]:
    """One export a record, in OTLP JSON."""
    for entry in entries:
        request = ExportLogsServiceRequest(
            resource_logs=[
                ResourceLogs(
                    resource=_resource(entry),
                    scope_logs=[
                        ScopeLogs(scope=InstrumentationScope(name=entry.scope_name), log_records=[entry.record])
                    ],
                )
            ]
        )
        values = json_format.MessageToDict(request, use_integers_for_enums=True)
        for record in values["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
            # OTLP/JSON has ids in hex where protobuf's JSON has base64.
            for key in _IDS:
                if key in record:
                    record[key] = base64.b64decode(record[key]).hex()
        yield json.dumps(values, ensure_ascii=False)


def _resource(entry: log_pb2.LogEntry) -> Resource:
    service = entry.service
    values = {
        "service.name": service.service_name or entry.service_name,
        "service.namespace": service.service_namespace,
        "deployment.environment.name": service.deployment_environment_name,
        "k8s.pod.name": entry.pod_name,
    }
    return Resource(
        attributes=[KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in values.items() if value]
    )
