"""ServiceKey to Service."""

from collections.abc import Iterable

from hypocenter.v1 import service_pb2

from analyzers.service import ServiceKey


def to_service(key: ServiceKey) -> service_pb2.Service:
    return service_pb2.Service(
        deployment_environment_name=key.environment, service_namespace=key.namespace, service_name=key.name
    )


def to_names(keys: Iterable[ServiceKey]) -> list[str]:
    return [key.name for key in keys]
