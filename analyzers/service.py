"""Who sent it: the identity of a service, in every key, edge and message."""

from dataclasses import dataclass

UNKNOWN_SERVICE = "unknown_service"


@dataclass(frozen=True, slots=True, order=True)
class ServiceKey:
    """`deployment.environment.name`, `service.namespace`, `service.name`; staging and production never mix."""

    environment: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.environment, self.namespace, self.name) if part)


@dataclass(frozen=True, slots=True)
class Resource:
    """What sent a group of records. `pod` is the most exact instance name there is, empty when none was sent."""

    service: ServiceKey
    version: str = ""
    pod: str = ""
    # Set on telemetry of Hypocenter about itself, so that it is never analysed into a loop.
    own: bool = False
    # Whether the sender left service.name out.
    unnamed: bool = False
    # Names of it that were cut to the limit, and attributes beyond the limit, which were not read.
    cut: int = 0
    unread: int = 0


def service_key(name: str, namespace: str = "", environment: str = "") -> ServiceKey:
    return ServiceKey(environment, namespace, name)
