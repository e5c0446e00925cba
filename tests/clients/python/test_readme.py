"""The examples of the README run as they stand there."""

import re
from pathlib import Path

import pytest
from hypocenter.client import Client
from hypocenter.client.testing import RememberingServer
from hypocenter.v1 import incident_pb2, log_service_pb2, root_cause_pb2
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

README = Path(__file__).parents[3] / "clients" / "python" / "README.md"


def test_the_examples_run(server: RememberingServer, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    cause = root_cause_pb2.RootCause(service_name="cart", score=2.5)
    diagnosis = root_cause_pb2.Diagnosis(root_causes=[cause])
    server.put(incident_pb2.Incident(name="incidents/a", title="Slow", etag="1", diagnosis=diagnosis))
    server.analysis.CopyFrom(
        log_service_pb2.AnalyzeLogsResponse(
            assessment=log_service_pb2.Assessment(is_anomaly=True, root_cause="timeouts"),
            record_results=[log_service_pb2.RecordResult(is_anomaly=True)],
        )
    )
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block.replace("127.0.0.1:4319", server.address), names)
    assess, acknowledge = names["assess"], names["acknowledge"]
    assert callable(assess)
    assert callable(acknowledge)
    assess(client, "batch-1", LogsData())
    assert acknowledge(client, "incidents/a", "1") == "1+"
    assert acknowledge(client, "incidents/a", "1").startswith("somebody was faster")
    assert acknowledge(client, "incidents/none", "") == "gone"
    assert capsys.readouterr().out == "Slow cart 2.5\nTrue timeouts\n[True]\n"
