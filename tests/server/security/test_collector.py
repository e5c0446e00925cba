"""A real Collector with the configuration users copy, a token and a certificate: what it sends is let in."""

from pathlib import Path

import grpc
import pytest
import yaml
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from tests.collector.collector_process import CollectorProcess, CollectorSettings
from tests.running_server import wait_until
from tests.server.otlp import messages
from tests.server.security.conftest import INGEST, READ, WRONG, Secured
from tests.server.security.page import Page
from tests.server.security.test_tls_doors import context

# The first of these to run may have to build the Collector.
pytestmark = [pytest.mark.collector, pytest.mark.timeout(1500)]


def overlay(folder: Path, secured: Secured, token: str) -> Path:
    """As the comments of deploy/otel-collector.yaml have it."""
    exporter = {
        "auth": {"authenticator": "bearertokenauth"},
        "tls": {
            "insecure": False,
            "ca_file": str(secured.ca),
            "cert_file": str(secured.client.cert),
            "key_file": str(secured.client.key),
        },
    }
    path = folder / f"{token}.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "extensions": {"bearertokenauth": {"token": token}},
                "exporters": {"otlp": exporter},
                "service": {"extensions": ["health_check", "file_storage", "bearertokenauth"]},
            }
        )
    )
    return path


@pytest.mark.parametrize(("token", "counted"), [(INGEST, 1), (WRONG, 0)])
def test_with_a_token(binary: Path, with_both: Secured, tmp_path: Path, token: str, counted: int) -> None:
    page = Page(with_both.server.web_http, {"Authorization": f"Bearer {READ}"}, context(with_both.ca, with_both.client))
    before = page.received()
    overlays = (overlay(tmp_path, with_both, token),)
    settings = CollectorSettings(binary, tmp_path / "collector", with_both.server.otlp_grpc, overlays)
    with CollectorProcess(settings) as collector:
        with grpc.insecure_channel(collector.otlp_grpc) as channel:
            stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
            stub.Export(messages.logs(messages.log("through the Collector")), timeout=20)
        sent, failed = "otelcol_exporter_sent_log_records", "otelcol_exporter_send_failed_log_records"
        wait_until(lambda: collector.total(sent) + collector.total(failed) == 1, 60, collector.log_tail)
        assert (collector.total(sent), collector.total(failed)) == (counted, 1 - counted)
        if not counted:
            assert "this token is not known here" in collector.log_tail()
    assert page.received() == before + counted
