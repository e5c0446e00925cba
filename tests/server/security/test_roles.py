"""What each role may do, and which role each method of the API needs."""

import pytest
from hypocenter.v1 import incident_service_pb2, log_service_pb2, root_cause_service_pb2

from server.security.gatekeeper import Gatekeeper, Reason
from server.security.roles import Role, may, role_for_api, role_for_otlp
from server.security.tokens import TokenFile
from tests.server.security.conftest import INGEST, OPERATE, READ, WRONG, write_tokens

CHANGING = {"UpdateIncident", "AcknowledgeIncident", "ResolveIncident"}


def methods() -> list[str]:
    return [
        f"/{service.full_name}/{method.name}"
        for file in (incident_service_pb2, log_service_pb2, root_cause_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


@pytest.mark.parametrize("method", methods())
def test_what_changes_something_needs_operate(method: str) -> None:
    expected = Role.OPERATE if method.rpartition("/")[2] in CHANGING else Role.READ
    assert role_for_api(method) is expected


def test_other_methods_of_the_port() -> None:
    assert role_for_api("/grpc.health.v1.Health/Check") is None
    for method in ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/grpc.health.v1.Health/Watch"):
        assert role_for_api(method) is Role.READ
    assert role_for_api("/unknown/Method") is Role.READ
    assert role_for_api("/hypocenter.v1.IncidentService/DropIncidents") is Role.OPERATE
    assert role_for_otlp("/anything") is Role.INGEST


def test_operate_includes_read_and_nothing_includes_ingest() -> None:
    allowed = {(has, needed) for has in Role for needed in Role if may({has}, needed)}
    assert allowed == {(role, role) for role in Role} | {(Role.OPERATE, Role.READ)}
    assert not may(frozenset(), Role.READ)


@pytest.mark.parametrize(
    ("headers", "needed", "reason"),
    [
        ([f"Bearer {READ}"], Role.READ, None),
        ([f"bearer  {READ} "], Role.READ, None),
        ([f"Bearer {OPERATE}"], Role.READ, None),
        ([f"Bearer {INGEST}"], Role.READ, Reason.ROLE),
        ([f"Bearer {READ}"], Role.OPERATE, Reason.ROLE),
        ([f"Bearer {OPERATE}"], Role.INGEST, Reason.ROLE),
        ([f"Bearer {WRONG}"], Role.READ, Reason.UNKNOWN),
        (["Bearer \udcff\u4e2d"], Role.READ, Reason.UNKNOWN),
        ([], Role.READ, Reason.MISSING),
        ([""], Role.READ, Reason.MALFORMED),
        (["Bearer "], Role.READ, Reason.MALFORMED),
        ([READ], Role.READ, Reason.MALFORMED),
        ([f"Basic {READ}"], Role.READ, Reason.MALFORMED),
        ([f"Bearer {READ}", f"Bearer {READ}"], Role.READ, Reason.MALFORMED),
    ],
)
def test_credentials(
    headers: list[str], needed: Role, reason: Reason | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    counted: list[tuple[str, str]] = []
    tokens = TokenFile(write_tokens(tmp_path_factory.mktemp("file") / "tokens"), "api.tokens_file", lambda: None)
    keeper = Gatekeeper(tokens, "api.grpc", lambda *labels: counted.append(labels))
    refusal = keeper.refusal(headers, needed)
    assert (refusal.reason if refusal else None) is reason
    assert counted == ([("api.grpc", reason)] if reason else [])
    if refusal:
        assert not any(word in refusal.message for header in headers for word in header.split() if word != "Bearer")
        assert refusal.known == (reason is Reason.ROLE)
