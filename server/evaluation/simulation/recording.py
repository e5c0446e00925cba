"""A simulated scenario as a case folder, for `hypocenter replay` and everybody who reads OTLP JSON lines."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from clients.replay import LogsBatch
from server.evaluation.simulation.scenario import Scenario
from server.evaluation.simulation.simulate import simulate

_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


def write_case(scenario: Scenario, folder: Path) -> None:
    """Write logs.jsonl.gz, spans.jsonl.gz and label.json into `folder`, which is made.

    The same scenario gives the same bytes. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _packed(folder / "logs.jsonl.gz") as logs, _packed(folder / "spans.jsonl.gz") as spans:
        for batch in simulate(scenario):
            values = json_format.MessageToDict(batch.request, use_integers_for_enums=True)
            for record in _records(values):
                # OTLP/JSON has ids in hex where protobuf's JSON has base64.
                for key in _IDS & record.keys():
                    record[key] = base64.b64decode(record[key]).hex()
            file = logs if isinstance(batch, LogsBatch) else spans
            file.write((json.dumps(values, ensure_ascii=False) + "\n").encode())
    (folder / "label.json").write_text(json.dumps(_label(scenario), indent=1) + "\n", encoding="utf-8")


def _packed(path: Path) -> gzip.GzipFile:
    return gzip.GzipFile(path, "wb", mtime=0)


def _records(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in request.get("resourceLogs", []):
        for part in group["scopeLogs"]:
            yield from part["logRecords"]
    for group in request.get("resourceSpans", []):
        for part in group["scopeSpans"]:
            yield from part["spans"]


def _label(scenario: Scenario) -> dict[str, object]:
    causes = scenario.expected.causes
    label: dict[str, object] = {
        "fault_type": scenario.kind or "none",
        "root_cause_services": [name for cause in causes for name in cause.services],
    }
    if scenario.begin_unix_nano is not None:
        label["inject_unix_nano"] = scenario.begin_unix_nano
    return label
