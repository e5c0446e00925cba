"""Resource attributes to identity."""

from itertools import islice

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourceMessage

from analyzers.service import UNKNOWN_SERVICE, Resource, ServiceKey

# Set by Hypocenter's own telemetry; see server/telemetry.
SELF_ATTRIBUTE = "hypocenter.self"

_POD_KEYS = ("k8s.pod.name", "service.instance.id", "container.id", "host.name")
_ENVIRONMENT_KEYS = ("deployment.environment.name", "deployment.environment")
_READ = frozenset(
    {"service.name", "service.namespace", "service.version", SELF_ATTRIBUTE, *_POD_KEYS, *_ENVIRONMENT_KEYS}
)
# Attributes of one resource that are looked at; detectors of SDKs and the Collector set some dozens.
ATTRIBUTE_LIMIT = 1000
# Characters of a name (service, operation, scope, peer, exception type) that are kept.
NAME_LIMIT = 255


def text(attribute: KeyValue, limit: int = NAME_LIMIT) -> str:
    """A scalar attribute as text, cut to `limit` characters; empty for anything else."""
    # By far the commonest kind, and asking for the kind costs more than the string.
    if found := attribute.value.string_value:
        return found[:limit]
    kind = attribute.value.WhichOneof("value")
    if kind == "int_value":
        return str(attribute.value.int_value)
    if kind == "bool_value":
        return "true" if attribute.value.bool_value else "false"
    return ""


def decode_resource(message: ResourceMessage) -> Resource:
    """What follows the first `ATTRIBUTE_LIMIT` attributes is not read."""
    values: dict[str, str] = {}
    cut = 0
    for attribute in islice(message.attributes, ATTRIBUTE_LIMIT):
        if (key := attribute.key) in _READ:
            found = values[key] = text(attribute)
            # Only a string can be that long.
            cut += len(found) == NAME_LIMIT < len(attribute.value.string_value)
    name = values.get("service.name", "").strip()
    return Resource(
        service=ServiceKey(
            environment=next((values[key] for key in _ENVIRONMENT_KEYS if values.get(key)), ""),
            namespace=values.get("service.namespace", ""),
            name=name or UNKNOWN_SERVICE,
        ),
        version=values.get("service.version", ""),
        pod=next((values[key] for key in _POD_KEYS if values.get(key)), ""),
        own=values.get(SELF_ATTRIBUTE) == "true",
        unnamed=not name,
        cut=cut,
        unread=max(0, len(message.attributes) - ATTRIBUTE_LIMIT),
    )
