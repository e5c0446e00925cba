"""`hypocenter analyze FILE`: judge a file of logs without a running service."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs
from rich.console import Console

from analyzers.baseline import Baseline
from analyzers.otlp import DecodeLimits, decode_logs
from analyzers.tally import CountLimits
from analyzers.templates import TemplateMiner
from clients.replay import LogsBatch, ReplayError, read_case, to_otlp_requests
from rca.assessment import Assessment
from rca.assessor import Assessor
from rca.rules import load_rules

app = typer.Typer()
_LEVELS = (("FATAL", 21), ("CRITICAL", 21), ("PANIC", 21), ("ERROR", 17), ("SEVERE", 17), ("WARN", 13), ("DEBUG", 5))


@app.command()
def analyze(
    file: Annotated[Path, typer.Argument(help="Plain log lines, a case folder, or OTLP JSON lines.")],
    service: Annotated[str, typer.Option(help="Name of the service that wrote plain lines.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Judge logs by rules alone: nothing is known here of what is normal."""
    try:
        groups = list(_groups(file, service or file.stem))
    except (ReplayError, OSError, UnicodeDecodeError) as error:
        print(f"hypocenter: {file}: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    batch = decode_logs(groups, time.time_ns(), DecodeLimits())
    found = Assessor(TemplateMiner(), load_rules(), CountLimits()).assess(batch, Baseline(), ())
    if as_json:
        print(json.dumps(_document(found), ensure_ascii=False, indent=1))
    else:
        _show(found, Console())


def _groups(file: Path, service: str) -> Iterable[ResourceLogs]:
    if file.is_dir() or file.name.endswith((".jsonl", ".jsonl.gz")):
        for batch in to_otlp_requests(read_case(file)):
            if isinstance(batch, LogsBatch):
                yield from batch.request.resource_logs
        return
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = service
    records = group.scope_logs.add().log_records
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.strip():
            record = LogRecord(severity_number=_severity(line))  # type: ignore[arg-type]
            record.body.string_value = line
            records.append(record)
    yield group


def _severity(line: str) -> int:
    """By the level that stands in the head of the line; 0 where none does."""
    head = line[:120].upper()
    return next((number for word, number in _LEVELS if word in head), 0)


def _document(found: Assessment) -> dict[str, object]:
    return {
        "is_anomaly": found.is_anomaly,
        "severity": found.severity.name if found.severity else None,
        "anomaly_type": found.anomaly_type,
        "root_cause": found.root_cause,
        "affected_services": [service.name for service in found.affected_services],
        "remediation_steps": list(found.remediation_steps),
        "confidence": found.confidence,
        "explanation": found.explanation,
        "basis": found.basis.value,
        "analyzed_record_count": found.analyzed_record_count,
        "evidence": [{"signal": item.signal, "description": item.description} for item in found.evidence],
        "templates": [{"text": item.count.text, "count": item.count.count} for item in found.templates],
    }


def _show(found: Assessment, console: Console) -> None:
    verdict = f"{found.severity.name}: {found.root_cause}" if found.severity else "nothing wrong was found"
    console.print(verdict, markup=False, highlight=False)
    console.print(found.explanation, markup=False, highlight=False)
    for item in found.evidence:
        console.print(f"  {item.signal}: {item.description}", markup=False, highlight=False)
    for step in found.remediation_steps:
        console.print(f"- {step}", markup=False, highlight=False)
