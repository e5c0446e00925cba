"""What a token may do."""

from collections.abc import Set
from enum import StrEnum

_HEALTH_CHECK = "/grpc.health.v1.Health/Check"
_API = "/hypocenter."
# Verbs of methods that change nothing. A verb that is not here changes something, until somebody says otherwise.
_READING = ("Analyze", "Answer", "Get", "List", "Search", "Watch")


class Role(StrEnum):
    """`INGEST` sends OTLP and nothing else, `READ` looks, `OPERATE` looks and changes incidents."""

    INGEST = "ingest"
    READ = "read"
    OPERATE = "operate"


def may(roles: Set[Role], needed: Role) -> bool:
    return needed in roles or (needed is Role.READ and Role.OPERATE in roles)


def role_for_otlp(method: str) -> Role:
    """Whatever is asked of the OTLP door, `INGEST`."""
    return Role.INGEST


def role_for_api(method: str) -> Role | None:
    """The role a method of the API port needs; None for the health check, which probes make without a token."""
    if method == _HEALTH_CHECK:
        return None
    if method.startswith(_API) and not method.rpartition("/")[2].startswith(_READING):
        return Role.OPERATE
    return Role.READ
